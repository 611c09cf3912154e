// Another site beside the server, as people have who embed functions: pages of its own with a policy each,
// and everything else handed on to the server (self-hosting).
import assert from "node:assert/strict";
import { createServer } from "node:http";

/** What docs/embedding.md asks of a site that serves everything itself. */
export const strict = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types paw";

const types = { js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm" };

/** pages: path → {html, policy}; files: path → bytes, or a function that answers; requests: paths asked for. */
export async function hosting(serverURL) {
  const site = { pages: new Map(), files: new Map(), requests: [] };
  const server = createServer(async (q, r) => {
    const path = q.url.split("?")[0];
    site.requests.push(q.url);
    const page = site.pages.get(path);
    if (page) {
      r.writeHead(200, { "Content-Type": "text/html", ...(page.policy ? { "Content-Security-Policy": page.policy } : {}) });
      return r.end(page.html);
    }
    const file = site.files.get(path);
    if (typeof file === "function") return file(q, r);
    if (file) {
      r.writeHead(200, { "Content-Type": types[path.split(".").pop()] ?? "application/octet-stream" });
      return r.end(file);
    }
    try {
      const from = await fetch(serverURL + q.url);
      r.writeHead(from.status, { "Content-Type": from.headers.get("content-type") ?? "" });
      r.end(Buffer.from(await from.arrayBuffer()));
    } catch {
      r.destroy(); // the server is gone, or the page
    }
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  return Object.assign(site, {
    url: `http://127.0.0.1:${server.address().port}`, port: server.address().port,
    close: () => (server.closeAllConnections(), server.close()),
    /** Opens a page in a context (or a browser) and collects what its policy or scripts complain about. */
    async open(context, path, html, policy = strict) {
      site.pages.set(path, { html: `<!doctype html><html lang="en"><title>host</title><main><h1>Host</h1>${html}</main></html>`, policy });
      const page = await context.newPage();
      page.faults = [];
      page.on("console", (m) => ["error", "warning"].includes(m.type()) && page.faults.push(m.text()));
      page.on("pageerror", (e) => page.faults.push(String(e)));
      await page.goto(site.url + path);
      return page;
    },
  });
}

/** Compiles a description on the server and gives the program's id. */
export async function made(serverURL, spec) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ spec, compiler: "paw-mini" }) };
  const job = await (await fetch(serverURL + "/api/v1/compile/async", post)).json();
  for (;;) {
    const now = await (await fetch(`${serverURL}/api/v1/compile/${job.job_id}`)).json();
    if (now.status === "ready") return job.program_id;
    assert.ok(["queued", "compiling"].includes(now.status), JSON.stringify(now));
    await new Promise((ok) => setTimeout(ok, 50));
  }
}

export const urgentSpec = "Classify if this message is urgent. Return ONLY one of: urgent, wait\n\nInput: the house is on fire\nOutput: urgent\nInput: see you next week\nOutput: wait";
