// The npm package: packed, installed into an empty folder, type-checked, imported without a DOM, bundled, and
// answering in a page that holds nothing but the bundle and the package's assets.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { hosting, made, strict, urgentSpec } from "./hosting.mjs";
import { binary, root } from "./lib.mjs";
import { site } from "./page.mjs";

const s = site(prepare);
let dir, built, installed, packed, host, program;

const run = (command, args, cwd = dir) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

async function prepare() {
  dir = mkdtempSync(join(tmpdir(), "paw-npm-"));
  run(join(root, "scripts/npm.sh"), [], root);
  built = join(root, "build/npm");
  packed = JSON.parse(run("npm", ["pack", built, "--json", "--pack-destination", dir]));
  packed = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  writeFileSync(join(dir, "package.json"), `{"name": "consumer", "private": true, "type": "module"}`);
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(dir, packed.filename)]);
  installed = join(dir, "node_modules/@paw/sdk");

  host = await hosting(s.server.url);
  program = await made(s.server.url, urgentSpec);
  const named = await fetch(`${s.server.url}/api/v1/programs/${program}`, {
    method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ public: true, slug: "urgent" }),
  });
  assert.equal(named.status, 200, await named.text());
}
after(() => {
  host?.close();
  rmSync(dir, { recursive: true, force: true });
});

test("the package holds what it exports and nothing else, with the project's version", () => {
  const meta = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  assert.equal(meta.version, JSON.parse(execFileSync(binary, ["version", "--json"], { encoding: "utf8" })).version);
  assert.deepEqual([meta.type, meta.license, meta.dependencies], ["module", "MIT", undefined]);
  for (const entry of [".", "./element"]) {
    assert.equal(Object.keys(meta.exports[entry])[0], "types", "types come first");
    for (const file of Object.values(meta.exports[entry])) assert.ok(readFileSync(join(installed, file)).length > 0, file);
  }
  const files = packed.files.map((f) => f.path).sort();
  for (const name of ["LICENSE", "README.md", "paw.js", "element.js", "integrity.json", "custom-elements.json", "package.json"]) assert.ok(files.includes(name), name);
  const assets = files.filter((f) => f.startsWith("assets/")).map((f) => f.slice(7)), named = new Set();
  for (const f of files.filter((f) => /^(assets\/)?[^/]+\.js$/.test(f))) {
    for (const [name] of readFileSync(join(installed, f), "utf8").matchAll(/[\w-]+-[0-9a-f]{12}\.(js|wasm)/g)) named.add(name);
  }
  assert.deepEqual(assets, [...named].sort(), "the assets are those that its scripts name");
  assert.deepEqual(files.filter((f) => !/^(assets|types)\/|^[a-z-]+\.js(on)?$|^LICENSE$|^README\.md$/.test(f)), []);
  assert.deepEqual(files.filter((f) => f.startsWith("types/") && !f.endsWith(".d.ts")), []);
});

test("integrity.json tells the digest of every file that a page loads", () => {
  const sums = JSON.parse(readFileSync(join(installed, "integrity.json"), "utf8"));
  const loaded = ["paw.js", "element.js", ...readdirSync(join(installed, "assets")).map((f) => `assets/${f}`)];
  assert.deepEqual(Object.keys(sums).sort(), loaded.sort());
  for (const [name, sum] of Object.entries(sums)) {
    assert.equal(sum, "sha384-" + createHash("sha384").update(readFileSync(join(installed, name))).digest("base64"), name);
  }
});

test("paw.js and element.js together stay below 25 KB by brotli", () => {
  for (const folder of [installed, join(root, "web/dist/sdk")]) {
    const sizes = ["paw.js", "element.js"].map((f) => brotliCompressSync(readFileSync(join(folder, f))).length);
    console.log(`${folder === installed ? "package" : "site"}: paw.js ${sizes[0]}, element.js ${sizes[1]} bytes by brotli`);
    assert.ok(sizes[0] + sizes[1] <= 25_000, `${sizes}`);
  }
});

