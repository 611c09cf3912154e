// Where a program's bytes come from: the caller, this device, the server. What came from the server is kept,
// so that it answers without a network next time.
import { sha256 } from "../src/digest.js";
import { PawError } from "../src/errors.js";
import { keepProgram, keptProgram } from "../src/kept.js";

/** A program: its id or slug on the server, the address of a .paw file, or the file itself. */
export type Reference = string | URL | Blob | ArrayBuffer | Uint8Array;

/** The server could not be asked; what is kept may stand in. */
class Unreachable extends PawError {}

export async function ask(url: string | URL, init: RequestInit = {}): Promise<Response> {
  let r: Response;
  try {
    r = await fetch(url, init);
  } catch {
    if (init.signal?.aborted) throw new PawError("aborted", "cancelled");
    throw new Unreachable("network", `${url} cannot be reached`, "check the connection, the page's connect-src, and apiUrl in paw.configure");
  }
  if (r.ok) return r;
  const problem = await r.json().catch(() => ({}));
  throw new (r.status >= 500 ? Unreachable : PawError)("network", problem.message ?? `the server answers ${r.status} for ${url}`);
}

const isId = (ref: string) => /^[0-9a-f]{20}$/.test(ref);

function address(server: string, ref: string): string {
  if (/^[a-z][a-z0-9+.-]*:|^[./]|\.paw$/i.test(ref)) return new URL(ref, document.baseURI).href;
  return `${server}/api/v1/programs/${ref.split("/").map(encodeURIComponent).join("/")}/download`;
}

async function download(url: string, signal?: AbortSignal): Promise<Uint8Array> {
  const r = await ask(url, { signal });
  if (r.status === 202) throw new PawError("network", "the program is still being compiled", "try again in a few seconds");
  return new Uint8Array(await r.arrayBuffer());
}

/** The digests, as hex, that an integrity attribute allows. */
const pinned = (integrity: string) => integrity.split(/\s+/).filter((x) => x.startsWith("sha256-"))
  .map((x) => Array.from(atob(x.slice(7)), (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(""));

async function verify(bytes: Uint8Array, integrity: string): Promise<void> {
  if (!globalThis.crypto?.subtle) throw new PawError("program", "integrity cannot be checked on an insecure page", "serve the page over HTTPS");
  const have = "sha256-" + btoa(String.fromCharCode(...await sha256(bytes)));
  if (!integrity.split(/\s+/).includes(have)) throw new PawError("program", `the program is not the one that was pinned: it has ${have}`, "update integrity if the change is wanted");
}

/** An id always means the same bytes, and a pinned digest even more so: these are not fetched twice. What
 *  a slug or an address means may change: those are asked for, and kept ones stand in without a network. */
async function fetched(server: string, ref: string, integrity: string, signal?: AbortSignal): Promise<Uint8Array> {
  const name = address(server, ref); // another server may give the same name to another file
  if (integrity) {
    for (const sha256 of pinned(integrity)) {
      const kept = await keptProgram({ sha256 });
      if (kept) return kept;
    }
  } else if (isId(ref)) {
    const kept = await keptProgram({ name });
    if (kept) return kept;
  }
  try {
    const bytes = await download(name, signal);
    if (integrity) await verify(bytes, integrity);
    await keepProgram(name, bytes);
    return bytes;
  } catch (e) {
    const old = e instanceof Unreachable && !integrity ? await keptProgram({ name }) : undefined;
    if (old) return old;
    throw e;
  }
}

export async function bytesOf(server: string, ref: Reference, o: { integrity?: string; signal?: AbortSignal }): Promise<Uint8Array> {
  const file = ref instanceof Uint8Array ? ref : ref instanceof ArrayBuffer ? new Uint8Array(ref)
    : ref instanceof Blob ? new Uint8Array(await ref.arrayBuffer()) : undefined;
  if (!file) return fetched(server, String(ref), o.integrity ?? "", o.signal);
  if (o.integrity) await verify(file, o.integrity);
  return file;
}
