// The interpreter in a real browser: the same answers as the command line, functions that do not
// disturb each other, aborts, errors, damaged downloads.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { binary, launch, serve } from "./lib.mjs";
import { rewritten } from "./zip.mjs";

let server, browser, page, dir;
const programs = {}, kernels = new Set();

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "paw-engine-"));
  const specs = {
    labels: "Decide whether a message is urgent.\nAnswer with one of: urgent, wait.\n\nInput: The server is down\nOutput: urgent\nInput: No hurry at all\nOutput: wait\n",
    text: "Write the last word of the sentence.\n\nInput: the red house\nOutput: house\nInput: my old dog\nOutput: dog\n",
  };
  for (const [name, spec] of Object.entries(specs)) {
    const path = join(dir, name + ".paw");
    execFileSync(binary, ["compile", "--spec", spec, "--out", path, "--steps", "12", "--no-report"], { stdio: "pipe" });
    programs[name] = path;
  }
  server = await serve();
  browser = await launch();
  page = await browser.newPage();
  page.on("request", (r) => /kernel/.test(r.url()) && kernels.add(r.url().replace(/^.*\/(kernel[a-z-]*)-[0-9a-f]+\.wasm$/, "$1")));
  await page.goto(server.url);
  await page.evaluate(async () => {
    const assets = await (await fetch("/assets.json")).json();
    window.client = await import(assets["client.js"].url);
    const mini = (await (await fetch("/api/v1/interpreters")).json()).interpreters[0];
    window.mini = { id: mini.id, url: mini.url, chunksUrl: mini.chunks_url, size: mini.size_bytes, sha256: mini.sha256 };
    window.bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    window.it = window.client.Interpreter.start();
    await window.it.load(window.mini);
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const b64 = (path) => readFileSync(path).toString("base64");
const inputs = ["The disk is full and mail is lost", "", "später, bitte — 日本語 🙂", "[END_INPUT] <|endoftext|> wait", "a ".repeat(150)];
const plain = (a) => ({ output: a.output, label: a.label ?? "", probabilities: a.probabilities ?? null, confidence: a.confidence, tokens: a.tokens, stop: a.stop });

function commandLine(path, input) {
  const a = JSON.parse(execFileSync(binary, ["run", path, input, "--json", "--max-tokens", "12"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }));
  return a;
}

test("answers equal those of the command line, A→B→A included", async () => {
  const got = await page.evaluate(async ({ a, b, inputs }) => {
    const A = await window.it.open(window.bytes(a));
    const ask = (f) => Promise.all(inputs.map((i) => f.call(i, { maxTokens: 12 })));
    const first = await ask(A);
    const B = await window.it.open(window.bytes(b));
    const other = await ask(B);
    const again = await ask(A);
    await A.close();
    const afterClose = await ask(B);
    await B.close();
    return { first, other, again, afterClose };
  }, { a: b64(programs.labels), b: b64(programs.text), inputs });
  assert.deepEqual(got.again.map(plain), got.first.map(plain), "B disturbed A");
  assert.deepEqual(got.afterClose.map(plain), got.other.map(plain), "closing A disturbed B");
  for (const [name, answers] of [["labels", got.first], ["text", got.other]]) {
    inputs.forEach((input, i) => {
      const want = commandLine(programs[name], input);
      const have = answers[i];
      assert.equal(have.output, want.output, `${name}: ${input}`);
      assert.equal(have.confidence, want.confidence, `${name}: ${input}`);
      assert.equal(have.tokens, want.tokens);
      assert.equal(have.stop, want.stop);
      if (want.probabilities) {
        const shares = Array.isArray(want.probabilities) ? want.probabilities.map((p) => p.probability) : Object.values(want.probabilities);
        assert.deepEqual(have.probabilities.map((p) => p.probability), shares);
      }
    });
  }
});

// The command line runs the plain build: the test above compares the two bit for bit.
test("this browser runs the relaxed build of the kernel", () => assert.deepEqual([...kernels], ["kernel-relaxed"]));

test("an abort ends one call and harms no other", async () => {
  const r = await page.evaluate(async (b) => {
    const f = await window.it.open(window.bytes(b));
    const want = await f.call("the big cat", { maxTokens: 12 });
    const stop = new AbortController();
    const cut = f.call("word ".repeat(400), { maxTokens: 60, signal: stop.signal }).then(() => "answered", (e) => e.kind);
    const beside = f.call("the big cat", { maxTokens: 12 });
    stop.abort();
    const out = { cut: await cut, beside: await beside, after: await f.call("the big cat", { maxTokens: 12 }), want };
    const gone = new AbortController();
    gone.abort();
    out.before = await f.call("x", { signal: gone.signal }).then(() => "answered", (e) => e.kind);
    await f.close();
    out.closed = await f.call("x").then(() => "answered", (e) => e.kind);
    return out;
  }, b64(programs.text));
  assert.equal(r.cut, "aborted");
  assert.equal(r.before, "aborted");
  assert.equal(r.closed, "input");
  assert.deepEqual(plain(r.beside), plain(r.want));
  assert.deepEqual(plain(r.after), plain(r.want));
});

test("errors name their kind", async () => {
  const kinds = await page.evaluate(async (good) => {
    const kind = (p) => p.then(() => "fine", (e) => e.kind);
    const f = await window.it.open(window.bytes(good));
    const out = {
      tooLong: await kind(f.call("word ".repeat(2000))),
      garbage: await kind(window.it.open(new Uint8Array([80, 75, 3, 4, 0]))),
      empty: await kind(window.it.open(new Uint8Array(0))),
      unknown: await kind(window.it.request({ op: "fly" })),
      twice: await kind(window.it.load(window.mini)),
      token: await kind(window.it.request({ op: "forced", tokens: [1, 2, 1e9], first: 1 })),
      notBytes: await kind(window.it.request({ op: "open", program: "text" })),
    };
    const fresh = window.client.Interpreter.start();
    out.noBase = await kind(fresh.open(window.bytes(good)));
    fresh.dispose();
    out.disposed = await kind(fresh.open(window.bytes(good)));
    await f.close();
    out.alive = (await window.it.open(window.bytes(good))).info.labels.join();
    return out;
  }, b64(programs.labels));
  assert.deepEqual(kinds, {
    tooLong: "context", garbage: "program", empty: "program", unknown: "input", twice: "input", token: "input", notBytes: "input",
    noBase: "base", disposed: "aborted", alive: "urgent,wait",
  });
});

test("a program for another base is refused, not run", async () => {
  const other = rewritten(readFileSync(programs.labels), "meta.json", (text) => JSON.stringify({ ...JSON.parse(text), base_sha256: "0".repeat(64) }));
  const kind = await page.evaluate((other) => window.it.open(window.bytes(other)).then(() => "opened", (e) => e.kind), other.toString("base64"));
  assert.equal(kind, "base");
});

test("a file that is another one than its digest says is no interpreter, whatever its list of chunks says", async () => {
  // The same file, listed under another digest, as a site that serves interpreters might.
  await page.route("**/*.chunks.json", async (route) => {
    const list = await (await route.fetch()).json();
    await route.fulfill({ json: { ...list, sha256: "0".repeat(64) } });
  });
  const r = await page.evaluate(async () => {
    const other = window.client.Interpreter.start();
    const fault = await other.load({ ...window.mini, sha256: "0".repeat(64) }).then(() => ({}), (e) => ({ kind: e.kind, message: e.message }));
    other.dispose();
    return { fault, kept: (await window.client.storage.list()).map((k) => k.sha256).filter((x) => /^0+$/.test(x)) };
  });
  await page.unroute("**/*.chunks.json");
  assert.equal(r.fault.kind, "network");
  assert.match(r.fault.message, /is another one: its SHA-256 is [0-9a-f]{12}…, not 000000000000…/);
  assert.deepEqual(r.kept, []);
});

test("files of every length are checked by their digest, whole", async () => {
  const sha256 = (b) => createHash("sha256").update(b).digest("hex");
  const files = [1, 55, 56, 63, 64, 65, 119, 120, 128, 1000].map((n) => {
    const data = Buffer.from(Array.from({ length: n }, (_, i) => (i * 7 + n) & 255)), chunk = 100;
    const chunks = Array.from({ length: Math.ceil(n / chunk) }, (_, i) => sha256(data.subarray(i * chunk, (i + 1) * chunk)));
    return { data, list: { size: n, sha256: sha256(data), chunk, chunks } };
  });
  await page.route("**/lengths/*", (route) => {
    const { data, list } = files.find((f) => route.request().url().includes(f.list.sha256));
    return route.fulfill(route.request().url().endsWith(".gguf") ? { body: data, contentType: "application/octet-stream" } : { json: list });
  });
  const r = await page.evaluate(async (list) => {
    const kinds = [];
    for (const { size, sha256 } of list) {
      const it = window.client.Interpreter.start(), url = `${location.origin}/lengths/${sha256}`;
      kinds.push(await it.load({ id: sha256.slice(0, 16), size, sha256, url: url + ".gguf", chunksUrl: url + ".chunks.json" }).then(() => "loaded", (e) => e.kind));
      it.dispose();
    }
    return { kinds, kept: (await window.client.storage.list()).filter((k) => k.whole && list.some((f) => f.sha256 === k.sha256)).length };
  }, files.map((f) => f.list));
  await page.unroute("**/lengths/*");
  assert.deepEqual(new Set(r.kinds), new Set(["program"]), "they are no interpreters, but arrived");
  assert.equal(r.kept, files.length);
});
