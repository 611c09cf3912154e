// The built worker against a real server: what the edge answers is what the server answers.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { serve } from "../../web/test/serve.mjs";
import { ask, dist, publish, start } from "./lib.mjs";

const spec = (what) => `Is the message ${what}? Return ONLY one of: yes, no.\n\nInput: the server is on fire\nOutput: yes\n\nInput: see you next week\nOutput: no`;
const json = { "Content-Type": "application/json" };

let server, edge, folder, shown, hidden;

async function call(method, path, body) {
  const r = await ask(server.url, method, path, json, JSON.stringify(body));
  assert.ok(r.status < 300, `${method} ${path}: ${r.status} ${r.text()}`);
  return r.json();
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "paw-edge-"));
  server = await serve();
  shown = (await call("POST", "/api/v1/compile", { spec: spec("urgent"), compiler: "paw-mini" })).program_id;
  hidden = (await call("POST", "/api/v1/compile", { spec: spec("private"), compiler: "paw-mini" })).program_id;
  await call("PATCH", `/api/v1/programs/${shown}`, { public: true, slug: "urgent", name: "Urgent?" });
  await call("PATCH", `/api/v1/programs/${hidden}`, { slug: "mine" });
  edge = await start({ published: publish(folder, ["--data", server.data]), origin: server.url }); // while the server runs
});

