// Trusted Types: the page's policy lets no string become a script; this one lets our own worker start.

declare const __SCRIPTS__: string[];
declare const __WORKER_URL__: string;

interface Policy {
  createScriptURL(url: string): unknown;
}

let policy: Policy | undefined;

function trusted(url: string): unknown {
  const types = (globalThis as unknown as { trustedTypes?: { createPolicy(name: string, rules: object): Policy } }).trustedTypes;
  if (!types) return url;
  policy ??= types.createPolicy("paw", { createScriptURL: (u: string) => u });
  return policy.createScriptURL(url);
}

/** A script URL of this build, in the form that the browser's policy asks for. */
export function scriptURL(url: string): unknown {
  if (!__SCRIPTS__.includes(url)) throw new TypeError(`${url} is no script of this build`);
  return trusted(url);
}

/** A worker's URL. A browser starts workers of the page's own origin only: in other people's pages a
 *  blob imports the script, which needs worker-src blob: and script-src with the server's origin there. */
export function workerURL(path: string = __WORKER_URL__): unknown {
  const url = new URL(path, import.meta.url);
  if (url.origin === location.origin) return scriptURL(url.pathname);
  // Imported dynamically: what a worker imports statically falls under worker-src. Messages wait meanwhile.
  const shim = `const early=[];onmessage=(e)=>early.push(e);import(${JSON.stringify(url.href)}).then(()=>early.forEach((e)=>onmessage(e)),(e)=>postMessage({fatal:String(e)}));`;
  return trusted(URL.createObjectURL(new Blob([shim], { type: "text/javascript" })));
}
