// The machine and the browser of a run: figures without them mean nothing.
import { readFileSync } from "node:fs";
import { cpus, loadavg, platform, release, totalmem } from "node:os";

const telling = ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimd", "asimddp", "i8mm"];

export function machine() {
  let flags = [];
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))[1].trim().split(/\s+/);
    flags = telling.filter((f) => line.includes(f));
  } catch {
    // not Linux
  }
  return {
    date: new Date().toISOString().slice(0, 10), cpu: cpus()[0]?.model.trim() ?? "", cores: cpus().length, flags,
    memoryGB: Math.round(totalmem() / 1e9), system: `${platform()} ${release().split("-")[0]}`,
    browser: "", load: Number(loadavg()[0].toFixed(1)), // waiting processes when the run began: more than about 0.5 is noise
  };
}
