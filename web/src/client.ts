// What a page uses: an Interpreter is one worker with one base; its functions answer. Importing this
// file touches neither the document nor the network.
import { LARGE, type BaseInfo } from "./download.js";
export { LARGE, deleteCached, isCached, type BaseInfo } from "./download.js";
export { PawError, orAborted, type ErrorKind } from "./errors.js";
export { library, type SavedProgram } from "./library.js";
import { PawError } from "./errors.js";
import type { Begin } from "./kernel.js";
import { persistOnce } from "./room.js";
import { workerURL } from "./trusted.js";
export { storage, type Kept } from "./storage.js";
export { persistOnce };
export type { Room } from "./room.js";

export interface ProgramInfo {
  programId: string;
  spec: string;
  interpreter: string;
  baseSha256: string;
  labels: string[] | null;
  prefixTokens: number;
  pseudoProgram: string;
  adapterBytes: number;
  meta: any;
  attachMs: number;
  prefillMs: number;
}

export interface Answer {
  output: string;
  label: string;
  probabilities: { label: string; probability: number }[] | null;
  confidence: number;
  calibrated: boolean;
  abstained: boolean;
  partial: boolean;
  tokens: number;
  stop: "end" | "limit" | "filled";
  ms: number;
}

/** What runs the interpreter: our kernel, or llama.cpp where the server has it. */
export type EngineName = "paw" | "wllama";

export interface Progress {
  phase: "download" | "load" | "compile";
  done: number;
  total: number;
  cached?: boolean;
  /** Only in phase "load": false when the browser keeps the file for this page alone. */
  kept?: boolean;
}

export interface Loaded {
  context: number;
  memory: number;
  fromCache: boolean;
  kept: boolean;
  /** How many compute: more than one only on an isolated page. */
  threads: number;
}

export interface PawFunction {
  info: ProgramInfo;
  call(input: string, o?: { threshold?: number; maxTokens?: number; signal?: AbortSignal; onPiece?: (piece: string) => void }): Promise<Answer>;
  close(): Promise<void>;
}

interface Pending {
  resolve(v: Record<string, unknown>): void;
  reject(e: Error): void;
  onProgress?(p: Progress): void;
  onPiece?(piece: string): void;
}

let alone = false; // threads failed on this page: they are not tried again

const PULSE = 1000; // milliseconds between questions whether the worker lives, while something is asked of it
const MISSED = 10; // so many without any word: a browser short of memory ends workers without telling

export class Interpreter {
  base: BaseInfo | null = null;
  private readonly worker: Worker;
  private readonly helpers: Worker[] = []; // of its kernel
  private readonly pending = new Map<number, Pending>();
  private last = 0;
  private dead: PawError | undefined;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private missed = -1; // questions since its last word; -1: it has not begun to talk (its script is still loading)

  static start(): Interpreter {
    return new Interpreter();
  }

  private constructor() {
    this.worker = new Worker(workerURL() as string, { type: "module", name: "paw" });
    this.worker.onmessage = (e) => this.receive(e.data);
    this.worker.onerror = (e) => this.fail(new PawError("internal", e.message || "the worker could not be started: reload the page"));
    this.worker.onmessageerror = () => this.fail(new PawError("internal", "a message of the worker could not be read"));
  }

  private receive(m: any): void {
    this.missed = 0;
    if (m.pong) return;
    if (m.helper) return this.help(m.helper);
    alone ||= !!m.fatal && !!m.shared;
    if (m.fatal) return this.fail(new PawError("internal", `the interpreter stopped: ${m.fatal}`, "reload the page"));
    const p = this.pending.get(m.id);
    if (!p) return;
    if (m.piece !== undefined) return p.onPiece?.(m.piece);
    if (m.progress) return p.onProgress?.({ phase: "load", ...m.progress });
    this.pending.delete(m.id);
    if (m.ok) p.resolve(m);
    else p.reject(new PawError(m.error.kind, m.error.message));
  }

  private fail(e: PawError): void {
    this.dead = e;
    for (const p of this.pending.values()) p.reject(e);
    this.pending.clear();
    for (const w of [this.worker, ...this.helpers]) w.terminate();
    clearInterval(this.pulse);
  }

