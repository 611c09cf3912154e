// Our kernel against wllama: one Chromium, one file, one run, the two alternating.
// Usage: node bench.mjs MODEL.gguf ADAPTER.gguf [--json OUT] [--steps N] [--parity-only]
// Both files come from "paw bench make-model".
import { createServer } from "node:http";
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { chrome, serve } from "../test/lib.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const [model, adapterFile, ...rest] = process.argv.slice(2);
if (!adapterFile) {
  console.error("usage: node bench.mjs MODEL.gguf ADAPTER.gguf [--json OUT] [--steps N] [--parity-only]");
  process.exit(2);
}
const option = (name, otherwise) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : otherwise);
const steps = Number(option("--steps", 200));
const parityOnly = rest.includes("--parity-only");

// Words that are one token each: ids are 256 + the line of the merge that makes them.
const words = readFileSync(join(here, "../../tokenizer/gpt2/vocab.bpe"), "utf8").split("\n")
  .filter((l, i) => l && (i > 0 || !l.startsWith("#version"))).map((l, i) => [l.replace(" ", ""), 256 + i])
  .filter(([w]) => /^Ġ[a-z]{3,8}$/.test(w)).map(([w, id]) => [" " + w.slice(1), id]).slice(0, 4000);
const pick = (n, seed) => {
  let s = seed;
  return Array.from({ length: n }, () => words[((s = (s * 1103515245 + 12345) & 0x7fffffff) >> 8) % words.length]);
};
const ids = (list) => list.map((w) => w[1]);
const text = (list) => list.map((w) => w[0]).join("");
const median = (a) => [...a].sort((x, y) => x - y)[a.length >> 1];

// A static server for the peer, isolated so that it may use threads.
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const files = { "/base.gguf": model, "/adapter.gguf": adapterFile, "/wllama.html": join(here, "wllama.html"), "/wllama.js": join(here, "wllama.js") };
const peerServer = createServer((q, r) => {
  const path = new URL(q.url, "http://x").pathname;
  let file = files[path];
  if (!file && path.startsWith("/wllama/")) file = join(here, "node_modules/@wllama/wllama", normalize(path.slice(8)));
  let size;
  try {
    size = statSync(file).size;
  } catch {
    r.writeHead(404).end();
    return;
  }
  r.writeHead(200, {
    "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Length": size, "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
  });
  createReadStream(file).pipe(r);
});
await new Promise((ok) => peerServer.listen(0, "127.0.0.1", ok));
const peerURL = `http://127.0.0.1:${peerServer.address().port}/wllama.html`;

