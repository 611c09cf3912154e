// What the device keeps: programs that answer without a network, room that is checked before a download,
// storage that is asked for once, insecure pages, and the page's list of it all.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { hosting, made, urgentSpec } from "./hosting.mjs";
import { compiled, ready, site } from "./page.mjs";
import { rewritten } from "./zip.mjs";

// A name that is not of this machine makes a page insecure.
const s = site(prepare, { args: ["--host-resolver-rules=MAP insecure.test 127.0.0.1", "--disable-features=HttpsUpgrades"] });
let host, program, bytes, mini;

async function prepare() {
  host = await hosting(s.server.url);
  program = await made(s.server.url, urgentSpec);
  bytes = Buffer.from(await (await fetch(`${s.server.url}/api/v1/programs/${program}/download`)).arrayBuffer());
  mini = (await (await fetch(s.server.url + "/api/v1/interpreters")).json()).interpreters[0];
}
after(() => host?.close());

const sha256 = (b) => createHash("sha256").update(b).digest("hex");

/** A page of a fresh profile with the SDK as window.paw, and `ask` that loads a program and answers. */
async function fresh(path, context = null, policy = undefined) {
  context ??= await s.browser.newContext();
  const page = await host.open(context, path, "", policy);
  await page.evaluate(async () => {
    Object.assign(window, await import("/sdk/paw.js"));
    window.ask = async (ref, o) => {
      const fn = await window.paw.function(ref, o);
      const text = await fn("the house is on fire");
      await fn.free();
      return text;
    };
    window.fails = (p) => p.then(() => ({ kind: "none" }), (e) => ({ kind: e.kind, message: e.message, hint: e.hint ?? "" }));
  });
  host.requests.length = 0;
  return { context, page };
}
const ask = (page, ref, o) => page.evaluate(([ref, o]) => window.ask(ref, o), [ref, o]);
/** The programs that a page keeps: digest and names of each. */
const kept = (page) => page.evaluate(async () => (await window.paw.storage.list()).filter((k) => k.kind === "program").map((k) => [k.sha256, k.names]));
const fetches = (part) => host.requests.filter((u) => u.includes(part)).length;

test("on the server's own pages a program answers after a reload without a network", async () => {
  const context = await s.browser.newContext();
  const page = await context.newPage();
  await page.goto(s.server.url);
  await ready(page);
  await page.waitForFunction(() => navigator.serviceWorker.controller);
  const answer = () => page.evaluate(async (id) => {
    const { default: paw } = await import("/sdk/paw.js");
    return (await paw.function(id)).detail("the house is on fire").then((d) => d.probabilities);
  }, program);
  const first = await answer();
  await context.setOffline(true);
  await page.reload();
  assert.deepEqual(await answer(), first);
  const words = await page.evaluate((id) => new Promise((ok, fail) => {
    void import("/sdk/element.js");
    const e = Object.assign(document.createElement("paw-function"), { src: id });
    e.addEventListener("paw-ready", () => ok(e.shadowRoot.querySelector("[part=status]").textContent));
    e.addEventListener("paw-error", (x) => fail(x.detail.error));
    document.body.append(e);
  }), program);
  assert.equal(words, "");
  await context.close();
});

test("an id is fetched once; an address is asked for again, and the kept file stands in when nobody answers", async () => {
  const { context, page } = await fresh("/once");
  let up = true;
  host.files.set("/changing.paw", (_, r) => (up === "silent" ? undefined : up ? r.end(bytes) : r.destroy()));
  const text = await ask(page, program);
  assert.equal(await ask(page, program), text);
  assert.equal(fetches(`/${program}/download`), 1);
  assert.equal(await ask(page, "/changing.paw"), text);
  assert.equal(fetches("/changing.paw"), 1);
  up = "silent"; // it takes the question and never answers
  assert.equal(await ask(page, "/changing.paw"), text);
  up = false;
  assert.equal(await ask(page, "/changing.paw"), text);
  assert.ok(fetches("/changing.paw") > 1, "it was asked for");
  const pin = "sha256-" + createHash("sha256").update(bytes).digest("base64");
  host.requests.length = 0;
  assert.equal(await ask(page, "/never/asked.paw", { integrity: pin }), text, "a pinned digest is enough");
  assert.equal(fetches("/never/"), 0);
  assert.equal((await page.evaluate(() => window.fails(window.paw.function("/other.paw")))).kind, "network");

  host.requests.length = 0; // damage the kept file: it is fetched again, once
  await page.evaluate(async (name) => {
    const dir = await (await navigator.storage.getDirectory()).getDirectoryHandle("paw-programs");
    const out = await (await dir.getFileHandle(name)).createWritable({ keepExistingData: true });
    await out.write({ type: "write", position: 100, data: new Uint8Array([1, 2, 3, 4]) });
    await out.close();
  }, `${sha256(bytes)}.paw`);
  assert.equal(await ask(page, program), text);
  assert.equal(await ask(page, program), text);
  assert.equal(fetches(`/${program}/download`), 1);
  await context.close();
});

