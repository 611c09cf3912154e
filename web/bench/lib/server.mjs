// The server of the peers' pages and files, on loopback: code compressed as our own server compresses it, so
// that bytes on the wire compare, and everything but pages kept by the browser's cache.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompress, constants } from "node:zlib";

const bench = fileURLToPath(new URL("..", import.meta.url));
const types = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
/** The code that pages of the peers load: compressed before anything is timed. */
const CODE = ["/wllama/esm/index.js", "/wllama/esm/wasm/wllama.wasm", "/ort/ort.wasm.min.mjs", "/ort/ort-wasm-simd-threaded.mjs", "/ort/ort-wasm-simd-threaded.wasm"];
const packages = { "/wllama/": "node_modules/@wllama/wllama", "/ort/": "node_modules/onnxruntime-web/dist" };

/** A file by brotli at its best, which takes half a minute for 14 MB: kept in a folder under its digest. */
async function compressed(file, folder) {
  const bytes = readFileSync(file);
  const kept = join(folder, createHash("sha256").update(bytes).digest("hex").slice(0, 32) + ".br");
  if (!existsSync(kept)) {
    mkdirSync(folder, { recursive: true });
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_LGWIN]: 22 };
    writeFileSync(kept, await new Promise((ok, no) => brotliCompress(bytes, { params }, (e, b) => (e ? no(e) : ok(b)))));
  }
  return kept;
}

/** Serves the peers' pages; models: {"/base.gguf": file, …}; folder: where compressed files are kept. */
export async function servePeers(models, folder) {
  const find = (path) => {
    for (const [at, package_] of Object.entries(packages)) if (path.startsWith(at)) return join(bench, package_, normalize(path.slice(at.length - 1)));
    return models[path] ?? (/^\/[a-z]+\.(html|js)$/.test(path) ? join(bench, path) : undefined);
  };
  await Promise.all(CODE.map((path) => compressed(find(path), folder)));
  const server = createServer(async (q, r) => {
    const url = new URL(q.url, "http://x");
    let file = find(url.pathname), size;
    const type = types[extname(file ?? "")];
    try {
      if (type && type !== "text/html") file = await compressed(file, folder);
      size = statSync(file).size;
    } catch {
      return void r.writeHead(404).end();
    }
    r.writeHead(200, {
      "Content-Type": type ?? "application/octet-stream", "Content-Length": size,
      ...(file.endsWith(".br") ? { "Content-Encoding": "br" } : {}),
      "Cache-Control": type === "text/html" ? "no-cache" : "public, max-age=31536000, immutable",
      // Threads want isolation; ?plain is a page that has none, like a widget in somebody's page.
      ...(url.searchParams.has("plain") ? {} : { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }),
    });
    createReadStream(file).pipe(r);
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => (server.close(), server.closeAllConnections()) };
}
