// What the tests of the page share: a server and a browser for a file of tests, and what users do.
import { after, before } from "node:test";
import { launch, serve } from "./lib.mjs";

/** Starts both before the tests of the file, prepares what else they need, and ends them after. */
export function site(prepare = async () => {}, options = {}) {
  const s = {};
  before(async () => {
    s.server = await serve();
    s.browser = await launch(options);
    await prepare();
  });
  after(async () => {
    await s.browser?.close();
    await s.server?.stop();
  });
  return s;
}

/** The interpreter is loaded. */
export const ready = (page) => page.waitForFunction(() => document.querySelector("[data-testid=interpreter]")?.dataset.state === "ready", null, { timeout: 30000 });

/** The compilation has ended well and its program is open. */
export async function compiled(page) {
  await page.waitForFunction(() => document.querySelector("[data-testid=compile-status]")?.dataset.state === "ready", null, { timeout: 120000 });
  await page.waitForFunction(() => !document.querySelector("[data-testid=run]").disabled);
}

/** Pastes text into the first field with a test id. */
export const paste = (page, id, text) => page.getByTestId(id).first().evaluate((e, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  e.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}, text);

/** The values of all fields with a test id. */
export const values = (page, id) => page.getByTestId(id).evaluateAll((all) => all.map((e) => e.value));
