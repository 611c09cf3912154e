// What a large interpreter costs a page: load time, memory of the renderer, attaching an adapter, the
// longest time that the page could not react, and how soon an abort takes effect.
// Usage: node load.mjs MODEL.gguf PROGRAM.paw [--json OUT]   (Linux: memory comes from /proc)
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { chrome, serve } from "../test/lib.mjs";
import { memory } from "./lib/memory.mjs";

const [model, program, ...rest] = process.argv.slice(2);
if (!program) {
  console.error("usage: node load.mjs MODEL.gguf PROGRAM.paw [--json OUT]");
  process.exit(2);
}
const profile = mkdtempSync(join(tmpdir(), "paw-profile-")); // on disk, as a user's is
const server = await serve(["--model", model]);
const context = await chromium.launchPersistentContext(profile, {
  executablePath: chrome(), headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
});
const put = await fetch(server.url + "/api/v1/programs", { method: "POST", headers: { "Content-Type": "application/zip" }, body: readFileSync(program) });
const imported = (await put.json()).program_id;
const page = await context.newPage();
await page.goto(server.url + "/assets.json"); // this origin, without the page's own worker

await new Promise((ok) => setTimeout(ok, 1500));
const before = memory(profile);
const peak = { ...before };
const watch = setInterval(() => {
  const now = memory(profile);
  for (const k of Object.keys(peak)) peak[k] = Math.max(peak[k], now[k]);
}, 50);

const out = await page.evaluate(async ({ size }) => {
  const assets = await (await fetch("/assets.json")).json();
  const { Interpreter } = await import(assets["client.js"].url);
  const x = (await (await fetch("/api/v1/interpreters")).json()).interpreters.find((i) => i.size_bytes === size);
  const base = { id: x.id, url: x.url, chunksUrl: x.chunks_url, size, sha256: x.sha256 };
  const out = {};
  // The main thread is asked every millisecond; the longest wait is what a user would feel.
  let on = true, last = performance.now(), worst = 0;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    worst = Math.max(worst, performance.now() - last);
    if (on) setTimeout(() => ((last = performance.now()), port2.postMessage(0)), 1);
  };
  port2.postMessage(0);
  const timed = async (name, f) => {
    const started = performance.now();
    const r = await f();
    out[name] = performance.now() - started;
    return r;
  };
  const it = (window.it = Interpreter.start());
  await timed("loadMs", () => it.load(base));
  out.memoryAfterLoad = await it.request({ op: "memory" });
  Object.assign(window, { it, Interpreter, base, out, worst: () => worst, stop: () => (on = false) });
  return out;
}, { size: statSync(model).size });
const peaks = { afterLoad: { ...peak } };

Object.assign(out, await page.evaluate(async (id) => {
  const { it } = window;
  const out = {};
  const paw = new Uint8Array(await (await fetch("/api/v1/programs/" + id + "/download")).arrayBuffer());
  out.attachMs = [];
  for (let i = 0; i < 5; i++) {
    const f = await it.open(paw);
    out.attachMs.push(f.info.attachMs);
    out.answerMs = (await f.call("the water runs down the wall")).ms;
    if (i < 4) await f.close();
  }
  return out;
}, imported));
peaks.afterAnswer = { ...peak };

Object.assign(out, await page.evaluate(async () => {
  const { it } = window;
  const out = {};
  const rnd = (n) => Array.from({ length: n }, (_, i) => ((i * 7919) % 1000) + 200);
  out.abortMs = [];
  for (const after of [50, 300, 700, 1200]) {
    const stop = new AbortController();
    let at;
    setTimeout(() => ((at = performance.now()), stop.abort()), after);
    const kind = await it.request({ op: "measure", prefix: rnd(900), input: rnd(20), decode: 1 }, { signal: stop.signal }).then(() => "finished", (e) => e.kind);
    if (kind !== "aborted") throw new Error("the abort came to nothing: " + kind);
    out.abortMs.push(performance.now() - at);
  }
  window.stop();
  out.mainThreadWorstMs = window.worst();
  return out;
}));
clearInterval(watch);
out.cachedLoadMs = await page.evaluate(async () => {
  const { Interpreter, base } = window;
  window.it.dispose();
  const again = Interpreter.start();
  const started = performance.now();
  await again.load(base);
  const ms = performance.now() - started;
  again.dispose();
  return ms;
});
const mb = 1024 * 1024;
out.fileMB = statSync(model).size / mb;
for (const [name, p] of Object.entries(peaks)) {
  out[name] = { rendererMB: p.renderer - before.renderer, allProcessesMB: p.all - before.all };
}
out.browser = context.browser()?.version() ?? "";
console.log(JSON.stringify(out, null, 1));
if (rest.includes("--json")) writeFileSync(rest[rest.indexOf("--json") + 1], JSON.stringify(out, null, 1) + "\n");
await context.close();
await server.stop();
rmSync(profile, { recursive: true, force: true });
