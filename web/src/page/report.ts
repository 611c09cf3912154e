// What is known about a program, in words: its figures, the compiler's verdict and its notes.
import { s } from "../strings";
import { h } from "./dom";

interface Failure {
  input: string; want: string; got: string;
}

/** The figures of compiler/report; null where nothing was measured. */
interface Report {
  n: number; accuracy: number | null; interval: [number, number] | null; wrong?: number; verdict?: string;
  majority?: number | null; baseline?: number | null; baseline_name?: string; ece?: number | null; failures?: Failure[] | null;
}

/** The verdict as a sentence. The compiler words it: it knows what may be chance. */
export function verdict(r: Report | null | undefined): string {
  const text = r?.verdict || s.report.none;
  return text[0]!.toUpperCase() + text.slice(1).replace(/\.?$/, ".");
}

export function reportView(r: Report | null | undefined, warnings: string[]): HTMLElement[] {
  const doubt = !r?.n || /^(loses|no better|too few|not evaluated)/.test(r.verdict ?? "");
  const lines: HTMLElement[] = [h("p", { class: doubt ? "notice" : "" }, verdict(r))];
  if (r?.n) {
    const wrong = r.wrong ?? Math.round((1 - (r.accuracy ?? 0)) * r.n);
    lines.push(h("p", {}, s.report.line(r.n - wrong, r.n, r.interval?.[0] ?? 0, r.interval?.[1] ?? 1)));
    if (r.baseline != null) lines.push(h("p", {}, s.report.base(r.baseline_name || s.report.plain, r.baseline, r.majority ?? 0)));
    lines.push(h("p", {}, r.ece == null ? s.report.uncalibrated : s.report.ece(r.ece)));
    const shown = r.failures ?? [];
    if (shown.length) {
      lines.push(h("details", {}, h("summary", {}, s.report.failures(shown.length, wrong)),
        h("ul", {}, ...shown.map((f) => h("li", { dir: "auto" }, s.report.failure(f.input, f.want, f.got || s.empty))))));
    }
  }
  return [...lines, ...warnings.map((w) => h("p", { class: "notice", dir: "auto" }, w))];
}
