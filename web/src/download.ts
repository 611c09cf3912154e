// Interpreter files: from this device, or from the server chunk by chunk, each chunk's SHA-256 checked
// before it is kept, and that of the whole file before it counts as the interpreter: the list of chunks may come
// from another site than the digest. A download that is cut, stalls or is cancelled goes on later from where it was. It is
// kept in the private file system, else in the cache, else in memory for this page alone.
import { digest } from "./digest.js";
import { removeStored, storedFile, storedSize, writeStored } from "./opfs.js";
import { missingRoom } from "./room.js";
import { SHA256 } from "./sha256.js";
import { timely } from "./stall.js";

export interface BaseInfo {
  id: string;
  url: string;
  chunksUrl: string;
  size: number;
  sha256: string;
}

interface Manifest {
  size: number;
  sha256: string;
  chunk: number;
  chunks: string[];
}

/** Bytes of an interpreter that nobody downloads unasked, that the browser is asked to keep for good, and whose work
 *  on a program's text is worth keeping too. */
export const LARGE = 16 << 20;

export const CACHE = "paw-models-1";

const RETRIES = 4; // in a row without a new chunk
const WAIT = 300; // milliseconds before the first of them; each next waits twice as long

export class DownloadError extends Error {}

/** The browser has no room for the file. */
export class NoRoom extends DownloadError {}

/** The file is not the interpreter that it was named. */
class Another extends DownloadError {}

/** A fault that another request may get past. */
class Broken extends DownloadError {}

const stalled = () => new Broken("the download stalled");

/** The headers of an answer; its body is read by who asks, with the same signal. */
async function get(url: string, signal: AbortSignal, headers: Record<string, string> = {}): Promise<Response> {
  const own = new AbortController();
  const end = () => own.abort(signal.reason);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  try {
    const r = await timely(fetch(url, { signal: own.signal, cache: "no-store", headers }), stalled);
    if (r.status >= 500 || r.status === 429) throw new Broken(`the server answers ${r.status} for ${url}`);
    return r;
  } catch (e) {
    own.abort();
    if (signal.aborted || e instanceof Broken) throw e;
    throw new Broken("the server cannot be reached");
  }
}

/** Waits before another request, or throws what went wrong: where another does not help, or too many have failed. */
async function patience(e: unknown, failed: number, signal: AbortSignal): Promise<number> {
  if (signal.aborted || !(e instanceof Broken) || failed >= RETRIES) throw e;
  await new Promise((ok) => setTimeout(ok, WAIT * 2 ** failed));
  signal.throwIfAborted();
  return failed + 1;
}

async function manifestOf(base: BaseInfo, signal: AbortSignal): Promise<Manifest> {
  for (let failed = 0; ; ) {
    try {
      return await askManifest(base, signal);
    } catch (e) {
      failed = await patience(e, failed, signal);
    }
  }
}

async function askManifest(base: BaseInfo, signal: AbortSignal): Promise<Manifest> {
  const r = await get(base.chunksUrl, signal);
  if (!r.ok) throw new DownloadError(`the server answers ${r.status} for ${base.chunksUrl}`);
  const m = await timely(r.json() as Promise<Manifest>, stalled).catch((e) => {
    throw signal.aborted || e instanceof Broken ? e : new Broken(`the list of chunks at ${base.chunksUrl} cannot be read`);
  });
  const good = m.size === base.size && m.sha256 === base.sha256 && Number.isSafeInteger(m.chunk) && m.chunk > 0 &&
    m.chunk <= 64 << 20 && Array.isArray(m.chunks) && m.chunks.length === Math.ceil(m.size / m.chunk);
  if (!good) throw new DownloadError("the server's list of chunks is of another file: reload the page");
  return m;
}

/** Whether bytes are the chunk with this number. Insecure pages cannot hash; they keep nothing either. */
async function isChunk(m: Manifest, bytes: Uint8Array, index: number): Promise<boolean> {
  return !crypto.subtle || (await digest(bytes)) === m.chunks[index];
}

/** The next piece of a body, or a fault when none comes for a while. */
async function piece(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await timely(reader.read(), stalled);
    return done ? undefined : value;
  } catch (e) {
    throw e instanceof Broken || (e instanceof DOMException && e.name === "AbortError") ? e : new Broken("the connection was lost");
  }
}

