// Compiling in the page where it does not go straight: cancelled, too late, without a server, offline;
// and files whose report says what no compiler would.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { serve } from "./lib.mjs";
import { compiled, ready, site } from "./page.mjs";
import { rewritten } from "./zip.mjs";

const s = site();
const long = "Decide whether a message is urgent.\nAnswer with one of: urgent, wait.\n\n" +
  Array.from({ length: 20 }, (_, i) => `Input: message number ${i}, ${i % 2 ? "the house is on fire" : "whenever you find the time"}\nOutput: ${i % 2 ? "urgent" : "wait"}`).join("\n");

async function visitor(url = s.server.url) {
  const context = await s.browser.newContext();
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (e) => faults.push(e.message));
  await page.goto(url);
  await ready(page);
  return { context, page, faults };
}

const status = (page, name) => page.waitForFunction((name) => document.querySelector("[data-testid=compile-status]").dataset.state === name, name, { timeout: 60000 });

/** Starts the long training; over when the server has named the job. */
async function begin(page, words) {
  await page.getByTestId("spec").fill(long.replace("message", words));
  await page.getByTestId("refine").check();
  await page.getByTestId("compile").click();
  await page.waitForFunction(() => localStorage.getItem("paw-job"));
  return page.evaluate(() => JSON.parse(localStorage.getItem("paw-job")).id);
}

test("a compilation that is cancelled ends here and on the server", async () => {
  const { context, page, faults } = await visitor();
  const job = await begin(page, "first message");
  await page.getByTestId("cancel").click();
  await status(page, "cancelled");
  assert.equal((await (await fetch(`${s.server.url}/api/v1/compile/${job}`)).json()).status, "cancelled");
  assert.equal(await page.getByTestId("compile").isEnabled(), true);
  assert.equal(await page.evaluate(() => localStorage.getItem("paw-job")), null);
  assert.deepEqual(faults, []);
  await context.close();
});

test("who cancels what is ready already gets it", async () => {
  const { context, page, faults } = await visitor();
  await page.route("**/api/v1/compile/*", async (route) => {
    if (route.request().method() !== "DELETE") return route.continue();
    while ((await (await fetch(route.request().url())).json()).status !== "ready") await new Promise((ok) => setTimeout(ok, 50));
    await route.continue(); // the server refuses it now
  });
  await begin(page, "second message");
  await page.getByTestId("cancel").click();
  await compiled(page);
  assert.equal(await page.getByTestId("programs").getByRole("button", { name: /open/i }).count(), 1);
  assert.equal(await page.getByRole("alert").filter({ hasText: /\S/ }).count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});

test("without a server a compilation can be left", async () => {
  const own = await serve();
  const { context, page, faults } = await visitor(own.url);
  await begin(page, "third message");
  await own.kill();
  await page.getByTestId("cancel").click();
  await status(page, "cancelled");
  assert.match(await page.getByTestId("compile-status").textContent(), /server cannot be reached/);
  assert.equal(await page.getByTestId("compile").isEnabled(), true);
  assert.deepEqual(faults, []);
  await context.close();
  await own.stop();
});

test("the compiler that was chosen stays chosen when the network goes and comes", async () => {
  const { context, page } = await visitor();
  const which = page.getByLabel("Compiler");
  await which.waitFor();
  const [first, second] = await which.locator("option").evaluateAll((all) => all.map((o) => o.value));
  assert.equal(await which.inputValue(), first);
  await which.selectOption(second);
  await context.setOffline(true);
  await page.getByTestId("offline").filter({ hasText: /\S/ }).waitFor();
  assert.equal(await which.inputValue(), second);
  await context.setOffline(false);
  await page.getByTestId("offline").waitFor({ state: "hidden" });
  assert.equal(await which.inputValue(), second);
  await context.close();
});

test("a file with a hostile report opens and answers", async () => {
  const { context, page, faults } = await visitor();
  await page.getByTestId("spec").fill("Decide whether a message is urgent.\nAnswer with one of: urgent, wait.");
  await page.getByTestId("compile").click();
  await compiled(page);
  const saved = page.waitForEvent("download");
  await page.getByTestId("programs").getByRole("button", { name: /save/i }).click();
  const file = readFileSync(await (await saved).path());
  const reports = [
    { n: 3, verdict: { a: 1 }, interval: "x", accuracy: "all", wrong: [], baseline: {}, ece: "no", failures: [null, 1, { input: 5 }] },
    { n: "many", verdict: 7, failures: { length: 3 } }, [], "good", 5, { n: 1e308, accuracy: -1e308, failures: "abc" },
  ];
  for (const [i, report] of reports.entries()) {
    const buffer = rewritten(file, "meta.json", (text) => JSON.stringify({ ...JSON.parse(text), report, warnings: ["a note"], program_id: String(i).repeat(20) }));
    await page.locator("input[type=file]").setInputFiles({ name: `hostile-${i}.paw`, mimeType: "application/zip", buffer });
    await page.getByTestId("programs").getByText(`hostile-${i}`).waitFor();
    await page.waitForFunction((name) => document.querySelector("#answers").textContent.includes(name), `hostile-${i}`);
    await page.getByTestId("run-input").fill("the house is on fire");
    await page.getByTestId("run").click();
    await page.waitForFunction(() => document.querySelector("[data-testid=answer]").dataset.state === "done");
    assert.match(await page.getByTestId("known").textContent(), /How good is it\?[^]*a note/);
    await page.getByTestId("programs").getByRole("button", { name: `Inspect: hostile-${i}` }).click();
    await page.getByRole("dialog").getByRole("button").click();
  }
  assert.equal(await page.getByRole("alert").filter({ hasText: /\S/ }).count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});