test("only what is a program is kept; one that is kept and is none is fetched anew", async () => {
  const { context, page } = await fresh("/fallback");
  const path = `/api/v1/programs/${program}/download`, html = Buffer.from("<!doctype html><title>Not here</title>");
  host.files.set(path, html); // a site that answers every address with its page
  assert.equal((await page.evaluate((id) => window.fails(window.paw.function(id)), program)).kind, "program");
  assert.deepEqual(await page.evaluate(() => window.paw.storage.list()), []);
  host.files.delete(path);
  await page.evaluate(async ([name, text]) => { // as an older version kept it
    const hex = async (b) => Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", b)), (x) => x.toString(16).padStart(2, "0")).join("");
    const dir = await (await navigator.storage.getDirectory()).getDirectoryHandle("paw-programs", { create: true });
    const bytes = new TextEncoder().encode(text), sha256 = await hex(bytes);
    for (const [file, data] of [[`${sha256}.paw`, bytes], [`${await hex(new TextEncoder().encode(name))}.name`, JSON.stringify({ name, sha256 })]]) {
      const out = await (await dir.getFileHandle(file, { create: true })).createWritable();
      await out.write(data);
      await out.close();
    }
  }, [host.url + path, html.toString()]);
  host.requests.length = 0;
  assert.match(await ask(page, program), /^(urgent|wait)$/);
  assert.match(await ask(page, program), /^(urgent|wait)$/);
  assert.equal(fetches("/download"), 1);
  assert.deepEqual(await kept(page), [[sha256(bytes), [host.url + path]]]);
  await context.close();
});

test("what an address meant before is freed, unless another one means it still", async () => {
  const { context, page } = await fresh("/superseded", null, ""); // the strict policy fetches no blobs
  const other = await made(s.server.url, urgentSpec.replace("message", "note"));
  const next = Buffer.from(await (await fetch(`${s.server.url}/api/v1/programs/${other}/download`)).arrayBuffer());
  let now = bytes;
  host.files.set("/changing.paw", (_, r) => r.writeHead(200, { "Cache-Control": "max-age=3600" }).end(now));
  await ask(page, "/changing.paw");
  await page.evaluate((data) => window.ask(URL.createObjectURL(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))]))), next.toString("base64"));
  assert.deepEqual(await kept(page), [[sha256(bytes), [host.url + "/changing.paw"]]], "a blob's address is nobody's name");
  now = next;
  await ask(page, "/changing.paw");
  assert.deepEqual(await kept(page), [[sha256(next), [host.url + "/changing.paw"]]], "asked for in spite of the browser's own cache");
  await ask(page, other);
  now = bytes;
  await ask(page, "/changing.paw");
  assert.deepEqual((await kept(page)).map(([d]) => d).sort(), [sha256(next), sha256(bytes)].sort());
  await context.close();
});

test("answers that break off or make no sense are errors with a kind, and the kept file stands in for the first", async () => {
  const { context, page } = await fresh("/broken");
  const text = await ask(page, program);
  host.files.set("/breaks.paw", bytes);
  await ask(page, "/breaks.paw");
  const breaks = (_, r) => {
    r.writeHead(200, { "Content-Length": bytes.length });
    r.write(bytes.subarray(0, 1000), () => setTimeout(() => r.destroy(), 50));
  };
  host.files.set("/breaks.paw", breaks);
  host.files.set("/unknown.paw", breaks);
  assert.equal(await ask(page, "/breaks.paw"), text);
  for (const path of ["/api/v1/interpreters", "/api/v1/compile/async"]) host.files.set(path, Buffer.from("<!doctype html>"));
  const r = await page.evaluate(async (id) => {
    const { paw, fails } = window;
    return [
      await fails(paw.function("/unknown.paw")), await fails(paw.function(id, { interpreter: "mini" })), await fails(paw.compile("Is it urgent or not?")),
      await fails(paw.function("/breaks.paw", { integrity: "sha256-not*base64" })), await fails(paw.function("http://[")),
    ];
  }, program);
  for (const path of ["/api/v1/interpreters", "/api/v1/compile/async"]) host.files.delete(path);
  assert.deepEqual(r.map((e) => e.kind), ["network", "network", "network", "input", "input"], JSON.stringify(r));
  assert.ok(r.every((e) => e.hint), JSON.stringify(r));
  await context.close();
});

