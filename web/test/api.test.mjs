// Calls of the SDK in a page: streams, batches, the likeliest labels, interpreters to choose, availability.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { hosting, made, strict, urgentSpec } from "./hosting.mjs";
import { site } from "./page.mjs";

const s = site(prepare);
let host, labels, text, page, mini;

async function prepare() {
  host = await hosting(s.server.url);
  [labels, text] = await Promise.all([urgentSpec, "Repeat the text exactly.\n\nInput: the red house\nOutput: the red house\nInput: my old dog\nOutput: my old dog"].map((spec) => made(s.server.url, spec)));
  mini = (await (await fetch(s.server.url + "/api/v1/interpreters")).json()).interpreters[0];
  page = await host.open(s.browser, "/", "");
  await page.evaluate(async ([labels, text]) => {
    Object.assign(window, await import("/sdk/paw.js"));
    window.fails = (p) => p.then(() => ({ kind: "none" }), (e) => ({ typed: e instanceof window.PawError, kind: e.kind, message: e.message, hint: e.hint ?? "" }));
    [window.label, window.write] = [await window.paw.function(labels), await window.paw.function(text)];
  }, [labels, text]);
}
after(() => host?.close());

test("the pieces of a stream come one by one, and joined are the answer", async () => {
  const r = await page.evaluate(async () => {
    const out = [];
    for (const input of ["the disk is full", "später ist 日本語 da"]) {
      const pieces = [];
      for await (const p of window.write.stream(input, { maxTokens: 12 })) pieces.push(p);
      out.push({ pieces, whole: await window.write(input, { maxTokens: 12 }) });
    }
    return out;
  });
  for (const { pieces, whole } of r) {
    assert.equal(pieces.join(""), whole);
    assert.ok(pieces.length > 1, `${JSON.stringify(whole)} came in ${pieces.length} pieces`);
  }
});

test("a label is one piece", async () => {
  const [pieces, whole] = await page.evaluate(async () => {
    const pieces = [];
    for await (const p of window.label.stream("the house is on fire")) pieces.push(p);
    return [pieces, await window.label("the house is on fire")];
  });
  assert.deepEqual(pieces, [whole]);
});

test("who stops iterating or aborts stops the call; the next call is whole", async () => {
  const r = await page.evaluate(async () => {
    const want = await window.write("the disk is full", { maxTokens: 12 });
    let first;
    for await (const p of window.write.stream("the disk is full", { maxTokens: 200 })) {
      first = p;
      break;
    }
    const abort = new AbortController();
    const aborted = await window.fails((async () => {
      for await (const _ of window.write.stream("the disk is full", { maxTokens: 200, signal: abort.signal })) abort.abort();
    })());
    const before = await window.fails((async () => {
      for await (const _ of window.write.stream("x", { signal: abort.signal }));
    })());
    return { want, first, aborted, before, again: await window.write("the disk is full", { maxTokens: 12 }) };
  });
  assert.ok(r.want.startsWith(r.first));
  assert.deepEqual([r.aborted.kind, r.before.kind], ["aborted", "aborted"]);
  assert.equal(r.again, r.want);
});

test("a batch answers in order and can be aborted in the middle", async () => {
  const r = await page.evaluate(async () => {
    const inputs = ["the house is on fire", "see you next week", "the server is down"];
    const alone = [];
    for (const i of inputs) alone.push(await window.label(i));
    const abort = new AbortController();
    let taken = 0;
    const many = function* () {
      for (;;) {
        if (++taken === 4) abort.abort();
        yield "no hurry";
      }
    };
    return { alone, batch: await window.label.batch(inputs), stopped: await window.fails(window.label.batch(many(), { signal: abort.signal })), taken };
  });
  assert.deepEqual(r.batch, r.alone);
  assert.equal(r.stopped.kind, "aborted");
  assert.equal(r.taken, 4);
});

test("a description that states a pattern gets matches and nothing else, cut short or not", async () => {
  const id = await made(s.server.url, "Give the date that the text names. Return only text matching /^\\d{4}-\\d{2}-\\d{2}$/.\n\nInput: on the 3rd of May 2024\nOutput: 2024-05-03\nInput: 12 June 1999, late\nOutput: 1999-06-12");
  const answers = await page.evaluate(async (id) => {
    const date = await window.paw.function(id);
    const out = [];
    for (const input of ["7 March 2021", "nothing", "", "später 日本語 🙂", "\\d{4}"]) {
      for (const maxTokens of [1, 4, undefined]) {
        const pieces = [];
        for await (const p of date.stream(input, { maxTokens })) pieces.push(p);
        out.push({ streamed: pieces.join(""), whole: await date(input, { maxTokens }) });
      }
    }
    return out;
  }, id);
  assert.equal(answers.length, 15);
  for (const { streamed, whole } of answers) {
    assert.match(whole, /^\d{4}-\d{2}-\d{2}$/);
    assert.equal(streamed, whole);
  }
});

