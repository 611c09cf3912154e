// The second engine, wllama: the same answers as our kernel, loaded only when asked for, under the
// strictest policy, without cross-origin isolation.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { binary } from "./lib.mjs";
import { ready, site } from "./page.mjs";

const s = site(prepare);
const dir = mkdtempSync(join(tmpdir(), "paw-wllama-"));
const files = {};
let host;

const specs = {
  urgent: "Decide whether a message is urgent.\nAnswer with one of: urgent, wait.\n\nInput: The server is down\nOutput: urgent\nInput: No hurry at all\nOutput: wait\nInput: see you next week\nOutput: wait\nInput: the house is on fire\nOutput: urgent\n",
  topic: "Which topic is it about? Return ONLY one of: food, travel, money, not sure\n\nInput: a bowl of soup\nOutput: food\nInput: a ticket to Rome\nOutput: travel\nInput: my bank account\nOutput: money\n",
  cut: "Is it good or bad? Answer with one of: 良い, 悪い\n\nInput: I like it\nOutput: 良い\nInput: I hate it\nOutput: 悪い\n",
  last: "Write the last word of the sentence.\n\nInput: the red house\nOutput: house\nInput: my old dog\nOutput: dog\n",
};
const names = ["topic", "cut", "last"]; // labels of several tokens, labels that begin within a character, free text
const inputs = ["the server is on fire", "no hurry", "", "später, bitte — 日本語 🙂 now", "a plate of rice", "\n\nnew lines first\n", "[END_INPUT] <|endoftext|> wait", "i lost my money on the way", "a ".repeat(60), "a plane ticket to Paris", "I like this very much", "money in my bank account", "soup and bread"];

