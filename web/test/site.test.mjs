// The page as a new user meets it: write, compile, run, reload without a network; hostile text; no
// other origin; accessibility.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { compiled, paste, ready, site, values } from "./page.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const s = site();
const foreign = [];

/** A fresh user: nothing cached, every request and fault noted. */
async function visitor(options = {}) {
  const context = await s.browser.newContext(options);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (e) => faults.push("error: " + e.message));
  page.on("console", (m) => {
    if (m.type() === "error" && !/ERR_INTERNET_DISCONNECTED|Failed to load resource/.test(m.text())) faults.push("console: " + m.text());
  });
  page.on("dialog", (d) => {
    faults.push("dialog: " + d.message());
    void d.dismiss();
  });
  context.on("request", (r) => {
    if (!r.url().startsWith(s.server.url) && !/^(data|blob):/.test(r.url())) foreign.push(r.url());
  });
  await page.goto(s.server.url);
  return { context, page, faults };
}

/** A picture for people to look at, when SHOTS names a folder. */
async function shot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
}

async function writeAndCompile(page, spec, rows) {
  await page.getByTestId("spec").fill(spec);
  for (const [i, [input, output]] of rows.entries()) {
    while ((await page.getByTestId("example-input").count()) <= i) await page.getByTestId("example-add").click();
    await page.getByTestId("example-input").nth(i).fill(input);
    await page.getByTestId("example-output").nth(i).fill(output);
  }
  await page.getByTestId("compile").click();
  await compiled(page);
}

async function ask(page, input) {
  const old = await page.getByTestId("answer").getAttribute("data-run");
  await page.getByTestId("run-input").fill(input);
  await page.getByTestId("run").click();
  await page.waitForFunction((old) => {
    const a = document.querySelector("[data-testid=answer]");
    return a && a.dataset.run !== old && a.dataset.state === "done";
  }, old, { timeout: 30000 });
  return (await page.getByTestId("answer").textContent()).trim();
}

const rows = [
  ["The payment server is down", "urgent"], ["Could you order a monitor some time?", "wait"], ["Smoke comes out of the rack", "urgent"],
  ["The wiki has a typo", "wait"], ["Nobody can log in", "urgent"], ["My mouse is a bit slow", "wait"],
];

test("write, compile, run, reload without a network, run again", async () => {
  const { context, page, faults } = await visitor();
  await ready(page);
  await writeAndCompile(page, "Decide whether a message is urgent.\nAnswer with one of: urgent, wait.", rows);
  const answer = await ask(page, "The whole office lost its network");
  assert.match(answer, /^(urgent|wait)$/);
  const shares = await page.getByTestId("probabilities").textContent();
  assert.match(shares, /urgent/);
  assert.match(shares, /wait/);
  await shot(page, "answered");
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller);

  await context.setOffline(true);
  await page.reload();
  await ready(page);
  const started = Date.now();
  await page.getByTestId("programs").getByRole("button", { name: /open/i }).first().click();
  await page.waitForFunction(() => !document.querySelector("[data-testid=run]").disabled);
  assert.equal(await ask(page, "The whole office lost its network"), answer, "the same answer without a network");
  console.log(`offline, program opened to answer: ${Date.now() - started} ms`);
  assert.deepEqual(faults, []);
  await context.close();
});

test("loading the interpreter is shown all the time and read aloud by phases", async () => {
  const context = await s.browser.newContext();
  await context.addInitScript(() => {
    window.told = { shown: [], spoken: [] };
    new MutationObserver(() => {
      const add = (list, selector) => {
        const text = document.querySelector(selector)?.textContent;
        if (text && text !== list.at(-1)) list.push(text);
      };
      add(window.told.shown, "[data-testid=interpreter]");
      add(window.told.spoken, "#interpreter-bar span[role=status]");
    }).observe(document, { childList: true, subtree: true });
  });
  const page = await context.newPage();
  await page.goto(s.server.url);
  await ready(page);
  const { shown, spoken } = await page.evaluate(() => window.told);
  assert.ok(shown.some((x) => /downloading .* of .* MB/.test(x)), JSON.stringify(shown));
  assert.ok(spoken.length >= 2 && spoken.every((x) => !/MB/.test(x)) && / is ready/.test(spoken.at(-1)), JSON.stringify(spoken));
  await context.close();
});