const paw = await serve(["--model", model]);
const browser = await chromium.launch({ executablePath: chrome(), headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const log = (...a) => console.error(...a);

async function ours() {
  const page = await browser.newPage();
  await page.goto(paw.url);
  const bytes = readFileSync(adapterFile).toString("base64");
  const loaded = await page.evaluate(async ({ bytes, size }) => {
    const assets = await (await fetch("/assets.json")).json();
    const client = await import(assets["client.js"].url);
    const list = (await (await fetch("/api/v1/interpreters")).json()).interpreters;
    const x = list.find((i) => i.size_bytes === size);
    const it = client.Interpreter.start();
    const started = performance.now();
    await it.load({ id: x.id, url: x.url, chunksUrl: x.chunks_url, size: x.size_bytes, sha256: x.sha256 });
    window.it = it;
    window.adapter = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
    return { loadMs: performance.now() - started };
  }, { bytes, size: statSync(model).size });
  const ask = (m) => page.evaluate((m) => {
    return window.it.request({ ...m, adapter: m.adapter ? window.adapter : undefined });
  }, m);
  return { page, loaded, ask };
}

async function peer(setting) {
  const page = await browser.newPage();
  await page.goto(peerURL);
  await page.waitForFunction(() => window.peerReady);
  const loaded = await page.evaluate((s) => window.peer.load(s), setting);
  const run = (name, ...args) => page.evaluate(([name, args]) => window.peer[name](...args), [name, args]);
  return { page, loaded, run };
}

const own = await ours();
const settings = { "wllama, default": { threads: 1 }, "wllama, best": { threads: 2, flash: false, kv: "f32" } };
const peers = {};
for (const [name, s] of Object.entries(settings)) {
  peers[name] = await peer(s);
  log(name, JSON.stringify(peers[name].loaded));
}

const rows = { "own kernel": {} };
const put = (row, key, value) => ((rows[row] ??= {})[key] ??= []).push(value);
const prefix = pick(250, 999);
for (const adapter of parityOnly ? [] : [false, true]) {
  const suffix = adapter ? " + adapter" : "";
  await own.ask({ op: "measure", adapter, prefix: ids(prefix), input: ids(pick(20, 1)), decode: 2 }); // warm
  for (const p of Object.values(peers)) await p.run("call", text(prefix), "", 1, adapter);
  for (let i = 0; i < 7; i++) {
    // A label: ours scores four labels after the input; the peer generates one token, the least it can do.
    // A text: both generate two tokens.
    const input = pick(20, 2000 + i), labels = ids(pick(4, 7));
    const m = await own.ask({ op: "measure", adapter, prefix: ids(prefix), input: ids(input), labels, decode: 2 });
    put("own kernel", "label call ms" + suffix, m.inputMs + m.labelMs);
    put("own kernel", "text call ms" + suffix, m.inputMs + m.decodeMs);
    for (const [name, p] of Object.entries(peers)) {
      for (const [kind, n] of [["label", 1], ["text", 2]]) {
        const c = await p.run("call", text(prefix), text(pick(20, 2000 + 10 * i + n)), n, adapter);
        if (c.prompt > 25) log("note: the peer ran", c.prompt, "prompt tokens");
        put(name, kind + " call ms" + suffix, c.ms);
      }
    }
  }
  for (let i = 0; i < 3; i++) {
    const long = pick(250, 100 + i), short = pick(20, 300 + i);
    const a = await own.ask({ op: "measure", adapter, prefix: [], input: ids(long), decode: 1 });
    put("own kernel", "prefill tok/s" + suffix, 250e3 / a.inputMs);
    const b = await own.ask({ op: "measure", adapter, prefix: [], input: ids(short), decode: 65 });
    put("own kernel", "decode tok/s" + suffix, 64e3 / b.decodeMs);
    for (const [name, p] of Object.entries(peers)) {
      const c = await p.run("prefill", text(long), adapter);
      put(name, "prefill tok/s" + suffix, (1e3 * c.n) / c.ms);
      const d = await p.run("decode", text(short), 64, adapter);
      put(name, "decode tok/s" + suffix, (1e3 * d.n) / d.ms);
    }
  }
}

// Parity: the same given tokens, the likeliest next token after each.
const parity = {};
for (const adapter of [false, true]) {
  const list = pick(40 + steps, 4242);
  const mine = (await own.ask({ op: "forced", adapter, tokens: ids(list).slice(0, 40 + steps - 1), first: 40, top: 20 })).steps;
  // same: the likeliest token agrees. gap: by how much ours prefers its own to theirs where they differ,
  // in nats: random weights leave many near-ties, which the peer's coarser activations decide by chance.
  const r = { steps, same: 0, clear: 0, clearSame: 0, worstGap: 0, worstLogProb: 0 };
  for (let i = 0; i < steps; i++) {
    const theirs = await peers["wllama, best"].run("top", text(list.slice(0, 40 + i)), adapter);
    const ours = new Map();
    for (let k = 0; k < mine[i].length; k += 2) ours.set(mine[i][k], mine[i][k + 1]);
    const agree = theirs[0][0] === mine[i][0];
    const clear = mine[i][1] - mine[i][3] > 0.05;
    if (agree) r.same++;
    if (clear) r.clear++;
    if (clear && agree) r.clearSame++;
    const at = ours.get(theirs[0][0]) ?? -Infinity;
    r.worstGap = Math.max(r.worstGap, mine[i][1] - at);
    r.worstLogProb = Math.max(r.worstLogProb, Math.abs(theirs[0][1] - at));
  }
  parity[adapter ? "with adapter" : "bare"] = r;
}

const read = await own.ask({ op: "bandwidth" });

const table = {};
for (const [name, r] of Object.entries(rows)) table[name] = Object.fromEntries(Object.entries(r).map(([k, v]) => [k, median(v)]));
const keys = Object.keys(table["own kernel"]);
console.log("| | " + keys.join(" | ") + " |\n|" + "---|".repeat(keys.length + 1));
for (const [name, r] of Object.entries(table)) console.log(`| ${name} | ` + keys.map((k) => r[k].toFixed(1)).join(" | ") + " |");
for (const name of Object.keys(peers)) {
  console.log(`| ratio to ${name} | ` + keys.map((k) => (k.includes("call") ? table[name][k] / table["own kernel"][k] : table["own kernel"][k] / table[name][k]).toFixed(1) + "×").join(" | ") + " |");
}
const share = (table["own kernel"]["decode tok/s"] * read.bytesPerToken) / read.readPerSecond;
if (!parityOnly) console.log(`\ndecode reads ${(share * 100).toFixed(0)} % of the ${(read.readPerSecond / 1e9).toFixed(1)} GB/s that one thread can read`);
console.log("\nparity", JSON.stringify(parity));
const out = { browser: browser.version(), own: own.loaded, peers: Object.fromEntries(Object.entries(peers).map(([n, p]) => [n, p.loaded])), median: table, raw: rows, read, parity };
if (option("--json")) writeFileSync(option("--json"), JSON.stringify(out, null, 1) + "\n");
await browser.close();
peerServer.close();
paw.stop();
