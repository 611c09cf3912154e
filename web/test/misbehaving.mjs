// The fault table's server, for every browser: the interpreter's file in small chunks, spoiled as a test says;
// everything else is the real server's.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";

export const CHUNK = 256 << 10;

/** Where a download is ended ten times before it is whole. */
export const tenths = (size) => Array.from({ length: 10 }, (_, i) => Math.floor(((i + 1) * size) / 11));

/** What is kept of so many bytes that arrived: whole chunks. */
export const kept = (at) => at - (at % CHUNK);

/** Faults that end well, or in words, after so many requests; name, plan, outcome, requests. */
export const answers = [
  ["a server without ranges", [{ cut: 900_000 }, { whole: true }], "loaded", 2],
  ["a busy server", [{ status: 503 }, { status: 429 }], "loaded", 3],
  ["one damaged chunk", [{ flip: 2_000_000 }], "loaded", 2],
  ["a chunk that is damaged every time", Array.from({ length: 9 }, () => ({ flip: 2_000_000 })), /^network: .*damaged/, 5],
  ["a connection that breaks at the same place every time", Array.from({ length: 9 }, () => ({ cut: 100_000 })), /^network: .*(broke off|lost)/, 5],
  ["another part than asked for", [{ cut: 900_000 }, { shift: CHUNK }], /^network: .*another part/, 2],
  ["416", [{ cut: 900_000 }, { status: 416 }], /^network: .*416/, 2],
  ["404", [{ status: 404 }], /^network: .*404/, 1],
];

/** One of the answers above, asked for by `attempt`: it ends as it should, and where that is in words the next try works. */
export async function answered(host, page, attempt, how, requests) {
  const got = await attempt(page);
  assert.equal(host.state.requests.length, requests);
  if (!(how instanceof RegExp)) return assert.equal(got, how);
  assert.match(got, how);
  assert.equal(await page.evaluate(() => window.client.isCached(window.base)), false);
  host.expect([]);
  assert.equal(await attempt(page), "loaded", "the next try works");
}

/** Takes the private file system away. */
export const noFiles = "StorageManager.prototype.getDirectory = undefined;\n";

/** Starts it. Of `state`: plan, a fault for each of the next requests; lists, the same for the list of chunks; requests,
 *  where each began; noFiles, whether workers lack the private file system; sent, bytes. */
export async function misbehaving(serverURL) {
  const mini = (await (await fetch(serverURL + "/api/v1/interpreters")).json()).interpreters[0];
  const bytes = Buffer.from(await (await fetch(serverURL + mini.url)).arrayBuffer());
  const { sha256 } = mini, chunks = [];
  for (let at = 0; at < bytes.length; at += CHUNK) chunks.push(createHash("sha256").update(bytes.subarray(at, at + CHUNK)).digest("hex"));
  const list = JSON.stringify({ size: bytes.length, sha256, chunk: CHUNK, chunks });
  const state = { plan: [], lists: [], requests: [], sent: 0 };
  let open; // the answer that is being sent
  const send = (r, part) => ((state.sent += part.length), r.write(part));

  /** Sends slowly, so that there is time in between. (Of what arrives at once a browser drops what was
   *  not read yet when the connection breaks.) */
  function drip(r, part, end) {
    let at = 0;
    const timer = setInterval(() => {
      if (at >= part.length || r.destroyed) return clearInterval(timer), end();
      send(r, part.subarray(at, (at += CHUNK)));
    }, 25);
  }

  const server = createServer(async (q, r) => {
    if (q.url === "/page") {
      r.writeHead(200, { "Content-Type": "text/html" });
      return r.end("<!doctype html><html lang=en><title>host</title></html>");
    }
    if (q.headers.origin) { // as of a plain site for files: it allows pages of other origins to read, and no more
      r.setHeader("Access-Control-Allow-Origin", "*");
      if (q.method === "OPTIONS") return r.writeHead(405).end();
    }
    if (q.url === "/cut") return open.destroy(), r.writeHead(204).end();
    if (q.url.endsWith(".chunks.json")) {
      const fault = state.lists.shift() ?? {};
      if (fault.silent) return;
      r.writeHead(fault.status ?? 200);
      return r.end(fault.body ?? list);
    }
    if (!q.url.endsWith(".gguf")) {
      const from = await fetch(serverURL + q.url);
      r.writeHead(from.status, { "Content-Type": from.headers.get("content-type") ?? "" });
      if (state.noFiles && /\/worker-[^/]*\.js$/.test(q.url)) r.write(noFiles);
      return r.end(Buffer.from(await from.arrayBuffer()));
    }
    open = r;
    const fault = state.plan.shift() ?? {};
    const m = /^bytes=(\d+)-$/.exec(q.headers.range ?? "");
    const from = m && !fault.whole ? Number(m[1]) : 0;
    state.requests.push(m ? Number(m[1]) : 0);
    if (fault.silent) return;
    if (fault.status) {
      r.writeHead(fault.status);
      return r.end();
    }
    if (m) assert.equal(q.headers["if-range"], q.headers.origin ? undefined : `"${sha256}"`);
    let body = bytes.subarray(from);
    if (fault.flip !== undefined) {
      body = Buffer.from(body);
      body[fault.flip - from] ^= 1;
    }
    const head = { "Content-Length": body.length, "Content-Type": "application/octet-stream", ETag: `"${sha256}"` };
    if (m && !fault.whole) head["Content-Range"] = `bytes ${from + (fault.shift ?? 0)}-${bytes.length - 1}/${bytes.length}`;
    r.writeHead(m && !fault.whole ? 206 : 200, head);
    const end = Math.max(0, (fault.cut ?? fault.stall ?? bytes.length) - from);
    const part = body.subarray(0, end);
    if (fault.stall !== undefined) {
      send(r, part);
      if (!fault.until) return;
      await fault.until; // and then the rest
      send(r, body.subarray(end));
      return r.end();
    }
    if (fault.cut !== undefined) return drip(r, part, () => r.destroy());
    if (fault.slow) return drip(r, part, () => r.end());
    send(r, part);
    r.end();
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  return {
    state, bytes, sha256, url: `http://127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()),
    /** Forgets what was asked so far; plans what comes. */
    expect: (plan) => Object.assign(state, { plan, requests: [], sent: 0 }),
  };
}

/** A download that is cut at ten places, each time when the page has read all that was sent; runs in the page.
 *  The plan is a stall at each of them. */
export const cutAt = (places) => window.attempt({
  onProgress: (p) => p.done === places[0] && (places.shift(), void fetch("/cut")),
});

/** Begins a download and waits until exactly so many bytes of it have arrived; runs in the page, and the plan
 *  is a stall there. window.how tells how it ends. */
export const reach = (at) => new Promise((ok) => {
  window.how = window.attempt({ onProgress: (p) => p.done === at && ok() });
});

/** Prepares a page of it: window.attempt loads the interpreter and tells how that went. Runs in the page. */
export async function prepare([sha256, size]) {
  window.client = await import((await (await fetch("/assets.json")).json())["client.js"].url);
  window.base = { id: "x", url: "/m.gguf", chunksUrl: "/m.chunks.json", size, sha256 };
  window.attempt = async (o = {}) => {
    const it = (window.it = window.client.Interpreter.start());
    const how = await it.load(window.base, o).then((r) => (r.fromCache ? "cached" : "loaded"), (e) => e.kind + ": " + e.message);
    it.dispose();
    return how;
  };
}
