// SHA-256 as files are named and checked by it. Insecure pages have no crypto.subtle: ask before.

export const sha256 = async (b: Uint8Array) => new Uint8Array(await crypto.subtle.digest("SHA-256", b as Uint8Array<ArrayBuffer>));

export const hex = (b: Uint8Array) => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");

/** The digest as 64 hex digits. */
export const digest = async (b: Uint8Array) => hex(await sha256(b));