test("probabilities come the likeliest first, as many as asked for", async () => {
  const [all, one] = await page.evaluate(async () => [await window.label.detail("see you next week"), await window.label.detail("see you next week", { topK: 1 })]);
  assert.equal(all.probabilities.length, 2);
  assert.ok(all.probabilities[0].probability >= all.probabilities[1].probability);
  assert.equal(all.probabilities[0].label, all.label);
  assert.deepEqual(one.probabilities, all.probabilities.slice(0, 1));
});

test("an interpreter can be named; another one than the program's is refused with the fix", async () => {
  const file = { url: mini.url, sha256: mini.sha256 };
  const r = await page.evaluate(async ([id, mini, file]) => {
    const { paw, fails, label } = window, text = "the house is on fire";
    const same = [];
    for (const interpreter of [mini.id, mini.sha256, file]) {
      const fn = await paw.function(id, { interpreter });
      same.push((await fn.detail(text)).confidence);
      await fn.free();
    }
    return { same, want: (await label.detail(text)).confidence, other: await fails(paw.function(id, { interpreter: "f".repeat(64) })),
      unknown: await fails(paw.function(id, { interpreter: "gpt-17" })), offered: await fails(paw.function(id, { interpreter: "gpt2-q8_0" })) };
  }, [labels, mini, file]);
  assert.deepEqual(r.same, [r.want, r.want, r.want]);
  for (const e of [r.other, r.unknown, r.offered]) assert.deepEqual([e.typed, e.kind], [true, "base"], e.message);
  assert.match(r.other.message, /compiled for the interpreter .* not for ffff/);
  assert.match(r.other.hint, /leave interpreter out/);
  assert.ok(r.unknown.hint.includes(mini.id), r.unknown.hint);
});

test("a function disposes of itself", async () => {
  const r = await page.evaluate(async (id) => {
    const fn = await window.paw.function(id);
    await fn("x");
    await fn[Symbol.asyncDispose]();
    return (await window.fails(fn("x"))).kind;
  }, labels);
  assert.equal(r, "input");
});

test("a function may be freed twice; calls afterwards say so", async () => {
  const r = await page.evaluate(async (id) => {
    const fn = await window.paw.function(id);
    await Promise.all([fn.free(), fn.free()]);
    await fn[Symbol.asyncDispose]();
    return window.fails(fn("x"));
  }, labels);
  assert.deepEqual(r, { typed: true, kind: "input", message: "the function was freed", hint: "load it again: paw.function" });
});

test("an interpreter without functions is ended after a minute, and loaded again for the next one", async () => {
  const page = await host.open(s.browser, "/idle", "", strict);
  await page.clock.install();
  await page.evaluate(async () => {
    window.workers = [];
    const Real = Worker;
    globalThis.Worker = class extends Real { constructor(...x) { super(...x); window.workers.push(this); this.live = true; } terminate() { this.live = false; super.terminate(); } };
    window.paw = (await import("/sdk/paw.js")).default;
  });
  const live = () => page.evaluate(() => window.workers.filter((w) => w.live).length);
  const step = (code) => page.evaluate(code, labels);
  await step(async (id) => { window.a = await window.paw.function(id); window.b = await window.paw.function(id); await window.a.free(); });
  await page.clock.fastForward(120_000);
  assert.equal(await live(), 1, "one function is left");
  await step(() => window.b.free());
  await page.clock.fastForward(59_000);
  assert.equal(await live(), 1, "the minute is not over");
  await step(async (id) => { window.c = await window.paw.function(id); });
  await page.clock.fastForward(120_000);
  assert.equal(await live(), 1, "the next function came in time");
  const before = await step(() => window.c.detail("the house is on fire"));
  await step(() => Promise.all([window.c.free(), window.c.free()]));
  await page.clock.fastForward(61_000);
  assert.equal(await live(), 0);
  const after = await step(async (id) => (await window.paw.function(id)).detail("the house is on fire"));
  assert.deepEqual(after.probabilities, before.probabilities);
  assert.equal(await live(), 1);
  await page.close();
});

test("what is no text or no number is refused, not answered as if it were empty", async () => {
  const r = await page.evaluate(async () => {
    const { label, fails } = window, all = [];
    for (const input of [42, undefined, null, ["a"], {}]) all.push(await fails(label(input)), await fails((async () => { for await (const _ of label.stream(input)); })()));
    for (const list of ["hello", 7, undefined, [1]]) all.push(await fails(label.batch(list)));
    for (const o of [{ threshold: "0.5" }, { threshold: NaN }, { maxTokens: "3" }]) all.push(await fails(label("x", o)));
    return { all, still: await label("x", { threshold: null }) };
  });
  assert.ok(r.all.every((e) => e.typed && e.kind === "input" && e.hint), JSON.stringify(r.all));
  assert.match(r.still, /^(urgent|wait)$/);
});

