// The peer's half of the benchmark, driven by bench.mjs: window.peer does what our worker's
// "measure" and "forced" operations do.
import { Wllama, LoggerWithoutDebug } from "/wllama/esm/index.js";

const file = async (url) => (await fetch(url)).blob(); // the cache of HTTP keeps it
let w, count = 0;

/** Loads the base and adapters (0 to 2, one unless said); setting: {threads, flash, kv, slots, adapters}. */
async function load({ adapters = 1, slots = 1, ...setting }) {
  const started = performance.now();
  const files = [await file("/base.gguf")];
  for (let i = 0; i < adapters; i++) files.push(await file("/adapter.gguf"));
  const loras = files.slice(1).map((_, i) => ({ path: `models/model-0000${i + 2}-of-0000${files.length}.gguf` }));
  w = new Wllama({ default: "/wllama/esm/wasm/wllama.wasm" }, { logger: LoggerWithoutDebug, suppressNativeLog: true });
  await w.loadModel(files, {
    n_ctx: 1024 * slots, n_threads: setting.threads, n_gpu_layers: 0, n_parallel: slots, warmup: false,
    ...(setting.flash === undefined ? {} : { flash_attn: setting.flash }),
    ...(setting.kv ? { cache_type_k: setting.kv, cache_type_v: setting.kv } : {}),
    ...(adapters ? { lora_adapters: loras, lora_init_without_apply: true } : {}),
  });
  count = adapters;
  return { loadMs: performance.now() - started, threads: w.getNumThreads(), isolated: crossOriginIsolated };
}

/** adapter: the one to apply, counted from 1, or 0. */
async function complete(prompt, n, adapter, extra = {}) {
  const started = performance.now();
  const r = await w.createCompletion({
    prompt, max_tokens: n, temperature: 0, top_k: 1, cache_prompt: true, ignore_eos: true,
    lora: count ? Array.from({ length: count }, (_, id) => ({ id, scale: id === adapter - 1 ? 1 : 0 })) : undefined, ...extra,
  });
  return { ms: performance.now() - started, r };
}

/** One call behind a cached prefix: milliseconds, and how many tokens were really run. */
async function call(prefix, input, n, adapter, slot) {
  const { ms, r } = await complete(prefix + input, n, adapter, slot === undefined ? {} : { id_slot: slot });
  return { ms, prompt: r.timings?.prompt_n, cached: r.timings?.cache_n, predicted: r.timings?.predicted_n };
}

async function prefill(text, adapter) {
  const { r } = await complete(text, 1, adapter);
  return { ms: r.timings.prompt_ms, n: r.timings.prompt_n };
}

async function decode(text, n, adapter) {
  const { r } = await complete(text, n, adapter);
  return { ms: r.timings.predicted_ms, n: r.timings.predicted_n };
}

/** The likeliest next token after a text. */
async function top(text, adapter) {
  const { r } = await complete(text, 1, adapter, { n_probs: 2 });
  const list = r.choices[0].logprobs?.content?.[0]?.top_logprobs ?? [];
  return list.map((x) => [x.id, x.logprob]);
}

window.peer = { load, call, prefill, decode, top, exit: () => w.exit() };
