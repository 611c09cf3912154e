// <paw-function> as frameworks and forms use it: React and Vue pages, properties set before the class is
// known, reset and disabled, a description compiled on demand.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { hosting, made, strict, urgentSpec } from "./hosting.mjs";
import { site } from "./page.mjs";

const s = site(prepare);
let host, urgent, animals;

async function prepare() {
  host = await hosting(s.server.url);
  [urgent, animals] = await Promise.all([urgentSpec, "Is the animal a cat or a dog? Return ONLY one of: cat, dog"].map((spec) => made(s.server.url, spec)));
  for (const name of ["react.js", "vue.js"]) host.files.set(`/${name}`, readFileSync(new URL(`dist/${name}`, import.meta.url)));
}
after(() => host?.close());

const policy = strict + " vue"; // Vue makes a Trusted Types policy of its own
const script = `<script type="module" src="/sdk/element.js"></script>`;

/** Waits for an event of the element that a selector finds, while something happens. */
async function event(page, name, act, selector = "paw-function") {
  const got = page.evaluate(([name, selector]) => new Promise((ok) => document.addEventListener(name, (e) => {
    if (!e.target.matches(selector)) return;
    const d = e.detail;
    ok({ ...d, ...(d.error ? { kind: d.error.kind, message: d.error.message, hint: d.error.hint } : {}) });
  })), [name, selector]);
  await act();
  return got;
}

const app = (page, method, ...a) => page.evaluate(([method, a]) => window.app[method](...a), [method, a]);

for (const name of ["react", "vue"]) {
  test(`${name}: props arrive, events come back, elements come and go`, async () => {
    const page = await host.open(s.browser, `/${name}`, `<div id="app"></div>${script}<script type="module" src="/${name}.js"></script>`, policy);
    await page.waitForFunction(() => window.app && customElements.get("paw-function"));

    const first = await event(page, "paw-ready", () => app(page, "render", { src: urgent, name: "verdict", threshold: 0.25, auto: true }));
    assert.deepEqual(first.info.labels, ["urgent", "wait"]);
    assert.deepEqual(await page.evaluate(() => {
      const e = document.querySelector("paw-function");
      return [e.src, e.getAttribute("src"), e.threshold, e.getAttribute("threshold"), e.auto, e.hasAttribute("auto"), e.name];
    }), [urgent, urgent, 0.25, "0.25", true, true, "verdict"]);

    const d = await event(page, "paw-result", () => page.locator("paw-function textarea").fill("the house is on fire")); // auto
    assert.ok(["urgent", "wait"].includes(d.text));
    assert.equal(await page.evaluate(() => new FormData(document.querySelector("form")).get("verdict")), d.text);

    const second = await event(page, "paw-ready", () => app(page, "render", { src: animals, name: "verdict", auto: false }));
    assert.deepEqual(second.info.labels, ["cat", "dog"]);
    assert.deepEqual(await page.evaluate(() => [document.querySelector("paw-function").auto, document.querySelector("paw-function").hasAttribute("threshold")]), [false, false]);

    await app(page, "unmount");
    assert.equal(await page.locator("paw-function").count(), 0);
    const again = await event(page, "paw-ready", () => app(page, "render", { src: urgent }));
    assert.deepEqual(again.info.labels, ["urgent", "wait"]);

    const fault = await event(page, "paw-error", () => app(page, "render", { src: animals, integrity: "sha256-AAAA" }));
    assert.equal(fault.kind, "program");
    const types = (await page.evaluate(() => window.app.events)).map((e) => e.type);
    for (const t of ["paw-ready", "paw-progress", "paw-result", "paw-error"]) assert.ok(types.includes(t), `the framework's listener heard ${t}`);
    assert.deepEqual(page.faults, []);
    await page.close();
  });

  test(`${name}: rendered before the element is known`, async () => {
    const page = await host.open(s.browser, `/${name}-early`, `<div id="app"></div><script type="module" src="/${name}.js"></script>`, policy);
    await page.waitForFunction(() => window.app);
    await app(page, "render", { src: urgent, threshold: 1, disabled: false });
    assert.equal(await page.evaluate(() => customElements.get("paw-function")), undefined);
    const ready = await event(page, "paw-ready", () => page.evaluate(() => void import("/sdk/element.js")));
    assert.deepEqual(ready.info.labels, ["urgent", "wait"]);
    assert.equal(await page.evaluate(() => document.querySelector("paw-function").threshold), 1);
    assert.deepEqual(page.faults, []);
    await page.close();
  });
}

