// The engines behind one form: open(page) gives {loaded, label, text, prefill, decode, first, …}. Prompts are
// lists of words (words.mjs); times are milliseconds, rates tokens a second.
import { readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { ids, pick, text } from "./words.mjs";

const LABELS = ids(pick(4, 7));

/** Goes to a page, or loads it again. */
const visit = (page, url, again) => (again ? page.reload() : page.goto(url));

const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** Our kernel on an isolated page, with as many threads as it takes by itself, and two at least. */
export const ownThreads = (server, model, adapterFile) =>
  own(server, model, adapterFile, Math.max(2, Math.min(4, availableParallelism() >> 1)));

/** Our kernel, from a real server on an empty page of its origin; the base is the model it was started with. */
export function own(server, model, adapterFile, threads = 1) {
  async function open(page, { again = false } = {}) {
    if (threads > 1 && !again) {
      await page.route(server.url + "/assets.json", async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, headers: { ...response.headers(), ...isolation } });
      });
    }
    await visit(page, server.url + "/assets.json", again);
    const loaded = await page.evaluate(async ([size, threads]) => {
      const assets = await (await fetch("/assets.json")).json();
      const client = await import(assets["client.js"].url);
      const list = (await (await fetch("/api/v1/interpreters")).json()).interpreters;
      const x = list.find((i) => i.size_bytes === size);
      const started = performance.now();
      window.it = client.Interpreter.start();
      const loaded = await window.it.load({ id: x.id, url: x.url, chunksUrl: x.chunks_url, size: x.size_bytes, sha256: x.sha256 }, { threads });
      return { loadMs: performance.now() - started, threads: loaded.threads, isolated: crossOriginIsolated };
    }, [statSync(model).size, threads]);
    const give = (bytes) => page.evaluate((b) => void (window.adapter = Uint8Array.from(atob(b), (c) => c.charCodeAt(0))), bytes);
    let given = false;
    const ask = async (m) => {
      if (m.adapter && !given) await give(readFileSync(adapterFile).toString("base64"));
      given ||= !!m.adapter;
      return page.evaluate((m) => window.it.request({ ...m, adapter: m.adapter ? window.adapter : undefined }), m);
    };
    const measure = (adapter, prefix, input, more) => ask({ op: "measure", adapter, prefix: ids(prefix), input: ids(input), decode: 0, ...more });
    return {
      loaded, ask,
      label: async (prefix, input, adapter) => {
        const m = await measure(adapter, prefix, input, { labels: LABELS });
        return m.inputMs + m.labelMs;
      },
      text: async (prefix, input, adapter) => {
        const m = await measure(adapter, prefix, input, { decode: 2 });
        return m.inputMs + m.decodeMs;
      },
      prefill: async (list, adapter) => (1e3 * list.length) / (await measure(adapter, [], list, { decode: 1 })).inputMs,
      decode: async (list, n, adapter) => (1e3 * n) / (await measure(adapter, [], list, { decode: n + 1 })).decodeMs,
      first: (prefix, input) => measure(false, prefix, input, { labels: LABELS }),
    };
  }
  return { name: threads > 1 ? `own kernel, ${threads} threads` : "own kernel", adapters: true, threads, label: "4 labels scored", open };
}

/** A peer's page does the work: window.peer (wllama.js, onnx.js). */
function peer(url, setting, words) {
  return async (page, { again = false, ...more } = {}) => {
    await visit(page, url, again);
    const loaded = await page.evaluate((s) => window.peer.load(s), { ...setting, ...more });
    const run = (name, ...args) => page.evaluate(([name, args]) => window.peer[name](...args), [name, args]);
    const call = (prefix, input, n, adapter, slot) => run("call", words(prefix), words(input), n, +adapter, slot);
    // A peer that runs more than the input has lost its cache, and the figure would be about something else;
    // the first call with or without the adapter fills it.
    const cached = async (prefix, input, n, adapter) => {
      const c = await call(prefix, input, n, adapter);
      if (c.prompt > input.length + 5 && adapter === last) console.error(`note: the peer ran ${c.prompt} tokens of a call of ${input.length}`);
      last = adapter;
      return c.ms;
    };
    let last;
    const rate = (c) => (1e3 * c.n) / c.ms;
    return {
      loaded, run, call,
      label: (prefix, input, adapter) => cached(prefix, input, 1, adapter),
      text: (prefix, input, adapter) => cached(prefix, input, 2, adapter),
      prefill: async (list, adapter) => rate(await run("prefill", words(list), +adapter)),
      decode: async (list, n, adapter) => rate(await run("decode", words(list), n, +adapter)),
      first: (prefix, input) => run("prefill", words([...prefix, ...input]), 0),
    };
  };
}

/** wllama as it comes, and with the best of the settings that were tried. */
export function wllama(server) {
  const settings = { "wllama, default": { threads: 1 }, "wllama, best": { threads: 2, flash: false, kv: "f32" } };
  return Object.entries(settings).map(([name, s]) => ({
    name, adapters: true, threads: s.threads, label: "1 token", slots: name.endsWith("best") ? 2 : 1, open: peer(server.url + "/wllama.html", s, text),
  }));
}

/** ONNX Runtime Web in a page without isolation, and with two threads. An adapter would be another graph. */
export function onnx(server) {
  return [1, 2].map((threads) => ({
    name: `ONNX Runtime, ${threads} thread${threads > 1 ? "s" : ""}`, adapters: false, threads, label: "1 token",
    open: peer(server.url + "/onnx.html" + (threads > 1 ? "" : "?plain"), { threads }, ids),
  }));
}