const consumer = `import paw, { PawError, type Availability, type Detail, type Fn, type Kept } from "@paw/sdk";
import { PawFunctionElement } from "@paw/sdk/element";

export async function answer(text: string, signal: AbortSignal): Promise<string> {
  const fn: Fn = await paw.function("user/slug", { signal, interpreter: "paw-mini-7", consent: ({ bytes, available }) => bytes < (available ?? 0) });
  const d: Detail = await fn.detail(text, { topK: 2, threshold: 0.5 });
  const all: string[] = await fn.batch([text], { signal });
  for await (const piece of fn.stream(text, { signal, maxTokens: 5 })) all.push(piece.toUpperCase());
  const state: Availability = await paw.availability();
  const kept: Kept[] = await paw.storage.list();
  await paw.storage.remove(kept[0]!);
  await fn[Symbol.asyncDispose]();
  const e = document.createElement("paw-function");
  const same: PawFunctionElement = e;
  same.threshold = 0.5;
  e.addEventListener("paw-result", (x) => console.log((x as CustomEvent<Detail>).detail.label));
  if (state === "downloading") throw new PawError("network", "later");
  return d.probabilities![0]!.label + fn.info.labels?.[0];
}
// @ts-expect-error: a threshold is a number
void answer("x", AbortSignal.timeout(1)).then(() => (document.createElement("paw-function").threshold = "high"));
// @ts-expect-error: no such option
void paw.function("user/slug", { intrepreter: "x" });
`;

for (const [resolution, module] of [["bundler", "esnext"], ["nodenext", "nodenext"]]) {
  test(`a consumer type-checks (${resolution})`, () => {
    writeFileSync(join(dir, "consumer.ts"), consumer);
    const options = { strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], types: [], module, moduleResolution: resolution, skipLibCheck: false };
    writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["consumer.ts"] }));
    try {
      run(join(root, "web/test/node_modules/.bin/tsc"), ["-p", dir]);
    } catch (e) {
      assert.fail(e.stdout);
    }
  });
}

test("imported on a server it touches neither document nor network", () => {
  const out = run(process.execPath, ["--input-type=module", "--eval", `
    const touched = [];
    for (const name of ["fetch", "document", "window", "navigator", "caches", "Worker", "localStorage"]) {
      Object.defineProperty(globalThis, name, { configurable: true, get: () => (touched.push(name), undefined) });
    }
    const { default: paw, PawError } = await import("@paw/sdk");
    const { PawFunctionElement } = await import("@paw/sdk/element");
    const { default: manifest } = await import("@paw/sdk/custom-elements.json", { with: { type: "json" } });
    console.log(JSON.stringify({ touched: [...touched], kinds: [typeof paw.function, typeof PawError, typeof PawFunctionElement], tag: manifest.modules[0].declarations[0].tagName, state: await paw.availability() }));
  `]);
  assert.deepEqual(JSON.parse(out), { touched: [], kinds: ["function", "function", "function"], tag: "paw-function", state: "unavailable" });
});