test("properties that were set before the class was known are taken over, and reflected", async () => {
  const page = await host.open(s.browser, "/late", `<paw-function></paw-function>`);
  const ready = await event(page, "paw-ready", () => page.evaluate((src) => {
    Object.assign(document.querySelector("paw-function"), { src, auto: true, threshold: 0.5, label: "Late", placeholder: "text" });
    void import("/sdk/element.js");
  }, urgent));
  assert.deepEqual(ready.info.labels, ["urgent", "wait"]);
  assert.deepEqual(await page.evaluate(() => {
    const e = document.querySelector("paw-function");
    e.interpreter = "x";
    e.interpreter = null;
    return [...e.getAttributeNames()].sort().map((n) => [n, e.getAttribute(n)]);
  }), [["auto", ""], ["label", "Late"], ["placeholder", "text"], ["src", urgent], ["threshold", "0.5"]]);
  assert.equal(await page.getByLabel("Late").getAttribute("placeholder"), "text");
  await page.close();
});

test("two changes in a row load once; another interpreter than the program's is refused", async () => {
  const page = await host.open(s.browser, "/once", `<paw-function></paw-function>${script}`);
  await page.waitForFunction(() => customElements.get("paw-function"));
  let loads = 0;
  await page.exposeFunction("loaded", () => loads++);
  await page.evaluate(() => document.addEventListener("paw-ready", () => window.loaded()));
  await event(page, "paw-ready", () => page.evaluate(([a, b]) => {
    const e = document.querySelector("paw-function");
    e.src = a;
    e.src = b;
  }, [animals, urgent]));
  await event(page, "paw-ready", () => page.evaluate((a) => (document.querySelector("paw-function").src = a), animals));
  assert.equal(loads, 2);
  const other = await event(page, "paw-error", () => page.evaluate(() => (document.querySelector("paw-function").interpreter = "f".repeat(64))));
  assert.deepEqual([other.kind, /leave interpreter out/.test(other.hint)], ["base", true], other.message);
  assert.match(await page.locator("paw-function [part=status]").textContent(), /compiled for the interpreter/);
  await page.close();
});

test("a form resets and disables it", async () => {
  const page = await host.open(s.browser, "/form", `<form><fieldset><paw-function name="v" src="${urgent}"></paw-function></fieldset></form>${script}`);
  const field = page.locator("paw-function textarea"), button = page.locator("paw-function button"), output = page.locator("paw-function output");
  await page.waitForFunction(() => document.querySelector("paw-function").shadowRoot?.querySelector("button").disabled === false);
  await field.fill("the house is on fire");
  const d = await event(page, "paw-result", () => button.click());
  const value = () => page.evaluate(() => [document.querySelector("paw-function").value, new FormData(document.querySelector("form")).get("v"), document.querySelector("paw-function").form?.tagName]);
  assert.deepEqual(await value(), [d.text, d.text, "FORM"]);

  await page.evaluate(() => (document.querySelector("fieldset").disabled = true));
  assert.deepEqual([await field.isDisabled(), await button.isDisabled()], [true, true]);
  assert.equal(await page.evaluate(() => document.querySelector("paw-function").run()), null);
  await page.evaluate(() => (document.querySelector("fieldset").disabled = false));
  assert.deepEqual([await field.isDisabled(), await button.isDisabled()], [false, false]);
  await page.evaluate(() => (document.querySelector("paw-function").disabled = true));
  assert.deepEqual([await field.isDisabled(), await button.isDisabled()], [true, true]);
  await page.evaluate(() => (document.querySelector("paw-function").disabled = false));
  assert.equal(await button.isEnabled(), true);

  await page.evaluate(() => document.querySelector("form").reset());
  assert.deepEqual(await value(), ["", null, "FORM"]);
  assert.deepEqual([await field.inputValue(), await output.textContent()], ["", ""]);

  // Reset while an answer is on its way: it comes too late.
  await field.fill("the house is on fire ".repeat(15));
  await page.evaluate(async () => {
    const e = document.querySelector("paw-function"), run = e.run();
    document.querySelector("form").reset();
    await run;
  });
  assert.deepEqual(await value(), ["", null, "FORM"]);
  assert.deepEqual([await output.textContent(), await output.getAttribute("aria-busy")], ["", null]);
  await page.close();
});

