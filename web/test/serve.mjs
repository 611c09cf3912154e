// A real server on loopback, for tests that need no more than Node.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const binary = process.env.PAW ?? join(root, "bin", process.platform === "win32" ? "paw.exe" : "paw");

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
