// The worker as it is deployed, in workerd with real R2 and KV, filled by edge/publish.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { root } from "../../web/test/serve.mjs";

export const dist = join(root, "web", "dist");
const worker = join(root, "build", "edge");
const publisher = join(root, "build", "edge-publish");

/** Runs edge/publish; returns the folder that it wrote. */
export function publish(out, args = []) {
  execFileSync(publisher, ["--site", dist, "--out", out, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  return out;
}

/** Starts the worker with these variables; `without` leaves bindings out. */
export async function start({ published, origin, without = [] } = {}) {
  const bindings = { r2Buckets: ["PAW_OBJECTS"], kvNamespaces: ["PAW_RECORDS"] };
  for (const name of without) delete bindings[name];
  const mf = new Miniflare({
    host: "127.0.0.1", port: 0, cf: false, // asks nobody where it is
    compatibilityDate: "2025-09-01", modulesRoot: worker,
    modules: [
      ...["entry.mjs", "worker.mjs", "runtime.mjs", "wasm_exec.js"].map((name) => ({ type: "ESModule", path: join(worker, name) })),
      { type: "CompiledWasm", path: join(worker, "app.wasm") },
    ],
    bindings: origin === undefined ? {} : { PAW_ORIGIN: origin },
    ...bindings,
  });
  let url;
  try {
    url = (await mf.ready).origin;
    if (published) await fill(mf, published);
  } catch (e) {
    await mf.dispose();
    throw e;
  }
  return { url, mf, get: (path, headers) => ask(url, "GET", path, headers), ask: (...a) => ask(url, ...a), stop: () => mf.dispose() };
}

async function fill(mf, published) {
  const bucket = await mf.getR2Bucket("PAW_OBJECTS");
  const space = await mf.getKVNamespace("PAW_RECORDS");
  const folder = join(published, "objects", "sha256");
  for (const name of readdirSync(folder)) await bucket.put("sha256/" + name, Uint8Array.from(readFileSync(join(folder, name))).buffer);
  for (const { key, value } of JSON.parse(readFileSync(join(published, "records.json"), "utf8"))) await space.put(key, value);
}

/** One request as it is on the wire: the path is sent as given, the body is not decoded. */
export function ask(url, method, path, headers = {}, body) {
  const { hostname, port } = new URL(url);
  return new Promise((ok, fail) => {
    const r = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const parts = [];
      answer.on("data", (b) => parts.push(b));
      answer.on("error", fail);
      answer.on("end", () => {
        const bytes = Buffer.concat(parts);
        ok({ status: answer.statusCode, headers: answer.headers, bytes, text: () => bytes.toString("utf8"), json: () => JSON.parse(bytes.toString("utf8")) });
      });
    });
    r.on("error", fail);
    r.end(body);
  });
}
