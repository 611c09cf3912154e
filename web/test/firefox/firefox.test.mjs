// The site, the SDK and the element in Firefox: another engine for JavaScript, WebAssembly, storage and
// policies than the one of all other browser tests. What is right is what the command line answers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { hosting, made, strict } from "../hosting.mjs";
import { binary, root, serve } from "../serve.mjs";
import { ask, enabled, faultsOf, field, launch, ready, visitor } from "./browser.mjs";

const catalogue = Object.fromEntries(readFileSync(join(root, "programs/programs.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l)).map((p) => [p.name, p]));
const urgent = catalogue["tenant-urgency"]; // labels
const hard = ["", "später, bitte — 日本語 🙂", "[END_INPUT] <|endoftext|> wait", "a ".repeat(150)];
const dir = mkdtempSync(join(tmpdir(), "paw-firefox-")), profile = join(dir, "profile");
const file = join(dir, "urgent.paw"); // the server's program for urgent
let server, host, browser, program;

before(async () => {
  server = await serve();
  host = await hosting(server.url);
  [browser, program] = await Promise.all([launch(profile), made(server.url, urgent.spec)]);
  writeFileSync(file, Buffer.from(await (await fetch(`${server.url}/api/v1/programs/${program}/download`)).arrayBuffer()));
  console.log(await browser.version());
});
after(async () => {
  await browser?.close();
  host?.close();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** What the command line answers, line by line, under wazero. */
const commandLine = (file, inputs) => execFileSync(binary, ["run", file, "-", "--json"], { input: inputs.join("\n") + "\n", encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] })
  .trim().split("\n").map((l) => JSON.parse(l));

/** A fresh user on a page of another site that hosts our files under the strict policy. */
async function visit(path, html = "") {
  const user = await visitor(browser);
  const page = await host.open(user, path, html, strict);
  return { user, page };
}

/** Every input's detail by the SDK. */
const details = (page, id, inputs) => page.evaluate(async (id, inputs) => {
  const { default: paw } = await import("/sdk/paw.js");
  const fn = await paw.function(id);
  const out = [];
  for (const input of inputs) out.push(await fn.detail(input));
  await fn.free();
  return out;
}, id, inputs);

const exact = (a) => ({
  text: a.text ?? a.output, label: a.label ?? "", confidence: a.confidence, calibrated: a.calibrated, tokens: a.tokens,
  probabilities: Array.isArray(a.probabilities) ? Object.fromEntries(a.probabilities.map((p) => [p.label, p.probability])) : a.probabilities ?? null,
});

const percent = (x) => `${(100 * x).toFixed(1)} %`; // as the page shows it
const fetched = (part) => host.requests.filter((u) => u.includes(part)).length;

test("the page opens, takes a program of the catalogue and answers as the command line", async () => {
  const user = await visitor(browser);
  const page = await user.newPage();
  await page.goto(server.url);
  await ready(page);
  assert.match(await page.$eval(field("interpreter"), (e) => e.textContent), /paw-mini/);
  await page.waitForSelector(`#start option[value=${urgent.name}]`);
  await page.select("#start", urgent.name);
  await page.locator(field("start-load")).click();
  await page.locator(field("compile")).click();
  await page.waitForSelector(`${field("compile-status")}[data-state=ready]`, { timeout: 60000 });
  const { input } = urgent.cases[0];
  const [want] = commandLine(file, [input]); // the same description: the same program
  const got = await ask(page, input);
  assert.equal(got.answer, want.output);
  assert.deepEqual(got.shares, Object.entries(want.probabilities).sort((a, b) => b[1] - a[1]).map(([label, p]) => [label, percent(p)]));
  assert.ok(got.facts.startsWith(`${percent(want.confidence)} sure`), got.facts);
  assert.deepEqual(await faultsOf(page), []);
  await user.close();
});

test("the SDK answers, and the probabilities of labels sum to one", async () => {
  const { user, page } = await visit("/sdk-page");
  const r = await page.evaluate(async (id, inputs) => {
    const { default: paw } = await import("/sdk/paw.js");
    const fn = await paw.function(id);
    const pieces = [];
    for await (const piece of fn.stream(inputs[0])) pieces.push(piece);
    const stop = new AbortController(), cut = fn("word ".repeat(300), { signal: stop.signal }).then(() => "answered", (e) => e.kind);
    stop.abort();
    return { texts: await fn.batch(inputs), details: await Promise.all(inputs.map((i) => fn.detail(i))), pieces, cut: await cut, labels: fn.info.labels };
  }, program, urgent.cases.slice(0, 5).map((c) => c.input));
  assert.deepEqual(r.labels, ["urgent", "wait"]);
  for (const [i, d] of r.details.entries()) {
    assert.equal(d.text, r.texts[i]);
    assert.equal(d.label, d.probabilities[0].label);
    const sum = d.probabilities.reduce((n, x) => n + x.probability, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6, `the probabilities sum to ${sum}`);
  }
  assert.equal(r.pieces.join(""), r.texts[0]);
  assert.equal(r.cut, "aborted");
  assert.deepEqual(await faultsOf(page), []);
  await user.close();
});

test("both builds of the kernel give the bits of the command line; Firefox takes the relaxed one", async () => {
  const assets = await (await fetch(server.url + "/assets.json")).json();
  const relaxed = assets["kernel-relaxed.wasm"].url;
  const plain = Buffer.from(await (await fetch(server.url + assets["kernel.wasm"].url)).arrayBuffer());
  const asked = ["tenant-urgency", "ticket-routing", "extract-email"].map((name) => {
    const path = name === urgent.name ? file : join(dir, `${name}.paw`), inputs = [...catalogue[name].cases.slice(0, 4).map((c) => c.input), ...hard];
    if (path !== file) execFileSync(binary, ["compile", "--spec", catalogue[name].spec, "--out", path, "--no-report"], { stdio: "pipe" });
    host.files.set(`/${name}.paw`, readFileSync(path));
    return { name, inputs, want: commandLine(path, inputs).map(exact) };
  });
  for (const build of ["relaxed", "plain"]) {
    if (build === "plain") host.files.set(relaxed, plain); // under the name that Firefox asks for
    host.requests.length = 0;
    const { user, page } = await visit(`/${build}`);
    for (const { name, inputs, want } of asked) assert.deepEqual((await details(page, `/${name}.paw`, inputs)).map(exact), want, `${name}, ${build}`);
    assert.deepEqual(host.requests.filter((u) => u.includes("/kernel")), [relaxed]);
    host.files.delete(relaxed);
    await user.close();
  }
});

test("after a reload the interpreter and the program come from the private file system", async () => {
  const { user, page } = await visit("/kept");
  host.requests.length = 0;
  const input = urgent.cases[1].input;
  const first = await details(page, program, [input]);
  assert.deepEqual([fetched(".gguf"), fetched(`/${program}/download`)], [1, 1]);
  await page.reload();
  host.requests.length = 0;
  assert.deepEqual((await details(page, program, [input])).map(exact), first.map(exact));
  assert.deepEqual([fetched("/models/"), fetched("/api/")], [0, 0], host.requests.join(" "));
  const kept = await page.evaluate(async () => {
    const top = await navigator.storage.getDirectory(), names = [];
    for await (const folder of top.values()) for await (const name of folder.keys()) names.push(`${folder.name}/${name.replace(/^.*\./, "")}`);
    const { paw } = await import("/sdk/paw.js");
    return { names: names.sort(), cached: (await Promise.all((await caches.keys()).map(async (c) => (await (await caches.open(c)).keys()).length))).reduce((a, b) => a + b, 0), list: (await paw.storage.list()).map((k) => [k.kind, k.whole]), room: await paw.storage.room() };
  });
  assert.deepEqual(kept.names, ["paw-models/gguf", "paw-models/ok", "paw-programs/name", "paw-programs/paw"]);
  assert.equal(kept.cached, 0, "the Cache API is for browsers without files");
  assert.deepEqual(kept.list, [["interpreter", true], ["program", true]]);
  assert.ok(kept.room.keeps && kept.room.available > 0, JSON.stringify(kept.room));
  await user.close();
});

test("the element answers, tells its events and fills a form", async () => {
  const { user, page } = await visit("/element", `<form><paw-function name="verdict" label="Message"></paw-function></form><script type="module" src="/sdk/element.js"></script>`);
  await page.evaluate(async (id) => {
    const e = document.querySelector("paw-function");
    window.seen = [];
    for (const name of ["paw-progress", "paw-ready", "paw-result", "paw-error"]) document.addEventListener(name, (x) => window.seen.push([name, x.detail]));
    await customElements.whenDefined("paw-function");
    e.src = id;
  }, program);
  await enabled(page);
  const { input } = urgent.cases[2];
  await (await page.$("paw-function >>> textarea")).type(input);
  await (await page.$("paw-function >>> button")).click();
  await page.waitForFunction(() => window.seen.some(([name]) => name === "paw-result"));
  const r = await page.evaluate(() => {
    const e = document.querySelector("paw-function");
    return { seen: window.seen, shown: e.shadowRoot.querySelector("output").textContent, value: e.value, form: new FormData(document.querySelector("form")).get("verdict") };
  });
  const names = r.seen.map(([name]) => name);
  assert.deepEqual([names[0], ...names.slice(-2)], ["paw-progress", "paw-ready", "paw-result"]);
  assert.deepEqual(r.seen.at(-2)[1].info.labels, ["urgent", "wait"]);
  const [want] = commandLine(file, [input]);
  assert.deepEqual(exact(r.seen.at(-1)[1]), exact(want));
  assert.deepEqual([r.shown, r.value, r.form], Array(3).fill(want.output));
  assert.deepEqual(await faultsOf(page), []);
  await page.evaluate(() => (document.querySelector("paw-function").src = "/none.paw"));
  await page.waitForFunction(() => window.seen.at(-1)[0] === "paw-error");
  assert.equal(await page.evaluate(() => window.seen.at(-1)[1].error.kind), "network");
  await user.close();
});

test("the element from another origin and the frame answer under their policies", async () => {
  const from = server.url, user = await visitor(browser), [want] = commandLine(file, [urgent.cases[0].input]);
  const other = await host.open(user, "/other", `<paw-function src="${program}"></paw-function><script type="module" src="${from}/sdk/element.js"></script>`,
    `default-src 'none'; script-src ${from} 'wasm-unsafe-eval'; connect-src ${from}; worker-src blob:; require-trusted-types-for 'script'; trusted-types paw 'allow-duplicates'`);
  await enabled(other);
  assert.equal((await other.evaluate((input) => document.querySelector("paw-function").ask(input), urgent.cases[0].input)).confidence, want.confidence);
  assert.deepEqual(await faultsOf(other), []);
  const frame = await host.open(user, "/frame", "", `default-src 'none'; frame-src ${from}`);
  const reply = await frame.evaluate((src, input) => new Promise((ok, fail) => {
    setTimeout(() => fail(new Error("no answer")), 20000);
    addEventListener("message", (e) => {
      if (e.data.ready) e.source.postMessage({ paw: 1, id: 7, input }, "*");
      else if (e.data.id === 7) ok(e.data);
    });
    document.body.append(Object.assign(document.createElement("iframe"), { title: "function", src })); // after we listen
  }), `${from}/embed.html?src=${program}`, urgent.cases[0].input);
  assert.equal(reply.result?.confidence, want.confidence, JSON.stringify(reply));
  await user.close();
});

test("a call in milliseconds (a measurement, not a limit)", async () => {
  const { user, page } = await visit("/speed");
  const inputs = urgent.cases.map((c) => c.input);
  const ms = (await details(page, program, [...inputs, ...inputs])).slice(inputs.length).map((d) => d.ms).sort((a, b) => a - b);
  console.log(`a call of ${urgent.name} in Firefox: median ${ms[ms.length >> 1]} ms, ${ms[0]} to ${ms.at(-1)}`);
  assert.ok(ms.length === inputs.length && ms.every((x) => x >= 0));
  await user.close();
});

test("the server and the browser end; Firefox starts again, and the program answers without a server", async () => {
  const gone = await serve(), { input } = urgent.cases[3], [want] = commandLine(file, [input]);
  const first = await browser.newPage(); // of no fresh user, who would be forgotten: of the profile
  await first.goto(gone.url);
  await ready(first);
  await (await first.$("input[type=file]")).uploadFile(file);
  assert.equal((await ask(first, input)).answer, want.output);
  await first.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await gone.stop();
  await browser.close();
  await assert.rejects(fetch(gone.url));

  const started = Date.now();
  browser = await launch(profile);
  const page = await browser.newPage();
  await page.goto(gone.url);
  await ready(page);
  await page.locator(`${field("programs")} button[aria-label^=Open]`).click();
  const got = await ask(page, input);
  console.log(`from the start of Firefox to an answer, no server: ${Date.now() - started} ms`);
  assert.equal(got.answer, want.output);
  assert.ok(got.facts.startsWith(`${percent(want.confidence)} sure`), got.facts);
  // The shell that was kept has the SDK too, and it finds the interpreter.
  assert.equal(await page.evaluate(async () => (await import("/sdk/paw.js")).paw.availability()), "available");
});
