// Our kernel against wllama and ONNX Runtime Web: one machine, one run, the engines alternating.
// The files come from "paw bench make-model" and onnx_model.py.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { chromium } from "playwright-core";
import { chrome, serve } from "../test/lib.mjs";
import * as engines from "./lib/engines.mjs";
import { machine } from "./lib/machine.mjs";
import { parity } from "./lib/parity.mjs";
import { quiet as probes } from "./lib/quiet.mjs";
import { servePeers } from "./lib/server.mjs";
import { speed } from "./lib/speed.mjs";
import { starts } from "./lib/start.mjs";
import { switching } from "./lib/switch.mjs";
import { markdown, medians, OWN } from "./lib/table.mjs";

const usage = `usage: node bench.mjs MODEL.gguf ADAPTER.gguf [--onnx FILE] [--json OUT] [--starts N] [--calls N] [--steps N] [--only NAME] [--patience S] [--parity-only]
  --starts, --calls, --steps: how often a start, a call and a step of the parity test are repeated (3, 7, 200)
  --only: of the peers, those alone whose names hold NAME
  --patience: seconds that one measurement may wait for cores that nobody else uses, and be repeated (3; 0: take everything as it comes)`;
const [model, adapter, ...rest] = process.argv.slice(2);
if (!adapter) {
  console.error(usage);
  process.exit(2);
}
const option = (name, otherwise) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : otherwise);
const log = (...a) => console.error(...a);
const dir = dirname(model), jsonFile = option("--json", join(dir, "bench-browser.json"));
const onnxFile = option("--onnx", join(dir, "gpt2-random-int8.onnx"));
const onlyParity = rest.includes("--parity-only"), calls = Number(option("--calls", 7));
const only = onlyParity ? "wllama, best" : option("--only", "");

const launch = {
  executablePath: chrome(), headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
};
const info = machine();
const paw = await serve(["--model", model]);
const peers = await servePeers({ "/base.gguf": model, "/adapter.gguf": adapter, "/model.onnx": onnxFile }, join(dir, "compressed"));
const all = [engines.own(paw, model, adapter), ...engines.wllama(peers)];
if (existsSync(onnxFile)) all.push(...engines.onnx(peers));
else log(`without ONNX Runtime: python3 web/bench/onnx_model.py ${onnxFile} makes its model (it needs numpy, onnx and onnxruntime)`);
all.push(engines.ownThreads(paw, model, adapter));
const list = all.filter((e) => e.name === OWN || e.name.includes(only));

const rows = Object.fromEntries(list.map((e) => [e.name, {}]));
const quiet = await probes(onlyParity ? 0 : Number(option("--patience", 3)));
const out = { machine: info, engines: [], quiet: quiet.count, median: {}, raw: rows };
/** Writes what there is so far: a run takes minutes and may be stopped. */
function save() {
  if (onlyParity && !option("--json")) return; // nothing that should replace a whole run's figures
  out.median = medians(rows);
  mkdirSync(dirname(jsonFile), { recursive: true });
  writeFileSync(jsonFile, JSON.stringify(out, null, 1) + "\n");
}

// Starts come first and alone: they have browsers of their own.
if (!onlyParity) await starts(list, rows, launch, Number(option("--starts", 3)), log, quiet);
const browser = await chromium.launch(launch);
info.browser = `Chromium ${browser.version()}`;
save();
if (!onlyParity) await switching(list, rows, browser, dir, calls, log, quiet);
save();

const opened = [];
for (const e of list) {
  const on = await e.open(await browser.newPage());
  opened.push({ ...e, on });
  out.engines.push({ name: e.name, adapters: e.adapters, label: e.label, text: "2 tokens", slots: e.slots, ...on.loaded });
  log(e.name, JSON.stringify(on.loaded));
}
const ask = opened[0].on.ask, peer = opened.find((e) => e.name === "wllama, best");
if (!onlyParity) await speed(opened, rows, calls, log, quiet);
out.read = await quiet.sample(() => ask({ op: "bandwidth" }));
save();
if (peer) out.parity = await parity(ask, peer.on, Number(option("--steps", 200)));
save();

if (!onlyParity) {
  console.log(markdown(out.median, list));
  const decoded = out.median[OWN]["decode tok/s"] * out.read.bytesPerToken;
  const of = (read) => `${((100 * decoded) / read).toFixed(0)} % of ${(read / 1e9).toFixed(1)} GB/s`;
  console.log(`\ndecoding reads ${of(out.read.plainPerSecond)}, what one thread reads from front to back; ${of(out.read.readPerSecond)}, what it reads in four streams`);
  console.log(`of ${quiet.count.samples} measurements ${quiet.count.repeated} repetitions were dropped and ${quiet.count.disturbed} kept though other work shared the cores`);
}
if (peer) console.log("\nparity", JSON.stringify(out.parity));
await browser.close();
quiet.stop();
peers.stop();
await paw.stop();
