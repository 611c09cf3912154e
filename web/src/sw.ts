// The service worker keeps the shell (page, style, worker, modules, SDK) so that a reload works without a
// network. Interpreters and programs are kept by the page itself; requests to the API pass through.

declare const __SHELL__: string[];
declare const __VERSION__: string;

interface Worker extends EventTarget {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  location: Location;
}
interface Waiting extends Event {
  waitUntil(p: Promise<unknown>): void;
}
interface Fetching extends Event {
  request: Request;
  respondWith(r: Promise<Response>): void;
}

const worker = self as unknown as Worker;
const PREFIX = "paw-shell-";
const CURRENT = PREFIX + __VERSION__;

async function install(): Promise<void> {
  const cache = await caches.open(CURRENT);
  // Assets are immutable, so the browser's own cache may give them; the page and its manifest are asked for anew.
  await Promise.all(__SHELL__.map(async (url) => {
    const r = await fetch(url, { cache: url.startsWith("/assets/") ? "default" : "no-cache" });
    if (!r.ok) throw new Error(`${url}: ${r.status}`);
    await cache.put(url, r);
  }));
  await worker.skipWaiting();
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CURRENT) await caches.delete(name);
  }
  await worker.clients.claim();
}

/** What keeps its name when it changes: the server's, else the kept one, also where a proxy answers for a server that is down. */
async function shell(request: Request, path: string): Promise<Response> {
  const kept = async () => (await caches.open(CURRENT)).match(path);
  let r: Response;
  try {
    r = await fetch(request);
  } catch (e) {
    const have = await kept();
    if (have) return have;
    throw e;
  }
  return (r.status >= 500 && (await kept())) || r;
}

async function asset(request: Request, path: string): Promise<Response> {
  return (await caches.match(path)) ?? fetch(request);
}

worker.addEventListener("install", (e) => (e as Waiting).waitUntil(install()));
worker.addEventListener("activate", (e) => (e as Waiting).waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const e = event as Fetching;
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (e.request.mode === "navigate" && url.pathname === "/") e.respondWith(shell(e.request, "/"));
  else if (url.pathname.startsWith("/sdk/")) e.respondWith(shell(e.request, url.pathname));
  else if (url.pathname.startsWith("/assets/") || url.pathname === "/manifest.webmanifest") e.respondWith(asset(e.request, url.pathname));
});
