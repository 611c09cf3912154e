// The worker: starts the Go module and the kernel, hands messages through. It adds two things to the module's
// own operations: "load" names a file by URL here, with the threads that are wanted, and the module gets it as a
// source; "open" finds and keeps what was computed of a program's text.
import "wasm_exec";
import { baseFile, DownloadError, LARGE, NoRoom, type BaseInfo } from "./download";
import { makeHost, type HostControl, type Message } from "./host";
import { asset, expectKernel, helperTold, startKernel, type Kernel } from "./kernel";
import { readStored, type OpenFile } from "./opfs";
import { keepPrefix, keptPrefix, prefixFile, prefixKey } from "./prefixes";
import type { Peer } from "./wllama";

declare const __WLLAMA_URL__: string; // "" in a build without it
declare const __WASM_URL__: string;
declare class Go {
  importObject: WebAssembly.Imports;
  exited: boolean;
  run(instance: WebAssembly.Instance): Promise<void>;
}

const early: Message[] = [];
let control: HostControl | undefined;
let kernel: Kernel | undefined; // from the first load on
let keepsFor: string | undefined; // digest of the interpreter, where keeping prefixes pays
const downloads = new Map<number, AbortController>();
const sources = new Map<number, { source: number; reader?: OpenFile }>(); // of interpreters that are being loaded
const loads = new Set<number>(); // of the kernel
const openings = new Map<number, Opening>();

/** A program that is being opened. */
interface Opening {
  abort: AbortController;
  key?: string;
  kept?: OpenFile;
  source?: number;
}

function post(m: Message): void {
  if (m.ask !== undefined) return void answer(m);
  const from = m.ok !== undefined && sources.get(m.id as number);
  if (from) { // it is loaded, or could not be
    control!.removeSource(from.source); // a Blob in memory would stay as long as the worker
    from.reader?.close();
    sources.delete(m.id as number);
  }
  if (m.ok !== undefined) opened(m);
  if (m.ok !== undefined && loads.delete(m.id as number) && m.ok) return void kernel!.threads.then((threads) => postMessage({ ...m, threads }));
  postMessage(m);
}

/** A fault that the page tells by its kind. */
class Fault extends Error {
  constructor(readonly kind: string, message: string) {
    super(message);
  }
}

function fault(id: number, kind: string, message: string): void {
  post({ id, ok: false, error: { kind, message } });
}

async function load(m: Message & { id: number; base: BaseInfo }): Promise<void> {
  const abort = new AbortController();
  downloads.set(m.id, abort);
  const total = m.base.size;
  try {
    if (m.engine === "wllama") await findWllama();
    const starting = m.engine === "wllama" ? undefined : startedKernel(m.threads as number | undefined);
    starting?.catch(() => {}); // awaited when the file is there
    const { file, cached, kept } = await baseFile(m.base, abort.signal, (done) => post({ id: m.id, progress: { phase: "download", done, total } }));
    if (abort.signal.aborted) throw abort.signal.reason;
    post({ id: m.id, progress: { phase: "load", done: 0, total, cached, kept } });
    if (starting) {
      kernel = await starting;
      loads.add(m.id);
    }
    if (m.engine === "wllama") llama.base = file;
    // A small interpreter computes a prefix as soon as it is found; llama.cpp's is its own.
    keepsFor = m.base.size > LARGE && m.engine !== "wllama" ? m.base.sha256 : undefined;
    const reader = kept ? await readStored(m.base) : undefined;
    if (abort.signal.aborted) {
      reader?.close();
      throw abort.signal.reason;
    }
    const source = control!.addSource(reader ?? file);
    sources.set(m.id, { source, reader });
    control!.deliver({ id: m.id, op: "load", source, size: total, sha256: m.base.sha256, engine: m.engine });
  } catch (e) {
    if (abort.signal.aborted) fault(m.id, "aborted", "the download was cancelled");
    else fault(m.id, e instanceof Fault ? e.kind : e instanceof NoRoom ? "storage" : e instanceof DownloadError ? "network" : "internal", e instanceof Error ? e.message : String(e));
  } finally {
    downloads.delete(m.id);
  }
}

// The engine "wllama": llama.cpp, and the module's questions to it that wait.
const llama = { base: null as Blob | null, module: null as typeof import("./wllama") | null, peer: null as Peer | null, asked: new Map<number, AbortController>() };

async function findWllama(): Promise<void> {
  if (!__WLLAMA_URL__) throw new Fault("engine", "this server lacks the engine wllama: run make wllama web where it is built, or use the engine paw");
  llama.module ??= await import(new URL(__WLLAMA_URL__, import.meta.url).href) as typeof import("./wllama");
  const why = llama.module.missing();
  if (why) throw new Fault("engine", `${why}, which the engine wllama needs: use the engine paw`);
}