after(async () => {
  await edge?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The headers that the edge promises to give as the server does. */
const promised = ["content-type", "content-encoding", "content-security-policy", "cache-control", "access-control-allow-origin", "cross-origin-resource-policy",
  "x-content-type-options", "referrer-policy", "etag", "vary", "content-disposition", "content-range", "accept-ranges", "content-length"];

/** Asks both; bodies, statuses and promised headers are the same. */
async function same(path, headers = {}, except = []) {
  const [a, b] = await Promise.all([edge.get(path, headers), ask(server.url, "GET", path, headers)]);
  assert.equal(a.status, b.status, path);
  for (const name of promised) {
    if (except.includes(name) || name === "content-length" && a.headers["transfer-encoding"]) continue; // small answers come in chunks
    assert.equal(a.headers[name], b.headers[name], `${path}: ${name}`);
  }
  assert.ok(a.bytes.equals(b.bytes), `${path}: the bodies differ`);
  return a;
}

describe("the site", () => {
  test("every file has the server's bytes and headers", async () => {
    const files = readdirSync(dist, { recursive: true }).map((f) => "/" + f.replaceAll("\\", "/")).filter((f) => /\.(js|css|wasm|svg|json|webmanifest)$/.test(f));
    assert.ok(files.length > 10);
    for (const path of ["/", "/embed.html", ...files]) {
      const r = await same(path, { "Accept-Encoding": "br, gzip" });
      assert.equal(r.status, 200, path);
      assert.match(r.headers["cache-control"], path.startsWith("/assets/") ? /immutable/ : /^no-cache$/);
    }
  });

  // The platform tells workers that every client takes Brotli, and encodes again for those that do not.
  test("clients that take no Brotli get the same file", async () => {
    for (const path of ["/", "/sdk/paw.js"]) {
      const file = readFileSync(join(dist, path === "/" ? "index.html" : path));
      const plain = await edge.get(path, { "Accept-Encoding": "identity" });
      assert.equal(plain.headers["content-encoding"] ?? "identity", "identity");
      assert.ok(plain.bytes.equals(file), path);
      const zipped = await edge.get(path, { "Accept-Encoding": "gzip" });
      assert.equal(zipped.headers["content-encoding"], "gzip");
      assert.ok(gunzipSync(zipped.bytes).equals(file), path);
    }
  });

  test("an unchanged file is not sent again", async () => {
    const { headers } = await edge.get("/sdk/paw.js", { "Accept-Encoding": "br" });
    const again = await same("/sdk/paw.js", { "Accept-Encoding": "br", "If-None-Match": headers.etag }, ["content-encoding"]); // which the emulator adds
    assert.equal(again.status, 304);
    assert.equal(again.bytes.length, 0);
    assert.equal((await edge.ask("HEAD", "/sdk/paw.js")).bytes.length, 0);
    assert.equal((await edge.ask("POST", "/")).status, 405);
  });

  test("the SDK and the frame may be used by other pages", async () => {
    const sdk = await edge.get("/sdk/element.js");
    assert.equal(sdk.headers["access-control-allow-origin"], "*");
    assert.equal(sdk.headers["cross-origin-resource-policy"], "cross-origin");
    assert.match((await edge.get("/embed.html")).headers["content-security-policy"], /frame-ancestors \*/);
    assert.match((await edge.get("/")).headers["content-security-policy"], /frame-ancestors 'none'/);
  });
});

describe("programs", () => {
  test("are found by id and by slug, with a raw slash and an encoded one", async () => {
    for (const ref of ["local/urgent", "local%2Furgent", "urgent", "local/urgent@v1", "local%2Furgent%40v1", shown]) {
      const r = await same(`/api/v1/programs/resolve/${ref}`);
      assert.deepEqual(r.json(), { program_id: shown, slug: "local/urgent" });
      await same(`/api/v1/programs/${ref}`);
      await same(`/api/v1/programs/${ref}/download`);
    }
    await same("/api/v1/programs/local/urgent/versions");
  });

  test("are cached for ever by id, and asked for again by slug", async () => {
    const r = await edge.get(`/api/v1/programs/${shown}/download`);
    assert.match(r.headers["cache-control"], /immutable/);
    assert.equal(r.headers.etag, `"${createHash("sha256").update(r.bytes).digest("hex")}"`);
    for (const ref of [shown, "local/urgent"]) {
      const again = await edge.get(`/api/v1/programs/${ref}/download`, { "If-None-Match": `"x", ${r.headers.etag}` });
      assert.equal(again.status, 304);
      assert.equal(again.bytes.length, 0);
    }
    assert.equal((await edge.get("/api/v1/programs/local/urgent/download")).headers["cache-control"], "no-cache");
    const head = await edge.ask("HEAD", `/api/v1/programs/${shown}/download`);
    assert.equal(Number(head.headers["content-length"]), r.bytes.length);
  });

  test("that nobody published have no slug here", async () => {
    for (const ref of ["mine", "local/mine", "resolve/mine", "mine/download", "mine/versions"]) assert.equal((await edge.get(`/api/v1/programs/${ref}`)).status, 404, ref);
    assert.ok(!readFileSync(join(folder, "records.json"), "utf8").includes(hidden));
  });
});

describe("models", () => {
  test("come whole and in parts", async () => {
    const [mini] = (await edge.get("/api/v1/interpreters")).json().interpreters;
    const whole = await same(mini.url);
    assert.equal(createHash("sha256").update(whole.bytes).digest("hex"), mini.sha256);
    assert.match(whole.headers["cache-control"], /immutable/);
    assert.equal(Number(whole.headers["content-length"]), mini.size_bytes);
    for (const [range, status] of [["bytes=0-0", 206], ["bytes=1000-2000", 206], ["bytes=-10", 206], [`bytes=${mini.size_bytes - 5}-`, 206], [`bytes=${mini.size_bytes}-`, 416]]) {
      const r = status === 206 ? await same(mini.url, { Range: range }) : await edge.get(mini.url, { Range: range });
      assert.equal(r.status, status, range);
      if (status === 416) assert.equal(r.headers["content-range"], `bytes */${mini.size_bytes}`);
    }
    assert.equal((await same(mini.url, { "If-None-Match": whole.headers.etag })).status, 304);
    assert.equal((await edge.get(mini.url, { Range: "bytes=0-3", "If-Range": '"other"' })).status, 200);
    assert.equal((await edge.get(mini.url, { Range: "bytes=0-3", "If-Range": whole.headers.etag })).text(), "GGUF");
    const chunks = (await same(mini.chunks_url, {}, ["etag"])).json();
    assert.equal(chunks.sha256, mini.sha256);
    assert.equal(chunks.chunks[0], createHash("sha256").update(whole.bytes.subarray(0, chunks.chunk)).digest("hex"));
  });

  test("manifests name this host", async () => {
    const m = (await edge.get("/api/v1/models/runtimes/paw-mini-7")).json();
    assert.ok(m.local_sdk.base_model.url.startsWith(edge.url + "/models/"), m.local_sdk.base_model.url);
    assert.equal((await ask(edge.url, "HEAD", new URL(m.local_sdk.base_model.url).pathname)).status, 200);
    await same("/api/v1/models/runtimes/gpt2-q8_0");
    assert.equal((await edge.get("/api/v1/models/runtimes/none")).status, 404);
  });

  test("the catalogue and the compilers are the server's", async () => {
    await same("/api/v1/catalogue");
    await same("/api/v1/models/compilers");
    const own = (await edge.get("/api/v1/interpreters")).json().interpreters[0].compilers;
    const theirs = (await ask(server.url, "GET", "/api/v1/interpreters")).json().interpreters[0].compilers;
    assert.deepEqual(own, theirs);
  });
});

describe("compilations", () => {
  test("go to the origin, and the new program comes back", async () => {
    const wanted = JSON.stringify({ spec: spec("new"), compiler: "paw-mini" });
    assert.equal((await edge.ask("POST", "/api/v1/compile/precheck", json, wanted)).json().cached, false);
    const started = await edge.ask("POST", "/api/v1/compile/async", { ...json, Cookie: "a=b", Origin: edge.url, "Sec-Fetch-Site": "same-origin" }, wanted);
    assert.equal(started.status, 202, started.text());
    const id = started.json().job_id;
    const events = (await edge.get(`/api/v1/compile/${id}/events`)).text(); // ends with the compilation
    assert.match(events, /event: ready/);
    assert.equal((await edge.get(`/api/v1/compile/${id}`)).json().status, "ready");
    assert.equal((await edge.ask("DELETE", `/api/v1/compile/${id}`)).status, 409);
    const made = await edge.ask("POST", "/api/v1/compile", json, wanted);
    assert.equal(made.status, 200);
    assert.equal(made.json().program_id, id);
    assert.equal((await edge.get(`/api/v1/programs/resolve/${id}`)).json().program_id, id);
    const program = await same(`/api/v1/programs/${id}/download`);
    assert.equal(program.bytes.subarray(0, 2).toString(), "PK");
  });

  test("the origin's refusals are handed on", async () => {
    const r = await edge.ask("POST", "/api/v1/compile", json, JSON.stringify({ spec: "short" }));
    assert.equal(r.status, 422);
    assert.ok(r.json().detail);
    assert.equal((await edge.ask("POST", "/api/v1/compile", { "Content-Type": "text/plain" }, "x")).status, 415);
  });

  test("pages of other origins cannot ask for any", async () => {
    for (const headers of [{ Origin: "https://evil.example" }, { "Sec-Fetch-Site": "cross-site" }]) {
      assert.equal((await edge.ask("POST", "/api/v1/compile", { ...json, ...headers }, "{}")).status, 403);
    }
  });
});

test("hostile paths name nothing", async () => {
  for (const path of [
    "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2frecords.json", "/sha256/" + "0".repeat(64), "/assets/..%2f..%2fsw.js.map", "/.env", "/index.html%00.js",
    "/api/v1/programs/..%2f..%2fsite", "/api/v1/programs/slug%2Furgent", "/api/v1/programs/resolve/..%2Furgent", "/api/v1/programs/resolve/%00", "/api/v1/programs/resolve/other%2Furgent",
    "/api/v1/compile/..%2fprograms", "/api/v1/compile/x%2fy", "/api/v1/models/runtimes/..%2Fsite", "/models/..%2Fx.gguf", "/models/" + "F".repeat(64) + ".gguf",
    "/api/v1/programs", "/api/v2/x", "/api/v1/programs/resolve/" + "a".repeat(5000), "/%ff%fe", "/api/v1/programs/%E0%A4%A",
  ]) {
    const r = await edge.get(path);
    assert.ok(r.status === 404 || r.status === 400, `${path}: ${r.status} ${r.text().slice(0, 200)}`);
    assert.ok(!r.text().includes("root:"), path);
    assert.equal(r.headers["x-content-type-options"] ?? "nosniff", "nosniff");
  }
});
