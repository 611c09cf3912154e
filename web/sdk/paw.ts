/// <reference lib="esnext.disposable" preserve="true" />
// The SDK: fuzzy functions in any page. Importing it touches neither the document nor the network.
//
//   import paw from "https://paw.example/sdk/paw.js";
//   const urgent = await paw.function("0123456789abcdef0123");
//   await urgent("the server is on fire")                    // "urgent"
//   await urgent.detail("the server is on fire")             // { text, label, probabilities, confidence, … }
//
// All functions for one interpreter share one worker and one copy of its weights.
import { PawError, isCached, orAborted, storage, type Answer, type BaseInfo, type EngineName, type ErrorKind, type Kept, type PawFunction, type ProgramInfo, type Progress, type Room } from "../src/client.js";
import { isDownloading } from "../src/download.js";
import { setAssets } from "../src/trusted.js";
import { baseOf, described, reading, running, sharing, used, withBase, type Shared } from "./pool.js";
import { askJSON, programOf, resolved, type Reference } from "./program.js";
import { pieces } from "./stream.js";

export { PawError, type EngineName, type ErrorKind, type Kept, type ProgramInfo, type Progress, type Reference, type Room };

declare const __SERVER__: string; // relative to this file; "" for a copy that no PAW server serves

/** A download that somebody must agree to first. */
export interface Download {
  bytes: number;
  url: string;
  /** What the browser has left for this site; undefined where it does not tell. */
  available: number | undefined;
  /** Aborted when nobody needs the answer any more: the load was cancelled, or another function of the page
   *  has begun the same download. */
  signal: AbortSignal;
}

/** An interpreter's file; chunksUrl is the address with .chunks.json for .gguf if left out. */
export type InterpreterFile = Pick<BaseInfo, "url" | "sha256"> & Partial<BaseInfo>;

export interface LoadOptions {
  /** "paw", our kernel, if left out; "wllama" is llama.cpp, where the server has it (docs/embedding.md). */
  engine?: EngineName;
  /** How many threads the kernel takes, at most 8, on a page that is cross-origin isolated (elsewhere one); left out,
   *  half of the machine's cores, at most 4. Of functions for one interpreter the first decides. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?(p: Progress): void;
  /** "sha256-" and the Base64 digest of the .paw file; another file is refused. */
  integrity?: string;
  /** Asked before an interpreter of more than 16 MB is downloaded; without it that fails with kind "consent". */
  consent?(d: Download): boolean | Promise<boolean>;
  /** The interpreter to answer with: an id or SHA-256 on the server, or a file elsewhere. A program that was
   *  compiled for another one is refused; one that names none needs this. */
  interpreter?: string | InterpreterFile;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** Below this confidence the function abstains: text and label are "". */
  threshold?: number;
  /** The most tokens of a free text. */
  maxTokens?: number;
  /** The most labels in Detail.probabilities; all if left out. */
  topK?: number;
}

export interface Detail {
  text: string;
  /** The label, "" for free text. */
  label: string;
  /** Of every label, the most probable first; null for free text. */
  probabilities: { label: string; probability: number }[] | null;
  confidence: number;
  calibrated: boolean;
  abstained: boolean;
  tokens: number;
  ms: number;
}

export interface Fn {
  (input: string, o?: CallOptions): Promise<string>;
  detail(input: string, o?: CallOptions): Promise<Detail>;
  /** Answers in the order of the inputs. */
  batch(inputs: Iterable<string>, o?: CallOptions): Promise<string[]>;
  /** The answer as it is written; joined, the pieces are the text. A label is one piece. */
  stream(input: string, o?: Pick<CallOptions, "signal" | "maxTokens">): AsyncIterableIterator<string>;
  readonly info: ProgramInfo;
  /** Frees the function's memory; calls fail afterwards. Again it does nothing. */
  free(): Promise<void>;
  /** `await using fn = await paw.function(…)` frees by itself. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CompileOptions {
  signal?: AbortSignal;
  /** The server's default if left out. */
  compiler?: string;
  onProgress?(fraction: number): void;
}

export type Availability = "unavailable" | "downloadable" | "downloading" | "available";

const settings = { apiUrl: "" };

function server(): string {
  const known = settings.apiUrl || (__SERVER__ ? new URL(__SERVER__, import.meta.url).href.replace(/\/$/, "") : globalThis.location?.origin);
  if (!known) throw new PawError("input", "no PAW server is known here", "name one: paw.configure({ apiUrl })");
  return known;
}

