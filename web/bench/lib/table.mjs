// The one table: a row an engine, a column a measurement, medians, and how many times ours is better.
import { median } from "./words.mjs";

/** Columns in order; higher: whether more is better; digits after the point. */
export const columns = [
  ["label call ms", false, 1], ["text call ms", false, 1], ["prefill tok/s", true, 1], ["decode tok/s", true, 1],
  ["label call ms + adapter", false, 1], ["text call ms + adapter", false, 1], ["prefill tok/s + adapter", true, 1], ["decode tok/s + adapter", true, 1],
  ["switch ms", false, 1], ["call after the same program ms", false, 1], ["call after the other program ms", false, 1], ["cold start ms", false, 0], ["cached start ms", false, 0], ["load ms", false, 0],
  ["memory MiB", false, 0], ["peak memory MiB", false, 0], ["code kB", false, 0],
].map(([name, higher, digits]) => ({ name, higher, digits }));

export const OWN = "own kernel";

/** {engine: {column: median}} of {engine: {column: [values]}}. */
export const medians = (rows) => Object.fromEntries(Object.entries(rows).map(([name, r]) => [name, Object.fromEntries(Object.entries(r).map(([k, v]) => [k, median(v)]))]));

/** How many times better ours is; undefined where one of both was not measured, or a difference is near nothing. */
export function ratio(table, name, column) {
  const ours = table[OWN]?.[column.name], theirs = table[name]?.[column.name];
  if (ours === undefined || theirs === undefined || column.name === "switch ms") return undefined;
  return column.higher ? ours / theirs : theirs / ours;
}

/** The table as Markdown: columns down, since there are more of them than engines. */
export function markdown(table, engines) {
  const used = columns.filter((c) => engines.some((e) => table[e.name][c.name] !== undefined));
  const cell = (e, c) => {
    const v = table[e.name][c.name], times = e.name === OWN ? undefined : ratio(table, e.name, c);
    return v === undefined ? "–" : v.toFixed(c.digits) + (times === undefined ? "" : ` (${times.toFixed(1)}×)`);
  };
  return [
    `| | ${engines.map((e) => e.name).join(" | ")} |`, "|---".repeat(engines.length + 1) + "|",
    `| a label call generates | ${engines.map((e) => e.label).join(" | ")} |`, `| a text call generates | ${engines.map(() => "2 tokens").join(" | ")} |`,
    ...used.map((c) => `| ${c.name} | ${engines.map((e) => cell(e, c)).join(" | ")} |`),
  ].join("\n");
}