/** Does what the module asks of llama.cpp. */
async function ask(m: Message, signal: AbortSignal): Promise<object> {
  if (m.peer === "base") return llama.peer = new llama.module!.Peer(llama.base!, m as unknown as { context: number; arch: string }), {};
  if (m.peer === "attach") return { adapter: llama.peer!.attach(m.file as Uint8Array) };
  return llama.peer!.complete(m.adapter as number, m.request as object, signal);
}

async function answer(m: Message): Promise<void> {
  const target = m.ask as number;
  if (m.peer === "abort") return llama.asked.get(target)?.abort();
  if (m.peer === "detach") return llama.peer!.detach(m.adapter as number);
  const abort = new AbortController();
  llama.asked.set(target, abort);
  try {
    control!.deliver({ op: "answer", target, ...await ask(m, abort.signal) });
  } catch (e) {
    const message = `llama.cpp: ${e instanceof Error ? e.message : String(e)}`;
    control!.deliver({ op: "answer", target, error: { kind: /memory|alloc/i.test(message) ? "memory" : "internal", message } });
  } finally {
    llama.asked.delete(target);
  }
}

/** Opens a program with the keys and values of its own text, where these are kept. */
async function open(m: Message & { id: number; program: Uint8Array }): Promise<void> {
  const o: Opening = { abort: new AbortController() };
  openings.set(m.id, o);
  if (keepsFor && m.program instanceof Uint8Array) {
    o.key = await prefixKey(m.program, [keepsFor, kernel!.url, __WASM_URL__]).catch(() => undefined); // it is worth no fault
    o.kept = o.key ? await keptPrefix(o.key) : undefined;
    if (o.abort.signal.aborted) return fault(m.id, "aborted", "cancelled");
    if (o.kept) m = { ...m, prefix: (o.source = control!.addSource(o.kept)), prefixSize: o.kept.size };
  }
  control!.deliver(m);
}

/** A program is open, or could not be: what was worth computing is kept. */
function opened(m: Message): void {
  const o = openings.get(m.id as number);
  if (!o) return;
  openings.delete(m.id as number);
  if (o.source !== undefined) control!.removeSource(o.source);
  o.kept?.close();
  const keep = m.keep as { keys: number; values: number; bytes: number } | undefined;
  delete m.keep;
  if (!keep || !o.key) return;
  try {
    const room = prefixFile(2 * keep.bytes);
    // Copied at once: the module may let go of that memory with the next message.
    [keep.keys, keep.values].forEach((at, i) => room.payload.set(control!.host.kernelBytes(at, keep.bytes), i * keep.bytes));
    void keepPrefix(o.key, room);
  } catch {
    // Without room for the copy nothing is kept; the module, which called this, goes on.
  }
}

function handle(m: Message): void {
  if (m.op === "load") return void load(m as Message & { id: number; base: BaseInfo });
  if (m.op === "open") return void open(m as Message & { id: number; program: Uint8Array });
  if (m.op === "abort") {
    downloads.get(m.target as number)?.abort();
    openings.get(m.target as number)?.abort.abort();
  }
  control!.deliver(m);
}

onmessage = (e: MessageEvent<Message>) => {
  if (e.data.op === "ping") return post({ pong: true });
  if (e.data.op === "helper") return helperTold(e.data.index as number, e.data.serves as boolean);
  if (control) handle(e.data);
  else early.push(e.data);
};

let starts: Promise<Kernel> | undefined;

/** The kernel, which a worker has one of. */
function startedKernel(threads?: number): Promise<Kernel> {
  return starts ??= startKernel(threads, (helper) => post({ helper })).then((k) => {
    // Where a helper never came back the memory is not to be trusted: the page starts another worker, without helpers.
    control!.use(k, (e) => k.shared && post({ fatal: `the kernel's threads failed: ${e}`, shared: true }));
    return k;
  }, (e) => {
    starts = undefined;
    throw e;
  });
}

async function start(): Promise<void> {
  const go = new Go();
  expectKernel().catch(() => {}); // whoever loads is told
  const { instance } = await WebAssembly.instantiateStreaming(asset(__WASM_URL__), go.importObject);
  control = makeHost(post);
  (globalThis as unknown as { pawHost: unknown }).pawHost = control.host;
  const ended = go.run(instance); // returns when the module first waits
  for (const m of early.splice(0)) handle(m);
  await ended;
  throw new Error("the module ended");
}

start().catch((e: unknown) => post({ fatal: e instanceof Error ? e.message : String(e) }));
