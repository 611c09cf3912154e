// Running the open program on one input.
import type { Answer } from "../client";
import { s } from "../strings";
import { byId, h, say } from "./dom";
import { living } from "./interpreters";
import { reportOf, reportView, verdict } from "./report";
import { aborted, alertUser, on, state, words } from "./state";

/** The bars of an answer's labels, the likeliest first. */
function shares(list: HTMLUListElement, a: Answer): void {
  const sorted = [...(a.probabilities ?? [])].sort((x, y) => y.probability - x.probability).slice(0, 12);
  list.replaceChildren(...sorted.map((p) => {
    const bar = h("div", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${100 * p.probability}%`;
    return h("li", {}, bar, h("span", { dir: "auto" }, p.label), h("span", { class: "percent" }, s.percent(p.probability)));
  }));
}

/** Builds the room and returns how others ask a question in it. */
export function makeRun(): (input: string) => void {
  const name = h("p", { class: "quiet", role: "status" }, s.noProgram);
  const input = h("textarea", { id: "run-input", "data-testid": "run-input", dir: "auto", rows: 3, onkeydown: (e) => {
    const k = e as KeyboardEvent;
    if (k.key === "Enter" && (k.ctrlKey || k.metaKey)) (e.preventDefault(), void run());
  } });
  const go = h("button", { type: "button", class: "main", "data-testid": "run", disabled: true, onclick: () => void run() }, s.run);
  const stop = h("button", { type: "button", hidden: true, "data-testid": "stop", onclick: () => abort?.abort() }, s.stop);
  const answer = h("div", { class: "answer", "data-testid": "answer", "data-run": "0", dir: "auto", role: "status" });
  const bars = h("ul", { class: "shares", role: "list", "aria-label": s.shares, "data-testid": "probabilities" });
  const facts = h("p", { class: "quiet", role: "status" }); // with the answer: how sure it is, or that it is not
  const slider = h("input", { type: "range", id: "threshold", min: 0, max: 0.99, step: 0.01, value: 0, "data-testid": "threshold",
    oninput: () => say(limit, s.threshold(+slider.value)),
    onchange: () => answer.dataset.state === "done" && input.value === asked && void run(), // the answer shown keeps to the limit shown
  });
  const limit = h("label", { for: "threshold" }, s.threshold(0));
  const known = h("details", { hidden: true, "data-testid": "known" });
  byId("answers").append(
    name, h("label", { for: "run-input" }, s.runInput), input, h("div", { class: "row" }, go, stop, h("div", { class: "grow" }, limit, slider)),
    answer, bars, facts, known,
  );
  let abort: AbortController | undefined;
  let runs = 0;
  let asked = "";

  const title = () => say(name, state.program ? s.current(state.program.title) : s.noProgram);
  on("renamed", title);

  on("program", () => {
    abort?.abort();
    runs++; // what still runs belongs to the program before
    stop.hidden = true;
    const [p, meta] = [state.program, state.fn?.info.meta];
    known.hidden = !p;
    const r = reportOf(p?.report ?? meta?.report);
    known.replaceChildren(h("summary", {}, `${s.report.title} ${verdict(r)}`), ...reportView(r, meta?.warnings ?? []).slice(r.n ? 1 : 0));
    go.disabled = !state.fn;
    title();
    answer.dataset.state = "";
    say(answer, "");
    bars.replaceChildren();
    say(facts, "");
  });

  /** Asks the open program; once more, where its interpreter's worker ends. */
  async function run(again = false): Promise<void> {
    const fn = state.fn;
    if (!fn) return;
    abort?.abort();
    const mine = (abort = new AbortController());
    const number = ++runs;
    asked = input.value;
    alertUser("");
    stop.hidden = false;
    answer.dataset.state = "running";
    say(answer, s.running); // so that an equal answer is told, too
    try {
      const a = await fn.call(asked, { threshold: +slider.value, signal: mine.signal });
      if (number !== runs) return; // a later run has the page
      answer.classList.toggle("unsure", a.abstained);
      say(answer, a.output || s.empty);
      shares(bars, a);
      say(facts, [a.abstained ? s.unsure : "", a.label ? s.sure(a.confidence, a.calibrated) : s.mean(a.confidence), s.cost(a.ms, a.tokens),
        a.stop === "limit" ? s.limit : a.stop === "filled" ? s.filled : ""].filter(Boolean).join(" · "));
      answer.dataset.state = "done";
    } catch (e) {
      if (number !== runs) return;
      if (state.interpreter?.ended && !again && (await living())) return void run(true);
      answer.dataset.state = "failed";
      say(answer, "");
      bars.replaceChildren();
      say(facts, aborted(e) ? s.errors.aborted! : "");
      if (!aborted(e)) alertUser(words(e));
    } finally {
      if (number === runs) {
        stop.hidden = true;
        answer.dataset.run = String(number);
      }
    }
  }

  return (question) => {
    input.value = question;
    void run();
  };
}
