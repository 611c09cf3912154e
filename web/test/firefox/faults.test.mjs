// Downloads in Firefox against the server that misbehaves: killed, cut, stalled, refused, damaged, over a full
// disk; several tabs; a worker that dies. (A start without a server is in firefox.test.mjs.)
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { made, urgentSpec } from "../hosting.mjs";
import { answered, answers, CHUNK, cutAt, kept, misbehaving, prepare, reach, tenths } from "../misbehaving.mjs";
import { serve } from "../serve.mjs";
import { kill, launch, visitor } from "./browser.mjs";

let server, host, browser, size;

before(async () => {
  server = await serve();
  host = await misbehaving(server.url);
  size = host.bytes.length;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  host?.close();
  await server?.stop();
});

/** A page that can load, and whose workers are at hand: BiDi reaches none in Firefox. */
async function opened(from) {
  const page = await from.newPage();
  await page.goto(host.url + "/page");
  await page.evaluate(() => {
    window.workers = [];
    window.Worker = class extends Worker {
      constructor(...how) {
        super(...how);
        window.workers.push(this);
      }
    };
  });
  await page.evaluate(prepare, [host.sha256, size]);
  return page;
}

/** A fresh user with such a page. */
async function fresh(plan) {
  host.expect([...plan]);
  const user = await visitor(browser), open = () => opened(user);
  return { user, open, page: await open() };
}

const attempt = (page) => page.evaluate(() => window.attempt());

/** Downloads, ended at ten places. `end` ends what holds the page and opens the next; gives the bytes that came twice. */
async function endedTenTimes(page, end) {
  let from = 0, twice = 0;
  for (const at of tenths(size)) {
    host.expect(Array(3).fill({ stall: at })); // a slow machine may find it stalled before it is ended
    await page.evaluate(reach, at);
    page = await end(page);
    assert.equal(host.state.requests[0], from);
    from = kept(at);
    twice += at - from;
  }
  host.expect([]);
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual(host.state.requests, [from]);
  assert.equal(host.state.sent, size - from);
  assert.equal(await attempt(page), "cached");
  assert.equal(host.state.requests.length, 1);
  return twice;
}

test("a page that is closed at ten places loses nothing; the next visit goes on", async () => {
  const { user, page, open } = await fresh([]);
  const twice = await endedTenTimes(page, async (page) => {
    await page.close();
    return open();
  });
  assert.ok(twice < 10 * CHUNK);
  console.log(`ten pages closed in a download of ${size} bytes: ${twice} bytes came twice, in chunks of ${CHUNK}`);
  await user.close();
});

test("a Firefox that is killed at ten places loses nothing; the next one goes on", async (t) => {
  const profile = mkdtempSync(join(tmpdir(), "paw-killed-"));
  let mortal = await launch(profile);
  t.after(async () => {
    await mortal.close();
    rmSync(profile, { recursive: true, force: true });
  });
  const twice = await endedTenTimes(await opened(mortal), async () => {
    await kill(mortal, profile);
    mortal = await launch(profile);
    return opened(mortal);
  });
  assert.ok(twice < 10 * CHUNK);
  console.log(`ten kills of Firefox in a download of ${size} bytes: ${twice} bytes came twice, in chunks of ${CHUNK}`);
});

test("a connection that is cut at ten places goes on from the last whole chunk", async () => {
  const places = tenths(size);
  const { user, page } = await fresh(places.map((stall) => ({ stall })));
  assert.equal(await page.evaluate(cutAt, places), "loaded");
  assert.deepEqual(host.state.requests, [0, ...places.map(kept)]);
  assert.equal(host.state.sent, size + places.reduce((n, at) => n + at % CHUNK, 0), "only what was no whole chunk is sent again");
  await user.close();
});

test("a stalled connection is given up and taken up again", async () => {
  const { user, page } = await fresh([{ stall: 1_500_000 }]);
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual(host.state.requests, [0, kept(1_500_000)]);
  await user.close();
});

