// The kernel with several threads: the bits of one thread, on isolated pages only, and what happens where helpers
// do not come, do not come back, or are no longer wanted.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { made, strict, urgentSpec } from "./hosting.mjs";
import { binary, launch, root, serve } from "./lib.mjs";
import { ready } from "./page.mjs";

const dir = join(root, "build", "bench");
const model = join(dir, "gpt2-random-q8_0.gguf");
const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
let server, front, browser, program, large;

/** Hands everything on to the server, but what `instead` has: path → {headers, body}. Its pages are isolated, as the
 *  server's are, unless `plain`. */
async function proxy() {
  const p = { plain: false, instead: () => undefined, asked: [] };
  const http = createServer(async (q, r) => {
    p.asked.push(q.url);
    const mine = p.instead(q.url);
    if (mine) return r.writeHead(mine.status ?? 200, mine.headers).end(mine.body);
    const from = await fetch(server.url + q.url);
    const headers = Object.fromEntries([...from.headers].filter(([k]) => !/^(content-encoding|content-length|date|connection|keep-alive)$/.test(k)));
    if (p.plain) for (const k of Object.keys(isolated)) delete headers[k.toLowerCase()];
    r.writeHead(from.status, headers).end(Buffer.from(await from.arrayBuffer()));
  });
  await new Promise((ok) => http.listen(0, "127.0.0.1", ok));
  return Object.assign(p, { url: `http://127.0.0.1:${http.address().port}`, close: () => (http.closeAllConnections(), http.close()) });
}

before(async () => {
  if (!existsSync(join(dir, "program-9.paw"))) execFileSync(binary, ["bench", "make-model", dir]);
  server = await serve(["--isolate", "--model", model]);
  front = await proxy();
  browser = await launch();
  program = await made(server.url, urgentSpec);
  large = statSync(model).size;
});
after(async () => {
  await browser?.close();
  front?.close();
  await server?.stop();
});

/** A page with client as window.client and load(size, threads), which tells of itself; a page of the server, or of the proxy. */
async function open(url = server.url) {
  const page = await browser.newPage();
  await page.goto(url + "/assets.json"); // this origin, without the page's own worker
  await page.evaluate(async () => {
    window.client = await import((await (await fetch("/assets.json")).json())["client.js"].url);
    const offers = (await (await fetch("/api/v1/interpreters")).json()).interpreters;
    window.load = async (size, threads) => {
      const x = size ? offers.find((i) => i.size_bytes === size) : offers[0];
      window.it = window.client.Interpreter.start();
      return window.it.load({ id: x.id, url: x.url, chunksUrl: x.chunks_url, size: x.size_bytes, sha256: x.sha256 }, { threads });
    };
    window.get = async (id) => window.it.open(new Uint8Array(await (await fetch(`/api/v1/programs/${id}/download`)).arrayBuffer()));
    window.plain = ({ id, ms, ...rest }) => rest;
  });
  return page;
}

/** What `work` gives with so many threads. */
async function withThreads(page, size, threads, work, arg) {
  const loaded = await page.evaluate(([size, threads]) => window.load(size, threads), [size, threads]);
  assert.equal(loaded.threads, threads);
  const out = await page.evaluate(work, arg);
  await page.evaluate(() => window.it.dispose());
  return out;
}

test("the mini answers with the same bits, however many threads compute", async () => {
  const page = await open();
  const work = async ([id, inputs]) => {
    const fn = await window.get(id), out = [];
    for (const i of inputs) out.push(window.plain(await fn.call(i)));
    return out;
  };
  const arg = [program, ["the house is on fire", "", "später, bitte — 日本語 🙂", "a ".repeat(150)]];
  const want = await withThreads(page, 0, 1, work, arg);
  assert.equal(want[0].probabilities.length, 2);
  for (const n of [2, 3, 8]) assert.deepEqual(await withThreads(page, 0, n, work, arg), want, `${n} threads`);
  await page.close();
});

test("an interpreter of GPT-2's size gives the same bits, with an adapter and without", async () => {
  const page = await open();
  await page.evaluate((b) => void (window.adapter = Uint8Array.from(atob(b), (c) => c.charCodeAt(0))), readFileSync(join(dir, "adapter-random.gguf")).toString("base64"));
  const work = async () => {
    const tokens = Array.from({ length: 75 }, (_, i) => (i * 7919 + 13) % 50000), out = [];
    for (const adapter of [undefined, window.adapter]) out.push((await window.it.request({ op: "forced", adapter, tokens, first: 70, top: 20 })).steps);
    return out;
  };
  const want = await withThreads(page, large, 1, work);
  assert.deepEqual([want.length, want[0].length, want[0][0].length], [2, 6, 40]);
  assert.notDeepEqual(want[0], want[1]);
  assert.deepEqual(await withThreads(page, large, 2, work), want);
  await page.close();
});

