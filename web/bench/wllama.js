// The peer's half of the benchmark, driven by bench.mjs: window.peer does what our worker's
// "measure" and "forced" operations do.
import { Wllama, LoggerWithoutDebug } from "/wllama/esm/index.js";

let w;

/** Loads the base and an adapter; setting: {threads, flash, kv}. */
async function load(setting) {
  const base = await (await fetch("/base.gguf")).blob();
  const adapter = await (await fetch("/adapter.gguf")).blob();
  w = new Wllama({ default: "/wllama/esm/wasm/wllama.wasm" }, { logger: LoggerWithoutDebug, suppressNativeLog: true });
  const started = performance.now();
  await w.loadModel([base, adapter], {
    n_ctx: 1024, n_threads: setting.threads, n_gpu_layers: 0, n_parallel: 1, warmup: false,
    ...(setting.flash === undefined ? {} : { flash_attn: setting.flash }),
    ...(setting.kv ? { cache_type_k: setting.kv, cache_type_v: setting.kv } : {}),
    lora_adapters: [{ path: "models/model-00002-of-00002.gguf" }], lora_init_without_apply: true,
  });
  return { loadMs: performance.now() - started, threads: w.getNumThreads(), isolated: crossOriginIsolated };
}

async function complete(prompt, n, adapter, extra = {}) {
  const started = performance.now();
  const r = await w.createCompletion({
    prompt, max_tokens: n, temperature: 0, top_k: 1, cache_prompt: true, ignore_eos: true,
    lora: [{ id: 0, scale: adapter ? 1 : 0 }], ...extra,
  });
  return { ms: performance.now() - started, r };
}

/** One call behind a cached prefix: milliseconds, and how many tokens were really run. */
async function call(prefix, input, n, adapter) {
  const { ms, r } = await complete(prefix + input, n, adapter);
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
window.peerReady = true;