/** One request's worth of verified chunks from `at` on. A chunk is valid until the next one is asked for. */
async function* request(base: BaseInfo, m: Manifest, at: number, signal: AbortSignal, onBytes: (done: number) => void): AsyncGenerator<Uint8Array> {
  // If-Range: a server whose file has changed sends the whole of it. Another origin would be asked first whether it
  // takes that header, and many do not say; there the first chunk of a changed file fails its hash.
  const own = new URL(base.url, location.href).origin === origin;
  const r = await get(base.url, signal, at > 0 ? { Range: `bytes=${at}-`, ...(own ? { "If-Range": `"${base.sha256}"` } : {}) } : {});
  if (!r.ok || !r.body) throw new DownloadError(`the server answers ${r.status} for ${base.url}`);
  let skip = at; // a 200 to a Range: the server sends everything again
  if (r.status === 206) {
    skip = 0;
    const part = r.headers.get("Content-Range"); // another origin may hide it
    if (part ? !part.startsWith(`bytes ${at}-`) : own) throw new DownloadError("the server sends another part than the one asked for");
  }
  const reader = (r.body as ReadableStream<Uint8Array>).getReader();
  const scratch = new Uint8Array(Math.min(m.chunk, m.size)); // one for all chunks: 137 MB of them would pile up
  try {
    let rest: Uint8Array = new Uint8Array(0);
    const more = async (): Promise<boolean> => {
      while (rest.length === 0) {
        const p = await piece(reader);
        if (!p) return false;
        rest = p.subarray(Math.min(skip, p.length));
        skip -= p.length - rest.length;
      }
      return true;
    };
    while (at < m.size) {
      const chunk = scratch.subarray(0, Math.min(m.chunk, m.size - at));
      for (let filled = 0; filled < chunk.length; ) {
        if (!(await more())) throw new Broken(`the download broke off after ${at + filled} of ${m.size} bytes`);
        const part = rest.subarray(0, chunk.length - filled);
        chunk.set(part, filled);
        rest = rest.subarray(part.length);
        filled += part.length;
        onBytes(at + filled);
      }
      if (!(await isChunk(m, chunk, at / m.chunk))) throw new Broken(`bytes ${at} to ${at + chunk.length} arrived damaged: try again`);
      at += chunk.length;
      yield chunk;
    }
    if (await more()) throw new DownloadError("the file is longer than announced");
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** All verified chunks from `at` on, over as many requests as it takes. whole has seen those before, and must be that of
 *  the interpreter in the end. */
async function* chunks(base: BaseInfo, m: Manifest, at: number, signal: AbortSignal, onBytes: (done: number) => void, whole = new SHA256()): AsyncGenerator<Uint8Array> {
  for (let failed = 0; at < m.size; ) {
    try {
      for await (const chunk of request(base, m, at, signal, onBytes)) {
        whole.update(chunk);
        yield chunk;
        at += chunk.length;
        failed = 0;
      }
    } catch (e) {
      failed = await patience(e, failed, signal);
    }
  }
  const have = whole.hex();
  if (have !== base.sha256) throw new Another(`the file at ${base.url} is another one: its SHA-256 is ${have.slice(0, 12)}…, not ${base.sha256.slice(0, 12)}…: correct the address or the digest`);
}

/** The cache, or undefined where the browser offers none. */
async function openCache(): Promise<Cache | undefined> {
  try {
    return await caches.open(CACHE);
  } catch {
    return undefined;
  }
}

/** Where the cache has a file: its address may one day hold another, so the digest belongs to the key. */
function cacheKey(url: string, sha256: string): string {
  const key = new URL(url, location.href);
  key.searchParams.set("sha256", sha256);
  return key.href;
}

/** The digest and the address of a file in the cache. */
export function keyParts(key: string): { sha256: string; names: string[] } {
  const url = new URL(key), sha256 = url.searchParams.get("sha256") ?? "";
  url.searchParams.delete("sha256");
  return { sha256, names: [url.href] };
}

async function cachedFile(base: BaseInfo): Promise<Blob | undefined> {
  const file = await (await (await openCache())?.match(cacheKey(base.url, base.sha256)))?.blob();
  return file?.size === base.size ? file : undefined;
}

const mb = (n: number) => `${(n / 1e6).toFixed(1)} MB`;
const isFull = (e: unknown) => (e as Error | undefined)?.name === "QuotaExceededError"; // a class of its own in newer browsers

/** Throws what was wrong in words for people. */
function explain(e: unknown, base: BaseInfo): never {
  throw isFull(e) ? new NoRoom(`the browser has not enough room to keep this interpreter of ${mb(base.size)}: free some storage, or delete what this site keeps`) : e;
}

/** Refuses a download that cannot end well before it begins. */
async function checkRoom(needed: number): Promise<void> {
  const free = await missingRoom(needed);
  if (free !== undefined) throw new NoRoom(`the browser has not enough room for this interpreter: ${mb(needed)} are needed, ${mb(free)} are free: free some storage, or delete what this site keeps`);
}

async function intoFiles(base: BaseInfo, m: Manifest, signal: AbortSignal, onBytes: (done: number) => void): Promise<Blob | undefined> {
  const whole = new SHA256();
  const out = await writeStored(base, m.chunk, async (bytes, index) => {
    const good = await isChunk(m, bytes, index);
    if (good) whole.update(bytes);
    return good;
  });
  if (!out) return undefined;
  try {
    let at = out.have;
    await checkRoom(base.size - at);
    onBytes(at);
    for await (const chunk of chunks(base, m, at, signal, onBytes, whole)) {
      out.write(chunk, at);
      at += chunk.length;
    }
  } catch (e) {
    out.close();
    if (isFull(e) || e instanceof Another || e instanceof NoRoom && out.have === 0) await removeStored(base); // a part of it helps nobody
    explain(e, base);
  }
  return out.finish();
}

async function intoCache(base: BaseInfo, m: Manifest, signal: AbortSignal, onBytes: (done: number) => void): Promise<Blob | undefined> {
  const cache = await openCache();
  if (!cache) return undefined;
  await checkRoom(base.size);
  const from = chunks(base, m, 0, signal, onBytes);
  let fault: unknown; // the cache that reads the stream only tells that something was wrong
  const body = new ReadableStream<Uint8Array>({
    async pull(out) {
      try {
        const next = await from.next();
        if (next.done) out.close();
        else out.enqueue(next.value.slice());
      } catch (e) {
        fault = e;
        throw e;
      }
    },
  }, { highWaterMark: 0 });
  try {
    await cache.put(cacheKey(base.url, base.sha256), new Response(body, { headers: { "Content-Type": "application/octet-stream" } }));
    const file = await cachedFile(base);
    if (file) return file;
    fault = new DownloadError("the browser kept only a part of the file");
  } catch (e) {
    fault ??= e;
  }
  await cache.delete(cacheKey(base.url, base.sha256)).catch(() => false);
  return explain(fault, base);
}

async function intoMemory(base: BaseInfo, m: Manifest, signal: AbortSignal, onBytes: (done: number) => void): Promise<Blob> {
  const parts: Blob[] = [];
  for await (const chunk of chunks(base, m, 0, signal, onBytes)) parts.push(new Blob([chunk.slice()]));
  return new Blob(parts);
}

/** One download at a time for all tabs: the others wait and then find the file. */
async function alone<T>(base: BaseInfo, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  return navigator.locks.request(lockName(base.sha256), { signal }, work) as Promise<T>;
}

const lockName = (sha256: string) => `paw-model-${sha256}`;

/** Whether this or another tab is downloading an interpreter; any, when none is named. */
export async function isDownloading(sha256 = ""): Promise<boolean> {
  const { held } = (await navigator.locks?.query().catch(() => undefined)) ?? {};
  return !!held?.some((l) => l.name?.startsWith(lockName(sha256)));
}

/** The file of an interpreter, downloaded when it is not there yet. */
export async function baseFile(base: BaseInfo, signal: AbortSignal, onBytes: (done: number) => void): Promise<{ file: Blob; cached: boolean; kept: boolean }> {
  const kept = async () => (await storedFile(base)) ?? (await cachedFile(base));
  const have = await kept();
  if (have) return { file: have, cached: true, kept: true };
  return alone(base, signal, async () => {
    const other = await kept(); // another tab may have been here first
    if (other) return { file: other, cached: true, kept: true };
    const m = await manifestOf(base, signal);
    for (const into of [intoFiles, intoCache]) {
      const file = await into(base, m, signal, onBytes);
      if (file) return { file, cached: false, kept: true };
    }
    return { file: await intoMemory(base, m, signal, onBytes), cached: false, kept: false };
  });
}

/** The size of an interpreter that is here whole; undefined when it is not. Asks no server. */
export async function cachedSize(url: string, sha256: string): Promise<number | undefined> {
  return (await storedSize(sha256)) ?? (await (await (await openCache())?.match(cacheKey(url, sha256)))?.blob())?.size;
}

/** Tells whether an interpreter needs no download. */
export async function isCached(base: BaseInfo): Promise<boolean> {
  return !!((await storedFile(base)) ?? (await cachedFile(base)));
}

/** Frees the space of an interpreter. */
export async function deleteCached(base: BaseInfo): Promise<void> {
  await removeStored(base);
  await (await openCache())?.delete(cacheKey(base.url, base.sha256));
}
