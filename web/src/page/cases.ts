// Cases: inputs with the expected answer, run in one go, kept with the program.
import { library } from "../client";
import { s } from "../strings";
import { toCSV } from "./cells";
import { byId, download, h, say } from "./dom";
import { editableRows } from "./rows";
import { aborted, alertUser, on, state, words } from "./state";

export function makeCases(): void {
  const rows = editableRows({ test: "case", first: s.input, second: s.expected, caption: s.cases, add: s.addCase, extra: [s.answer], onChange: () => void keep() });
  const go = h("button", { type: "button", class: "main", "data-testid": "cases-run", disabled: true, onclick: () => void runAll() }, s.runAll);
  const stop = h("button", { type: "button", hidden: true, onclick: () => abort?.abort() }, s.stop);
  const save = h("button", { type: "button", onclick: () => download("cases.csv", toCSV([[s.input, s.expected, s.answer], ...table()]), "text/csv") }, s.export);
  const status = h("p", { role: "status", "data-testid": "cases-status" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": s.cases });
  byId("cases").append(h("p", { class: "hint" }, s.casesHint), rows.element, h("div", { class: "row" }, go, stop, save), bar, status);
  let abort: AbortController | undefined;

  const table = () => rows.get().map((r, i) => [r.first, r.second, rows.extra(i)[0]?.textContent ?? ""]);

  async function keep(): Promise<void> {
    if (!state.program) return;
    state.program.cases = rows.get().map((r) => ({ input: r.first, output: r.second }));
    await library.put(state.program).catch((e) => alertUser(words(e)));
  }

  on("program", () => {
    abort?.abort();
    go.disabled = !state.fn;
    if (state.program) rows.set(state.program.cases.map((c) => ({ first: c.input, second: c.output })));
    say(status, "");
  });

  async function runAll(): Promise<void> {
    const fn = state.fn;
    if (!fn) return;
    const mine = (abort = new AbortController());
    const list = rows.get();
    rows.set(list); // empty rows go, so that places agree
    go.disabled = true;
    stop.hidden = bar.hidden = false;
    let right = 0, done = 0, took = 0;
    try {
      for (const [i, r] of list.entries()) {
        const a = await fn.call(r.first, { signal: mine.signal });
        const good = a.output.trim() === r.second.trim();
        right += good ? 1 : 0;
        took += a.ms;
        done++;
        rows.extra(i)[0]?.replaceChildren(
          h("span", { class: good ? "good" : "bad", "aria-label": good ? s.right : s.wrong }, good ? "✓ " : "✗ "), h("span", { dir: "auto" }, a.output));
        bar.value = done / list.length;
      }
    } catch (e) {
      if (!aborted(e)) alertUser(words(e));
    } finally {
      go.disabled = !state.fn;
      stop.hidden = bar.hidden = true;
      if (done) say(status, s.score(right, done, took / done));
    }
  }
}