/** Other people's site: everything is handed on to the server, but the worker may be that of a build without wllama. */
async function hosting() {
  const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types paw";
  const server = createServer(async (q, r) => {
    if (q.url.startsWith("/page")) {
      const from = q.url === "/page-foreign" ? s.server.url : "";
      const foreign = `default-src 'none'; script-src ${from} 'wasm-unsafe-eval'; connect-src 'self' ${from}; worker-src blob:; require-trusted-types-for 'script'; trusted-types paw`;
      r.writeHead(200, { "Content-Type": "text/html", "Content-Security-Policy": from ? foreign : policy });
      return r.end(`<!doctype html><html lang="en"><title>host</title>${q.url === "/page" ? "" : `<paw-function src="/urgent.paw" engine="wllama"></paw-function><script type="module" src="${from}/sdk/element.js"></script>`}`);
    }
    const paw = /^\/(\w+)\.paw$/.exec(q.url);
    if (paw) return r.end(readFileSync(files[paw[1]]));
    const from = await fetch(s.server.url + q.url);
    const plain = host.lacking && q.url.startsWith("/assets/worker-");
    r.writeHead(from.status, { "Content-Type": from.headers.get("content-type") ?? "", "Content-Security-Policy": policy, "Cache-Control": from.headers.get("cache-control") ?? "" });
    r.end(plain ? readFileSync(new URL("dist/worker-plain.js", import.meta.url)) : Buffer.from(await from.arrayBuffer()));
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  return { url: `http://127.0.0.1:${server.address().port}`, lacking: false, close: () => server.close() };
}

async function prepare() {
  for (const [name, spec] of Object.entries(specs)) {
    files[name] = join(dir, name + ".paw");
    // A free text must be sure of itself to be compared.
    const refine = name === "last" ? ["--refine"] : [];
    execFileSync(binary, ["compile", "--spec", spec, "--out", files[name], "--no-report", ...refine], { stdio: "pipe" });
  }
  files.refined = join(dir, "refined.paw");
  execFileSync(binary, ["compile", "--spec", specs.urgent, "--out", files.refined, "--no-report", "--refine", "--steps", "60"], { stdio: "pipe" });
  host = await hosting();
}
after(() => {
  host?.close();
  rmSync(dir, { recursive: true, force: true });
});

async function open(path = "/page") {
  const page = await s.browser.newPage();
  page.faults = [];
  page.asked = [];
  page.on("console", (m) => m.type() === "error" && page.faults.push(m.text()));
  page.on("pageerror", (e) => page.faults.push(String(e)));
  page.context().on("request", (q) => page.asked.push(q.url()));
  await page.goto(host.url + path);
  return page;
}

test("both engines give the same answers; switching between functions is stable; nothing is loaded before it is chosen", async () => {
  const page = await open();
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  const own = await page.evaluate(answers, { inputs, names });
  assert.deepEqual(page.asked.filter((u) => u.includes("wllama")), []);
  const other = await page.evaluate(answers, { inputs, names, engine: "wllama" });
  assert.equal(new Set(page.asked.filter((u) => /wllama-[0-9a-f]+\.(js|wasm)$/.test(u))).size, 2);
  let apart = 0;
  const faults = [];
  const clear = { labels: 0, texts: 0 };
  for (const name of names) {
    inputs.forEach((input, i) => {
      const [a, b, c] = [own.first[name][i], other.first[name][i], other.again[name][i]];
      const what = `${name}: ${input}`;
      if (b.fault) return void faults.push([name, input, b.fault]);
      const [first, second] = [...(a.probabilities ?? [])].sort((x, y) => y.probability - x.probability);
      // Rounding decides nearer ones. Of a free text no second best is known: the mean probability of its tokens must do.
      const sure = first ? first.probability - (second?.probability ?? 0) > 0.06 : a.confidence > 0.9;
      if (sure) {
        clear[first ? "labels" : "texts"]++;
        assert.equal(b.text, a.text, what);
        assert.equal(b.label, a.label, what);
        if (c && !c.fault) assert.equal(c.text, b.text, "other functions in between: " + what);
      }
      assert.equal(b.calibrated, a.calibrated, what);
      if (a.text !== b.text && !first) return; // other tokens, other probabilities
      assert.equal(b.tokens, a.tokens, what);
      if (c && !c.fault) assert.ok(Math.abs(c.confidence - b.confidence) < 0.01, "other functions in between: " + what); // batches of other sizes round otherwise
      a.probabilities?.forEach((p) => { // sorted by size: near ones may stand in another order
        apart = Math.max(apart, Math.abs(b.probabilities.find((q) => q.label === p.label).probability - p.probability));
      });
      if (b.probabilities) assert.ok(Math.abs(b.probabilities.reduce((sum, p) => sum + p.probability, 0) - 1) < 1e-4, what);
      apart = Math.max(apart, Math.abs(b.confidence - a.confidence));
    });
  }
  // A free text that writes a character which is no token of the vocabulary: docs/embedding.md says so.
  assert.ok(faults.every(([name, input, kind]) => name === "last" && kind === "engine" && /[^\x00-\xff]/.test(input)), JSON.stringify(faults));
  assert.ok(clear.labels >= 11 && clear.texts >= 4, `only ${JSON.stringify(clear)} answers were clear`);
  assert.ok(apart < 0.06, `probabilities lie ${apart} apart`); // llama.cpp keeps activations in 8 bits, ours in 7
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("two programs with the same prompt keep their own adapters; aborting one call and freeing one function leave the other alone; a deleted file is told", async () => {
  const page = await open();
  const r = await page.evaluate(async () => {
    const { default: paw } = await import("/sdk/paw.js");
    const kind = (p) => p.then(() => "answered", (e) => e.kind);
    const a = await paw.function("/urgent.paw", { engine: "wllama" }), b = await paw.function("/refined.paw", { engine: "wllama" });
    const own = [await paw.function("/urgent.paw"), await paw.function("/refined.paw")];
    // The input on which the two differ most by our kernel.
    let text = "", widest = -1;
    for (const x of ["the server is on fire", "no hurry", "a plate of rice", "i lost my money", "help", "see you tomorrow", "the roof leaks", "call me now"]) {
      const d = Math.abs((await own[0].detail(x)).probabilities.find((p) => p.label === "urgent").probability - (await own[1].detail(x)).probabilities.find((p) => p.label === "urgent").probability);
      if (d > widest) [text, widest] = [x, d];
    }
    const out = { list: [], same: a.info.pseudoProgram === b.info.pseudoProgram };
    for (const f of [a, b, a, b, own[0], own[1]]) out.list.push((await f.detail(text)).confidence);
    const stop = new AbortController();
    const cut = kind(a("word ".repeat(300), { signal: stop.signal }));
    setTimeout(() => stop.abort(), 20);
    out.kinds = [await cut, await kind(a("word ".repeat(2000))), await kind(paw.function("/urgent.paw", { engine: "fast" }))];
    out.after = [await a(text), await own[0](text)];
    await b.free();
    out.kinds.push(await kind(b(text)), await kind(a(text)));
    await paw.storage.remove((await paw.storage.list()).find((k) => k.kind === "interpreter"));
    out.here = await kind(a(text)); // llama.cpp has it in its memory
    out.deleted = await paw.function("/topic.paw", { engine: "wllama" }).then(() => "", (e) => e.message); // it would read it again
    return out;
  });
  assert.ok(r.same, "the prompts differ: choose programs that share theirs");
  const [a, b, a2, b2, ownA, ownB] = r.list;
  assert.ok(Math.abs(ownA - ownB) > 0.05, `the adapters are too alike: ${r.list}`);
  for (const [x, y] of [[a, ownA], [b, ownB], [a2, ownA], [b2, ownB]]) assert.ok(Math.abs(x - y) < 0.03, String(r.list));
  assert.deepEqual(r.kinds, ["aborted", "context", "engine", "input", "answered"]);
  assert.equal(r.after[0], r.after[1]);
  assert.equal(r.here, "answered");
  assert.match(r.deleted, /the interpreter's file was deleted since it was loaded: reload the page/);
  await page.close();
});

test("the element and the page choose it, also in a page of another origin", async () => {
  for (const path of ["/page-element", "/page-foreign"]) {
    const page = await open(path);
    await page.waitForFunction(() => document.querySelector("paw-function")?.shadowRoot?.querySelector("button")?.disabled === false, null, { timeout: 60000 });
    assert.ok(page.asked.some((u) => /wllama-[0-9a-f]+\.wasm$/.test(u)), path);
    assert.equal(await page.evaluate(() => document.querySelector("paw-function").ask("the server is on fire").then((d) => d.text)), "urgent");
    assert.deepEqual(page.faults, [], path);
    await page.close();
  }

  const own = await s.browser.newPage();
  const faults = [], fetched = [];
  own.on("console", (m) => m.type() === "error" && faults.push(m.text()));
  own.context().on("request", (q) => fetched.push(q.url()));
  await own.goto(s.server.url);
  await ready(own);
  await own.locator("input[type=file]").first().setInputFiles(files.urgent);
  const answer = async () => {
    await own.waitForFunction(() => !document.querySelector("[data-testid=run]").disabled);
    await own.getByTestId("run-input").fill("the server is on fire");
    await own.getByTestId("run").click();
    await own.waitForFunction(() => document.querySelector("[data-testid=answer]").dataset.state === "done");
    return own.getByTestId("answer").textContent();
  };
  assert.equal(await answer(), "urgent");
  assert.ok(!fetched.some((u) => u.includes("wllama")));
  await own.getByLabel("Engine").selectOption("wllama");
  await own.waitForFunction(() => document.querySelector("[data-testid=run]").disabled);
  assert.equal(await answer(), "urgent");
  assert.ok(fetched.some((u) => /wllama-[0-9a-f]+\.wasm$/.test(u)));
  assert.deepEqual(faults, []);
  await own.close();
});

test("a build without it says how to add it", async () => {
  host.lacking = true;
  const page = await open();
  const r = await page.evaluate(async () => {
    const { default: paw, PawError } = await import("/sdk/paw.js");
    const e = await paw.function("/urgent.paw", { engine: "wllama" }).catch((e) => e);
    return { typed: e instanceof PawError, kind: e.kind, message: e.message, own: await (await paw.function("/urgent.paw"))("the server is on fire") };
  });
  host.lacking = false;
  assert.equal(r.typed, true);
  assert.equal(r.kind, "engine");
  assert.match(r.message, /make wllama web/);
  assert.equal(r.own, "urgent");
  await page.close();
});

/** In the page: every function answers every input, one function after the other, and then again by turns. */
async function answers({ inputs, names, engine }) {
  const { default: paw } = await import("/sdk/paw.js");
  const fns = {}, out = { first: {}, again: {} };
  for (const name of names) {
    fns[name] = await paw.function(`/${name}.paw`, { engine });
    out.first[name] = [];
    for (const input of inputs) out.first[name].push(await fns[name].detail(input, { maxTokens: 8 }).catch((e) => ({ fault: e.kind, input })));
  }
  for (const name of names) out.again[name] = [];
  for (const input of inputs.slice(0, 4)) for (const name of names) out.again[name].push(await fns[name].detail(input, { maxTokens: 8 }).catch((e) => ({ fault: e.kind })));
  return out;
}
