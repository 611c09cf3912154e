// What the browser tests and benchmarks share: a Chromium, and a real server on loopback.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

export { binary, root, serve } from "./serve.mjs";

/** The browser: $CHROME, or one that is installed. */
export function chrome() {
  if (process.env.CHROME) return process.env.CHROME;
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
  const places = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"];
  for (const dir of (process.env.PATH ?? "").split(delimiter)) places.push(...names.map((n) => join(dir, n)));
  const found = places.find((p) => existsSync(p));
  if (!found) throw new Error("no Chromium found: install one or set CHROME to its path");
  return found;
}

export function launch(options = {}) {
  return chromium.launch({
    executablePath: chrome(), headless: true, ...options,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run", ...(options.args ?? [])],
  });
}