test("bundled, with the assets beside it, the official call shape answers by slug", async () => {
  const mine = await (await fetch(`${s.server.url}/api/v1/programs/${program}`)).json();
  writeFileSync(join(dir, "app.js"), `
    import paw from "@paw/sdk";
    const fn = await paw.function(${JSON.stringify(mine.slug)});
    document.title = await fn("the house is on fire");
    await import("@paw/sdk/element");
    document.querySelector("main").append(Object.assign(document.createElement("paw-function"), { src: ${JSON.stringify(program)} }));
  `);
  run(process.env.GO ?? "go", ["run", "github.com/evanw/esbuild/cmd/esbuild", join(dir, "app.js"), "--bundle", "--format=esm", "--minify", `--outfile=${join(dir, "bundle.js")}`, "--log-level=warning"], root);
  host.files.set("/app/bundle.js", readFileSync(join(dir, "bundle.js")));
  for (const f of readdirSync(join(installed, "assets"))) host.files.set(`/app/assets/${f}`, readFileSync(join(installed, "assets", f)));
  const page = await host.open(s.browser, "/app", `<script type="module" src="/app/bundle.js"></script>`, strict);
  await page.waitForFunction(() => document.querySelector("paw-function")?.shadowRoot?.querySelector("button").disabled === false);
  assert.match(await page.title(), /^(urgent|wait)$/);
  assert.deepEqual(page.faults, []);
  assert.ok(host.requests.every((url) => !url.startsWith("/assets/") && !url.startsWith("/sdk/")), "nothing but the package's own files is loaded");
  await page.close();
});

test("assetsUrl names another folder for the assets, with the package's files pinned", async () => {
  const sums = JSON.parse(readFileSync(join(installed, "integrity.json"), "utf8"));
  host.files.set("/lib/paw.js", readFileSync(join(installed, "paw.js")));
  const page = await host.open(s.browser, "/pinned", `<script type="module" integrity="${sums["paw.js"]}" src="/lib/paw.js"></script>`);
  for (const f of readdirSync(join(installed, "assets"))) host.files.set(`/elsewhere/${f}`, readFileSync(join(installed, "assets", f)));
  const text = await page.evaluate(async (id) => {
    const { default: paw } = await import("/lib/paw.js");
    paw.configure({ assetsUrl: "/elsewhere" });
    return (await paw.function(id))("see you next week");
  }, program);
  assert.match(text, /^(urgent|wait)$/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("custom-elements.json describes the element as it is", async () => {
  const [d] = JSON.parse(readFileSync(join(installed, "custom-elements.json"), "utf8")).modules[0].declarations;
  const page = await host.open(s.browser, "/manifest", `<script type="module" src="/sdk/element.js"></script>`);
  await page.waitForFunction(() => customElements.get("paw-function"));
  const r = await page.evaluate(async ({ d, id }) => {
    const e = document.createElement(d.tagName), heard = new Set();
    const of = (type) => ({ string: "x", number: 0.5, boolean: true })[type];
    const reflected = d.attributes.filter((a) => {
      e[a.fieldName] = of(a.type.text);
      return e.getAttribute(a.name) === (a.type.text === "boolean" ? "" : String(of(a.type.text))) && e[a.fieldName] === of(a.type.text);
    }).map((a) => a.name);
    for (const a of d.attributes) e.removeAttribute(a.name);
    const root = e.shadowRoot;
    const dispatch = e.dispatchEvent;
    e.dispatchEvent = (x) => (heard.add(x.type), dispatch.call(e, x));
    document.body.append(e);
    e.src = id;
    await new Promise((ok) => e.addEventListener("paw-ready", ok));
    await e.run();
    e.src = "/none.paw";
    await new Promise((ok) => e.addEventListener("paw-error", ok));
    return { reflected, members: d.members.filter((m) => m.name in e).map((m) => m.name), parts: [...root.querySelectorAll("[part]")].map((x) => x.getAttribute("part")),
      slots: [...root.querySelectorAll("slot")].map((x) => x.name), heard: [...heard], observed: customElements.get(d.tagName).observedAttributes };
  }, { d, id: program });
  const names = (list) => list.map((x) => x.name).sort();
  assert.deepEqual(r.reflected.sort(), names(d.attributes));
  assert.deepEqual(r.members.sort(), names(d.members));
  assert.deepEqual(r.parts.sort(), names(d.cssParts));
  assert.deepEqual(r.slots, names(d.slots));
  assert.deepEqual(r.heard.sort(), names(d.events));
  assert.deepEqual(r.observed.filter((a) => !names(d.attributes).includes(a)), []);
  await page.close();
});