test("an abort ends a long prompt", async () => {
  const page = await open();
  const r = await withThreads(page, large, 2, async (b) => {
    const fn = await window.it.open(Uint8Array.from(atob(b), (c) => c.charCodeAt(0)));
    const want = window.plain(await fn.call("the water", { maxTokens: 4 }));
    const stop = new AbortController(), started = performance.now();
    setTimeout(() => stop.abort(), 300);
    const kind = await fn.call("word ".repeat(700), { maxTokens: 4, signal: stop.signal }).then(() => "answered", (e) => e.kind);
    return { kind, ms: performance.now() - started, want, after: window.plain(await fn.call("the water", { maxTokens: 4 })) };
  }, readFileSync(join(dir, "program-0.paw")).toString("base64"));
  assert.equal(r.kind, "aborted");
  assert.deepEqual(r.after, r.want);
  assert.ok(r.ms < 3000, `it took ${r.ms.toFixed(0)} ms`);
  await page.close();
});

/** The page's workers see a machine with so many cores: each asks its own navigator. */
const pretend = (page, cores) => page.route("**/worker-*.js", async (route) => {
  const r = await route.fetch();
  await route.fulfill({ response: r, body: `Object.defineProperty(navigator, "hardwareConcurrency", { value: ${cores} });` + (await r.text()) });
});

test("one thread without isolation, and where the machine has fewer than four cores; half of the cores else", async () => {
  front.plain = true;
  const page = await open(front.url);
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  assert.equal((await page.evaluate(() => window.load(0, 2))).threads, 1);
  await page.close();
  front.plain = false;
  for (const [cores, threads] of [[2, 1], [3, 1], [4, 2], [6, 3], [64, 4]]) {
    const page = await open();
    await pretend(page, cores);
    assert.equal((await page.evaluate(() => window.load(0))).threads, threads, `${cores} cores`);
    await page.close();
  }
});

const script = (body) => ({ headers: { ...isolated, "Content-Type": "text/javascript" }, body });

for (const [what, part, answer] of [
  ["the helpers' script is missing", /thread-/, { status: 404, body: "" }],
  ["the helpers' script throws", /thread-/, script("throw new Error('no')")],
  ["the helpers' script says nothing", /thread-/, script("")],
  ["the threaded build is missing", /kernel-threads/, { status: 404, body: "" }],
]) {
  test(`one thread answers where ${what}`, async () => {
    front.asked.length = 0;
    front.instead = (url) => (part.test(url) ? answer : undefined);
    const page = await open(front.url);
    assert.equal((await page.evaluate(() => window.load(0, 2))).threads, 1);
    assert.ok(front.asked.some((u) => part.test(u)));
    assert.ok((await page.evaluate(async (id) => (await (await window.get(id)).call("the house is on fire")).label, program)).length > 0);
    await page.close();
    front.instead = () => undefined;
  });
}

// A helper that says it serves, and when it is told to takes a share and keeps it.
const stuck = `onmessage = async ({ data: { module, memory } }) => {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const team = exports.abi_word(14) / 4, words = new Int32Array(memory.buffer);
  const good = (ticket) => (ticket & 0xffff) < ticket >>> 16;
  Atomics.add(words, team + 1, 1);
  postMessage({ serves: true });
  new BroadcastChannel("now").onmessage = () => {
    do { while (!good(Atomics.load(words, team))); } while (!good(Atomics.add(words, team, 1)));
  };
};`;

