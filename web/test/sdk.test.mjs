// The SDK and the element in other people's pages: self-hosted, from another origin, in a frame, each
// under the content security policy that docs/embedding.md gives for it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { hosting, made, strict, urgentSpec } from "./hosting.mjs";
import { site } from "./page.mjs";

const s = site(prepare);
let host, program, bytes, integrity;

async function prepare() {
  host = await hosting(s.server.url);
  program = await made(s.server.url, urgentSpec);
  bytes = Buffer.from(await (await fetch(`${s.server.url}/api/v1/programs/${program}/download`)).arrayBuffer());
  integrity = "sha256-" + createHash("sha256").update(bytes).digest("base64");
  host.files.set("/p.paw", bytes);
}
after(() => host?.close());

const label = (changes) => fetch(`${s.server.url}/api/v1/programs/${program}`, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(changes) });
const open = (path, html, policy) => host.open(s.browser, path, html, policy);
const foreign = () => `default-src 'none'; script-src ${s.server.url} 'wasm-unsafe-eval'; connect-src ${s.server.url}; worker-src blob:; require-trusted-types-for 'script'; trusted-types paw 'allow-duplicates'`;

/** Types an input into the element and waits for its answer. */
async function answered(page, input) {
  await page.locator("paw-function textarea").fill(input);
  const result = page.evaluate(() => new Promise((ok) => document.querySelector("paw-function").addEventListener("paw-result", (e) => ok(e.detail), { once: true })));
  await page.locator("paw-function button").click();
  return result;
}

const enabled = (page) => page.waitForFunction(() => document.querySelector("paw-function")?.shadowRoot?.querySelector("button")?.disabled === false, null, { timeout: 20000 }).catch(async (e) => {
  throw new Error(`${e.message}: ${await page.evaluate(() => document.querySelector("paw-function")?.shadowRoot?.querySelector("[part=status]")?.textContent)} ${page.faults?.join("\n")}`);
});

