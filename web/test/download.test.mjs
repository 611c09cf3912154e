// Downloads of interpreters against a server that misbehaves: cut, stalled, refused, damaged, without
// ranges, over a full disk; several tabs; a worker that is killed in between.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { site } from "./page.mjs";

const s = site(prepare);
const CHUNK = 256 << 10;
let host, bytes, sha256, list;

/** The interpreter's file in small chunks, spoiled as `plan` says; every request is noted. */
async function prepare() {
  const mini = (await (await fetch(s.server.url + "/api/v1/interpreters")).json()).interpreters[0];
  bytes = Buffer.from(await (await fetch(s.server.url + mini.url)).arrayBuffer());
  sha256 = mini.sha256;
  const chunks = [];
  for (let at = 0; at < bytes.length; at += CHUNK) chunks.push(createHash("sha256").update(bytes.subarray(at, at + CHUNK)).digest("hex"));
  list = JSON.stringify({ size: bytes.length, sha256, chunk: CHUNK, chunks });
  host = await misbehaving();
}
after(() => host?.close());

async function misbehaving() {
  const state = { plan: [], requests: [], sent: 0 };
  const server = createServer(async (q, r) => {
    if (q.url === "/page") {
      r.writeHead(200, { "Content-Type": "text/html" });
      return r.end("<!doctype html><html lang=en><title>host</title></html>");
    }
    if (q.url.endsWith(".chunks.json")) return r.end(list);
    if (!q.url.endsWith(".gguf")) {
      const from = await fetch(s.server.url + q.url);
      r.writeHead(from.status, { "Content-Type": from.headers.get("content-type") ?? "" });
      return r.end(Buffer.from(await from.arrayBuffer()));
    }
    const fault = state.plan.shift() ?? {};
    const m = /^bytes=(\d+)-$/.exec(q.headers.range ?? "");
    let from = m && !fault.whole ? Number(m[1]) : 0;
    state.requests.push(m ? Number(m[1]) : 0);
    if (fault.status) {
      r.writeHead(fault.status);
      return r.end();
    }
    if (m) assert.equal(q.headers["if-range"], `"${sha256}"`);
    let body = bytes.subarray(from);
    if (fault.flip !== undefined) {
      body = Buffer.from(body);
      body[fault.flip - from] ^= 1;
    }
    const head = { "Content-Length": body.length, "Content-Type": "application/octet-stream", ETag: `"${sha256}"` };
    if (m && !fault.whole) head["Content-Range"] = `bytes ${from + (fault.shift ?? 0)}-${bytes.length - 1}/${bytes.length}`;
    r.writeHead(m && !fault.whole ? 206 : 200, head);
    const end = fault.cut ?? fault.stall ?? bytes.length;
    const part = body.subarray(0, Math.max(0, end - from));
    state.sent += part.length;
    if (fault.stall !== undefined) return r.write(part);
    if (fault.cut !== undefined) return drip(r, part, () => r.destroy());
    fault.slow ? drip(r, part, () => r.end()) : r.end(part);
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  return { state, url: `http://127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()) };
}

/** Sends slowly, so that there is time in between. (Of what arrives at once a browser drops what was
 *  not read yet when the connection breaks.) */
function drip(r, part, end) {
  let at = 0;
  const timer = setInterval(() => {
    if (at >= part.length || r.destroyed) return clearInterval(timer), end();
    r.write(part.subarray(at, (at += CHUNK)));
  }, 25);
}

/** A fresh browser profile with a page that can load. */
async function fresh(plan, init) {
  Object.assign(host.state, { plan, requests: [], sent: 0 });
  const context = await s.browser.newContext();
  if (init) await context.addInitScript(init);
  const open = async () => {
    const page = await context.newPage();
    await page.goto(host.url + "/page");
    await page.evaluate(async ([sha256, size]) => {
      window.client = await import((await (await fetch("/assets.json")).json())["client.js"].url);
      window.base = { id: "x", url: "/m.gguf", chunksUrl: "/m.chunks.json", size, sha256 };
      window.attempt = async (o = {}) => {
        const it = (window.it = window.client.Interpreter.start());
        const how = await it.load(window.base, o).then((r) => (r.fromCache ? "cached" : "loaded"), (e) => e.kind + ": " + e.message);
        it.dispose();
        return how;
      };
    }, [sha256, bytes.length]);
    return page;
  };
  return { context, open, page: await open() };
}

const attempt = (page) => page.evaluate(() => window.attempt());

test("a connection that is cut at ten places goes on from the last whole chunk", async () => {
  const plan = Array.from({ length: 10 }, (_, i) => ({ cut: Math.floor(((i + 1) * bytes.length) / 11) }));
  const { context, page } = await fresh([...plan]);
  assert.equal(await attempt(page), "loaded");
  assert.equal(host.state.requests.length, 11);
  for (const [i, at] of host.state.requests.entries()) {
    const reached = i === 0 ? 0 : Math.floor(plan[i - 1].cut / CHUNK) * CHUNK;
    assert.ok(at % CHUNK === 0 && at <= reached && at >= reached - CHUNK, `request ${i} began at ${at}, the cut was after ${reached}`);
  }
  assert.ok(host.state.sent < bytes.length + 20 * CHUNK, `${host.state.sent} bytes sent for ${bytes.length}`);
  assert.equal(await attempt(page), "cached");
  assert.equal(host.state.requests.length, 11);
  await context.close();
});

test("a page that is closed in the middle loses nothing; the next visit goes on", async () => {
  const { context, page, open } = await fresh([{ slow: true }]);
  await page.evaluate(() => new Promise((ok) => void window.attempt({ onProgress: (p) => p.done > p.total / 3 && ok() })));
  await page.close();
  const next = await open();
  host.state.requests.length = 0;
  assert.equal(await attempt(next), "loaded");
  assert.equal(host.state.requests.length, 1);
  assert.ok(host.state.requests[0] >= Math.floor(bytes.length / 3 / CHUNK) * CHUNK, `it asked from ${host.state.requests[0]}`);
  await context.close();
});

test("a worker that dies in the middle loses nothing", async () => {
  const { context, page } = await fresh([{ slow: true }]);
  await page.evaluate(() => new Promise((ok) => void window.attempt({ onProgress: (p) => p.done > p.total / 2 && ok() })));
  await page.evaluate(() => window.it.dispose());
  host.state.requests.length = 0;
  assert.equal(await attempt(page), "loaded");
  assert.ok(host.state.requests[0] > 0);
  await context.close();
});

for (const [name, plan, how, requests] of [
  ["a server without ranges", [{ cut: 900_000 }, { whole: true }], "loaded", 2],
  ["a busy server", [{ status: 503 }, { status: 429 }], "loaded", 3],
  ["one damaged chunk", [{ flip: 2_000_000 }], "loaded", 2],
  ["a chunk that is damaged every time", Array.from({ length: 9 }, () => ({ flip: 2_000_000 })), /^network: .*damaged/, 5],
  ["a connection that breaks at the same place every time", Array.from({ length: 9 }, () => ({ cut: 100_000 })), /^network: .*(broke off|lost)/, 5],
  ["another part than asked for", [{ cut: 900_000 }, { shift: CHUNK }], /^network: .*another part/, 2],
  ["416", [{ cut: 900_000 }, { status: 416 }], /^network: .*416/, 2],
  ["404", [{ status: 404 }], /^network: .*404/, 1],
]) {
  test(name, async () => {
    const { context, page } = await fresh(plan);
    const got = await attempt(page);
    if (how instanceof RegExp) assert.match(got, how);
    else assert.equal(got, how);
    assert.equal(host.state.requests.length, requests);
    if (how instanceof RegExp) {
      assert.equal(await page.evaluate(() => window.client.isCached(window.base)), false);
      host.state.plan = [];
      assert.equal(await attempt(page), "loaded", "the next try works");
    }
    await context.close();
  });
}

test("a stalled connection is given up and taken up again", { timeout: 60_000 }, async () => {
  const { context, page } = await fresh([{ stall: 1_500_000 }]);
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual(host.state.requests, [0, Math.floor(1_500_000 / CHUNK) * CHUNK]);
  await context.close();
});

for (const tabs of [2, 5]) {
  test(`${tabs} tabs download once`, async () => {
    const { context, page, open } = await fresh([{ slow: true }]);
    const all = [page];
    while (all.length < tabs) all.push(await open());
    const how = await Promise.all(all.map(attempt));
    assert.deepEqual(how.sort(), [...Array(tabs - 1).fill("cached"), "loaded"]);
    assert.equal(host.state.requests.length, 1);
    await context.close();
  });
}

test("a full disk is told and leaves nothing", async () => {
  const { context, page } = await fresh([]);
  const cdp = await context.newCDPSession(page);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: host.url, quotaSize: 2_000_000 });
  assert.match(await attempt(page), new RegExp(`^storage: .*not enough room .* of ${(bytes.length / 1e6).toFixed(1)} MB`));
  assert.equal(await page.evaluate(() => window.client.isCached(window.base)), false);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: host.url });
  assert.equal(await attempt(page), "loaded");
  await context.close();
});

test("cancelling keeps what is there; deleting removes it", async () => {
  const { context, page } = await fresh([{ stall: Math.ceil(0.75 * bytes.length) }]); // it cannot end before it is cancelled
  const how = await page.evaluate(() => {
    const abort = new AbortController();
    return window.attempt({ signal: abort.signal, onProgress: (p) => p.done > p.total / 2 && abort.abort() });
  });
  assert.match(how, /^aborted/);
  host.state.requests.length = 0;
  assert.equal(await attempt(page), "loaded");
  assert.ok(host.state.requests[0] > 0);
  await page.evaluate(() => window.client.deleteCached(window.base));
  assert.equal(await page.evaluate(() => window.client.isCached(window.base)), false);
  host.state.requests.length = 0;
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual(host.state.requests, [0]);
  await context.close();
});
