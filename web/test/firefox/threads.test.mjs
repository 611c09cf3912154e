// The kernel with several threads in Firefox: it starts them, and they give the bits of one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { made, urgentSpec } from "../hosting.mjs";
import { serve } from "../serve.mjs";
import { faultsOf, launch, ready, visitor } from "./browser.mjs";

let server, browser, program;

before(async () => {
  server = await serve(["--isolate"]);
  [browser, program] = await Promise.all([launch(), made(server.url, urgentSpec)]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("an isolated page answers with one thread, two and four alike", async () => {
  const user = await visitor(browser);
  const page = await user.newPage();
  await page.goto(server.url);
  await ready(page);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  const answers = await page.evaluate(async (id) => {
    const { Interpreter } = await import((await (await fetch("/assets.json")).json())["client.js"].url);
    const [x] = (await (await fetch("/api/v1/interpreters")).json()).interpreters, out = [];
    for (const threads of [1, 2, 4]) {
      const it = Interpreter.start();
      const loaded = await it.load({ id: x.id, url: x.url, chunksUrl: x.chunks_url, size: x.size_bytes, sha256: x.sha256 }, { threads });
      const fn = await it.open(new Uint8Array(await (await fetch(`/api/v1/programs/${id}/download`)).arrayBuffer()));
      const given = [];
      for (const input of ["the house is on fire", "", "a ".repeat(150)]) {
        const { label, confidence, probabilities } = await fn.call(input);
        given.push({ label, confidence, probabilities });
      }
      out.push({ threads: loaded.threads, given });
      it.dispose();
    }
    return out;
  }, program);
  assert.deepEqual(answers.map((a) => a.threads), [1, 2, 4]);
  assert.deepEqual(answers[1].given, answers[0].given);
  assert.deepEqual(answers[2].given, answers[0].given);
  assert.deepEqual(await faultsOf(page), []);
  await user.close();
});

// Where a worker starts another, Firefox sometimes stops it for ever: one start in ten, beside other work.
test("forty interpreters with helpers start, one after the other", async () => {
  const user = await visitor(browser);
  const page = await user.newPage();
  await page.goto(server.url);
  await ready(page);
  const threads = await page.evaluate(async () => {
    const { Interpreter } = await import((await (await fetch("/assets.json")).json())["client.js"].url);
    const [x] = (await (await fetch("/api/v1/interpreters")).json()).interpreters, out = [];
    for (let i = 0; i < 40; i++) {
      const it = Interpreter.start();
      out.push((await it.load({ id: x.id, url: x.url, chunksUrl: x.chunks_url, size: x.size_bytes, sha256: x.sha256 }, { threads: 4 })).threads);
      it.dispose();
    }
    return out;
  });
  assert.deepEqual(threads, Array(40).fill(4));
  await user.close();
});