for (const [where, init] of [["the private file system", ""], ["the Cache API", "delete FileSystemFileHandle.prototype.createWritable"]]) {
  test(`what is kept is listed and deleted: programs in ${where}`, async () => {
    const context = await s.browser.newContext();
    if (init) await context.addInitScript(init);
    const { page } = await fresh("/list", context);
    await ask(page, program);
    assert.equal(await ask(page, program).then(() => fetches("/download")), 1);
    const list = () => page.evaluate(() => window.paw.storage.list());
    const room = await page.evaluate(() => window.paw.storage.room());
    assert.ok(room.keeps && room.available > 0 && room.used > mini.size_bytes, JSON.stringify(room));
    assert.deepEqual((await list()).sort((a, b) => a.kind.localeCompare(b.kind)), [
      { kind: "interpreter", sha256: mini.sha256, bytes: mini.size_bytes, whole: true, names: [] },
      { kind: "program", sha256: sha256(bytes), bytes: bytes.length, whole: true, names: [`${host.url}/api/v1/programs/${program}/download`] },
    ]);
    await page.evaluate(async () => window.paw.storage.remove((await window.paw.storage.list()).find((k) => k.kind === "program")));
    assert.deepEqual((await list()).map((k) => k.kind), ["interpreter"]);
    await ask(page, program);
    assert.equal(fetches("/download"), 2);
    await page.evaluate(() => window.paw.storage.clear());
    assert.deepEqual(await list(), []);
    assert.match(await ask(page, program), /^(urgent|wait)$/, "what is loaded goes on answering");
    await context.close();
  });
}

test("a download that cannot fit is refused before it begins, with what it needs and what is free", async () => {
  const { context, page } = await fresh("/huge");
  const huge = { sha256: "e".repeat(64), url: "/huge.gguf", size: 20e9, chunk: 64 << 20 };
  host.files.set("/huge.chunks.json", JSON.stringify({ ...huge, chunks: Array.from({ length: Math.ceil(huge.size / huge.chunk) }, () => "0".repeat(64)) }));
  const r = await page.evaluate(async (huge) => {
    const client = await import((await (await fetch("/assets.json")).json())["client.js"].url);
    const it = client.Interpreter.start();
    const base = { ...huge, id: "huge", url: new URL(huge.url, location.href).href, chunksUrl: new URL("/huge.chunks.json", location.href).href };
    return { fault: await window.fails(it.load(base)), kept: await window.paw.storage.list() };
  }, huge);
  assert.equal(r.fault.kind, "storage");
  assert.match(r.fault.message, /20000\.0 MB are needed, \d+\.\d MB are free/);
  assert.deepEqual(r.kept, []);
  assert.equal(fetches("/huge.gguf"), 0);
  await context.close();
});

/** Serves the interpreter with zeros behind it, large enough to be asked for, and the program as one for it. Gives its
 *  size, and what takes it away. */
async function enlarged(slow) {
  const large = Buffer.concat([Buffer.from(await (await fetch(s.server.url + mini.url)).arrayBuffer()), Buffer.alloc(13e6)]);
  const digest = sha256(large), chunk = 4 << 20, path = `/models/${digest}`, download = `/api/v1/programs/${program}/download`;
  host.files.set(download, rewritten(bytes, "meta.json", (text) => JSON.stringify({ ...JSON.parse(text), base_sha256: digest })));
  const chunks = Array.from({ length: Math.ceil(large.length / chunk) }, (_, i) => sha256(large.subarray(i * chunk, (i + 1) * chunk)));
  host.files.set(`${path}.gguf`, slow ? (_, r) => slow(r, large) : large);
  host.files.set(`${path}.chunks.json`, JSON.stringify({ size: large.length, sha256: digest, chunk, chunks }));
  return { large, path, restore: () => [download, path + ".gguf", path + ".chunks.json"].forEach((name) => host.files.delete(name)) };
}