test("a helper that never ends its share costs a call some seconds, and the page its threads", async () => {
  front.instead = (url) => (/thread-/.test(url) ? script(stuck) : undefined);
  front.asked.length = 0;
  const page = await open(front.url);
  const b64 = readFileSync(join(dir, "program-0.paw")).toString("base64");
  const x = (await (await fetch(server.url + "/api/v1/interpreters")).json()).interpreters.find((i) => i.size_bytes === large);
  const r = await page.evaluate(async ([b, interpreter]) => {
    const { paw } = await import("/sdk/paw.js");
    const fn = await paw.function(Uint8Array.from(atob(b), (c) => c.charCodeAt(0)), { threads: 2, consent: () => true, interpreter });
    const before = await fn("the water", { maxTokens: 4 });
    new BroadcastChannel("now").postMessage(1);
    const started = performance.now();
    const during = await fn("the water", { maxTokens: 4 });
    return { before, during, ms: performance.now() - started, after: await fn("the water", { maxTokens: 4 }) };
  }, [b64, x.sha256]);
  assert.equal(r.during, r.before);
  assert.equal(r.after, r.before);
  assert.ok(r.ms > 4000 && r.ms < 20_000, `it took ${r.ms.toFixed(0)} ms`);
  assert.equal(front.asked.filter((u) => /kernel-relaxed/.test(u)).length, 1, "the worker that came after takes one thread");
  await page.close();
  front.instead = () => undefined;
});

/** Threads of workers in the processes below this one. */
function workers() {
  const children = new Map();
  for (const pid of readdirSync("/proc").filter((p) => /^\d+$/.test(p))) {
    try {
      const parent = /\) \S+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))[1];
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    } catch {
      // it has ended
    }
  }
  const count = (pid) => {
    let n = 0;
    try {
      for (const t of readdirSync(`/proc/${pid}/task`)) n += readFileSync(`/proc/${pid}/task/${t}/comm`, "utf8").startsWith("DedicatedWorker") ? 1 : 0;
    } catch {
      // the same
    }
    return (children.get(pid) ?? []).reduce((sum, c) => sum + count(c), n);
  };
  return count(String(process.pid));
}

test("helpers end with their interpreter", { skip: process.platform !== "linux" && "threads are counted in /proc" }, async () => {
  const page = await open();
  const until = async (n) => {
    for (let i = 0; i < 100 && workers() !== n; i++) await new Promise((ok) => setTimeout(ok, 100));
    assert.equal(workers(), n);
  };
  const none = workers();
  await page.evaluate(() => window.load(0, 4));
  await until(none + 4);
  await page.evaluate(() => window.it.dispose());
  await until(none);
  await page.evaluate(() => window.load(0, 3));
  await until(none + 3);
  await page.close();
  await until(none);
});

test("the server's own page is isolated, works without complaints, and tells how many threads compute", async () => {
  const context = await browser.newContext();
  const page = await context.newPage(), faults = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && faults.push(m.text()));
  page.on("pageerror", (e) => faults.push(String(e)));
  await page.goto(server.url);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  await ready(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload(); // through the service worker
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  await ready(page);
  assert.deepEqual(faults, []);
  await context.close();

  const other = await browser.newContext({ serviceWorkers: "block" }), four = await other.newPage();
  await pretend(four, 4);
  await four.goto(server.url);
  await ready(four);
  assert.match(await four.getByTestId("interpreter").innerText(), /ready, 2 threads$/);
  await other.close();
});

test("threads under the strictest policy, and on an isolated page of another origin through a blob", async () => {
  const sdk = (from) => `<!doctype html><title>host</title><script type="module">import { paw } from "${from}/sdk/paw.js"; window.paw = paw;</script>`;
  const nonce = (policy) => policy.replace("script-src", "script-src 'nonce-x'");
  const foreign = `default-src 'none'; script-src ${server.url} 'wasm-unsafe-eval'; connect-src ${server.url}; worker-src blob:; require-trusted-types-for 'script'; trusted-types paw`;
  for (const [from, policy] of [["", strict], [server.url, foreign]]) {
    front.instead = (url) => (url === "/host.html" ? { headers: { ...isolated, "Content-Type": "text/html", "Content-Security-Policy": nonce(policy) }, body: sdk(from).replace("<script", '<script nonce="x"') } : undefined);
    const page = await browser.newPage(), faults = [];
    page.on("console", (m) => ["error", "warning"].includes(m.type()) && faults.push(m.text()));
    await page.goto(front.url + "/host.html");
    await page.waitForFunction(() => window.paw);
    const n = workers();
    const text = await page.evaluate(async (id) => (window.fn = await window.paw.function(id, { threads: 2 }))("the house is on fire"), program);
    assert.ok(["urgent", "wait"].includes(text), text);
    assert.deepEqual(faults, []);
    if (process.platform === "linux") assert.equal(workers() - n, 2, from || "self-hosted");
    await page.close();
  }
  front.instead = () => undefined;
});
