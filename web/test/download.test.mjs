// Downloads of interpreters against a server that misbehaves: cut, stalled, refused, damaged, without
// ranges, over a full disk; several tabs; a worker that is killed in between.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { answered, answers, CHUNK, cutAt, kept, misbehaving, noFiles, prepare, reach, tenths } from "./misbehaving.mjs";
import { site } from "./page.mjs";

let host, bytes;
const s = site(async () => ({ bytes } = host = await misbehaving(s.server.url)));
after(() => host?.close());

/** A fresh browser profile with a page that can load. */
async function fresh(plan) {
  host.expect(plan);
  const context = await s.browser.newContext();
  const open = async () => {
    const page = await context.newPage();
    await page.goto(host.url + "/page");
    await page.evaluate(prepare, [host.sha256, bytes.length]);
    return page;
  };
  return { context, open, page: await open() };
}

const attempt = (page) => page.evaluate(() => window.attempt());

test("a connection that is cut at ten places goes on from the last whole chunk", async () => {
  const places = tenths(bytes.length);
  const { context, page } = await fresh(places.map((stall) => ({ stall })));
  assert.equal(await page.evaluate(cutAt, places), "loaded");
  assert.deepEqual(host.state.requests, [0, ...places.map(kept)]);
  assert.equal(host.state.sent, bytes.length + places.reduce((n, at) => n + at % CHUNK, 0), "only what was no whole chunk is sent again");
  assert.equal(await attempt(page), "cached");
  assert.equal(host.state.requests.length, 11);
  await context.close();
});

test("a page that is closed at ten places loses nothing; the next visit goes on", async () => {
  const { context, page, open } = await fresh([]);
  let next = page, from = 0;
  for (const at of tenths(bytes.length)) {
    host.expect(Array(3).fill({ stall: at })); // a slow machine may find it stalled before it is closed
    await next.evaluate(reach, at);
    await next.close();
    assert.equal(host.state.requests[0], from);
    from = kept(at);
    next = await open();
  }
  host.expect([]);
  assert.equal(await attempt(next), "loaded");
  assert.deepEqual(host.state.requests, [from]);
  await context.close();
});

test("a worker that dies in the middle loses nothing", async () => {
  const at = bytes.length >> 1, { context, page } = await fresh(Array(3).fill({ stall: at }));
  await page.evaluate(reach, at);
  await page.evaluate(() => window.it.dispose());
  host.expect([]);
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual(host.state.requests, [kept(at)]);
  await context.close();
});

for (const [name, plan, how, requests] of answers) {
  test(name, async () => {
    const { context, page } = await fresh([...plan]);
    await answered(host, page, attempt, how, requests);
    await context.close();
  });
}

test("an interpreter on another origin goes on where it was cut, also on the next visit", async () => {
  const { context, page, open } = await fresh([{ cut: CHUNK + 1000 }]);
  const elsewhere = (p) => p.evaluate((at) => {
    window.base = { ...window.base, url: `${at}/m.gguf`, chunksUrl: `${at}/m.chunks.json` };
  }, host.url.replace("127.0.0.1", "localhost"));
  await elsewhere(page);
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual(host.state.requests, [0, CHUNK]);
  await page.evaluate(() => window.client.deleteCached(window.base));
  const at = 2 * CHUNK + 1000; // within a chunk: those before it are written by then
  host.expect(Array(3).fill({ stall: at }));
  await page.evaluate(reach, at);
  await page.close();
  const next = await open();
  await elsewhere(next);
  host.expect([]);
  assert.equal(await attempt(next), "loaded");
  assert.deepEqual(host.state.requests, [2 * CHUNK]);
  await context.close();
});

test("a stalled connection is given up and taken up again", { timeout: 60_000 }, async () => {
  const { context, page } = await fresh([{ stall: 1_500_000 }]);
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual(host.state.requests, [0, Math.floor(1_500_000 / CHUNK) * CHUNK]);
  await context.close();
});

test("a server that never answers is given up and asked again, for the list of chunks and for the file", { timeout: 90_000 }, async () => {
  const { context, page } = await fresh([{ silent: true }]);
  host.state.lists.push({ silent: true });
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual(host.state.requests, [0, 0]);
  await context.close();
});

test("a list of chunks that is busy or cut is asked for again; where it stays unreadable, that is told", async () => {
  const { context, page } = await fresh([]);
  host.state.lists.push({ status: 503 }, { status: 429 }, { body: '{"size": 4' });
  assert.equal(await attempt(page), "loaded");
  await page.evaluate(() => window.client.deleteCached(window.base));
  host.state.lists.push(...Array(5).fill({ body: "<!doctype html>" }));
  assert.match(await attempt(page), /^network: .*list of chunks.*cannot be read/);
  assert.equal(host.state.lists.length, 0);
  assert.equal(await attempt(page), "loaded", "the next try works");
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

test("without a private file system the cache keeps it, by address and digest", async () => {
  host.state.noFiles = true;
  const { context, page } = await fresh([]);
  await page.evaluate(noFiles);
  assert.equal(await attempt(page), "loaded");
  assert.equal(await attempt(page), "cached");
  assert.deepEqual(host.state.requests, [0]);
  const kept = await page.evaluate(() => window.client.storage.list());
  assert.deepEqual(kept, [{ kind: "interpreter", sha256: host.sha256, bytes: bytes.length, whole: true, names: [host.url + "/m.gguf"] }]);
  // Another file of the same size at the same address is none of it.
  const other = "0".repeat(64);
  assert.equal(await page.evaluate((sha256) => window.client.isCached({ ...window.base, sha256 }), other), false);
  await page.evaluate((sha256) => { window.base = { ...window.base, sha256 }; }, other);
  assert.match(await attempt(page), /^network: .*list of chunks is of another file/);
  await page.evaluate((sha256) => { window.base = { ...window.base, sha256 }; }, host.sha256);
  assert.equal(await attempt(page), "cached");
  await page.evaluate(([kept]) => window.client.storage.remove(kept), kept);
  assert.equal(await page.evaluate(() => window.client.isCached(window.base)), false);
  host.state.noFiles = false;
  await context.close();
});