  /** Starts a helper of the kernel for the worker. */
  private help(begin: Begin): void {
    const tell = (serves: boolean) => this.worker.postMessage({ op: "helper", index: begin.index, serves });
    try {
      const helper = new Worker(workerURL(begin.url) as string, { type: "module", name: "paw helper" });
      this.helpers.push(helper);
      helper.onmessage = (e) => tell(e.data.serves === true);
      helper.onerror = (e) => (e.preventDefault(), tell(false));
      helper.postMessage(begin);
    } catch {
      tell(false); // a policy may forbid it
    }
  }

  /** Finds out when the worker has died without a word: while requests wait, it is asked for a sign of life. */
  private watch(): void {
    this.pulse ??= setInterval(() => {
      if (this.pending.size === 0) {
        clearInterval(this.pulse);
        this.pulse = undefined;
      } else if (this.missed >= MISSED) {
        this.fail(new PawError("internal", "the interpreter stopped without a word", "reload the page, and close others if memory is short"));
      } else {
        if (this.missed >= 0) this.missed++;
        this.worker.postMessage({ op: "ping" });
      }
    }, PULSE);
  }

  /** Its worker has ended: nothing more can be asked. */
  get ended(): boolean {
    return this.dead !== undefined;
  }

  /** Sends one message of the protocol and waits for its answer. */
  request(m: Record<string, unknown>, o: { signal?: AbortSignal; onProgress?: (p: Progress) => void; onPiece?: (piece: string) => void } = {}): Promise<Record<string, unknown>> {
    if (this.dead) return Promise.reject(this.dead);
    if (o.signal?.aborted) return Promise.reject(new PawError("aborted", "cancelled"));
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const abort = () => this.worker.postMessage({ op: "abort", target: id });
      const end = () => o.signal?.removeEventListener("abort", abort);
      this.pending.set(id, {
        resolve: (v) => (end(), resolve(v)),
        reject: (e) => (end(), reject(e)),
        onProgress: o.onProgress, onPiece: o.onPiece,
      });
      try {
        this.worker.postMessage({ ...m, id });
      } catch (e) { // what cannot be sent is never answered
        this.pending.delete(id);
        return reject(new PawError("input", `${e instanceof Error ? e.message : e}`, "pass plain values"));
      }
      o.signal?.addEventListener("abort", abort);
      this.watch();
    });
  }

  async load(base: BaseInfo, o: { engine?: EngineName; threads?: number; signal?: AbortSignal; onProgress?: (p: Progress) => void } = {}): Promise<Loaded> {
    let fromCache = false, kept = true;
    if (o.engine && !["paw", "wllama"].includes(o.engine)) throw new PawError("engine", `there is no engine ${o.engine}`, "use paw or wllama");
    const onProgress = (p: Progress) => {
      if (p.cached) fromCache = true;
      if (p.kept === false) kept = false;
      o.onProgress?.(p);
    };
    const r = await this.request({ op: "load", base: { ...base }, engine: o.engine, threads: alone ? 1 : o.threads }, { signal: o.signal, onProgress });
    this.base = base;
    if (kept && !fromCache && base.size > LARGE) void persistOnce();
    return { context: r.context as number, memory: r.memory as number, fromCache, kept, threads: (r.threads as number | undefined) ?? 1 };
  }

  async inspect(program: Uint8Array): Promise<ProgramInfo> {
    return info(await this.request({ op: "inspect", program }));
  }

  async open(program: Uint8Array, o: { signal?: AbortSignal } = {}): Promise<PawFunction> {
    const r = await this.request({ op: "open", program }, o);
    const number = r.function as number;
    return {
      info: info(r),
      call: async (input, c = {}) => {
        const a = await this.request({ op: "call", function: number, input, maxTokens: c.maxTokens ?? 0, threshold: c.threshold ?? 0, stream: !!c.onPiece }, { signal: c.signal, onPiece: c.onPiece });
        return a as unknown as Answer;
      },
      close: async () => {
        await this.request({ op: "close", function: number }).catch((e) => {
          if (!this.dead) throw e; // a worker that has ended holds nothing
        });
      },
    };
  }

  /** Ends the worker and frees its memory. What is in flight fails as aborted. */
  dispose(): void {
    this.fail(new PawError("aborted", "the interpreter was closed"));
  }
}

function info(r: Record<string, unknown>): ProgramInfo {
  return { ...(r as unknown as ProgramInfo), meta: JSON.parse(r.meta as string) };
}
