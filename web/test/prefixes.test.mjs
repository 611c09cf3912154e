// What is kept of prefixes (web/src/prefixes.ts) in a real private file system, and what makes room: the limit is
// that of the test. As in the site the functions run in a worker, which alone has handles that write at once.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { chrome, root } from "./lib.mjs";

const MB = 1 << 20;
const most = 3.5 * MB; // three of a mebibyte each
const files = {
  "/": ["text/html", "<!doctype html><title>prefixes</title>"],
  "/prefixes.js": ["text/javascript", readFileSync(join(root, "web/test/dist/prefixes.js"))],
  "/worker.js": ["text/javascript", `import * as prefixes from "/prefixes.js";
    const open = [];
    const whole = (f, fill) => { const b = new Uint8Array(f.size); return f.read(b, 0) === f.size && b.every((x) => x === fill); };
    const does = {
      async keep(key, bytes, fill, most) {
        const room = prefixes.prefixFile(bytes);
        room.payload.fill(fill);
        await prefixes.keepPrefix(key, room, most);
      },
      // The size of what is kept, open until close.
      async open(key, fill) {
        const f = await prefixes.keptPrefix(key);
        if (!f) return null;
        open.push(f);
        return whole(f, fill) ? f.size : "damaged";
      },
      close: () => open.splice(0).forEach((f) => f.close()),
      list: () => prefixes.listPrefixes(),
      remove: (key) => prefixes.removePrefix(key),
    };
    onmessage = async ({ data: [id, name, ...args] }) => {
      try { postMessage([id, await does[name](...args)]); } catch (e) { postMessage([id, null, String(e)]); }
    };`],
};
const key = (letter) => letter.repeat(64);
let server, context, profile, url;

