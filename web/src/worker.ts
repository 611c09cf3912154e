// The worker: starts kernel.wasm and the Go module, hands messages through. It adds one thing to the
// module's own operations: "load" names a file by URL here, and the module gets it as a source.
import "wasm_exec";
import { baseFile, DownloadError, NoRoom, type BaseInfo } from "./download";
import { makeHost, type HostControl, type Message } from "./host";

declare const __WASM_URL__: string;
declare const __KERNEL_URL__: string;
declare const __RELAXED_URL__: string;
declare class Go {
  importObject: WebAssembly.Imports;
  exited: boolean;
  run(instance: WebAssembly.Instance): Promise<void>;
}

const post = (m: Message) => postMessage(m);
const early: Message[] = [];
let control: HostControl | undefined;
const downloads = new Map<number, AbortController>();

function fault(id: number, kind: string, message: string): void {
  post({ id, ok: false, error: { kind, message } });
}

async function load(m: Message & { id: number; base: BaseInfo }): Promise<void> {
  const abort = new AbortController();
  downloads.set(m.id, abort);
  const total = m.base.size;
  try {
    const { file, cached, kept } = await baseFile(m.base, abort.signal, (done) => post({ id: m.id, progress: { phase: "download", done, total } }));
    if (abort.signal.aborted) throw abort.signal.reason;
    post({ id: m.id, progress: { phase: "load", done: 0, total, cached, kept } });
    control!.deliver({ id: m.id, op: "load", source: control!.addSource(file), size: total, sha256: m.base.sha256 });
  } catch (e) {
    if (abort.signal.aborted) fault(m.id, "aborted", "the download was cancelled");
    else fault(m.id, e instanceof NoRoom ? "storage" : e instanceof DownloadError ? "network" : "internal", e instanceof Error ? e.message : String(e));
  } finally {
    downloads.delete(m.id);
  }
}

function handle(m: Message): void {
  if (m.op === "load") {
    void load(m as Message & { id: number; base: BaseInfo });
    return;
  }
  if (m.op === "abort") downloads.get(m.target as number)?.abort();
  control!.deliver(m);
}

onmessage = (e: MessageEvent<Message>) => {
  if (control) handle(e.data);
  else early.push(e.data);
};

async function module(url: string, imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  const response = await fetch(new URL(url, import.meta.url)); // not the page's: this may be another origin
  if (!response.ok) throw new Error(`the server answers ${response.status} for ${url}: reload the page`);
  return (await WebAssembly.instantiateStreaming(response, imports)).instance;
}

/** The kernel this browser runs fastest. Both builds give the same bits (wasm/kernel/src/quant.h). */
function kernelURL(): string {
  // A function of one instruction, i32x4.relaxed_dot_i8x16_i7x16_add_s.
  const splat = [0x41, 0, 0xfd, 0x0f];
  const body = [0, ...splat, ...splat, ...splat, 0xfd, 0x93, 2, 0x0b];
  const probe = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 0x0a, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(new Uint8Array(probe)) ? __RELAXED_URL__ : __KERNEL_URL__;
}

async function start(): Promise<void> {
  const go = new Go();
  const [kernel, paw] = await Promise.all([module(kernelURL(), {}), module(__WASM_URL__, go.importObject)]);
  control = makeHost(kernel, post);
  (globalThis as unknown as { pawHost: unknown }).pawHost = control.host;
  const ended = go.run(paw); // returns when the module first waits
  for (const m of early.splice(0)) handle(m);
  await ended;
  throw new Error("the module ended");
}

start().catch((e: unknown) => post({ fatal: e instanceof Error ? e.message : String(e) }));
