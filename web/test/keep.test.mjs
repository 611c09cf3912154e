// What a user of the page must never lose: cases, names, drafts, a compilation; and what the page shows
// must belong to what it stands beside.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, serve } from "./lib.mjs";
let server, browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
const wait = (page, f, a, t = 60000) => page.waitForFunction(f, a, { timeout: t });
async function visit(opt = {}) {
  const c = await browser.newContext(opt);
  const page = await c.newPage();
  page.on("dialog", (d) => (d.type() === "prompt" ? d.accept("renamed by me") : d.accept()));
  page.faults = [];
  page.on("pageerror", (e) => page.faults.push(e.message));
  await page.goto(server.url);
  await wait(page, () => document.querySelector("[data-testid=interpreter]")?.dataset.state === "ready");
  return { c, page };
}
const paste = (page, id, text) =>
  page
    .getByTestId(id)
    .first()
    .evaluate((e, text) => {
      const d = new DataTransfer();
      d.setData("text/plain", text);
      return !e.dispatchEvent(new ClipboardEvent("paste", { clipboardData: d, bubbles: true, cancelable: true }));
    }, text);
const values = (page, id) => page.getByTestId(id).evaluateAll((a) => a.map((e) => e.value));
const compile = async (page) => {
  await page.getByTestId("compile").click();
  await wait(page, () => document.querySelector("[data-testid=compile-status]")?.dataset.state === "ready");
  await wait(page, () => !document.querySelector("[data-testid=run]").disabled);
};
const put = async (page) => {
  await page.getByTestId("spec").fill("Say whether it is urgent. Answer with one of: urgent, wait.");
  await paste(page, "example-input", "fire in the house\turgent\nno hurry\twait\n");
};
const list = (page, name) => page.getByTestId("programs").getByRole("button", { name }).first();
const check = (what, f) =>
  test(what, async () => {
    const v = await visit();
    try {
      const [ok, more] = await f(v.page, v.c);
      assert.ok(ok, more);
      assert.deepEqual(v.page.faults, []);
    } finally {
      await v.c.close();
    }
  });
