// Two programs on one page: what a question costs more when the one before it went to the other program.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { INPUT, median, pick, PREFIX, text } from "./words.mjs";

const prefixes = [pick(PREFIX, 6001), pick(PREFIX, 6002)];

/** Times A A B B A A …: every second question follows one to the same program, the others one to the other. */
async function alternate(n, ask, quiet) {
  const same = [], other = [];
  for (const p of [0, 1]) await ask(p, 7000 + p);
  let pairs = 0;
  for (let i = 0; i < n; i++) {
    const pair = await quiet.sample(async () => {
      const p = pairs++ % 2;
      return [await ask(p, 7100 + 2 * pairs), await ask(p, 7101 + 2 * pairs)];
    });
    other.push(pair[0]);
    same.push(pair[1]);
  }
  return { same, other };
}

/** Our functions through the SDK's client, as a page calls them: the first two programs of make-model. */
async function ownTimes(page, engine, dir, n, quiet) {
  await engine.open(page);
  const files = [0, 1].map((i) => readFileSync(join(dir, `program-${i}.paw`)).toString("base64"));
  await page.evaluate(async (files) => {
    const open = (b) => window.it.open(Uint8Array.from(atob(b), (c) => c.charCodeAt(0)));
    window.functions = [await open(files[0]), await open(files[1])];
  }, files);
  return alternate(n, (p, seed) => page.evaluate(async ([p, input]) => {
    const started = performance.now();
    await window.functions[p].call(input);
    return performance.now() - started;
  }, [p, text(pick(INPUT, seed))]), quiet);
}

/** wllama with an adapter for each program: one slot as it comes, or one for each, which keeps both caches. */
async function wllamaTimes(page, engine, n, log, quiet) {
  const { slots } = engine;
  const on = await engine.open(page, { adapters: 2, slots });
  const run = [];
  const times = await alternate(n, async (p, seed) => {
    const c = await on.call(prefixes[p], pick(INPUT, seed), 1, p + 1, slots > 1 ? p : undefined);
    run.push(c.prompt);
    return c.ms;
  }, quiet);
  log(`switch, ${engine.name}, ${slots} slot(s): tokens run ${run.join(" ")}`);
  return times;
}

/** Adds the columns of switching to rows; dir holds our programs. Engines that take no adapter have none. */
export async function switching(engines, rows, browser, dir, n, log, quiet) {
  for (const e of engines.filter((e) => e.adapters)) {
    const page = await browser.newPage();
    const t = e.slots ? await wllamaTimes(page, e, n, log, quiet) : await ownTimes(page, e, dir, n, quiet);
    await page.close();
    log(`switch, ${e.name}: same ${median(t.same).toFixed(1)}, other ${median(t.other).toFixed(1)}`);
    rows[e.name]["switch ms"] = [median(t.other) - median(t.same)];
    rows[e.name]["call after the other program ms"] = t.other;
    rows[e.name]["call after the same program ms"] = t.same;
  }
}
