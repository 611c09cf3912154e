// Interpreter files: from the browser's cache, or from the server chunk by chunk, each chunk's
// SHA-256 checked before it is kept. A download that fails or is cancelled leaves nothing.

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

export const CACHE = "paw-models-1";

/** The cache, or undefined where the browser offers none (an insecure origin, some private modes). */
async function openCache(): Promise<Cache | undefined> {
  try {
    return await caches.open(CACHE);
  } catch {
    return undefined;
  }
}

const hex = (b: ArrayBuffer) => Array.from(new Uint8Array(b), (x) => x.toString(16).padStart(2, "0")).join("");

export class DownloadError extends Error {}

async function get(url: string, signal?: AbortSignal): Promise<Response> {
  let r: Response;
  try {
    r = await fetch(url, { signal, cache: "no-store" });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new DownloadError("the server cannot be reached");
  }
  if (!r.ok) throw new DownloadError(`the server answers ${r.status} for ${url}`);
  return r;
}

function checkManifest(m: Manifest, base: BaseInfo): void {
  const good = m.size === base.size && m.sha256 === base.sha256 && Number.isSafeInteger(m.chunk) && m.chunk > 0 &&
    m.chunk <= 64 << 20 && Array.isArray(m.chunks) && m.chunks.length === Math.ceil(m.size / m.chunk);
  if (!good) throw new DownloadError("the server's list of chunks is of another file: reload the page");
}

/** The verified bytes of body as a stream. onFault gets what was wrong: the cache that reads the
 *  stream only tells that something was. */
function verified(body: ReadableStream<Uint8Array>, m: Manifest, onBytes: (done: number) => void, onFault: (e: unknown) => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let rest = new Uint8Array(0);
  let done = 0;
  let index = 0;
  const scratch = new Uint8Array(Math.min(m.chunk, m.size)); // one for all chunks: 137 MB of them would pile up
  async function next(out: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const want = Math.min(m.chunk, m.size - done);
    if (want === 0) {
      if (rest.length > 0 || !(await reader.read()).done) throw new DownloadError("the file is longer than announced");
      return out.close();
    }
    const chunk = scratch.subarray(0, want);
    const pieces: Uint8Array[] = [];
    for (let filled = 0; filled < want; ) {
      if (rest.length === 0) {
        const piece = await reader.read();
        if (piece.done) throw new DownloadError(`the download broke off after ${done + filled} of ${m.size} bytes`);
        rest = piece.value as Uint8Array<ArrayBuffer>;
      }
      const piece = rest.subarray(0, want - filled);
      chunk.set(piece, filled);
      pieces.push(piece);
      rest = rest.subarray(piece.length);
      filled += piece.length;
      onBytes(done + filled);
    }
    if (crypto.subtle && hex(await crypto.subtle.digest("SHA-256", chunk)) !== m.chunks[index]) {
      throw new DownloadError(`bytes ${done} to ${done + want} arrived damaged: try again`);
    }
    index++;
    done += want;
    for (const piece of pieces) out.enqueue(piece);
  }
  return new ReadableStream<Uint8Array>({
    async pull(out) {
      try {
        await next(out);
      } catch (e) {
        onFault(e);
        throw e;
      }
    },
    async cancel(reason) {
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** The file of an interpreter, downloaded when it is not there yet. */
export async function baseFile(base: BaseInfo, signal: AbortSignal, onBytes: (done: number) => void): Promise<{ file: Blob; cached: boolean }> {
  const cache = await openCache();
  const have = await cache?.match(base.url);
  if (have) {
    const file = await have.blob();
    if (file.size === base.size) return { file, cached: true };
    await cache?.delete(base.url);
  }
  const manifest = (await (await get(base.chunksUrl, signal)).json()) as Manifest;
  checkManifest(manifest, base);
  const response = await get(base.url, signal);
  if (!response.body) throw new DownloadError("the server sends an empty file");
  let fault: unknown;
  const stream = verified(response.body as ReadableStream<Uint8Array>, manifest, onBytes, (e) => (fault = e));
  const body = new Response(stream, { headers: { "Content-Type": "application/octet-stream" } });
  if (cache) {
    try {
      await cache.put(base.url, body);
      const stored = await (await cache.match(base.url))?.blob();
      if (stored?.size === base.size) return { file: stored, cached: false };
      fault = new DownloadError("the browser kept only a part of the file");
    } catch (e) {
      fault ??= e;
    }
    await cache.delete(base.url).catch(() => false);
    if (!(fault instanceof DOMException && fault.name === "QuotaExceededError")) throw fault;
    throw new DownloadError("the browser has not enough room to keep this interpreter: free some storage");
  }
  try {
    return { file: await body.blob(), cached: false };
  } catch (e) {
    throw fault ?? e;
  }
}

/** Tells whether an interpreter needs no download. */
export async function isCached(base: BaseInfo): Promise<boolean> {
  return !!(await (await openCache())?.match(base.url));
}

/** Frees the space of an interpreter. */
export async function deleteCached(base: BaseInfo): Promise<void> {
  await (await openCache())?.delete(base.url);
}