test("a large download waits for consent, and after it the browser is asked, once, to keep everything", async () => {
  const { large, path, restore } = await enlarged();
  const context = await s.browser.newContext();
  await context.addInitScript(() => { // counts, and asks the browser all the same
    const real = StorageManager.prototype.persist;
    window.asked = 0;
    StorageManager.prototype.persist = function () {
      window.asked++;
      return real.call(this);
    };
  });
  const { page } = await fresh("/consent", context);
  const refused = await page.evaluate((id) => window.fails(window.paw.function(id)), program);
  assert.deepEqual([refused.kind, fetches(".gguf")], ["consent", 0]);

  await page.evaluate(async (id) => {
    await import("/sdk/element.js");
    document.querySelector("main").append(Object.assign(document.createElement("paw-function"), { src: id }));
  }, program);
  const button = page.locator("paw-function button");
  await button.filter({ hasText: "Download" }).waitFor();
  assert.match(await page.locator("paw-function [part=status]").textContent(), /download of 18 MB, kept for this site only \(\d+ MB are free\)/);
  assert.equal(fetches(".gguf"), 0);
  const isReady = page.evaluate(() => new Promise((ok) => document.addEventListener("paw-ready", ok)).then(() => navigator.storage.persisted()));
  await button.click();
  await isReady; // storage answers in order: the question that the download asked has been put by now
  assert.equal(await page.evaluate(() => window.asked), 1);
  assert.equal(await button.textContent(), "Run");

  await page.evaluate(() => window.paw.storage.clear());
  const { page: next } = await fresh("/consent", context);
  const told = await next.evaluate((id) => new Promise((ok, fail) => {
    let told;
    window.paw.function(id, { consent: (d) => ((told = d), true) }).then(() => navigator.storage.persisted()).then(() => ok(told), fail);
  }), program);
  assert.ok(told.bytes === large.length && told.available > told.bytes && told.url.endsWith(`${path}.gguf`), JSON.stringify(told));
  assert.equal(await next.evaluate(() => window.asked), 0, "not on another page either");
  restore();
  await context.close();
});

test("consent is given once for all functions that wait; each stops waiting by its own signal", async () => {
  let release;
  const gate = new Promise((ok) => (release = ok));
  const { restore } = await enlarged(async (r, large) => {
    r.writeHead(200, { "Content-Length": large.length });
    r.write(large.subarray(0, 100_000));
    await gate;
    r.end(large.subarray(100_000));
  });
  const { context, page } = await fresh("/agree");
  const early = await page.evaluate(async (id) => {
    const { paw, fails } = window, out = {};
    const abort = new AbortController();
    abort.abort();
    out.before = (await fails(paw.function(id, { signal: abort.signal, consent: () => new Promise(() => {}) }))).kind;
    const later = new AbortController();
    const waiting = fails(paw.function(id, { signal: later.signal, consent: ({ signal }) => (setTimeout(() => later.abort(), 100), new Promise(() => { out.signal = signal; })) }));
    out.while = (await waiting).kind;
    out.moot = out.signal.aborted;
    out.declined = (await fails(paw.function(id, { consent: () => false }))).kind;
    return out;
  }, program);
  assert.deepEqual(early, { before: "aborted", while: "aborted", signal: {}, moot: true, declined: "consent" });
  assert.equal(fetches(".gguf"), 0);

  await page.evaluate(async (id) => {
    await import("/sdk/element.js");
    for (const name of ["a", "b"]) document.querySelector("main").append(Object.assign(document.createElement("paw-function"), { id: name, src: id }));
    window.both = new Promise((ok) => { let n = 0; document.addEventListener("paw-ready", () => ++n === 2 && ok()); });
  }, program);
  for (const name of ["a", "b"]) await page.locator(`#${name} button`).filter({ hasText: "Download" }).waitFor();
  await page.locator("#b button").click();
  await page.locator("#a button").filter({ hasText: "Run" }).waitFor(); // nothing is to be asked there any more
  assert.match(await page.locator("#a [part=status]").textContent(), /^Loading/);
  const impatient = await page.evaluate((id) => { // joins the download, and leaves it alone
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    return window.fails(window.paw.function(id, { signal: abort.signal }));
  }, program);
  assert.equal(impatient.kind, "aborted");
  release();
  await page.evaluate(() => window.both);
  assert.equal(fetches(".gguf"), 1);
  restore();
  await context.close();
});