interface Offer {
  id: string;
  sha256: string;
}

/** The interpreter that a program needs, or the one that was asked for if the program allows it. */
async function fileFor(info: ProgramInfo, want: LoadOptions["interpreter"], o: LoadOptions): Promise<InterpreterFile> {
  let sha256 = info.baseSha256;
  if (want !== undefined && !(sha256 && want === info.interpreter)) {
    if (typeof want !== "string") sha256 = want.sha256;
    else if (/^[0-9a-f]{64}$/.test(want)) sha256 = want;
    else {
      const all: Offer[] = (await askJSON(`${server()}/api/v1/interpreters`, { signal: o.signal })).interpreters ?? [];
      const found = all.find((x) => x.id === want);
      if (!found) throw new PawError("base", `the server has no interpreter ${want}`, `it has ${all.map((x) => x.id).join(", ")}`);
      sha256 = found.sha256;
    }
    if (info.baseSha256 && sha256 !== info.baseSha256) {
      throw new PawError("base", `the program was compiled for the interpreter ${info.interpreter} (${info.baseSha256.slice(0, 12)}…), not for ${sha256.slice(0, 12)}…`, "leave interpreter out, or compile the program for it");
    }
  }
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new PawError("base", "the program does not say which interpreter it needs", "name one: the option or attribute interpreter");
  return typeof want === "object" ? want : { sha256, url: `${server()}/models/${sha256}.gguf` };
}

async function load(ref: Reference, o: LoadOptions = {}): Promise<Fn> {
  return reading(async () => {
    const { bytes, told } = await programOf(server(), ref, o, (b) => described(b, o.signal));
    const file = await fileFor(told, o.interpreter, o);
    const open = async (o: LoadOptions) => {
      const on = await withBase(file, o);
      used(on, 1);
      const f = await on.it.open(bytes, { signal: o.signal }).catch((e) => { used(on, -1); throw e; });
      return { on, f };
    };
    return wrap(await open(o), () => open({ ...o, signal: undefined, onProgress: undefined }));
  });
}

/** A function on an interpreter. */
interface Opened {
  on: Shared;
  f: PawFunction;
}

/** Refuses what a caller without types may pass. */
function checked(input: unknown, o: CallOptions): void {
  if (typeof input !== "string") throw new PawError("input", `the input is no string but of type ${typeof input}`, "pass the text itself");
  for (const name of ["threshold", "maxTokens", "topK"] as const) {
    const value: unknown = o[name] ?? 0;
    if (typeof value !== "number" || Number.isNaN(value)) throw new PawError("input", `${name} is no number but ${JSON.stringify(value)}`, `leave ${name} out, or pass a number`);
  }
}

function wrap(opened: Opened, again: () => Promise<Opened>): Fn {
  let now: Promise<Opened> | Opened = opened, freed: Promise<void> | undefined;
  /** Calls; if the worker dies under it (a browser short of memory ends them), once more on a new one. */
  const ask = async (input: string, c: CallOptions & { onPiece?: (piece: string) => void }): Promise<Answer> => {
    checked(input, c);
    if (freed) throw new PawError("input", "the function was freed", "load it again: paw.function");
    const was = await orAborted(now, c.signal);
    let told = 0;
    const onPiece = c.onPiece && ((piece: string) => ((told += piece.length), c.onPiece!(piece)));
    try {
      return await was.f.call(input, { ...c, onPiece });
    } catch (e) {
      if (!was.on.it.ended || freed) throw e;
      if (now === was) now = again().then((x) => (now = x), (e) => { now = was; throw e; });
      let skip = told; // the answer will be the same: what was told of it is not told twice
      const onRest = c.onPiece && ((piece: string) => {
        const rest = piece.slice(skip);
        skip -= piece.length - rest.length;
        if (rest) c.onPiece!(rest);
      });
      return (await orAborted(now, c.signal)).f.call(input, { ...c, onPiece: onRest });
    }
  };
  const detail = async (input: string, o: CallOptions = {}): Promise<Detail> => {
    const a = await ask(input, o);
    const shares = a.probabilities && [...a.probabilities].sort((x, y) => y.probability - x.probability).slice(0, o.topK);
    return {
      text: a.abstained ? "" : a.output, label: a.abstained ? "" : a.label, probabilities: shares, confidence: a.confidence,
      calibrated: a.calibrated, abstained: a.abstained, tokens: a.tokens, ms: a.ms,
    };
  };
  const call = async (input: string, o?: CallOptions) => (await detail(input, o)).text;
  const batch = async (inputs: Iterable<string>, o?: CallOptions) => {
    if (typeof inputs === "string" || typeof inputs?.[Symbol.iterator] !== "function") throw new PawError("input", "a batch takes a list of texts", "pass an array: fn.batch([text])");
    const out: string[] = [];
    for (const input of inputs) out.push(await call(input, o)); // one worker: more at once would not be faster
    return out;
  };
  const stream = (input: string, o: CallOptions = {}) => pieces((onPiece, signal) => ask(input, { maxTokens: o.maxTokens, signal, onPiece }), o.signal);
  const free = () => (freed ??= (async () => {
    const open = await Promise.resolve(now).catch(() => undefined); // what could not be opened again holds nothing
    await open?.f.close();
    if (open) used(open.on, -1);
  })());
  const fn = Object.assign(call, { detail, batch, stream, info: opened.f.info, free });
  return Object.assign(fn, { [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]: fn.free }) as Fn; // older browsers lack the symbol
}

