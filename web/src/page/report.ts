// What is known about a program, in words: its figures, the compiler's verdict and its notes.
import { s } from "../strings";
import { h } from "./dom";

interface Failure {
  input: string; want: string; got: string;
}

/** The figures of compiler/report that are shown; undefined where nothing was measured. */
interface Report {
  n: number; accuracy?: number; interval: [number, number]; wrong?: number; verdict: string;
  majority?: number; baseline?: number; baseline_name: string; ece?: number; failures: Failure[];
}

const number = (v: unknown) => (typeof v === "number" ? v : undefined);
const text = (v: unknown) => (typeof v === "string" ? v : "");
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);
const fields = (v: unknown) => (v && typeof v === "object" ? v : {}) as Record<string, unknown>;

/** The report of a program, which whoever made the file has written: it may be missing or malformed. */
export function reportOf(v: unknown): Report {
  const r = fields(v), [low, high] = list(r.interval);
  return {
    n: number(r.n) ?? 0, accuracy: number(r.accuracy), interval: [number(low) ?? 0, number(high) ?? 1], wrong: number(r.wrong), verdict: text(r.verdict), majority: number(r.majority),
    baseline: number(r.baseline), baseline_name: text(r.baseline_name), ece: number(r.ece),
    failures: list(r.failures).map(fields).map((f) => ({ input: text(f.input), want: text(f.want), got: text(f.got) })),
  };
}

/** The verdict as a sentence. The compiler words it: it knows what may be chance. */
export function verdict(r: Report): string {
  const words = r.verdict || s.report.none;
  return words[0]!.toUpperCase() + words.slice(1).replace(/\.?$/, ".");
}

/** The report for people, and the compiler's notes. */
export function reportView(r: Report, warnings: string[]): HTMLElement[] {
  const doubt = !r.n || /^(loses|no better|too few|not evaluated)/.test(r.verdict);
  const lines: HTMLElement[] = [h("p", { class: doubt ? "notice" : "", dir: "auto" }, verdict(r))];
  if (r.n) {
    const wrong = r.wrong ?? Math.round((1 - (r.accuracy ?? 0)) * r.n);
    lines.push(h("p", {}, s.report.line(r.n - wrong, r.n, ...r.interval)));
    if (r.baseline !== undefined) lines.push(h("p", {}, s.report.base(r.baseline_name || s.report.plain, r.baseline, r.majority ?? 0)));
    lines.push(h("p", {}, r.ece === undefined ? s.report.uncalibrated : s.report.ece(r.ece)));
    const shown = r.failures;
    if (shown.length) {
      lines.push(h("details", {}, h("summary", {}, s.report.failures(shown.length, wrong)),
        h("ul", {}, ...shown.map((f) => h("li", { dir: "auto" }, s.report.failure(f.input, f.want, f.got || s.empty))))));
    }
  }
  return [...lines, ...warnings.map((w) => h("p", { class: "notice", dir: "auto" }, w))];
}
