// ONNX Runtime Web's half of the benchmark, driven by bench.mjs: window.peer does what our worker's "measure"
// operation does. It has no tokenizer: prompts arrive as ids.
import * as ort from "/ort/ort.wasm.min.mjs";

let session, prefix = { key: "", past: null };

/** Loads the graph; setting: {threads}. */
async function load(setting) {
  ort.env.wasm.numThreads = setting.threads;
  ort.env.wasm.wasmPaths = "/ort/";
  const started = performance.now();
  const bytes = new Uint8Array(await (await fetch("/model.onnx")).arrayBuffer()); // the cache of HTTP keeps it
  session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  return { loadMs: performance.now() - started, threads: ort.env.wasm.numThreads, isolated: crossOriginIsolated };
}

/** Runs tokens behind a cache; null is the empty one. */
async function run(ids, past) {
  const feeds = { input_ids: new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]) };
  for (const name of session.inputNames.slice(1)) feeds[name] = past?.[name] ?? new ort.Tensor("float32", new Float32Array(0), [1, 12, 0, 64]);
  const out = await session.run(feeds);
  const present = {};
  for (const name of session.outputNames.slice(1)) present[name.replace("present", "past_key_values")] = out[name];
  return { logits: out[session.outputNames[0]].data, present };
}

function likeliest(logits) {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** Runs tokens and generates n more; the last one is read, not run. */
async function generate(ids, n, past) {
  const started = performance.now();
  let r = await run(ids, past), token = likeliest(r.logits);
  const first = performance.now();
  for (let i = 1; i < n; i++) {
    r = await run([token], r.present);
    token = likeliest(r.logits);
  }
  const ended = performance.now();
  return { ms: ended - started, promptMs: first - started, decodeMs: ended - first };
}

/** One call behind a cached prefix, whose own tokens are run once and are not timed. */
async function call(before, input, n) {
  const key = before.join();
  if (prefix.key !== key) prefix = { key, past: (await run(before, null)).present };
  return { ms: (await generate(input, n, prefix.past)).ms, prompt: input.length };
}

const prefill = async (ids) => ({ ms: (await generate(ids, 1, null)).promptMs, n: ids.length });
const decode = async (ids, n) => ({ ms: (await generate(ids, n + 1, null)).decodeMs, n });

window.peer = { load, call, prefill, decode };
