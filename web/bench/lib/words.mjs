// What the engines are asked: words that are one token each in the GPT-2 vocabulary, chosen by a seed.
import { readFileSync } from "node:fs";

// Ids are 256 + the line of the merge that makes them.
const words = readFileSync(new URL("../../../tokenizer/gpt2/vocab.bpe", import.meta.url), "utf8").split("\n")
  .filter((l, i) => l && (i > 0 || !l.startsWith("#version"))).map((l, i) => [l.replace(" ", ""), 256 + i])
  .filter(([w]) => /^Ġ[a-z]{3,8}$/.test(w)).map(([w, id]) => [" " + w.slice(1), id]).slice(0, 4000);

/** n words as [text, id]. */
export const pick = (n, seed) => {
  let s = seed;
  return Array.from({ length: n }, () => words[((s = (s * 1103515245 + 12345) & 0x7fffffff) >> 8) % words.length]);
};
export const ids = (list) => list.map((w) => w[1]);
export const text = (list) => list.map((w) => w[0]).join("");
export const median = (a) => [...a].sort((x, y) => x - y)[a.length >> 1];

/** The prefix of the speed test, and its inputs: [prefix tokens, new tokens] of every call. */
export const PREFIX = 250, INPUT = 20;
