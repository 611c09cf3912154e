// Cases: inputs with the expected answer, run in one go, kept with the program.
import { library, type SavedProgram } from "../client";
import { s } from "../strings";
import { toCSV } from "./cells";
import { byId, download, h, say } from "./dom";
import { living } from "./interpreters";
import { editableRows } from "./rows";
import { aborted, alertUser, on, state, words } from "./state";

const PAUSE = 300; // ms without typing before the cases are written
const UNWRITTEN = "paw-cases";

/** Notes cases that the library does not hold yet: a page that is closed cannot finish a write to IndexedDB. */
function note(p: SavedProgram | null): void {
  try {
    if (p) localStorage.setItem(UNWRITTEN, JSON.stringify({ id: p.id, cases: p.cases }));
    else localStorage.removeItem(UNWRITTEN);
  } catch {
    // Without this storage only what was typed in the last moment before closing is lost.
  }
}

/** Writes what the page that was closed had noted. */
async function recover(): Promise<void> {
  const left = JSON.parse(localStorage.getItem(UNWRITTEN) ?? "null") as Pick<SavedProgram, "id" | "cases"> | null;
  const p = left && (await library.get(left.id));
  if (p) await library.put({ ...p, cases: left.cases });
  note(null);
}

export function makeCases(): void {
  const rows = editableRows({ test: "case", first: s.input, second: s.expected, caption: s.cases, add: s.addCase, extra: [s.answer], onChange: keep });
  const go = h("button", { type: "button", class: "main", "data-testid": "cases-run", disabled: true, onclick: () => void runAll() }, s.runAll);
  const stop = h("button", { type: "button", hidden: true, "data-testid": "cases-stop", onclick: () => abort?.abort() }, s.stop);
  const save = h("button", { type: "button", onclick: () => download("cases.csv", toCSV([[s.input, s.expected, s.answer, s.verdict], ...table()]), "text/csv") }, s.export);
  const status = h("p", { role: "status", "data-testid": "cases-status" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": s.cases });
  byId("cases").append(h("p", { class: "hint" }, s.casesHint), rows.element, h("div", { class: "row" }, go, stop, save), bar, status);
  let abort: AbortController | undefined;
  let open: SavedProgram | null = null;
  let unwritten: SavedProgram | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const table = () => rows.entries().map(({ row, results: [r] }) => {
    const answered = r?.hasChildNodes() ? r.dataset : {}; // an edit empties the cell
    return [row.first, row.second, answered.answer ?? "", answered.mark ?? ""];
  });

  function write(): void {
    clearTimeout(timer);
    const p = unwritten;
    unwritten = null;
    if (p) library.put(p).then(() => unwritten === null && note(null), (e) => alertUser(words(e)));
  }

  function keep(): void {
    if (!state.program) return;
    state.program.cases = rows.get().map((r) => ({ input: r.first, output: r.second }));
    unwritten = state.program;
    note(unwritten);
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE);
  }
  on("deleted", () => (unwritten = null, note(null)));
  void recover().catch(() => undefined); // storage that cannot be read has nothing to give back

  on("program", () => {
    abort?.abort();
    abort = undefined;
    write();
    const p = state.program;
    const typed = rows.get();
    if (p && (open || p.cases.length > 0 || typed.length === 0)) rows.set(p.cases.map((c) => ({ first: c.input, second: c.output })));
    else if (p) (rows.set(typed), keep()); // cases that waited for the first program
    else if (open) rows.set([]); // it was closed
    open = p;
    go.disabled = !state.fn;
    stop.hidden = bar.hidden = true;
    say(status, "");
  });

  /** Asks the open program all cases; once more, where its interpreter's worker ends. */
  async function runAll(again = false): Promise<void> {
    const fn = state.fn;
    if (!fn) return;
    const list = rows.entries();
    if (list.length === 0) return say(status, s.noCases);
    const mine = (abort = new AbortController());
    for (const e of list) e.results[0]?.replaceChildren();
    go.disabled = true;
    stop.hidden = bar.hidden = false;
    bar.value = 0;
    let right = 0, judged = 0, done = 0, took = 0;
    try {
      for (const { row, results: [cell], same } of list) {
        const a = await fn.call(row.first, { signal: mine.signal });
        if (mine !== abort) return; // another program has the page
        const expected = row.second.trim();
        const good = a.output.trim() === expected;
        if (expected) (judged++, (right += good ? 1 : 0));
        took += a.ms;
        bar.value = ++done / list.length;
        if (!cell || !same()) continue;
        cell.dataset.answer = a.output;
        cell.dataset.mark = expected ? (good ? s.right : s.wrong) : "";
        const mark = expected ? h("span", { class: good ? "good" : "bad", role: "img", "aria-label": cell.dataset.mark }, good ? "✓" : "✗") : null;
        cell.replaceChildren(...(mark ? [mark, " "] : []), h("span", { dir: "auto" }, a.output || s.empty));
      }
    } catch (e) {
      if (mine !== abort || aborted(e)) return;
      if (state.interpreter?.ended && !again && (await living())) return void runAll(true);
      alertUser(words(e));
    } finally {
      if (mine === abort) {
        abort = undefined;
        go.disabled = !state.fn;
        stop.hidden = bar.hidden = true;
        if (done) say(status, s.score(right, judged, took / done, list.length - done));
      }
    }
  }
}
