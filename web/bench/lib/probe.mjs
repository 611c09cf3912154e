// The fixed work of quiet.mjs: for every line read, milliseconds of about ten of additions that depend on nothing but
// themselves, as many at once as a core can do. A core that is shared shows at once; one that waits for memory would not.
import { createInterface } from "node:readline";

function work(n) {
  let a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
  for (let i = 0; i < n; i++) {
    a = (a + b) | 0;
    c = (c + d) | 0;
    e = (e + f) | 0;
    g = (g + h) | 0;
    b = (b ^ i) | 0;
    d = (d ^ i) | 0;
    f = (f ^ i) | 0;
    h = (h ^ i) | 0;
  }
  return a + b + c + d + e + f + g + h;
}

export let kept = 0; // so that the work has a use
for await (const _ of createInterface({ input: process.stdin })) {
  const started = performance.now();
  kept ^= work(4e6);
  console.log(performance.now() - started);
}