test("the element answers, self-hosted under a strict policy", async () => {
  const page = await open("/own", `<paw-function src="/p.paw" integrity="${integrity}" label="Message"></paw-function><script type="module" src="/sdk/element.js"></script>`, strict);
  await enabled(page);
  const d = await answered(page, "the house is on fire");
  assert.ok(["urgent", "wait"].includes(d.text), d.text);
  assert.ok(Math.abs(d.probabilities.reduce((a, x) => a + x.probability, 0) - 1) < 1e-4);
  assert.equal(await page.locator("paw-function output").innerText(), d.text);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("one tag from another origin is enough, through a blob", async () => {
  const page = await open("/other", `<form><paw-function name="verdict" src="${program}"></paw-function></form><script type="module" src="${s.server.url}/sdk/element.js"></script>`, foreign());
  await enabled(page);
  const d = await answered(page, "see you next week");
  assert.deepEqual(page.faults, []);
  assert.equal(await page.evaluate(() => new FormData(document.querySelector("form")).get("verdict")), d.text);
  await page.close();
});

test("a page of another origin reads what the server says of ids and interpreters, and learns nothing of private slugs", async () => {
  await label({ slug: "secret" });
  const page = await open("/reads", "", foreign());
  const r = await page.evaluate(async ([server, id]) => {
    const { paw } = await import(server + "/sdk/paw.js");
    const message = (p) => p.then(() => "", (e) => e.message);
    return {
      missing: await message(paw.function("ffffffffffffffffffff")), named: await message(paw.function(id, { interpreter: "none" })),
      slugs: await Promise.all(["secret", "nothing"].map((x) => message(paw.function(x)))),
    };
  }, [s.server.url, program]);
  assert.match(r.missing, /not found/);
  assert.match(r.named, /has no interpreter none/);
  assert.equal(r.slugs[0].replace("secret", "nothing"), r.slugs[1]);
  assert.match(r.slugs[1], /cannot be reached/);
  await label({ slug: "" });
  await page.close();
});

test("a frame answers by messages where no script of ours is allowed", async () => {
  const page = await open("/frame", `<iframe title="function" src="${s.server.url}/embed.html?src=${program}"></iframe>`, `default-src 'none'; frame-src ${s.server.url}`);
  const reply = await page.evaluate(() => new Promise((ok, fail) => {
    const frame = document.querySelector("iframe");
    setTimeout(() => fail(new Error("no answer")), 20000);
    addEventListener("message", (e) => {
      if (e.data.ready) frame.contentWindow.postMessage({ paw: 1, id: 7, input: "the house is on fire" }, "*");
      else if (e.data.id === 7) ok(e.data);
    });
  }));
  assert.ok(["urgent", "wait"].includes(reply.result.text), JSON.stringify(reply));
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a frame that names no program says so, to people and to the host", async () => {
  for (const src of ["?src=https://elsewhere.example/p.paw", "?src=Urgent", ""]) {
    const page = await open("/frame", "", `default-src 'none'; frame-src ${s.server.url}`);
    const message = await page.evaluate((url) => new Promise((ok) => {
      addEventListener("message", (e) => e.data.error && ok(e.data.error.message));
      document.body.append(Object.assign(document.createElement("iframe"), { src: url, title: "function" }));
    }), `${s.server.url}/embed.html${src}`);
    assert.match(message, /embed\.html\?src=ID/);
    assert.match(await page.frameLocator("iframe").locator("body").innerText(), /names no public program/);
    await page.close();
  }
});

test("in a frame a private slug looks like one that is missing, and a public one answers", async () => {
  await label({ slug: "secret" });
  const told = async (src) => {
    const page = await open("/guess", "", `default-src 'none'; frame-src ${s.server.url}`);
    const first = await page.evaluate((url) => new Promise((ok) => {
      addEventListener("message", (e) => ok(e.data));
      document.body.append(Object.assign(document.createElement("iframe"), { src: url, title: "function" }));
    }), `${s.server.url}/embed.html?src=${src}`);
    const shown = await page.frameLocator("iframe").locator("body").innerText();
    await page.close();
    return { first, shown };
  };
  const secret = await told("secret");
  assert.match(secret.first.error.message, /names no public program/);
  assert.deepEqual(secret, await told("nothing"));
  await label({ public: true });
  assert.deepEqual((await told("local/secret")).first, { paw: 1, ready: true });
  await label({ slug: "", public: false });
});

test("a frame keeps to its threshold unless it is told another", async () => {
  const page = await open("/sure", `<iframe title="function" src="${s.server.url}/embed.html?src=${program}&threshold=1"></iframe>`, `default-src 'none'; frame-src ${s.server.url}`);
  const answers = await page.evaluate(() => new Promise((ok, fail) => {
    const frame = document.querySelector("iframe"), got = [];
    setTimeout(() => fail(new Error("no answer")), 20000);
    addEventListener("message", (e) => {
      if (e.data.ready) for (const more of [{}, { threshold: 0 }]) frame.contentWindow.postMessage({ paw: 1, id: got.length, input: "the house is on fire", ...more }, "*");
      else if (got.push(e.data.result) === 2) ok(got);
    });
  }));
  assert.deepEqual(answers.map((a) => a.abstained), [true, false]);
  await page.close();
});

test("an element that could not load is tried again with its button; what failed shows no older answer", async () => {
  let up = false;
  host.files.set("/later.paw", (_, r) => (up ? r.end(bytes) : r.writeHead(503).end()));
  const page = await open("/again", `<label for="f">Your message</label><form><paw-function id="f" name="verdict" src="/later.paw"></paw-function></form><script type="module" src="/sdk/element.js"></script>`, strict);
  await enabled(page);
  const button = page.locator("paw-function button");
  assert.equal(await button.textContent(), "Try again");
  up = true;
  await button.focus();
  const ready = page.evaluate(() => new Promise((ok) => document.querySelector("paw-function").addEventListener("paw-ready", () => ok(true), { once: true })));
  await page.keyboard.press("Enter");
  await ready;
  assert.equal(await page.evaluate(() => document.querySelector("paw-function").shadowRoot.activeElement?.localName), "textarea", "the keyboard is not lost");
  assert.equal(await button.textContent(), "Run");
  await page.getByRole("textbox", { name: "Your message" }).waitFor(); // the page's label names the field

  const verdict = () => page.evaluate(() => new FormData(document.querySelector("form")).get("verdict"));
  const d = await answered(page, "the house is on fire");
  assert.equal(await verdict(), d.text);
  const fault = page.evaluate(() => new Promise((ok) => document.querySelector("paw-function").addEventListener("paw-error", (e) => ok(e.detail.error.kind), { once: true })));
  await page.locator("paw-function textarea").fill("too long ".repeat(2000));
  await button.click();
  assert.equal(await fault, "context");
  assert.deepEqual([await verdict(), await page.locator("paw-function output").innerText()], [null, ""]);
  await answered(page, "the house is on fire");
  const other = page.evaluate(() => new Promise((ok) => document.querySelector("paw-function").addEventListener("paw-ready", ok, { once: true })));
  await page.evaluate(() => void (document.querySelector("paw-function").src = "/p.paw"));
  await other;
  assert.deepEqual([await verdict(), await page.locator("paw-function output").innerText()], [null, ""], "another function has answered nothing yet");
  await page.close();
});

test("a server's address may be a path; one where nobody answers as a server does is told as a network fault", async () => {
  const page = await open("/path", "", strict);
  const kind = await page.evaluate(async () => {
    const { paw } = await import("/sdk/paw.js");
    paw.configure({ apiUrl: "/nowhere/" });
    return paw.compile("Say whether it is urgent. Answer with one of: urgent, wait.").then(() => "", (e) => e.kind);
  });
  assert.equal(kind, "network");
  await page.close();
});

test("whoever waits for the same interpreter hears how far it is, and may stop waiting at once", async () => {
  const page = await open("/many", "", strict);
  const r = await page.evaluate(async (id) => {
    const { default: paw } = await import("/sdk/paw.js");
    const heard = [0, 0], stop = new AbortController();
    const all = heard.map((_, i) => paw.function(id, { onProgress: () => heard[i]++ }));
    const gone = paw.function(id, { signal: stop.signal }).then(() => "loaded", (e) => e.kind); // the module is not even here
    stop.abort();
    const first = await Promise.race([gone, all[0].then(() => "the others")]);
    await Promise.all(all);
    return { heard, first };
  }, program);
  assert.equal(r.first, "aborted");
  assert.ok(r.heard[0] > 0 && r.heard[1] > 0, JSON.stringify(r.heard));
  await page.close();
});

test("a page that policies forbid says what to allow", async () => {
  const page = await open("/closed", `<paw-function src="${program}"></paw-function><script type="module" src="${s.server.url}/sdk/element.js"></script>`,
    `default-src 'none'; script-src ${s.server.url}`);
  const text = await page.waitForFunction(() => {
    const t = document.querySelector("paw-function")?.shadowRoot?.querySelector("[part=status]")?.textContent;
    return t && t !== "Loading …" ? t : null;
  }, null, { timeout: 20000 });
  assert.match(await text.jsonValue(), /connect-src|policy|reload/);
  await page.close();
});

test("functions share one interpreter and answer as each alone", async () => {
  const other = await made(s.server.url, "Is it about food or about travel? Return ONLY one of: food, travel");
  const page = await open("/many", "", strict);
  const r = await page.evaluate(async ([a, b]) => {
    const { default: paw } = await import("/sdk/paw.js");
    const workers = [];
    const Real = Worker;
    globalThis.Worker = class extends Real { constructor(...x) { super(...x); workers.push(this); this.live = true; } terminate() { this.live = false; super.terminate(); } };
    const first = await paw.function(a), text = "the house is on fire";
    const alone = await first.detail(text);
    const second = await paw.function(b);
    const between = await second.detail("a ticket to Rome");
    const again = await first.detail(text);
    const list = await first.batch([text, "see you next week", text]);
    const out = { alone, again, between, list, live: workers.filter((w) => w.live).length, ready: await paw.availability(a), info: first.info.labels };
    await first.free();
    out.freed = await first(text).then(() => "", (e) => e.kind);
    out.still = (await second.detail("a ticket to Rome")).text;
    return out;
  }, [program, other]);
  assert.deepEqual(r.again.probabilities, r.alone.probabilities);
  assert.deepEqual(r.list, [r.alone.text, r.list[1], r.alone.text]);
  assert.equal(r.live, 1);
  assert.equal(r.ready, "available");
  assert.deepEqual(r.info, ["urgent", "wait"]);
  assert.notEqual(r.freed, "");
  assert.equal(r.still, r.between.text);
  await page.close();
});

test("errors are typed and name the fix; aborting stops", async () => {
  const page = await open("/errors", "", strict);
  const r = await page.evaluate(async (id) => {
    const { default: paw, PawError } = await import("/sdk/paw.js");
    const kind = (p) => p.then(() => "none", (e) => [e instanceof PawError, e.kind, e.message, e.hint ?? ""].join("|"));
    const aborted = new AbortController();
    aborted.abort();
    const fn = await paw.function(id);
    return {
      missing: await kind(paw.function("ffffffffffffffffffff")), junk: await kind(paw.function(new Uint8Array([1, 2, 3]))),
      pinned: await kind(paw.function("/p.paw", { integrity: "sha256-AAAA" })), aborted: await kind(fn("x", { signal: aborted.signal })),
      sure: (await fn.detail("hm", { threshold: 1 })).abstained, nowhere: await paw.availability("ffffffffffffffffffff"),
    };
  }, program);
  assert.match(r.missing, /^true\|network\|/);
  assert.match(r.junk, /^true\|program\|/);
  assert.match(r.pinned, /^true\|program\|.*sha256-.*\|update integrity/);
  assert.match(r.aborted, /^true\|aborted\|/);
  assert.equal(r.sure, true);
  assert.equal(r.nowhere, "unavailable");
  await page.close();
});

test("the SDK compiles on its own server", async () => {
  const page = await s.browser.newPage();
  await page.goto(s.server.url);
  const r = await page.evaluate(async () => {
    const { default: paw } = await import("/sdk/paw.js");
    const seen = [];
    const fn = await paw.compileAndLoad("Is the animal a cat or a dog? Return ONLY one of: cat, dog", { compiler: "paw-mini", onProgress: (f) => seen.push(f) });
    return { text: await fn("it barks"), labels: fn.info.labels };
  });
  assert.ok(["cat", "dog"].includes(r.text));
  assert.deepEqual(r.labels, ["cat", "dog"]);
  await page.close();
});

test("the element moves, changes its program, and takes another control", async () => {
  const page = await open("/moving", `<paw-function id="f" src="/p.paw" auto><input slot="input" aria-label="text" value=""></paw-function><div id="d"></div><script type="module" src="/sdk/element.js"></script>`, strict);
  await enabled(page);
  const first = page.evaluate(() => new Promise((ok) => document.querySelector("#f").addEventListener("paw-result", (e) => ok(e.detail.text), { once: true })));
  await page.locator("input").fill("the house is on fire");
  const text = await first;
  await page.evaluate(() => document.querySelector("#d").append(document.querySelector("#f")));
  assert.equal(await page.evaluate(() => document.querySelector("#f").ask("the house is on fire").then((d) => d.text)), text);
  const fault = await page.evaluate(() => new Promise((ok) => {
    document.querySelector("#f").addEventListener("paw-error", (e) => ok(e.detail.error.kind), { once: true });
    document.querySelector("#f").setAttribute("src", "/none.paw");
  }));
  assert.equal(fault, "network");
  await page.close();
});

test("an element that is changed while it is out of the page is another function", async () => {
  const page = await open("/away", `<paw-function id="f" src="/p.paw"></paw-function><script type="module" src="/sdk/element.js"></script>`, strict);
  await enabled(page);
  const fault = await page.evaluate(() => new Promise((ok) => {
    const f = document.querySelector("#f"), at = f.parentNode;
    f.addEventListener("paw-error", (e) => ok(e.detail.error.kind), { once: true });
    f.remove();
    f.src = "/none.paw";
    at.append(f);
  }));
  assert.equal(fault, "network");
  await page.close();
});

test("a change during a call leaves nothing busy; a download is read aloud once and shown all the time", async () => {
  const context = await s.browser.newContext();
  const page = await host.open(context, "/aloud", `<script type="module" src="/sdk/element.js"></script>`);
  const r = await page.evaluate(async () => {
    await customElements.whenDefined("paw-function");
    const f = document.createElement("paw-function"), part = (x) => f.shadowRoot.querySelector(x);
    const seen = { shown: [], spoken: [] };
    for (const [name, at] of [["shown", "[part=status]"], ["spoken", "[role=status]"]]) new MutationObserver(() => seen[name].push(part(at).textContent)).observe(part(at), { childList: true });
    const ready = new Promise((ok) => f.addEventListener("paw-ready", ok));
    f.src = "/p.paw";
    document.body.append(f);
    await ready;
    await new Promise((ok) => setTimeout(ok));
    const call = f.run(), busy = part("output").ariaBusy;
    f.src = "/none.paw";
    await call;
    await new Promise((ok) => f.addEventListener("paw-error", ok));
    return { ...seen, busy, after: part("output").ariaBusy };
  });
  assert.deepEqual([r.busy, r.after], ["true", null]);
  assert.ok(r.shown.filter((x) => /%/.test(x)).length > 3, JSON.stringify(r.shown));
  assert.deepEqual(r.spoken.slice(0, 2), ["Loading …", ""]);
  await context.close();
});

test("hostile answers and labels stay text", async () => {
  const page = await open("/hostile", `<paw-function src="/p.paw"></paw-function><script type="module" src="/sdk/element.js"></script>`, strict);
  await enabled(page);
  await answered(page, `<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>`);
  assert.equal(await page.title(), "host");
  assert.equal(await page.evaluate(() => document.querySelector("paw-function").shadowRoot.querySelectorAll("img,script").length), 0);
  await page.close();
});

test("the element passes axe-core", async () => {
  const page = await s.browser.newPage({ bypassCSP: true });
  host.pages.set("/axe", { policy: strict, html: `<!doctype html><html lang="en"><title>host</title><main><h1>Host</h1><paw-function src="/p.paw" label="Message"></paw-function></main><script type="module" src="/sdk/element.js"></script></html>` });
  await page.goto(host.url + "/axe");
  await enabled(page);
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), []);
  await page.close();
});

test("what other pages may load says so, and only embed.html may stand in a frame", async () => {
  const rows = [];
  for (const path of ["/", "/sw.js", "/sdk/paw.js", "/sdk/element.js", "/embed.html"]) {
    const h = (await fetch(s.server.url + path)).headers;
    rows.push([path, h.get("access-control-allow-origin") === "*", h.get("content-security-policy").includes("frame-ancestors *"), h.get("cache-control")]);
  }
  assert.deepEqual(rows, [["/", false, false, "no-cache"], ["/sw.js", false, false, "no-cache"], ["/sdk/paw.js", true, false, "no-cache"],
    ["/sdk/element.js", true, false, "no-cache"], ["/embed.html", false, true, "no-cache"]]);
  assert.equal((await fetch(s.server.url + "/placeholder.html")).status, 404);
});

test("importing the SDK and the element on a server touches nothing", async () => {
  const { default: paw } = await import(new URL("../dist/sdk/paw.js", import.meta.url));
  assert.equal(await paw.availability("0123456789abcdef0123"), "unavailable");
  assert.equal(typeof (await import(new URL("../dist/sdk/element.js", import.meta.url))).PawFunctionElement, "function");
});
