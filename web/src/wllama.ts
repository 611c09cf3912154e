// llama.cpp beside the Go module, as the npm package @wllama/wllama builds it: fetched by "make wllama",
// bundled into files of their own, loaded when a page first asks for the engine "wllama". The module asks
// (wasm/peer.go), this answers; no rule about programs is here.
import { Wllama, type Completion } from "@wllama/wllama";

declare const __WLLAMA_WASM__: string;

export interface Found {
  prompt: number;
  chosen: number;
  tokens: number[];
  numbers: number[];
}

interface Adapter {
  file: Blob;
  first?: object; // its prefix, asked for again after loading
}

/** Functions that keep their keys and values; more than these take turns. */
const SLOTS = 8;

// A step of llama.cpp cannot be interrupted: an abort waits for at most this many tokens of a prompt.
const BATCH = 64;

/** Says why llama.cpp cannot run in this browser, or "". */
export function missing(): string {
  // Without both of these the package would fetch another build from a foreign server.
  try {
    new WebAssembly.Memory({ address: "i64", initial: 1n } as unknown as WebAssembly.MemoryDescriptor);
  } catch {
    return "this browser has no 64-bit WebAssembly memory";
  }
  return "Suspending" in WebAssembly ? "" : "this browser cannot suspend WebAssembly (JSPI)";
}

export class Peer {
  private readonly adapters = new Map<number, Adapter>();
  private last = 0;
  private running: { wllama: Wllama; order: number[] } | null = null;
  private turn: Promise<unknown> = Promise.resolve();

  // Its complaints go into our errors, not to the page's console.
  private said = "";
  private readonly logger = {
    debug: () => {}, log: () => {}, warn: () => {},
    error: (...text: unknown[]) => (this.said ||= text.map(String).join(" ").split("\n")[0].slice(0, 300)), // the first is the cause
  };

  constructor(private readonly base: Blob, private readonly shape: { context: number; arch: string }) {}

  attach(file: Uint8Array): number {
    this.adapters.set(++this.last, { file: new Blob([file as Uint8Array<ArrayBuffer>]) });
    return this.last;
  }

  /** What an adapter takes up is given back when llama.cpp is loaded the next time. */
  detach(adapter: number): void {
    this.adapters.delete(adapter);
  }

  /** Runs one request after those before it: there is one thread, more at once would not be faster. */
  complete(adapter: number, request: object, signal: AbortSignal): Promise<Found> {
    const mine = this.turn.then(async () => {
      signal.throwIfAborted();
      const known = this.adapters.get(adapter);
      if (known) known.first ??= request;
      else if (adapter !== 0) throw new Error("the function was closed");
      this.said = "";
      try {
        const { wllama, order } = await this.ready(adapter);
        return found(await wllama.createCompletion(scaled(request, order, adapter, signal)));
      } catch (e) {
        // After a fault llama.cpp's memory is not to be trusted: the next request loads it again.
        if (signal.aborted) throw e;
        await this.stop();
        throw new Error(`${e instanceof Error ? e.message : String(e)} ${this.said}`.trim());
      }
    });
    this.turn = mine.catch(() => {});
    return mine;
  }

  private async stop(): Promise<void> {
    const old = this.running;
    this.running = null;
    await old?.wllama.exit().catch(() => {}); // what did not load may not end either
  }

  // llama.cpp's server takes adapters only together with the base, so a function that is opened later
  // loads everything again. Each adapter gets a slot of its own, which switching between functions leaves
  // in place. Slots go by likeness of prompts: asked for all prefixes at once, it gives each another one.
  private async ready(adapter: number): Promise<{ wllama: Wllama; order: number[] }> {
    if (this.running && (adapter === 0 || this.running.order.includes(adapter))) return this.running;
    await this.stop();
    const list = [...this.adapters];
    const order = list.map(([n]) => n);
    const slots = Math.min(SLOTS, Math.max(1, list.length));
    const wllama = new Wllama({ default: new URL(__WLLAMA_WASM__, import.meta.url).href }, { logger: this.logger });
    wllama.setCompat(null);
    this.running = { wllama, order }; // also while it loads: what fails is ended
    try {
      await this.load(wllama, list, slots);
      const others = list.filter(([n, a]) => a.first && n !== adapter).slice(0, SLOTS - 1);
      const mine = list.filter(([n, a]) => a.first && n === adapter);
      await Promise.all([...others, ...mine].map(([n, a]) => wllama.createCompletion(scaled(a.first!, order, n))));
      return this.running;
    } catch (e) {
      await this.stop(); // also where the request was aborted meanwhile: this was no fault of its
      throw e;
    }
  }

  private async load(wllama: Wllama, list: [number, Adapter][], slots: number): Promise<void> {
    await this.base.slice(0, 1).arrayBuffer().catch(() => {
      throw new Error("the interpreter's file was deleted since it was loaded: reload the page");
    });
    const name = (i: number) => `models/model-${String(i).padStart(5, "0")}-of-${String(list.length + 1).padStart(5, "0")}.gguf`;
    const gpt2 = this.shape.arch === "gpt2"; // small: exact keys and values cost little
    await wllama.loadModel([this.base, ...list.map(([, a]) => a.file)], {
      n_ctx: this.shape.context * slots, n_parallel: slots, kv_unified: false, n_batch: BATCH, n_ubatch: BATCH,
      log_level: 4, n_threads: 1, n_gpu_layers: 0, warmup: false, flash_attn: false, cache_idle_slots: false,
      cache_type_k: gpt2 ? "f32" : "f16", cache_type_v: gpt2 ? "f32" : "f16",
      lora_adapters: list.map((_, i) => ({ path: name(i + 2) })), lora_init_without_apply: true,
    });
  }
}

/** A request under one adapter. The scales are always sent: else llama.cpp keeps those of the last request. */
function scaled(request: object, order: number[], adapter: number, abortSignal?: AbortSignal): object {
  return { ...request, lora: order.map((n, id) => ({ id, scale: n === adapter ? 1 : 0 })), abortSignal };
}

function found(r: Completion | null): Found {
  const last = r?.choices[0]?.logprobs?.content?.at(-1);
  if (!r || !last) throw new Error("llama.cpp tells no probabilities");
  const list = last.top_probs ?? last.top_logprobs ?? [];
  return { prompt: r.usage.prompt_tokens, chosen: last.id, tokens: list.map((x) => x.id), numbers: list.map((x) => (x.prob ?? x.logprob)!) };
}
