// What the browser tests and benchmarks share: a Chromium, and a real server on loopback.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const binary = process.env.PAW ?? join(root, "bin", process.platform === "win32" ? "paw.exe" : "paw");

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

/** Starts "paw serve" on a free port with data of its own. */
export async function serve(args = [], data = mkdtempSync(join(tmpdir(), "paw-test-"))) {
  const child = spawn(binary, ["serve", "--addr", "127.0.0.1:0", "--data", data, ...args], {
    stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, PAW_HOME: join(data, "home") },
  });
  let log = "";
  child.stderr.on("data", (b) => (log += b));
  const url = await new Promise((ok, fail) => {
    createInterface({ input: child.stdout }).on("line", (l) => {
      const m = /listening on (http:\/\/\S+)/.exec(l);
      if (m) ok(m[1]);
    });
    child.on("exit", (code) => fail(new Error(`paw serve ended with ${code}: ${log}`)));
    child.on("error", fail);
  });
  const ended = new Promise((ok) => child.on("exit", ok));
  return {
    url, data, log: () => log,
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await ended;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