for (const [name, plan, how, requests] of answers) {
  test(name, async () => {
    const { user, page } = await fresh(plan);
    await answered(host, page, attempt, how, requests);
    await user.close();
  });
}

for (const tabs of [2, 5]) {
  test(`${tabs} tabs download once`, async () => {
    let go;
    const { user, page, open } = await fresh([{ stall: size >> 1, until: new Promise((ok) => (go = ok)) }]);
    const all = [page];
    while (all.length < tabs) all.push(await open());
    const how = all.map(attempt);
    // The download goes on when all others have begun to wait for it.
    await page.waitForFunction(async (n) => (await navigator.locks.query()).pending.length === n, { polling: 100, timeout: 60_000 }, tabs - 1);
    go();
    assert.deepEqual((await Promise.all(how)).sort(), [...Array(tabs - 1).fill("cached"), "loaded"]);
    assert.deepEqual([host.state.requests, host.state.sent], [[0], size]);
    await user.close();
  });
}

test("a full disk is told, before a download and in its middle, and leaves nothing", async (t) => {
  // Kibibytes for all sites together; one site gets as much where that is little.
  const small = await launch(undefined, { "dom.quotaManager.temporaryStorage.fixedLimit": 8 << 10 });
  t.after(() => small.close());
  let go;
  const at = 3_000_000;
  host.expect([{ stall: at, until: new Promise((ok) => (go = ok)) }]);
  const page = await opened(small);
  const others = (free) => page.evaluate(async (free) => { // takes all room but so much
    const { quota, usage } = await navigator.storage.estimate();
    const out = await (await (await navigator.storage.getDirectory()).getFileHandle("others", { create: true })).createWritable();
    await out.write(new Uint8Array(quota - usage - free));
    await out.close();
    return quota;
  }, free);
  await page.evaluate(reach, at);
  assert.equal(await others(CHUNK / 2), 8 << 20, "the limit is Firefox's own");
  go();
  const megabytes = (size / 1e6).toFixed(1);
  assert.match(await page.evaluate(() => window.how), new RegExp(`^storage: .*not enough room to keep .* of ${megabytes} MB`));
  assert.deepEqual([await page.evaluate(() => window.client.isCached(window.base)), await page.evaluate(() => window.client.storage.list())], [false, []]);
  host.expect([]);
  assert.match(await attempt(page), new RegExp(`^storage: .*not enough room .*${megabytes} MB are needed, \\d\\.\\d MB are free`));
  assert.deepEqual(host.state.requests, []);
  await page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry("others"));
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual([host.state.requests, host.state.sent], [[0], size]);
});

test("a worker that throws in the middle of a download loses nothing", async () => {
  const at = size >> 1, { user, page } = await fresh(Array(3).fill({ stall: at }));
  await page.evaluate(reach, at);
  await page.evaluate(() => window.workers[0].postMessage(null)); // it asks null for its operation
  assert.match(await page.evaluate(() => window.how), /^internal: /);
  host.expect([]);
  assert.equal(await attempt(page), "loaded");
  assert.deepEqual([host.state.requests, host.state.sent], [[kept(at)], size - kept(at)]);
  await user.close();
});

for (const [how, crash] of [
  ["throws", () => window.workers[0].postMessage(null)],
  ["ends without a word", () => window.workers[0].terminate()],
]) {
  test(`a worker that ${how} is replaced, and the call that met it is answered`, async () => {
    const { user, page } = await fresh([]);
    const ask = () => page.evaluate(() => window.fn.detail("the house is on fire").then(({ ms, ...rest }) => rest));
    await page.evaluate(async (id) => (window.fn = await (await import("/sdk/paw.js")).paw.function(id)) && null, await made(server.url, urgentSpec));
    const first = await ask();
    await page.evaluate(crash);
    assert.deepEqual(await ask(), first);
    assert.equal(await page.evaluate(() => window.workers.length), 2);
    assert.deepEqual(host.state.requests, [0], "the next worker takes the interpreter that is kept");
    await user.close();
  });
}
