// The SDK: fuzzy functions in any page. Importing it touches neither the document nor the network.
//
//   import paw from "https://paw.example/sdk/paw.js";
//   const urgent = await paw.function("0123456789abcdef0123");
//   await urgent("the server is on fire")                    // "urgent"
//   await urgent.detail("the server is on fire")             // { text, label, probabilities, confidence, … }
//
// All functions for one interpreter share one worker and one copy of its weights.
import { Interpreter, PawError, isCached, type Answer, type BaseInfo, type EngineName, type ErrorKind, type PawFunction, type ProgramInfo, type Progress } from "../src/client";

export { PawError, type EngineName, type ErrorKind, type ProgramInfo, type Progress };

/** A program: its id or slug on the server, the address of a .paw file, or the file itself. */
export type Reference = string | URL | Blob | ArrayBuffer | Uint8Array;

/** A download that somebody must agree to first. */
export interface Download {
  bytes: number;
  url: string;
}

export interface LoadOptions {
  /** "paw", our kernel, if left out; "wllama" is llama.cpp, where the server has it (docs/embedding.md). */
  engine?: EngineName;
  signal?: AbortSignal;
  onProgress?(p: Progress): void;
  /** "sha256-" and the Base64 digest of the .paw file; another file is refused. */
  integrity?: string;
  /** Asked before an interpreter of more than 16 MB is downloaded; without it that fails with kind "consent". */
  consent?(d: Download): boolean | Promise<boolean>;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** Below this confidence the function abstains: text and label are "". */
  threshold?: number;
  /** The most tokens of a free text. */
  maxTokens?: number;
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
  readonly info: ProgramInfo;
  /** Frees the function's memory; calls fail afterwards. */
  free(): Promise<void>;
}

export interface CompileOptions {
  signal?: AbortSignal;
  /** The server's default if left out. */
  compiler?: string;
  onProgress?(fraction: number): void;
}

export type Availability = "available" | "downloadable" | "unavailable";

const LARGE = 16 << 20;
const settings = { apiUrl: "" };
const interpreters = new Map<string, Promise<Interpreter>>(); // by engine and base

function server(): string {
  return settings.apiUrl || new URL("..", import.meta.url).href.replace(/\/$/, "");
}

async function ask(url: string | URL, init: RequestInit = {}): Promise<Response> {
  let r: Response;
  try {
    r = await fetch(url, init);
  } catch (e) {
    if (init.signal?.aborted) throw new PawError("aborted", "cancelled");
    throw new PawError("network", `${url} cannot be reached`, "check the connection, the page's connect-src, and apiUrl in paw.configure");
  }
  if (r.ok) return r;
  const problem = await r.json().catch(() => ({}));
  throw new PawError("network", problem.message ?? `the server answers ${r.status} for ${url}`);
}

function address(ref: string): string {
  if (/^[a-z][a-z0-9+.-]*:|^[./]|\.paw$/i.test(ref)) return new URL(ref, document.baseURI).href;
  return `${server()}/api/v1/programs/${ref.split("/").map(encodeURIComponent).join("/")}/download`;
}

async function bytesOf(ref: Reference, o: LoadOptions): Promise<Uint8Array> {
  let bytes: Uint8Array;
  if (ref instanceof Uint8Array) bytes = ref;
  else if (ref instanceof ArrayBuffer) bytes = new Uint8Array(ref);
  else if (ref instanceof Blob) bytes = new Uint8Array(await ref.arrayBuffer());
  else bytes = new Uint8Array(await (await ask(address(String(ref)), { signal: o.signal })).arrayBuffer());
  if (o.integrity) {
    if (!crypto.subtle) throw new PawError("program", "integrity cannot be checked on an insecure page", "serve the page over HTTPS");
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
    const have = "sha256-" + btoa(String.fromCharCode(...sum));
    if (!o.integrity.split(/\s+/).includes(have)) throw new PawError("program", `the program is not the one that was pinned: it has ${have}`, "update integrity if the change is wanted");
  }
  return bytes;
}

async function baseOf(sha256: string, o: LoadOptions): Promise<BaseInfo> {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new PawError("program", "the program does not say which interpreter it needs", "compile it again");
  const root = `${server()}/models/${sha256}`;
  const list = await (await ask(root + ".chunks.json", { signal: o.signal })).json();
  return { id: sha256.slice(0, 16), url: root + ".gguf", chunksUrl: root + ".chunks.json", size: list.size, sha256 };
}

