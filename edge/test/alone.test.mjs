// The worker without a server behind it, and without its stores.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { binary } from "../../web/test/serve.mjs";
import { publish, start } from "./lib.mjs";

const json = { "Content-Type": "application/json" };

test("files are published without a server, under a slug", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "paw-edge-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "u.paw");
  writeFileSync(join(folder, "spec.txt"), "Is it urgent? Return ONLY one of: yes, no.\n\nInput: fire\nOutput: yes\n\nInput: tea\nOutput: no");
  execFileSync(binary, ["compile", "--compiler", "paw-mini", "--spec-file", join(folder, "spec.txt"), "--out", file], { stdio: "ignore" });
  const edge = await start({ published: publish(join(folder, "out"), [`urgent=${file}`]) });
  t.after(() => edge.stop());
  const { program_id: id } = (await edge.get("/api/v1/programs/resolve/local%2Furgent")).json();
  assert.ok((await edge.get(`/api/v1/programs/${id}/download`)).bytes.equals(readFileSync(file)));

  for (const [method, path] of [["POST", "/api/v1/compile"], ["POST", "/api/v1/compile/async"], ["GET", `/api/v1/compile/${id}`], ["DELETE", `/api/v1/compile/${id}`], ["GET", "/api/v1/models/compilers"]]) {
    const r = await edge.ask(method, path, json, method === "POST" ? "{}" : undefined);
    assert.equal(r.status, 503, `${method} ${path}`);
    assert.match(r.json().message, /PAW_ORIGIN/);
  }
  assert.equal((await edge.get("/api/v1/programs/" + "f".repeat(20) + "/download")).status, 404);
  assert.equal((await edge.get("/")).status, 200);
});

test("a worker that lacks something says what", async (t) => {
  const empty = await start({ origin: "http://127.0.0.1:9" });
  t.after(() => empty.stop());
  assert.match((await empty.get("/")).json().message, /edge\/publish/);
  const r = await empty.ask("POST", "/api/v1/compile", json, "{}");
  assert.equal(r.status, 502);
  assert.match(r.json().message, /PAW_ORIGIN/);
  const bare = await start({ without: ["kvNamespaces", "r2Buckets"] });
  t.after(() => bare.stop());
  const unbound = await bare.get("/");
  assert.equal(unbound.status, 503);
  assert.match(unbound.json().message, /PAW_RECORDS/);
});
