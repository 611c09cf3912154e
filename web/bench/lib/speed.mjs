// Calls and rates of all engines in one browser, alternating, so that a slow minute hits all of them.
import { INPUT, pick, PREFIX } from "./words.mjs";

/** Adds to rows[engine][column] every single value; opened: [{name, adapters, on}], quiet: of quiet.mjs. */
export async function speed(opened, rows, n, log, quiet) {
  // Inputs differ from call to call, repeated ones too: a peer that keeps the last prompt must not find it again.
  const put = async (name, column, seed, measure) => (rows[name][column] ??= []).push(await quiet.sample((attempt) => measure(seed + 100_000 * attempt)));
  const prefix = pick(PREFIX, 999);
  for (const adapter of [false, true]) {
    const suffix = adapter ? " + adapter" : "";
    const able = opened.filter((e) => e.adapters || !adapter);
    log(`calls${suffix}`);
    for (const { on } of able) await on.text(prefix, pick(INPUT, 1), adapter); // warm
    for (let i = 0; i < n; i++) {
      for (const { name, on } of able) {
        await put(name, "label call ms" + suffix, 2001 + 10 * i, (seed) => on.label(prefix, pick(INPUT, seed), adapter));
        await put(name, "text call ms" + suffix, 2002 + 10 * i, (seed) => on.text(prefix, pick(INPUT, seed), adapter));
      }
    }
    log(`rates${suffix}`);
    for (let i = 0; i < Math.min(3, n); i++) {
      for (const { name, on } of able) {
        await put(name, "prefill tok/s" + suffix, 100 + i, (seed) => on.prefill(pick(PREFIX, seed), adapter));
        await put(name, "decode tok/s" + suffix, 300 + i, (seed) => on.decode(pick(INPUT, seed), 64, adapter));
      }
    }
  }
}
