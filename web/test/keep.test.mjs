// What a user of the page must never lose: cases, names, drafts, a compilation; and what the page shows
// must belong to what it stands beside.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compiled, paste, ready, site, values } from "./page.mjs";

const s = site();

/** A test with a fresh user, who says yes to every question; page.questions counts them. */
const keeps = (what, f) => test(what, async () => {
  const context = await s.browser.newContext();
  try {
    const page = await context.newPage();
    const faults = [];
    page.questions = 0;
    page.on("dialog", (d) => (page.questions++, d.accept(d.type() === "prompt" ? "renamed by me" : undefined)));
    page.on("pageerror", (e) => faults.push(e.message));
    await page.goto(s.server.url);
    await ready(page);
    await f(page);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
});

async function compile(page, cases = "") {
  await page.getByTestId("spec").fill("Say whether it is urgent. Answer with one of: urgent, wait.");
  await paste(page, "example-input", "fire in the house\turgent\nno hurry\twait\n");
  await page.getByTestId("compile").click();
  await compiled(page);
  if (cases) await paste(page, "case-input", cases);
}

const programs = (page) => page.getByTestId("programs");
const press = (page, name) => programs(page).getByRole("button", { name }).first().click();

/** Opens the first program of the list, and waits until it is open. */
async function open(page) {
  await press(page, /open/i);
  await page.locator("#library [role=status]").filter({ hasText: "is open" }).waitFor({ state: "attached" });
}

async function again(page) {
  await page.reload();
  await ready(page);
}

/** Waits until the first program on this device has a case with this input. */
const written = (page, input) => page.evaluate(async (input) => {
  const assets = await (await fetch("/assets.json")).json();
  const { library } = await import(assets["client.js"].url);
  while ((await library.list())[0]?.cases[0]?.input !== input) await new Promise((ok) => setTimeout(ok, 20));
}, input);

/** Begins from the first example of the catalogue. */
async function begin(page) {
  await page.locator("#start option").nth(1).waitFor({ state: "attached" });
  await page.locator("#start").selectOption({ index: 1 });
  await page.getByTestId("start-load").click();
}

const results = (page) => page.locator("#cases td.result");

async function runCases(page, n) {
  await page.getByTestId("cases-run").click();
  await page.getByTestId("cases-status").filter({ hasText: ` of ${n} right` }).waitFor();
}

keeps("cases survive opening the same program again", async (page) => {
  await compile(page, "a\turgent\nb\twait\n");
  await open(page);
  assert.deepEqual(await values(page, "case-input"), ["a", "b"]);
});

keeps("cases survive a rename, the rename survives an edit of cases", async (page) => {
  await compile(page, "a\turgent\nb\twait\n");
  await press(page, /rename/i);
  await programs(page).getByText("renamed by me").waitFor();
  await page.getByTestId("case-input").first().fill("changed");
  await written(page, "changed");
  await again(page);
  assert.equal(await programs(page).locator(".title").textContent(), "renamed by me");
  await open(page);
  assert.deepEqual(await values(page, "case-input"), ["changed", "b"]);
});

keeps("cases typed just before a reload are kept", async (page) => {
  await compile(page, "last words\turgent\n");
  await again(page);
  await open(page);
  assert.deepEqual(await values(page, "case-input"), ["last words"]);
});

keeps("a deleted program stays deleted when its cases are edited", async (page) => {
  await compile(page, "a\turgent\n");
  await press(page, /delete/i);
  await programs(page).getByText("None yet").waitFor();
  await page.getByTestId("case-input").first().fill("zz");
  await page.waitForTimeout(600); // twice the pause after which cases are written
  await again(page);
  await programs(page).getByText("None yet").waitFor();
  assert.equal(await programs(page).getByRole("button").count(), 0);
});

keeps("the example's title and cases do not stick to another description", async (page) => {
  await begin(page);
  await page.waitForFunction(() => document.querySelector("#spec").value.length > 20);
  await page.getByTestId("spec").fill("Give the colour of a fruit. Answer with one of: red, yellow.");
  await paste(page, "example-input", "cherry\tred\nbanana\tyellow\n");
  while ((await page.getByTestId("example-input").count()) > 2) await page.getByRole("button", { name: "Remove row 3" }).first().click();
  await page.getByTestId("compile").click();
  await compiled(page);
  assert.match(await programs(page).locator(".title").textContent(), /fruit/);
  assert.deepEqual((await values(page, "case-input")).filter(Boolean), []);
});

keeps("choosing an example asks before it replaces a draft", async (page) => {
  await begin(page);
  assert.equal(page.questions, 0, "nothing of the user's was there");
  await page.getByTestId("spec").fill("My long own description that I want to keep.");
  await begin(page);
  assert.equal(page.questions, 1);
});

keeps("one spreadsheet cell with a comma stays one cell", async (page) => {
  await paste(page, "example-input", "Hello, world\r\nYes\r\n");
  assert.deepEqual(await values(page, "example-input"), ["Hello, world", "Yes"]);
  assert.deepEqual(await values(page, "example-output"), ["", ""]);
});

keeps("Input:/Output: lines with Windows line ends", async (page) => {
  await paste(page, "example-input", "Input: a, b\r\nOutput: x\r\nInput: c\r\nOutput: y\r\n");
  assert.deepEqual(await values(page, "example-input"), ["a, b", "c"]);
  assert.deepEqual(await values(page, "example-output"), ["x", "y"]);
});

keeps("results stay beside their row when a row above is emptied", async (page) => {
  await compile(page, "one\turgent\ntwo\twait\n");
  await runCases(page, 2);
  const second = await results(page).nth(1).locator("[dir]").textContent();
  assert.match(second, /^(urgent|wait)$/);
  await page.getByTestId("case-input").first().fill("");
  await page.getByTestId("case-output").first().fill("");
  assert.deepEqual([await results(page).nth(0).textContent(), await results(page).nth(1).locator("[dir]").textContent()], ["", second]);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: /csv/i }).click();
  const [, ...lines] = readFileSync(await (await download).path(), "utf8").trim().split("\r\n");
  assert.deepEqual(lines, [`"two","wait","${second}","${second === "wait" ? "right" : "wrong"}"`]);
});

