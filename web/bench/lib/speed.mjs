// Calls and rates of all engines in one browser, alternating, so that a slow minute hits all of them.
import { INPUT, pick, PREFIX } from "./words.mjs";

/** Adds to rows[engine][column] every single value; opened: [{name, adapters, on}]. */
export async function speed(opened, rows, n, log) {
  const put = (name, column, value) => ((rows[name][column] ??= []).push(value));
  const prefix = pick(PREFIX, 999);
  for (const adapter of [false, true]) {
    const suffix = adapter ? " + adapter" : "";
    const able = opened.filter((e) => e.adapters || !adapter);
    log(`calls${suffix}`);
    for (const { on } of able) await on.text(prefix, pick(INPUT, 1), adapter); // warm
    for (let i = 0; i < n; i++) {
      // Inputs differ from call to call: a peer that keeps the last prompt must not find it again.
      for (const { name, on } of able) {
        put(name, "label call ms" + suffix, await on.label(prefix, pick(INPUT, 2001 + 10 * i), adapter));
        put(name, "text call ms" + suffix, await on.text(prefix, pick(INPUT, 2002 + 10 * i), adapter));
      }
    }
    log(`rates${suffix}`);
    for (let i = 0; i < Math.min(3, n); i++) {
      for (const { name, on } of able) {
        put(name, "prefill tok/s" + suffix, await on.prefill(pick(PREFIX, 100 + i), adapter));
        put(name, "decode tok/s" + suffix, await on.decode(pick(INPUT, 300 + i), 64, adapter));
      }
    }
  }
}
