// The table of host-object cases that wasm/jshost runs in Go, here against web/src/host.ts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, root } from "./lib.mjs";

const table = JSON.parse(readFileSync(join(root, "wasm/jshost/testdata/hostcases.json"), "utf8"));
const files = { "/": ["text/html", "<!doctype html><title>host</title>"] };
for (const [name, type] of Object.entries({ "host.js": "text/javascript", "kernel.wasm": "application/wasm", "kernel-threads.wasm": "application/wasm" })) {
  files["/" + name] = [type, readFileSync(join(root, "web/test/dist", name))];
}

let server, browser, page;

before(async () => {
  server = createServer((q, r) => {
    const f = files[q.url];
    r.writeHead(f ? 200 : 404, { "Content-Type": f?.[0] ?? "text/plain", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }).end(f?.[1]);
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  browser = await launch();
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(async () => {
    const { makeHost } = await import("/host.js");
    window.fresh = async (source = "file", shared = false) => {
      const memory = shared && new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
      const { exports } = (await WebAssembly.instantiateStreaming(fetch(shared ? "/kernel-threads.wasm" : "/kernel.wasm"), { env: { memory } })).instance;
      const posted = [];
      const control = makeHost((m) => posted.push(m));
      control.use({ exports, memory: memory || exports.memory });
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      const at = (into, at) => (into.set(bytes.subarray(at, at + into.length)), Math.min(into.length, 256 - at));
      control.addSource({ file: new Blob([bytes]), memory: bytes, handle: { size: 256, read: at } }[source]);
      return { control, posted };
    };
  });
});

after(async () => {
  await browser?.close();
  server?.close();
});

test("the table is whole", () => assert.ok(table.cases.length >= 9));

// Of a shared memory the views are others.
for (const c of table.cases) for (const [source, shared] of [["file"], ["memory"], ["handle"], ["file", true], ["handle", true]]) {
  test(`${c.name} (source: ${source}${shared ? ", shared memory" : ""})`, async () => {
    const results = await page.evaluate(async ([steps, source, shared]) => {
      const { control } = await window.fresh(source, shared);
      const out = [];
      for (const s of steps) {
        try {
          const promise = control.host[s.fn](...s.args);
          const v = await promise;
          s.set?.forEach((x, i) => (v[i] = x));
          out.push({ value: v instanceof Uint8Array ? [...v] : (v ?? null) });
        } catch (e) {
          out.push({ error: e instanceof Error });
        }
      }
      return out;
    }, [c.steps, source, shared]);
    c.steps.forEach((s, i) => {
      const where = `step ${i}: ${s.fn}(${s.args})`;
      if (s.error) return assert.equal(results[i].error, true, where);
      assert.equal(results[i].error, undefined, where);
      if (s.want?.abi) return assert.ok(results[i].value >= 1, where);
      assert.deepEqual(results[i].value, s.bytes ?? s.view ?? s.want, where);
    });
  });
}

test("a source that is let go of is gone", async () => {
  assert.equal(await page.evaluate(async () => {
    const { control } = await window.fresh();
    control.removeSource(0);
    return control.host.readBase(0, 0, 4).then(() => "read", (e) => e.message);
  }), "there is no source 0");
});

test("yield is not synchronous; early messages are kept in order", async () => {
  const log = await page.evaluate(async () => {
    const { control, posted } = await window.fresh();
    const log = [];
    await new Promise((ok) => {
      control.host.yield(() => (log.push("yielded"), ok()));
      log.push("after yield");
    });
    control.deliver({ text: "one" });
    control.deliver({ text: "two" });
    control.host.listen((m) => log.push(m.text));
    control.deliver({ text: "three" });
    control.host.post({ text: "out" });
    return [...log, posted[0].text];
  });
  assert.deepEqual(log, ["after yield", "yielded", "one", "two", "three", "out"]);
});
