// Where a program's bytes come from: the caller, this device, the server. What came from the server is kept,
// so that it answers without a network next time.
import { digest, sha256 } from "../src/digest.js";
import { PawError } from "../src/errors.js";
import { keepProgram, keptProgram, removeProgram } from "../src/kept.js";
import { timely } from "../src/stall.js";

/** A program: its id or slug on the server, the address of a .paw file, or the file itself. */
export type Reference = string | URL | Blob | ArrayBuffer | Uint8Array;

/** A program's bytes, and what was read of them. */
export interface Found<T> {
  bytes: Uint8Array;
  told: T;
}

type Read<T> = (bytes: Uint8Array) => Promise<T>;

/** The server could not be asked; what is kept may stand in. */
export class Unreachable extends PawError {}

const silent = () => new Error("stalled");

export async function ask(url: string | URL, init: RequestInit = {}): Promise<Response> {
  let r: Response;
  const own = new AbortController();
  const end = () => own.abort(init.signal?.reason);
  init.signal?.addEventListener("abort", end, { once: true }); // it ends the reading of the body, too
  if (init.signal?.aborted) end();
  try {
    r = await timely(fetch(url, { ...init, signal: own.signal }), () => (own.abort(), silent()));
  } catch {
    if (init.signal?.aborted) throw new PawError("aborted", "cancelled");
    throw new Unreachable("network", `${url} cannot be reached`, "check the connection, the page's connect-src, and apiUrl in paw.configure");
  }
  if (r.ok) return r;
  const problem = await r.json().catch(() => undefined);
  throw new (r.status >= 500 ? Unreachable : PawError)("network", problem?.message ?? `the server answers ${r.status} for ${url}`);
}

/** An answer's body. A connection that breaks within it is a server that could not be asked. */
async function body<T>(url: string | URL, read: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  try {
    return await read;
  } catch (e) {
    if (signal?.aborted) throw new PawError("aborted", "cancelled");
    if (e instanceof SyntaxError) return undefined as T; // no JSON
    throw new Unreachable("network", `the connection was lost while ${url} answered`, "try again");
  }
}

/** All of an answer, however long it takes while something comes. */
async function bytesOf(r: Response): Promise<Uint8Array> {
  const reader = r.body!.getReader();
  const parts: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value } = await timely(reader.read(), silent);
      if (done) return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
      parts.push(value);
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** What a server answers as JSON: an object. */
export async function askJSON(url: string | URL, init: RequestInit = {}): Promise<any> {
  const text = await body(url, timely((await ask(url, init)).json(), silent), init.signal);
  if (text && typeof text === "object") return text;
  throw new PawError("network", `${url} answers something else than a PAW server does`, "check apiUrl in paw.configure");
}

/** An address as the page means it. */
export function resolved(url: string): string {
  try {
    return new URL(url, globalThis.document?.baseURI).href;
  } catch {
    throw new PawError("input", `${url} is no address`, "name an id, a slug, or the address of a file");
  }
}

const isId = (ref: string) => /^[0-9a-f]{20}$/.test(ref);

function address(server: string, ref: string): string {
  if (/^[a-z][a-z0-9+.-]*:|^[./]|\.paw$/i.test(ref)) return resolved(ref);
  return `${server}/api/v1/programs/${ref.split("/").map(encodeURIComponent).join("/")}/download`;
}

async function download(url: string, cache: RequestCache, signal?: AbortSignal): Promise<Uint8Array> {
  const r = await ask(url, { signal, cache });
  if (r.status === 202) throw new PawError("network", "the program is still being compiled", "try again in a few seconds");
  return body(url, bytesOf(r), signal);
}

/** The digests, as hex, that an integrity attribute allows. */
function pinned(integrity: string): string[] {
  try {
    return integrity.split(/\s+/).filter((x) => x.startsWith("sha256-"))
      .map((x) => Array.from(atob(x.slice(7)), (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(""));
  } catch {
    throw new PawError("input", `integrity is mistyped: ${integrity}`, "write sha256- and the Base64 digest of the file");
  }
}

async function verify(bytes: Uint8Array, integrity: string): Promise<void> {
  if (!globalThis.crypto?.subtle) throw new PawError("program", "integrity cannot be checked on an insecure page", "serve the page over HTTPS");
  const have = "sha256-" + btoa(String.fromCharCode(...await sha256(bytes)));
  if (!integrity.split(/\s+/).includes(have)) throw new PawError("program", `the program is not the one that was pinned: it has ${have}`, "update integrity if the change is wanted");
}

/** A kept program. One that is none (a page that a server answered instead, once) is let go. */
async function kept<T>(o: { name?: string; sha256?: string }, read: Read<T>): Promise<Found<T> | undefined> {
  const bytes = await keptProgram(o);
  try {
    return bytes && { bytes, told: await read(bytes) };
  } catch (e) {
    if (!(e instanceof PawError && e.kind === "program")) throw e;
    await removeProgram(await digest(bytes!));
    return undefined;
  }
}

/** An id always means the same bytes, and a pinned digest even more so: these are not fetched twice. What
 *  a slug or an address means may change: those are asked for, and kept ones stand in without a network. */
async function fetched<T>(server: string, ref: string, integrity: string, read: Read<T>, signal?: AbortSignal): Promise<Found<T>> {
  const name = address(server, ref); // another server may give the same name to another file
  for (const o of integrity ? pinned(integrity).map((sha256) => ({ sha256 })) : isId(ref) ? [{ name }] : []) {
    const here = await kept(o, read);
    if (here) return here;
  }
  try {
    const bytes = await download(name, isId(ref) ? "default" : "no-cache", signal);
    if (integrity) await verify(bytes, integrity);
    const told = await read(bytes); // before it is kept: any server answers something
    await keepProgram(name, bytes);
    return { bytes, told };
  } catch (e) {
    const old = e instanceof Unreachable && !integrity ? await kept({ name }, read) : undefined;
    if (old) return old;
    throw e;
  }
}

/** A program that `read` can read. */
export async function programOf<T>(server: string, ref: Reference, o: { integrity?: string; signal?: AbortSignal }, read: Read<T>): Promise<Found<T>> {
  const bytes = ref instanceof Uint8Array ? ref : ref instanceof ArrayBuffer ? new Uint8Array(ref)
    : ref instanceof Blob ? new Uint8Array(await ref.arrayBuffer()) : undefined;
  if (!bytes) return fetched(server, String(ref), o.integrity ?? "", read, o.signal);
  if (o.integrity) await verify(bytes, o.integrity);
  return { bytes, told: await read(bytes) };
}