test("a message that cannot be sent fails at once and leaves nothing waiting", async () => {
  const other = await host.open(s.browser, "/sending", "");
  const r = await other.evaluate(async () => {
    const client = await import((await (await fetch("/assets.json")).json())["client.js"].url);
    const it = client.Interpreter.start();
    const e = await it.request({ op: "inspect", program: () => {} }).catch((e) => e);
    const waiting = it.pending.size;
    it.dispose();
    return [e.kind, waiting];
  });
  assert.deepEqual(r, ["input", 0]);
  await other.close();
});

test("a worker that dies in the middle of a stream: nothing is told twice", async () => {
  const fresh = await host.open(s.browser, "/dying", "");
  const r = await fresh.evaluate(async (id) => {
    const workers = [], Real = Worker;
    globalThis.Worker = class extends Real { constructor(...x) { super(...x); workers.push(this); } };
    const { paw } = await import("/sdk/paw.js");
    const fn = await paw.function(id), pieces = [];
    for await (const p of fn.stream("the disk is full", { maxTokens: 12 })) {
      if (pieces.push(p) === 2) workers[0].onerror(new ErrorEvent("error", { message: "crash" }));
    }
    return { pieces, workers: workers.length, whole: await fn("the disk is full", { maxTokens: 12 }) };
  }, text);
  assert.equal(r.workers, 2);
  assert.equal(r.pieces.join(""), r.whole);
  await fresh.close();
});

test("a compilation tells how far it is; who aborts stops waiting at once, and not the job, which others wait for too", async () => {
  const asked = [];
  let percent = 0;
  const answer = (o) => (q, r) => (asked.push(`${q.method} ${q.url}`), r.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(o())));
  host.files.set("/api/v1/compile/async", answer(() => ({ job_id: "j", program_id: "p", status: "queued" })));
  host.files.set("/api/v1/compile/j", answer(() => ({ status: (percent += 20) > 100 ? "ready" : "compiling", percent, program_id: "p" })));
  const r = await page.evaluate(async () => {
    const seen = [];
    return { id: await window.paw.compile("Is it urgent or not?", { onProgress: (f) => seen.push(f) }), seen };
  });
  assert.deepEqual(r, { id: "p", seen: [0, 0.2, 0.4, 0.6, 0.8, 1] });
  percent = -1e6;
  asked.length = 0;
  const { kind, ms } = await page.evaluate(async () => {
    const abort = new AbortController();
    const done = window.fails(window.paw.compile("Is it urgent or not?", { signal: abort.signal }));
    await new Promise((ok) => setTimeout(ok, 2500)); // by now it waits a second between two questions
    const began = performance.now();
    abort.abort();
    return { ...await done, ms: performance.now() - began };
  });
  assert.equal(kind, "aborted");
  assert.ok(ms < 200, `${ms} ms`);
  assert.deepEqual(asked.filter((a) => !/^(POST|GET)/.test(a)), []);
  for (const path of ["async", "j"]) host.files.delete(`/api/v1/compile/${path}`);
});

test("availability goes from downloadable over downloading to available, also in another tab", async () => {
  const context = await s.browser.newContext();
  let release;
  const gate = new Promise((ok) => (release = ok));
  const path = `/models/${mini.sha256}.gguf`;
  let asked;
  const started = new Promise((ok) => (asked = ok));
  host.files.set(path, async (q, r) => {
    const from = await fetch(s.server.url + path);
    const bytes = Buffer.from(await from.arrayBuffer());
    r.writeHead(200, { "Content-Length": bytes.length, ETag: `"${mini.sha256}"` });
    r.write(bytes.subarray(0, 100_000));
    asked();
    await gate;
    r.end(bytes.subarray(100_000));
  });
  const [one, two] = [await host.open(context, "/one", ""), await host.open(context, "/two", "")];
  const states = (p) => p.evaluate(async (id) => {
    const { paw } = await import("/sdk/paw.js");
    return [await paw.availability(id), await paw.availability()];
  }, labels);
  assert.deepEqual(await states(one), ["downloadable", "downloadable"]);
  const loading = one.evaluate(async (id) => {
    const { paw } = await import("/sdk/paw.js");
    return (await paw.function(id))("the house is on fire");
  }, labels);
  await started;
  assert.deepEqual(await states(two), ["downloading", "downloading"]);
  assert.deepEqual(await states(one), ["downloading", "downloading"]);
  release();
  assert.match(await loading, /^(urgent|wait)$/);
  assert.deepEqual(await states(one), ["available", "available"]);
  assert.deepEqual(await states(two), ["available", "available"]);
  host.files.delete(path);
  await context.close();
});