before(async () => {
  server = createServer((q, r) => {
    const f = files[q.url];
    r.writeHead(f ? 200 : 404, { "Content-Type": f?.[0] ?? "text/plain" }).end(f?.[1]);
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  url = `http://127.0.0.1:${server.address().port}/`;
  profile = mkdtempSync(join(tmpdir(), "paw-prefixes-")); // on disk, as a user's is
  context = await chromium.launchPersistentContext(profile, { executablePath: chrome(), headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"] });
});
after(async () => {
  await context?.close();
  server?.close();
  if (profile) rmSync(profile, { recursive: true, force: true });
});

/** A tab with a worker that does it all. */
async function tab() {
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(() => {
    const worker = new Worker("/worker.js", { type: "module" }), waiting = new Map();
    let last = 0;
    worker.onmessage = ({ data: [id, value, fault] }) => {
      fault ? waiting.get(id).fail(new Error(fault)) : waiting.get(id).ok(value);
      waiting.delete(id);
    };
    window.ask = (...m) => new Promise((ok, fail) => (waiting.set(++last, { ok, fail }), worker.postMessage([last, ...m])));
    window.dir = async () => (await navigator.storage.getDirectory()).getDirectoryHandle("paw-prefixes", { create: true });
    window.when = async (name) => (await (await (await window.dir()).getFileHandle(name)).getFile()).lastModified;
  });
  const ask = (...m) => page.evaluate((m) => window.ask(...m), m);
  return {
    page, ask,
    /** Keeps, and waits until the clock of files tells what comes next from it. */
    async keep(letter, bytes = MB, limit = most) {
      await ask("keep", key(letter), bytes, letter.charCodeAt(0), limit);
      await page.evaluate(async () => {
        const now = async () => {
          const h = await (await navigator.storage.getDirectory()).getFileHandle("clock", { create: true }), out = await h.createWritable();
          await out.close();
          return (await h.getFile()).lastModified;
        };
        for (const began = await now(); (await now()) <= began; );
      });
    },
    open: (letter) => ask("open", key(letter), letter.charCodeAt(0)),
    close: () => ask("close"),
    kept: async () => (await ask("list")).map((p) => p.key[0]).sort().join(""),
    bytes: async () => (await ask("list")).reduce((n, p) => n + p.bytes, 0),
    when: (letter) => page.evaluate((name) => window.when(name), `${key(letter)}.kv`),
    /** Reads one, and waits until this has made it younger. */
    async use(letter) {
      const before = await this.when(letter);
      assert.equal(await this.open(letter), MB);
      await this.close();
      await page.evaluate(async ([name, before]) => {
        for (const until = Date.now() + 60_000; (await window.when(name)) <= before; ) if (Date.now() > until) throw new Error("it stays as old as it was");
      }, [`${key(letter)}.kv`, before]);
    },
    /** Writes into its file, or cuts it short. */
    spoil: (letter, o) => page.evaluate(async ([name, o]) => {
      const out = await (await (await window.dir()).getFileHandle(name, { create: true })).createWritable({ keepExistingData: true });
      if (o.cut !== undefined) await out.truncate(o.cut);
      else await out.write({ type: "write", position: o.at, data: new Uint8Array([1, 2, 3, 4]) });
      await out.close();
    }, [`${key(letter)}.kv`, o]),
  };
}

/** A test with tabs of its own, in which nothing is kept yet. */
function keeps(name, work) {
  test(name, async (t) => {
    const tabs = [], open = async () => (tabs.push(await tab()), tabs.at(-1));
    t.after(() => Promise.all(tabs.map(({ page }) => page.close())));
    const first = await open();
    for (const { key } of await first.ask("list")) await first.ask("remove", key);
    assert.equal(await first.kept(), "");
    await work(first, open);
  });
}

keeps("what is kept is read back, of every length around a mebibyte", async (a) => {
  for (const bytes of [1, MB - 1, MB, MB + 1, 2 * MB, 2 * MB + 5]) {
    await a.keep("a", bytes);
    assert.equal(await a.open("a"), bytes);
    await a.close();
  }
  assert.equal(await a.open("b"), null);
});

keeps("the oldest goes when room is short", async (a) => {
  for (const letter of "abc") await a.keep(letter);
  assert.equal(await a.kept(), "abc");
  await a.keep("d");
  assert.equal(await a.kept(), "bcd");
  await a.keep("e", 2 * MB);
  assert.equal(await a.kept(), "de");
  assert.ok((await a.bytes()) <= most);
});

keeps("one that was used is not the oldest any more", async (a) => {
  for (const letter of "abc") await a.keep(letter);
  await a.use("a");
  await a.keep("d");
  assert.equal(await a.kept(), "acd");
  assert.equal(await a.open("a"), MB, "use leaves it whole");
});

keeps("one that is kept anew takes the room of its old file, and nobody else's", async (a) => {
  for (const letter of "abc") await a.keep(letter);
  await a.keep("b");
  assert.equal(await a.kept(), "abc");
  await a.keep("d");
  assert.equal(await a.kept(), "bcd", "and is younger than before");
});

for (const [what, o] of [
  ["cut short", { cut: MB / 2 }], ["cut short in its digests", { cut: 10 }], ["empty", { cut: 0 }],
  ["damaged", { at: MB / 2 }], ["damaged in its digests", { at: 5 }], ["longer than it was", { at: MB + 100 }],
]) {
  keeps(`a file that is ${what} is not taken, and removed`, async (a) => {
    await a.keep("a");
    await a.keep("b");
    await a.spoil("a", o);
    assert.equal(await a.open("a"), null);
    assert.equal(await a.kept(), "b");
    await a.keep("a");
    assert.equal(await a.open("a"), MB);
  });
}

keeps("one that is larger than the limit is not kept, and nothing goes for it", async (a) => {
  for (const letter of "ab") await a.keep(letter);
  await a.keep("c", 4 * MB);
  assert.equal(await a.kept(), "ab");
  await a.keep("c", MB, MB); // its digests count too
  assert.equal(await a.kept(), "ab");
});

keeps("what another tab reads stays, and the limit holds", async (a, open) => {
  for (const letter of "abc") await a.keep(letter);
  const b = await open();
  assert.equal(await b.open("a"), MB);
  await a.keep("d");
  assert.equal(await a.kept(), "acd", "the next oldest goes");
  for (const letter of "cd") assert.equal(await b.open(letter), MB);
  await a.keep("e");
  assert.equal(await a.kept(), "acd", "there is no room for it");
  await a.keep("c");
  await b.close();
  for (const letter of "acd") assert.equal(await a.open(letter), MB);
});

keeps("two tabs that keep at once stay below the limit, and what they keep is whole", async (a, open) => {
  const b = await open(), ask = (tab, letter) => tab.ask("keep", key(letter), MB, letter.charCodeAt(0), most);
  for (let round = 0; round < 4; round++) {
    await Promise.all([..."abcd"].flatMap((letter, i) => [ask(i % 2 ? a : b, letter), ask(i % 2 ? b : a, "e")]));
    assert.ok((await a.bytes()) <= most, `${await a.bytes()} bytes are kept`);
    const kept = await a.kept();
    assert.equal(kept.length, 3, kept);
    for (const letter of kept) assert.equal(await b.open(letter), MB, letter);
    await b.close();
  }
});

keeps("two tabs that use, keep and remove the same at once do not break it", async (a, open) => {
  const b = await open();
  await a.keep("a");
  for (let round = 0; round < 10; round++) {
    const all = await Promise.all([a.open("a"), b.ask("keep", key("a"), MB, "a".charCodeAt(0), most), b.open("a"), a.open("a")]);
    for (const got of [all[0], all[2], all[3]]) assert.ok(got === MB || got === null, `${got}`);
    await Promise.all([a.close(), b.close()]);
    await Promise.all([a.ask("remove", key("a")), b.ask("remove", key("a"))]);
    assert.equal(await a.kept(), "", "deleted is deleted, also right after its use");
    await a.keep("a");
    assert.equal(await b.open("a"), MB);
    await b.close();
  }
});
