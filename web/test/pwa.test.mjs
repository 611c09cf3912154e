// The site as an application: installable, and told when a newer version has come. (Work without a
// network is in site.test.mjs.)
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { ready, site } from "./page.mjs";

const s = site(prepare);
let front, newer = false, down = false;

/** The same site behind a front that can pretend to have a newer version, and to have lost its server. */
async function prepare() {
  const server = createServer(async (q, r) => {
    if (down) return r.writeHead(502, { "Content-Type": "text/html" }).end("<h1>Bad Gateway</h1>");
    const from = await fetch(s.server.url + q.url, { method: q.method });
    const head = Object.fromEntries([...from.headers].filter(([k]) => !["content-length", "content-encoding", "etag"].includes(k)));
    let body = Buffer.from(await from.arrayBuffer());
    if (newer && q.url === "/sw.js") body = Buffer.concat([body, Buffer.from("\n// newer")]);
    r.writeHead(from.status, head);
    r.end(body);
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  front = { url: `http://127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()) };
}
after(() => front?.close());

/** The page of a fresh profile, once the service worker serves it. */
async function installed() {
  const context = await s.browser.newContext();
  const page = await context.newPage();
  await page.goto(front.url);
  await ready(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  return { context, page };
}

test("the browser finds a manifest it can install", async () => {
  const context = await s.browser.newContext();
  const page = await context.newPage();
  await page.goto(front.url);
  await ready(page);
  const cdp = await context.newCDPSession(page);
  const { errors, data } = await cdp.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const m = JSON.parse(data);
  assert.equal(m.display, "standalone");
  for (const icon of m.icons) assert.equal((await page.request.get(front.url + icon.src)).status(), 200);
  const { installabilityErrors } = await cdp.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors.map((e) => e.errorId).filter((id) => id !== "in-incognito"), []);
  await context.close();
});

test("a proxy whose server is down ends neither the page nor what is on this device", async () => {
  const { context, page } = await installed();
  down = true;
  await page.reload();
  await ready(page);
  await page.getByTestId("offline").filter({ hasText: /\S/ }).waitFor();
  down = false;
  await page.getByTestId("offline").getByRole("button").click();
  await page.getByTestId("offline").waitFor({ state: "hidden" });
  await context.close();
});

test("a newer version is announced, not forced; the first visit announces nothing", async () => {
  const { context, page } = await installed();
  assert.equal(await page.locator("#update").isVisible(), false);
  await page.getByLabel("Description", { exact: false }).first().fill("kept while the page is old");
  newer = true;
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
  await page.getByTestId("reload").waitFor();
  assert.equal(await page.getByLabel("Description", { exact: false }).first().inputValue(), "kept while the page is old");
  await page.getByTestId("reload").click();
  await ready(page);
  assert.equal(await page.locator("#update").isVisible(), false);
  await context.close();
});
