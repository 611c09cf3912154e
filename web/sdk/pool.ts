// The interpreters of a page: one worker and one copy of the weights for all functions that need the same, loaded
// when the first does, after consent if it is large, and ended a while after the last is freed.
import { Interpreter, LARGE, PawError, isCached, orAborted, storage, type BaseInfo, type ProgramInfo, type Progress } from "../src/client.js";
import { cachedSize } from "../src/download.js";
import { listStored } from "../src/opfs.js";
import type { InterpreterFile, LoadOptions } from "./paw.js";
import { askJSON, resolved } from "./program.js";

/** A worker that has a base, or is getting it. */
export interface Shared {
  readonly key: string;
  readonly it: Interpreter;
  readonly starting: Promise<void>;
  state: "downloading" | "available";
  functions: number; // that are open
  idle?: ReturnType<typeof setTimeout>;
}

const IDLE = 60_000; // milliseconds without a function: a page that frees one often loads another soon

const pool = new Map<string, Shared>(); // by engine and base
const listeners = new Map<string, Set<(p: Progress) => void>>(); // of loads, by the same keys
const begun = new EventTarget(); // tells these keys when a load begins

const keyOf = (sha256: string, o: Pick<LoadOptions, "engine">) => `${o.engine ?? "paw"} ${sha256}`;

/** Those that run or are being loaded. */
export const running = (): Shared[] => [...pool.values()];

/** The one with this base, if it runs or is being loaded. */
export const sharing = (sha256: string, o: Pick<LoadOptions, "engine">): Shared | undefined => pool.get(keyOf(sha256, o));

/** What a download has to know of a file. One that is kept here needs no server. */
export async function baseOf(f: InterpreterFile, o: LoadOptions): Promise<BaseInfo> {
  const url = resolved(f.url);
  const chunksUrl = f.chunksUrl ? resolved(f.chunksUrl) : url.replace(/(\.gguf)?$/, ".chunks.json");
  const size = f.size ?? (await cachedSize(url, f.sha256)) ?? (await askJSON(chunksUrl, { signal: o.signal })).size;
  if (!(size > 0)) throw new PawError("network", `${chunksUrl} is no list of chunks`, "put the interpreter's list beside it, or name another one: chunksUrl");
  return { id: f.sha256.slice(0, 16), url, chunksUrl, size, sha256: f.sha256 };
}

/** Asks before a large download, until it is not needed: another function of the page may begin it first. */
async function agreed(key: string, base: BaseInfo, o: LoadOptions): Promise<void> {
  if (base.size <= LARGE || (await isCached(base))) return;
  const size = `${(base.size / 1e6).toFixed(0)} MB`;
  const { available } = await storage.room();
  const part = (await listStored()).find((x) => x.sha256 === base.sha256)?.size ?? 0; // of a download that was cut
  if (available !== undefined && available < base.size - part) {
    throw new PawError("storage", `the interpreter needs ${size}, the browser has ${(available / 1e6).toFixed(0)} MB left for this site`, "free some storage, or delete what this site keeps: paw.storage.list()");
  }
  if (o.signal?.aborted) throw new PawError("aborted", "cancelled");
  if (pool.has(key)) return;
  if (!o.consent) throw new PawError("consent", `the interpreter is a download of ${size}`, "ask the user, and pass consent: () => true");
  const moot = new AbortController();
  const end = () => moot.abort();
  begun.addEventListener(key, end);
  o.signal?.addEventListener("abort", end);
  try {
    const ended = new Promise<boolean>((ok) => moot.signal.addEventListener("abort", () => ok(false)));
    const yes = await Promise.race([o.consent({ bytes: base.size, url: base.url, available, signal: moot.signal }), ended]);
    if (o.signal?.aborted) throw new PawError("aborted", "cancelled");
    if (!yes && !moot.signal.aborted) throw new PawError("consent", `the download of ${size} was declined`);
  } finally {
    begun.removeEventListener(key, end);
    o.signal?.removeEventListener("abort", end);
  }
}

let reader: Interpreter | undefined; // tells what programs say of themselves
let spare = false; // it has no base: the next load takes it
let users = 0; // of the spare one

/** What a program says of itself. All share one worker, which runs already if an interpreter does. */
export async function described(bytes: Uint8Array, signal?: AbortSignal): Promise<ProgramInfo> {
  for (let tries = 0; ; tries++) {
    if (!reader || reader.ended) [reader, spare] = [Interpreter.start(), true];
    const it = reader;
    try {
      return await orAborted(it.inspect(bytes), signal);
    } catch (e) {
      if (!it.ended || tries === 2) throw e; // else it died, or the load that took it was given up
    }
  }
}

/** Does what needs a reader; the last one ends a spare one. */
export async function reading<T>(work: () => Promise<T>): Promise<T> {
  users++;
  try {
    return await work();
  } finally {
    if (--users === 0 && spare) {
      reader?.dispose();
      [reader, spare] = [undefined, false];
    }
  }
}

/** A worker for a base. */
function taken(): Interpreter {
  if (reader && !reader.ended && !spare) return Interpreter.start();
  reader = spare && reader && !reader.ended ? reader : Interpreter.start();
  spare = false;
  return reader;
}

function begin(key: string, base: BaseInfo, o: LoadOptions): Shared {
  const it = taken();
  const tell = (p: Progress) => listeners.get(key)?.forEach((f) => f(p));
  const starting = it.load(base, { engine: o.engine, threads: o.threads, signal: o.signal, onProgress: tell }).then(() => {
    shared.state = "available";
    used(shared, 0);
  });
  const shared: Shared = { key, it, starting, state: "downloading", functions: 0 };
  pool.set(key, shared);
  begun.dispatchEvent(new Event(key));
  starting.catch(() => end(shared));
  return shared;
}

/** Counts a function that was opened, or closed. */
export function used(shared: Shared, change: 1 | 0 | -1): void {
  clearTimeout(shared.idle);
  shared.functions += change;
  if (shared.functions === 0) shared.idle = setTimeout(end, IDLE, shared);
}

function forget(shared: Shared): void {
  if (pool.get(shared.key) === shared) pool.delete(shared.key);
}

function end(shared: Shared): void {
  forget(shared);
  shared.it.dispose();
}

/** The interpreter with a base: the one that runs already or is being loaded, else a new one. */
export async function withBase(file: InterpreterFile, o: LoadOptions): Promise<Shared> {
  const key = keyOf(file.sha256, o), tell = o.onProgress;
  if (!tell) return sharedBase(key, file, o);
  const all = listeners.get(key) ?? new Set();
  listeners.set(key, all.add(tell));
  try {
    return await sharedBase(key, file, o);
  } finally {
    all.delete(tell);
  }
}

/** The same, for who hears of its progress already. */
async function sharedBase(key: string, file: InterpreterFile, o: LoadOptions): Promise<Shared> {
  for (;;) {
    const known = pool.get(key);
    if (known) {
      const lives = await orAborted(known.starting.then(() => !known.it.ended, () => false), o.signal);
      if (lives) return known;
      forget(known); // its worker has died, or never lived
      continue;
    }
    const base = await baseOf(file, o);
    await agreed(key, base, o);
    if (o.signal?.aborted) throw new PawError("aborted", "cancelled"); // it would end the worker that others use
    if (pool.has(key)) continue;
    const mine = begin(key, base, o);
    await orAborted(mine.starting, o.signal);
    return mine;
  }
}
