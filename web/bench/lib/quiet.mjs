// Tells whether the processor is all ours. On a rented machine the other hyperthread of a core may be somebody else's:
// their work does not show in the load, takes half of the core for seconds at a time, and hits short and long
// measurements differently. So a fixed piece of work is timed on every core before and after each measurement, and a
// measurement counts when both took about as long as ever. The same rule for every engine.
import { spawn } from "node:child_process";
import { cpus, platform } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("probe.mjs", import.meta.url));
const calm = 1.2; // times the shortest; a shared core needs about twice as long
const pause = 100; // ms between two looks at a busy machine

/** A process that does the fixed work when asked, on one core where the system lets us choose. */
function start(core) {
  const child = core === undefined ? spawn(process.execPath, [program]) : spawn("taskset", ["-c", String(core), process.execPath, program]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((_, fail) => {
    child.once("error", fail);
    child.stdin.once("error", fail);
  });
  failed.catch(() => {}); // told by work
  return {
    shortest: Infinity,
    async work() {
      child.stdin.write("\n");
      const { value, done } = await Promise.race([lines.next(), failed]);
      if (done) throw new Error("the probe ended");
      this.shortest = Math.min(this.shortest, Number(value));
      return Number(value);
    },
    stop: () => child.kill(),
  };
}

/** Probes on all cores, warmed up; patience: seconds to wait and to repeat for one measurement, 0 takes everything as it comes. */
export async function quiet(patience) {
  const warm = async (p) => { for (let i = 0; i < 30; i++) await p.work(); };
  let probes = platform() === "linux" ? cpus().map((_, core) => start(core)) : [start()];
  try {
    for (const p of probes) await warm(p);
  } catch { // cores cannot be chosen here
    for (const p of probes) p.stop();
    probes = [start()];
    await warm(probes[0]);
  }
  const count = { samples: 0, repeated: 0, disturbed: 0 };
  async function undisturbed() {
    for (const p of probes) if ((await p.work()) > calm * p.shortest) return false;
    return true;
  }
  return {
    count,
    /** measure's value on a quiet machine, or the last one when patience is at an end. measure gets the number of the attempt. */
    async sample(measure) {
      count.samples++;
      const until = performance.now() + 1e3 * patience;
      const left = () => performance.now() < until;
      for (let attempt = 0; ; attempt++) {
        let before = await undisturbed();
        while (!before && left()) {
          await new Promise((ok) => setTimeout(ok, pause));
          before = await undisturbed();
        }
        const value = await measure(attempt);
        if (before && (await undisturbed())) return value;
        if (!left()) {
          count.disturbed++;
          return value;
        }
        count.repeated++;
      }
    },
    stop: () => probes.forEach((p) => p.stop()),
  };
}