test("one click compiles an example and asks its first case", async () => {
  const { context, page, faults } = await visitor();
  await ready(page);
  await page.locator("#start option").nth(1).waitFor({ state: "attached" });
  const { programs } = await (await fetch(s.server.url + "/api/v1/catalogue")).json();
  await page.getByTestId("start-try").click();
  assert.equal(await page.getByTestId("start-try").isDisabled(), true, "one at a time");
  await page.waitForFunction(() => document.querySelector("[data-testid=answer]").dataset.state === "done", null, { timeout: 60000 });
  assert.equal(await page.locator("#start").inputValue(), programs[0].name, "whoever chooses nothing sees the first");
  assert.equal(await page.getByTestId("run-input").inputValue(), programs[0].cases[0].input);
  assert.match((await page.getByTestId("answer").textContent()).trim(), /^(urgent|wait)$/);
  assert.equal(await page.getByTestId("start-try").isDisabled(), false);
  await shot(page, "tried");

  // Another one, chosen; what was tried is no draft of the user's, so nothing is asked.
  await page.locator("#start").selectOption(programs[1].name);
  await page.getByTestId("start-try").click();
  await page.waitForFunction((input) => document.querySelector("#run-input").value === input && document.querySelector("[data-testid=answer]").dataset.state === "done", programs[1].cases[0].input, { timeout: 60000 });
  assert.deepEqual(faults, []);
  await context.close();
});

test("a page whose worker has ended starts another and answers", async () => {
  const { context, page, faults } = await visitor();
  await ready(page);
  await writeAndCompile(page, "Decide whether a message is urgent.\nAnswer with one of: urgent, wait.", rows);
  const answer = await ask(page, "Nobody can log in");
  await page.workers()[0].evaluate(() => self.close()).catch(() => {});
  assert.equal(await ask(page, "Nobody can log in"), answer);
  await page.workers().at(-1).evaluate(() => setTimeout(() => { throw new Error("crash"); })).catch(() => {});
  await page.waitForTimeout(500);
  await page.getByTestId("programs").getByRole("button", { name: /open/i }).first().click();
  await page.waitForFunction(() => !document.querySelector("[data-testid=run]").disabled);
  assert.equal(await ask(page, "Nobody can log in"), answer);
  await paste(page, "case-input", `Nobody can log in\t${answer}\nThe wiki has a typo\twait\n`);
  await page.workers().at(-1).evaluate(() => self.close()).catch(() => {});
  await page.getByTestId("cases-run").click();
  await page.waitForFunction(() => / of 2 right/.test(document.querySelector("[data-testid=cases-status]").textContent));
  assert.deepEqual(faults.filter((f) => !/crash/.test(f)), []);
  await context.close();
});