check("cases survive opening the same program again", async (p) => {
  await put(p);
  await compile(p);
  await paste(p, "case-input", "a\turgent\nb\twait\n");
  await p.waitForTimeout(700);
  await list(p, /open/i).click();
  await p.waitForTimeout(1500);
  const v = await values(p, "case-input");
  return [v.length === 2, JSON.stringify(v)];
});
check("cases survive a rename, the rename survives an edit of cases", async (p) => {
  await put(p);
  await compile(p);
  await paste(p, "case-input", "a\turgent\nb\twait\n");
  await p.waitForTimeout(700);
  await list(p, /rename/i).click();
  await p.waitForTimeout(700);
  await p.getByTestId("case-input").first().fill("changed");
  await p.waitForTimeout(700);
  await p.reload();
  await wait(p, () => document.querySelector("[data-testid=interpreter]")?.dataset.state === "ready");
  const t = await p.getByTestId("programs").textContent();
  await list(p, /open/i).click();
  await p.waitForTimeout(1500);
  const v = await values(p, "case-input");
  return [/renamed by me/.test(t) && v.length === 2 && v[0] === "changed", t.slice(0, 40) + JSON.stringify(v)];
});
check("a deleted program stays deleted when its cases are edited", async (p) => {
  await put(p);
  await compile(p);
  await paste(p, "case-input", "a\turgent\n");
  await list(p, /delete/i).click();
  await p.waitForTimeout(500);
  await p.getByTestId("case-input").first().fill("zz");
  await p.waitForTimeout(800);
  await p.reload();
  await p.waitForTimeout(800);
  const n = await p.getByTestId("programs").getByRole("button").count();
  return [n === 0, `${n} buttons`];
});
check("the example's title and cases do not stick to another description", async (p) => {
  await p.locator("#start option").nth(1).waitFor({ state: "attached" });
  await p.locator("#start").selectOption({ index: 1 });
  const b = p.getByTestId("start-load");
  if (await b.count()) await b.click();
  await wait(p, () => document.querySelector("#spec").value.length > 20);
  await p.getByTestId("spec").fill("Give the colour of a fruit. Answer with one of: red, yellow.");
  await paste(p, "example-input", "cherry\tred\nbanana\tyellow\n");
  while ((await p.getByTestId("example-input").count()) > 2)
    await p.getByRole("button", { name: "Remove row 3" }).first().click();
  await compile(p);
  const t = await p.getByTestId("programs").locator(".title").textContent();
  const n = (await values(p, "case-input")).filter(Boolean).length;
  return [/fruit/.test(t) && n === 0, `title "${t}", ${n} cases`];
});
check("choosing an example asks before it replaces a draft", async (p) => {
  let asked = false;
  p.on("dialog", () => (asked = true));
  await p.getByTestId("spec").fill("My long own description that I want to keep.");
  await p.locator("#start option").nth(1).waitFor({ state: "attached" });
  await p.locator("#start").selectOption({ index: 1 });
  const b = p.getByTestId("start-load");
  if (await b.count()) await b.click();
  await p.waitForTimeout(300);
  return [asked, ""];
});
check("one spreadsheet cell with a comma stays one cell", async (p) => {
  await paste(p, "example-input", "Hello, world\r\n");
  const v = [(await values(p, "example-input"))[0], (await values(p, "example-output"))[0]];
  return [v[1] === "" && v[0] !== "Hello", JSON.stringify(v)];
});
check("Input:/Output: lines with Windows line ends", async (p) => {
  await paste(p, "example-input", "Input: a, b\r\nOutput: x\r\nInput: c\r\nOutput: y\r\n");
  const v = [await values(p, "example-input"), await values(p, "example-output")];
  return [JSON.stringify(v) === '[["a, b","c"],["x","y"]]', JSON.stringify(v)];
});
check("results stay beside their row when a row above is empty (CSV)", async (p) => {
  await put(p);
  await compile(p);
  await paste(p, "case-input", "one\turgent\ntwo\twait\n");
  await p.getByTestId("cases-run").click();
  await wait(p, () => / of 2 right/.test(document.querySelector("[data-testid=cases-status]").textContent));
  const second = await p.locator("#cases td.result").nth(1).textContent();
  await p.getByTestId("case-input").first().fill("");
  await p.getByTestId("case-output").first().fill("");
  const dl = p.waitForEvent("download");
  await p.getByRole("button", { name: /csv/i }).click();
  const s = await (await dl).createReadStream();
  let t = "";
  for await (const b of s) t += b;
  const line = t.split("\r\n").find((l) => l.includes('"two"'));
  return [
    line.includes(second.replace(/[✓✗]\s*/, "")) && (await p.locator("#cases td.result").first().textContent()) === "",
    line,
  ];
});
check("a tick does not outlive the edit of its row", async (p) => {
  await put(p);
  await compile(p);
  await paste(p, "case-input", "one\turgent\n");
  await p.getByTestId("cases-run").click();
  await wait(p, () => / of 1 right/.test(document.querySelector("[data-testid=cases-status]").textContent));
  await p.getByTestId("case-output").first().fill("nonsense");
  return [
    (await p.locator("#cases td.result").first().textContent()) === "",
    await p.locator("#cases td.result").first().textContent(),
  ];
});
check("adding the same file again keeps its cases", async (p) => {
  await put(p);
  await compile(p);
  await paste(p, "case-input", "a\turgent\n");
  await p.waitForTimeout(700);
  const dl = p.waitForEvent("download");
  await list(p, /save/i).click();
  const path = await (await dl).path();
  await p
    .locator("input[type=file]")
    .setInputFiles({ name: "again.paw", mimeType: "application/zip", buffer: readFileSync(path) });
  await p.waitForTimeout(1500);
  const v = await values(p, "case-input");
  return [v[0] === "a", JSON.stringify(v)];
});
check("a saved program shows its report when opened", async (p) => {
  await put(p);
  await compile(p);
  await p.reload();
  await wait(p, () => document.querySelector("[data-testid=interpreter]")?.dataset.state === "ready");
  await list(p, /open/i).click();
  await p.waitForTimeout(1500);
  const t = await p.locator("#answers").textContent();
  return [/evaluated|held-out|judge/i.test(t), ""];
});
check("an error is in view where the user is (phone)", async (p) => {
  await p.setViewportSize({ width: 360, height: 640 });
  await p.getByTestId("spec").fill("short");
  await paste(p, "example-input", Array.from({ length: 20 }, (_, i) => `a${i}\tb`).join("\n"));
  await p.getByTestId("spec").fill("");
  await p.getByTestId("compile").scrollIntoViewIfNeeded();
  await paste(p, "example-input", "x\t");
  await p.getByTestId("compile").click();
  await p.getByRole("alert").filter({ hasText: /\S/ }).first().waitFor();
  const b = await p.locator("#notice").boundingBox();
  return [b.y >= -1 && b.y < 640, `y=${Math.round(b.y)}`];
});
check("a compile survives a reload", async (p) => {
  await p.locator("#start option").nth(1).waitFor({ state: "attached" });
  await p.locator("#start").selectOption({ index: 1 });
  const b = p.getByTestId("start-load");
  if (await b.count()) await b.click();
  await p.getByTestId("compile").click();
  await wait(p, () => +document.querySelector("[data-testid=progress]").value > 0.02);
  await p.reload();
  await wait(p, () => document.querySelector("[data-testid=compile-status]")?.dataset.state === "ready", null, 90000);
  await p.waitForTimeout(800);
  return [(await p.getByTestId("programs").getByRole("button").count()) > 0, ""];
});