/** Turns a description into a program on the server and gives its id. The page must be of the server's origin. */
async function compile(spec: string, o: CompileOptions = {}): Promise<string> {
  if (globalThis.location && new URL(server()).origin !== location.origin) {
    throw new PawError("input", `a description compiles only on pages of the server's own origin, ${new URL(server()).origin}`, "compile it there once, and use the program's id or file here");
  }
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ spec, compiler: o.compiler }), signal: o.signal };
  const job = await askJSON(`${server()}/api/v1/compile/async`, post);
  o.onProgress?.(0);
  // An abort stops the waiting and not the job, which is everybody's who asked for the same: the server keeps what it makes.
  for (let wait = 50; ; wait = Math.min(1000, wait * 1.5)) {
    const now = await askJSON(`${server()}/api/v1/compile/${job.job_id}`, { signal: o.signal, cache: "no-store" });
    if (now.status === "ready") return now.program_id ?? job.program_id;
    if (now.status === "failed" || now.status === "cancelled") throw new PawError("program", now.error?.message ?? now.error ?? `the compilation was ${now.status}`);
    if (typeof now.percent === "number") o.onProgress?.(now.percent / 100);
    await orAborted(new Promise((ok) => setTimeout(ok, wait)), o.signal);
  }
}

/** Whether a program can run here: at once, after a download, or not at all; "downloading" while this or
 *  another tab fetches its interpreter. Without a program: any interpreter, and no server is asked. */
async function availability(ref?: Reference, o: Pick<LoadOptions, "interpreter" | "integrity" | "engine"> = {}): Promise<Availability> {
  if (typeof Worker === "undefined" || typeof WebAssembly === "undefined") return "unavailable";
  if (ref === undefined) {
    if (running().some((x) => x.state === "available") || (await storage.list()).some((k) => k.kind === "interpreter" && k.whole)) return "available";
    return running().length > 0 || (await isDownloading()) ? "downloading" : "downloadable";
  }
  return reading(async () => {
    const { told } = await programOf(server(), ref, o, described);
    const file = await fileFor(told, o.interpreter, {});
    const here = sharing(file.sha256, o);
    if (here) return here.state;
    if (await isCached(await baseOf(file, {}))) return "available";
    return (await isDownloading(file.sha256)) ? "downloading" : "downloadable";
  }).catch(() => "unavailable");
}

const paw = {
  function: load,
  compile,
  async compileAndLoad(spec: string, o: CompileOptions & Omit<LoadOptions, "onProgress"> = {}): Promise<Fn> {
    const id = await compile(spec, o);
    return load(id, { ...o, onProgress: undefined });
  },
  availability,
  /** What is kept on this device for this site: interpreters, and the programs that were fetched. */
  storage,
  /** apiUrl: the server, if not the one that this file came from; assetsUrl: the folder of the worker and
   *  its modules, if not the one beside this file. */
  configure(o: { apiUrl?: string; assetsUrl?: string }): void {
    if (o.apiUrl !== undefined) settings.apiUrl = (o.apiUrl && resolved(o.apiUrl)).replace(/\/+$/, "");
    if (o.assetsUrl !== undefined) setAssets(o.assetsUrl);
  },
};

export default paw;
export { paw };