test("rows of a spreadsheet, cases, a file from disk", async () => {
  const { context, page, faults } = await visitor();
  await ready(page);
  await page.getByTestId("spec").fill("Say whether it is urgent. Answer with one of: urgent, wait.");
  await paste(page, "example-input", 'fire in the house\turgent\n"a ""quoted"" cell,\nin two lines"\twait\r\nno hurry\twait\n');
  assert.deepEqual(await values(page, "example-input"), ["fire in the house", 'a "quoted" cell, in two lines', "no hurry"]);
  assert.deepEqual(await values(page, "example-output"), ["urgent", "wait", "wait"]);
  assert.equal(await page.evaluate(() => document.activeElement.value), "no hurry", "the keyboard goes on behind what was pasted");
  await page.getByTestId("compile").click();
  await compiled(page);

  await paste(page, "case-input", "Input: fire in the house\nOutput: urgent\nInput: no hurry\nOutput: urgent\n");
  await page.getByTestId("cases-run").click();
  await page.waitForFunction(() => / of 2 right/.test(document.querySelector("[data-testid=cases-status]").textContent));
  assert.equal(await page.locator("td.result .good, td.result .bad").count(), 2);

  // What is saved can be opened again, by the button that takes a file.
  const programs = page.getByTestId("programs");
  const saved = page.waitForEvent("download");
  await programs.getByRole("button", { name: /save/i }).click();
  const file = await (await saved).path();
  page.removeAllListeners("dialog");
  page.on("dialog", (d) => d.accept("renamed"));
  await programs.getByRole("button", { name: /rename/i }).click();
  await programs.getByText("renamed", { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), "Rename: renamed", "the keyboard stays where it was");
  await programs.getByRole("button", { name: /delete/i }).click();
  await page.waitForFunction(() => document.querySelectorAll("[data-testid=programs] button").length === 0);
  await page.locator("input[type=file]").setInputFiles({ name: "mine.paw", mimeType: "application/zip", buffer: readFileSync(file) });
  await programs.getByText("mine").waitFor();
  assert.match(await ask(page, "fire in the house"), /^(urgent|wait)$/);
  await page.locator("input[type=file]").setInputFiles({ name: "bad.paw", mimeType: "application/zip", buffer: Buffer.from("no program") });
  await page.getByRole("alert").filter({ hasText: "bad.paw" }).waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test("a large interpreter is never fetched without consent; one that is not here names the command", async () => {
  const { context, page, faults } = await visitor();
  await ready(page);
  await page.locator("#interpreter-choice").selectOption("gpt2-q8_0");
  await page.getByRole("alert").filter({ hasText: "paw models pull gpt2-q8_0" }).waitFor();
  assert.equal(await page.locator("#interpreter-choice").inputValue(), "paw-mini-7");
  assert.deepEqual(faults, []);
  await context.close();
});

test("hostile text runs nothing", async () => {
  const { context, page, faults } = await visitor();
  await ready(page);
  await page.evaluate(() => (window.pwned = 0));
  const evil = [
    `<img src=x onerror="window.pwned=1">`, `<script>window.pwned=1</script>`, `"><svg onload=window.pwned=1>`, `javascript:window.pwned=1`,
    `{{constructor.constructor('window.pwned=1')()}}`, `</textarea><iframe srcdoc="<script>parent.pwned=1</script>">`,
  ];
  await writeAndCompile(page, `Answer with one of: ${evil[0]}, ${evil[2]}.\n${evil.join("\n")}`, evil.map((e, i) => [e, evil[i % 2 ? 2 : 0]]));
  for (const e of evil) await ask(page, e);
  await page.reload();
  await ready(page);
  assert.equal(await page.evaluate(() => window.pwned ?? 0), 0);
  assert.equal(await page.locator("img[src=x], iframe, svg[onload]").count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a spec that cannot be compiled gets a clear message", async () => {
  const { context, page } = await visitor();
  await ready(page);
  await page.getByTestId("spec").fill("short");
  await page.getByTestId("compile").click();
  await page.getByRole("alert").filter({ hasText: /\S/ }).first().waitFor();
  const text = await page.getByRole("alert").filter({ hasText: /\S/ }).first().textContent();
  assert.match(text, /10|longer|characters/i);
  await shot(page, "error");
  await context.close();
});

for (const [name, options] of Object.entries({
  "wide, light": { viewport: { width: 1280, height: 900 } },
  "phone, dark": { viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true },
})) {
  test(`no accessibility violations, no sideways scrolling (${name})`, async () => {
    const { context, page, faults } = await visitor({ ...options, bypassCSP: true });
    await ready(page);
    await page.evaluate(axe);
    const r = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    assert.deepEqual(r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), []);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${wide} px too wide`);
    await shot(page, name.replace(", ", "-"));
    assert.deepEqual(faults, []);
    await context.close();
  });
}

test("nothing came from another origin", () => assert.deepEqual(foreign, []));
