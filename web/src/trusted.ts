// Trusted Types: the page's policy lets no string become a script; this one lets our own worker start.

declare const __SCRIPTS__: string[];

interface Policy {
  createScriptURL(url: string): unknown;
}

let policy: Policy | undefined;

/** A script URL of this build, in the form that the browser's policy asks for. */
export function scriptURL(url: string): unknown {
  if (!__SCRIPTS__.includes(url)) throw new TypeError(`${url} is no script of this build`);
  const types = (globalThis as unknown as { trustedTypes?: { createPolicy(name: string, rules: object): Policy } }).trustedTypes;
  if (!types) return url;
  policy ??= types.createPolicy("paw", { createScriptURL: (u: string) => u });
  return policy.createScriptURL(url);
}