test("a description is compiled on the server's own pages, with its progress in words", async () => {
  const page = await s.browser.newPage();
  await page.goto(s.server.url + "/embed.html"); // a page of the server's origin that holds the element
  await page.waitForFunction(() => customElements.get("paw-function"));
  const seen = await page.evaluate(() => new Promise((ok, fail) => {
    const e = document.createElement("paw-function"), seen = { words: new Set(), phases: new Set() };
    const status = () => e.shadowRoot.querySelector("[part=status]");
    new MutationObserver(() => seen.words.add(status().textContent.replace(/\d+ %/, "%"))).observe(status(), { childList: true });
    e.addEventListener("paw-progress", (x) => seen.phases.add(x.detail.phase));
    e.addEventListener("paw-ready", (x) => ok({ words: [...seen.words], phases: [...seen.phases], labels: x.detail.info.labels, spec: e.getAttribute("spec") }));
    e.addEventListener("paw-error", (x) => fail(x.detail.error));
    e.spec = "Does the sentence talk about rain or about sun? Return ONLY one of: rain, sun";
    document.body.append(e);
  }));
  assert.deepEqual(seen.labels, ["rain", "sun"]);
  assert.ok(seen.phases.includes("compile") && seen.words.includes("Compiling … %"), JSON.stringify(seen));
  assert.match(seen.spec, /^Does the sentence/);
  await page.close();
});

test("elsewhere a description is refused with the way out, and nothing is sent", async () => {
  const foreign = `default-src 'none'; script-src ${s.server.url} 'wasm-unsafe-eval'; connect-src ${s.server.url}; worker-src blob:`;
  const page = await host.open(s.browser, "/foreign-spec", `<paw-function></paw-function><script type="module" src="${s.server.url}/sdk/element.js"></script>`, foreign);
  await page.waitForFunction(() => customElements.get("paw-function"));
  const asked = [];
  page.on("request", (r) => asked.push(r.url()));
  const e = await event(page, "paw-error", () => page.evaluate(() => (document.querySelector("paw-function").spec = "Is it a cat or a dog?")));
  assert.equal(e.kind, "input");
  assert.ok(e.message.includes(s.server.url) && /use the program's id/.test(e.hint), `${e.message}: ${e.hint}`);
  assert.match(await page.locator("paw-function [part=status]").textContent(), /own origin.*use the program's id/);
  assert.deepEqual(asked, []);
  await page.close();
});

test("colours are the page's in dark mode, and nothing moves where motion is unwelcome", async () => {
  const context = await s.browser.newContext({ colorScheme: "dark", reducedMotion: "reduce", bypassCSP: true });
  const page = await host.open(context, "/dark", `<style>:root { color-scheme: light dark }</style><paw-function src="${urgent}"></paw-function>${script}`, "");
  await page.waitForFunction(() => document.querySelector("paw-function").shadowRoot);
  const r = await page.evaluate(() => {
    const parts = [...document.querySelector("paw-function").shadowRoot.querySelectorAll("[part]")];
    return { text: getComputedStyle(document.body).color, colours: [...new Set(parts.map((e) => getComputedStyle(e).color))],
      moving: parts.filter((e) => getComputedStyle(e).animationName !== "none" || getComputedStyle(e).transitionDuration !== "0s").length,
      live: [...document.querySelector("paw-function").shadowRoot.querySelectorAll("[aria-live=polite],[role=status]")].map((e) => e.getAttribute("part") ?? e.id) };
  });
  assert.equal(r.text, "rgb(255, 255, 255)");
  assert.deepEqual(r.colours, [r.text]);
  assert.equal(r.moving, 0);
  assert.deepEqual(r.live, ["output", "spoken"]);
  await context.close();
});