test("an insecure page answers from memory and says so", async () => {
  const page = await s.browser.newPage();
  host.pages.set("/insecure", { html: `<!doctype html><html lang="en"><title>host</title><paw-function src="${program}"></paw-function><script type="module" src="/sdk/element.js"></script></html>` });
  await page.goto(`http://insecure.test:${host.port}/insecure`);
  await page.waitForFunction(() => document.querySelector("paw-function")?.shadowRoot?.querySelector("button").disabled === false);
  assert.equal(await page.evaluate(() => isSecureContext), false);
  assert.match(await page.locator("paw-function [part=status]").textContent(), /until this page is closed.*HTTPS/);
  await page.locator("paw-function textarea").fill("the house is on fire");
  await page.locator("paw-function button").click();
  await page.locator("paw-function output").filter({ hasText: /^(urgent|wait)$/ }).waitFor();
  assert.deepEqual(await page.evaluate(async () => {
    const { paw } = await import("/sdk/paw.js");
    return [await paw.storage.list(), (await paw.storage.room()).keeps];
  }), [[], false]);

  await page.goto(`http://insecure.test:${host.port}/`); // the site itself
  await ready(page);
  assert.match(await page.getByTestId("interpreter").textContent(), /until this page is closed/);
  await page.getByTestId("storage-room").filter({ hasText: /not secure/ }).waitFor();
  await page.close();
});

test("the page shows what it keeps and deletes it, by keyboard", async () => {
  const context = await s.browser.newContext();
  const page = await context.newPage();
  await page.goto(s.server.url);
  await ready(page);
  await page.getByTestId("spec").fill("Decide whether it is urgent. Answer with one of: urgent, wait.");
  await page.getByTestId("compile").click();
  await compiled(page);
  await page.evaluate(async (id) => (await import("/sdk/paw.js")).default.function(id), program);
  const section = page.locator("#storage"), rows = section.locator("li .title");
  await section.getByRole("button", { name: "Refresh" }).click();
  await rows.nth(2).waitFor();
  const names = await rows.allTextContents();
  assert.equal(names.length, 3, names.join(" | "));
  assert.match(names[0], new RegExp(`^Interpreter .*mini`, "i"));
  assert.equal(names[1], `Fetched program ${program}`);
  assert.match(names[2], /^Program Decide whether/);
  assert.match(await section.locator("li .size").first().textContent(), /^\d+(\.\d)? MB$/);
  assert.match(await page.getByTestId("storage-room").textContent(), /MB used, .* available\./);

  const asked = [];
  page.on("dialog", (d) => (asked.push(d.message()), d.accept()));
  const del = section.getByRole("button", { name: /^Delete Fetched program/ });
  await del.focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("storage-status").filter({ hasText: "is deleted" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent === "Refresh");
  assert.equal(await rows.count(), 2);
  assert.ok(asked[0].includes(program));

  const clear = page.getByTestId("storage-clear");
  await clear.focus();
  await page.keyboard.press("Space");
  await section.getByText("Nothing is kept yet.").waitFor();
  assert.match(asked[1], /your program and its cases among them/);
  assert.equal(await clear.isDisabled(), true);
  await page.getByTestId("programs").getByText("None yet").waitFor();
  assert.equal(await page.evaluate(async () => (await (await navigator.storage.getDirectory()).getDirectoryHandle("paw-models")).keys().next().then((x) => x.done)), true);
  await context.close();
});

test("the list of what is kept passes axe-core, light and dark, on a phone", async () => {
  const context = await s.browser.newContext({ bypassCSP: true, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(s.server.url);
  await ready(page);
  await page.locator("#storage li button").first().waitFor();
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const r = await page.evaluate(() => globalThis.axe.run("#storage", { resultTypes: ["violations"] }));
    assert.deepEqual(r.violations.map((v) => `${colorScheme}: ${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), []);
  }
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), "nothing sticks out");
  await context.close();
});
