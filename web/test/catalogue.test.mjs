// Every program of the catalogue is compiled by the server and answers in the page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { site } from "./page.mjs";

const s = site();

test("the catalogue's programs answer in the page, and most answers to labelled ones are right", async () => {
  const page = await s.browser.newPage();
  await page.goto(s.server.url + "/assets.json");
  const out = await page.evaluate(async () => {
    const { paw } = await import("/sdk/paw.js");
    const { programs } = await (await fetch("/api/v1/catalogue")).json();
    const out = [];
    for (const p of programs) {
      const fn = await paw.compileAndLoad(p.spec);
      const answers = [];
      for (const c of p.cases) answers.push({ want: c.output, ...(await fn.detail(c.input, { maxTokens: 32 })) });
      out.push({ name: p.name, labels: fn.info.labels, answers });
      await fn.free();
    }
    return out;
  });
  assert.equal(out.length, 12);
  let right = 0, all = 0;
  for (const p of out) {
    assert.ok(p.answers.length >= 20, `${p.name} has ${p.answers.length} cases`);
    for (const a of p.answers) {
      if (!p.labels?.length) continue;
      assert.ok(p.labels.includes(a.label), `${p.name} answers ${a.label}`);
      const sum = a.probabilities.reduce((n, x) => n + x.probability, 0);
      assert.ok(Math.abs(sum - 1) < 1e-4, `${p.name}: the probabilities sum to ${sum}`);
      all++;
      right += a.label === a.want;
    }
  }
  console.log(`labelled programs of the catalogue: ${((100 * right) / all).toFixed(1)} % of ${all} answers right`);
  assert.ok(right / all > 0.5, `${right} of ${all} answers are right`);
  await page.close();
});
