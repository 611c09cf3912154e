// What opening costs: a fresh profile on disk, the page opened, the first answer (270 prompt tokens, nothing
// computed before), then the page loaded again and answered again. Also memory, and the code's bytes on the wire.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { memory } from "./memory.mjs";
import { INPUT, pick, PREFIX } from "./words.mjs";

const settle = () => new Promise((ok) => setTimeout(ok, 1500));

/** Bytes as sent of an engine's scripts and WebAssembly; not what this benchmark itself serves. */
function countCode(context) {
  const sizes = [];
  context.on("requestfinished", (q) => {
    const path = new URL(q.url()).pathname;
    if (/\.(m?js|wasm)$/.test(path) && !/^\/(wllama|onnx)\.js$/.test(path)) sizes.push(q.sizes().then((s) => s.responseBodySize));
  });
  return async () => (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
}

/** One cold and one cached start of an engine in a browser of its own. */
async function once(engine, launch, seed) {
  const profile = mkdtempSync(join(tmpdir(), "paw-bench-"));
  const context = await chromium.launchPersistentContext(profile, launch);
  const out = {};
  try {
    const page = context.pages()[0] ?? await context.newPage();
    await settle();
    const before = memory(profile);
    let peak = 0;
    const watch = before && setInterval(() => (peak = Math.max(peak, memory(profile).renderer)), 100);
    const code = countCode(context);
    const answer = async (again) => {
      const started = performance.now();
      const on = await engine.open(page, { again, adapters: 0 });
      await on.first(pick(PREFIX, seed), pick(INPUT, seed + 1));
      return { ms: performance.now() - started, loadMs: on.loaded.loadMs };
    };
    out["cold start ms"] = (await answer(false)).ms;
    clearInterval(watch);
    // What is only waiting to be collected is nobody's fault.
    await (await context.newCDPSession(page)).send("HeapProfiler.collectGarbage");
    await settle();
    if (before) {
      out["memory MiB"] = memory(profile).renderer - before.renderer;
      out["peak memory MiB"] = peak - before.renderer;
    }
    out["code kB"] = (await code()) / 1e3;
    const again = await answer(true);
    out["cached start ms"] = again.ms;
    out["load ms"] = again.loadMs; // of the file that the browser keeps, without page and answer
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
  return out;
}

/** Adds the columns of starting to rows; nothing else of this benchmark may run meanwhile. */
export async function starts(engines, rows, launch, n, log, quiet) {
  for (let i = 0; i < n; i++) {
    for (const e of engines) {
      const r = await quiet.sample((attempt) => once(e, launch, 5000 + 10 * i + 100_000 * attempt));
      for (const [column, v] of Object.entries(r)) (rows[e.name][column] ??= []).push(v);
      log(`start ${i + 1}, ${e.name}: ${Object.entries(r).map(([k, v]) => `${k} ${v.toFixed(0)}`).join(", ")}`);
    }
  }
}