async function agreed(base: BaseInfo, o: LoadOptions): Promise<void> {
  if (base.size <= LARGE || (await isCached(base))) return;
  const size = `${(base.size / 1e6).toFixed(0)} MB`;
  if (!o.consent) throw new PawError("consent", `the interpreter is a download of ${size}`, "ask the user, and pass consent: () => true");
  if (!(await o.consent({ bytes: base.size, url: base.url }))) throw new PawError("consent", `the download of ${size} was declined`);
}

/** The interpreter with a base: the one that runs already, or `fresh` with the base loaded into it. */
function withBase(sha256: string, fresh: Interpreter, o: LoadOptions): Promise<Interpreter> {
  const key = `${o.engine ?? "paw"} ${sha256}`;
  const running = interpreters.get(key);
  if (running) {
    fresh.dispose();
    return running;
  }
  const starting = (async () => {
    const base = await baseOf(sha256, o);
    await agreed(base, o);
    await fresh.load(base, { engine: o.engine, signal: o.signal, onProgress: o.onProgress });
    return fresh;
  })();
  interpreters.set(key, starting);
  starting.catch(() => {
    interpreters.delete(key);
    fresh.dispose();
  });
  return starting;
}

async function load(ref: Reference, o: LoadOptions = {}): Promise<Fn> {
  const bytes = await bytesOf(ref, o);
  const fresh = Interpreter.start();
  let info: ProgramInfo;
  try {
    info = await fresh.inspect(bytes);
  } catch (e) {
    fresh.dispose();
    throw e;
  }
  const interpreter = await withBase(info.baseSha256, fresh, o);
  return wrap(await interpreter.open(bytes, { signal: o.signal }));
}

function wrap(f: PawFunction): Fn {
  const detail = async (input: string, o: CallOptions = {}): Promise<Detail> => {
    const a: Answer = await f.call(input, o);
    return {
      text: a.abstained ? "" : a.output, label: a.abstained ? "" : a.label, probabilities: a.probabilities, confidence: a.confidence,
      calibrated: a.calibrated, abstained: a.abstained, tokens: a.tokens, ms: a.ms,
    };
  };
  const call = async (input: string, o?: CallOptions) => (await detail(input, o)).text;
  const batch = async (inputs: Iterable<string>, o?: CallOptions) => {
    const out: string[] = [];
    for (const input of inputs) out.push(await call(input, o)); // one worker: more at once would not be faster
    return out;
  };
  return Object.assign(call, { detail, batch, info: f.info, free: () => f.close() });
}

/** Turns a description into a program on the server and gives its id. The page must be of the server's origin. */
async function compile(spec: string, o: CompileOptions = {}): Promise<string> {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ spec, compiler: o.compiler }), signal: o.signal };
  const job = await (await ask(`${server()}/api/v1/compile/async`, post)).json();
  try {
    for (let wait = 50; ; wait = Math.min(1000, wait * 1.5)) {
      const now = await (await ask(`${server()}/api/v1/compile/${job.job_id}`, { signal: o.signal, cache: "no-store" })).json();
      if (now.status === "ready") return now.program_id ?? job.program_id;
      if (now.status === "failed" || now.status === "cancelled") throw new PawError("program", now.error?.message ?? now.error ?? `the compilation was ${now.status}`);
      if (now.progress?.fraction !== undefined) o.onProgress?.(now.progress.fraction);
      await new Promise((ok) => setTimeout(ok, wait));
      if (o.signal?.aborted) throw new PawError("aborted", "cancelled");
    }
  } catch (e) {
    if (o.signal?.aborted) void fetch(`${server()}/api/v1/compile/${job.job_id}`, { method: "DELETE" }).catch(() => {});
    throw e;
  }
}

/** Whether a program can run here: at once, after a download, or not at all. */
async function availability(ref: Reference): Promise<Availability> {
  if (typeof Worker === "undefined" || typeof WebAssembly === "undefined") return "unavailable";
  const fresh = Interpreter.start();
  try {
    const info = await fresh.inspect(await bytesOf(ref, {}));
    if (interpreters.has(`paw ${info.baseSha256}`)) return "available";
    return (await isCached(await baseOf(info.baseSha256, {}))) ? "available" : "downloadable";
  } catch {
    return "unavailable";
  } finally {
    fresh.dispose();
  }
}

const paw = {
  function: load,
  compile,
  async compileAndLoad(spec: string, o: CompileOptions & Omit<LoadOptions, "onProgress"> = {}): Promise<Fn> {
    const id = await compile(spec, o);
    return load(id, { engine: o.engine, signal: o.signal, integrity: o.integrity, consent: o.consent });
  },
  availability,
  /** apiUrl: the server, if not the one that this file came from. */
  configure(o: { apiUrl?: string }): void {
    if (o.apiUrl !== undefined) settings.apiUrl = o.apiUrl.replace(/\/+$/, "");
  },
};

export default paw;
export { paw };
