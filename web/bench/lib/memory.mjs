// Memory of one browser's processes (Linux: it comes from /proc; elsewhere there is none).
import { readFileSync, readdirSync } from "node:fs";

const read = (pid, name) => readFileSync(`/proc/${pid}/${name}`, "utf8");

/** The processes of the browser that uses this profile, by their parents: other browsers may be running. */
function family(profile) {
  const parents = new Map(), roots = [];
  for (const pid of readdirSync("/proc").filter((p) => /^\d+$/.test(p))) {
    try {
      parents.set(pid, /^PPid:\s+(\d+)/m.exec(read(pid, "status"))[1]);
      if (read(pid, "cmdline").split("\0").includes(`--user-data-dir=${profile}`)) roots.push(pid);
    } catch {
      // the process has ended
    }
  }
  const ours = new Set(roots);
  for (let before = -1; before !== ours.size; ) {
    before = ours.size;
    for (const [pid, parent] of parents) if (ours.has(parent)) ours.add(pid);
  }
  return ours;
}

/** Anonymous memory in MiB, shared parts divided: of the renderers, and of all the browser's processes. */
export function memory(profile) {
  if (process.platform !== "linux") return null;
  const out = { renderer: 0, all: 0 };
  for (const pid of family(profile)) {
    try {
      const mb = Number(/Pss_Anon:\s+(\d+)/.exec(read(pid, "smaps_rollup"))[1]) / 1024;
      out.all += mb;
      if (read(pid, "cmdline").includes("--type=renderer")) out.renderer += mb;
    } catch {
      // the process has ended
    }
  }
  return out;
}