keeps("a tick does not outlive the edit of its row", async (page) => {
  await compile(page, "one\turgent\n");
  await runCases(page, 1);
  assert.notEqual(await results(page).first().textContent(), "");
  await page.getByTestId("case-output").first().fill("nonsense");
  assert.equal(await results(page).first().textContent(), "");
});

keeps("adding the same file again keeps its cases", async (page) => {
  await compile(page, "a\turgent\n");
  await written(page, "a");
  const download = page.waitForEvent("download");
  await press(page, /save/i);
  const buffer = readFileSync(await (await download).path());
  await again(page);
  await page.locator("input[type=file]").setInputFiles({ name: "again.paw", mimeType: "application/zip", buffer });
  await page.waitForFunction(() => !document.querySelector("[data-testid=run]").disabled);
  assert.deepEqual(await values(page, "case-input"), ["a"]);
});

keeps("a saved program shows its report when opened", async (page) => {
  await compile(page);
  const verdict = await page.getByTestId("report").locator("p").first().textContent();
  assert.notEqual(verdict, "");
  await again(page);
  await open(page);
  const known = await page.getByTestId("known").textContent();
  assert.ok(known.includes(verdict), `"${known}" does not hold "${verdict}"`);
});

keeps("an error is in view where the user is (phone)", async (page) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await paste(page, "example-input", Array.from({ length: 20 }, (_, i) => `a${i}\t`).join("\n"));
  await page.getByTestId("compile").scrollIntoViewIfNeeded();
  assert.ok(await page.evaluate(() => scrollY) > 640, "the button is far below the top");
  await page.getByTestId("compile").click();
  await page.getByRole("alert").filter({ hasText: /\S/ }).first().waitFor();
  const { y, height } = await page.locator("#notice").boundingBox();
  assert.ok(y >= 0 && y + height <= 640, `from ${y} to ${y + height} of 640`);
});

keeps("a compilation survives a reload", async (page) => {
  await begin(page);
  await page.getByTestId("refine").check(); // trains: the forward pass alone would be over before the reload
  const sent = page.waitForRequest((r) => r.url().endsWith("/compile/async"));
  await page.getByTestId("compile").click();
  assert.equal((await sent).postDataJSON().compiler, "paw-mini-refine");
  await page.waitForFunction(() => document.querySelector("[data-testid=progress]").value > 0.02);
  await page.reload();
  await compiled(page);
  assert.equal(await programs(page).locator(".title").count(), 1);
});
