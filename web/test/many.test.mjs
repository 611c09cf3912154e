// Many functions over one interpreter, and what happens when its worker dies.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { hosting, made } from "./hosting.mjs";
import { site } from "./page.mjs";

const s = site(prepare);
const words = ["last", "first", "second", "longest", "shortest", "oldest", "newest", "largest", "smallest", "only"];
const inputs = ["the red house", "my old dog sleeps", ""];
let host, ids;

async function prepare() {
  host = await hosting(s.server.url);
  ids = [];
  for (const w of words) ids.push(await made(s.server.url, `Write the ${w} word of the sentence.\n\nInput: the red house\nOutput: house\nInput: my old dog\nOutput: dog`));
}
after(() => host?.close());

async function open() {
  const page = await host.open(s.browser, "/", "");
  await page.evaluate(async () => Object.assign(window, await import("/sdk/paw.js")));
  return page;
}

test("ten functions live over one interpreter: answers as of each alone", async () => {
  const page = await open();
  const alone = [];
  for (const id of ids) {
    alone.push(await page.evaluate(async ([id, inputs]) => {
      const fn = await window.paw.function(id);
      const out = [];
      for (const i of inputs) out.push(await fn.detail(i, { maxTokens: 8 }));
      await fn.free();
      return out.map(({ ms, ...rest }) => rest);
    }, [id, inputs]));
  }
  const workers = page.workers().length;
  const r = await page.evaluate(async ([ids, inputs]) => {
    const all = await Promise.all(ids.map((id) => window.paw.function(id)));
    const out = await Promise.all(all.map((fn) => Promise.all(inputs.map((i) => fn.detail(i, { maxTokens: 8 })))));
    return { out: out.map((list) => list.map(({ ms, ...rest }) => rest)), infos: all.map((fn) => fn.info) };
  }, [ids, inputs]);
  assert.deepEqual(r.out, alone);
  assert.equal(page.workers().length, workers, "all share one worker");
  await page.close();
});

test("ten functions of a page where nothing runs yet start one worker", async () => {
  const context = await s.browser.newContext();
  const page = await host.open(context, "/cold", "");
  const r = await page.evaluate(async (ids) => {
    let started = 0;
    const Real = Worker;
    globalThis.Worker = class extends Real { constructor(...x) { super(...x); started++; } };
    const { paw } = await import("/sdk/paw.js");
    const before = await paw.availability(ids[0]);
    const asked = started;
    await Promise.all(ids.map((id) => paw.function(id)));
    return { before, asked, started };
  }, ids);
  assert.deepEqual(r, { before: "downloadable", asked: 1, started: 2 });
  assert.equal(page.workers().length, 1, "the one that only told of a program has ended");
  await context.close();
});

test("ten functions take the memory of their parts, and give it back", async () => {
  const page = await s.browser.newPage();
  await page.goto(s.server.url + "/assets.json");
  const r = await page.evaluate(async ([ids, inputs]) => {
    const client = await import((await (await fetch("/assets.json")).json())["client.js"].url);
    const [mini] = (await (await fetch("/api/v1/interpreters")).json()).interpreters;
    const it = client.Interpreter.start();
    await it.load({ id: mini.id, url: mini.url, chunksUrl: mini.chunks_url, size: mini.size_bytes, sha256: mini.sha256 });
    const memory = async () => (await it.request({ op: "memory" })).kernel;
    const before = await memory();
    const all = [];
    for (const id of ids) all.push(await it.open(new Uint8Array(await (await fetch(`/api/v1/programs/${id}/download`)).arrayBuffer())));
    for (const f of all) for (const i of inputs) await f.call(i, { maxTokens: 8 });
    const during = await memory();
    for (const f of all) await f.close();
    return { before, during, after: await memory(), adapter: all[0].info.adapterBytes };
  }, [ids, inputs]);
  // An adapter is kept in 8 bits, twice its file; a prefix of at most 250 tokens has keys and values of 4 bytes.
  const part = 2 * r.adapter + 250 * 2 * 4 * 192 * 6;
  assert.ok(r.during - r.before <= ids.length * part, `${ids.length} functions take ${r.during - r.before} bytes, their parts ${ids.length * part}`);
  assert.ok(r.during - r.before >= ids.length * r.adapter);
  assert.equal(r.after, r.before);
  await page.close();
});

for (const [how, limit, crash] of [
  ["throws", 3000, () => setTimeout(() => { throw new Error("crash"); })],
  ["ends without a word", 20_000, () => self.close()],
]) {
  test(`a worker that ${how} is replaced, and the call that met it is answered`, async () => {
    const page = await open();
    const before = await page.evaluate(async (id) => {
      window.fn = await window.paw.function(id);
      return window.fn("the red house", { maxTokens: 8 });
    }, ids[0]);
    await page.workers()[0].evaluate(crash).catch(() => {}); // it may end before it can answer
    const { text, ms } = await page.evaluate(async () => {
      const started = performance.now();
      const text = await window.fn("the red house", { maxTokens: 8 });
      return { text, ms: performance.now() - started };
    });
    assert.equal(text, before);
    assert.ok(ms < limit, `it took ${ms.toFixed(0)} ms`);
    // Others of the page find the new one too.
    assert.equal(await page.evaluate(async (id) => (await window.paw.function(id))("the red house", { maxTokens: 8 }), ids[0]), before);
    await page.close();
  });
}

test("what browsers must load stays small", () => {
  const list = JSON.parse(readFileSync(new URL("../dist/assets.json", import.meta.url)));
  for (const [name, most] of [["paw.wasm", 800_000], ["kernel.wasm", 64_000], ["kernel-relaxed.wasm", 64_000], ["kernel-threads.wasm", 64_000], ["kernel-threads-relaxed.wasm", 64_000], ["worker.js", 10_000]]) {
    const bytes = name.startsWith("kernel") ? list[name].bytes : list[name].brotli;
    assert.ok(bytes <= most, `${name} has ${bytes} bytes, at most ${most}`);
  }
});
