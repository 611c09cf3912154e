// Compiling: a job on the server, followed live, then kept on this device and opened. A job goes on
// without the page; one that was begun before a reload is followed again.
import { s } from "../strings";
import { api, ApiError, Unreachable } from "./api";
import { curve } from "./curve";
import { byId, h, say } from "./dom";
import type { Editor } from "./editor";
import { follow, type Job, keep, remember, remembered, type Watcher } from "./job";
import { openProgram } from "./programs";
import { reportOf, reportView } from "./report";
import { alertUser, changed, on, state, words } from "./state";

export function makeCompile(editor: Editor, ask: (input: string) => void): void {
  const go = h("button", { type: "button", class: "main", "data-testid": "compile", onclick: () => void compile() }, s.compile);
  const cancel = h("button", { type: "button", hidden: true, "data-testid": "cancel", onclick: () => void stop() }, s.cancel);
  const which = h("select", { "aria-label": s.compiler, hidden: true });
  // A compiler "x" with a partner "x-refine" shows a box instead of a second choice.
  const refine = h("input", { type: "checkbox", id: "refine", "data-testid": "refine" });
  const refining = h("label", { hidden: true, title: s.refineHelp }, refine, ` ${s.refine}`);
  const status = h("p", { "data-testid": "compile-status", class: "quiet" }); // changes every second: told by spoken
  const spoken = h("p", { role: "status", class: "sr" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "data-testid": "progress", "aria-label": s.compiling });
  const loss = curve();
  const report = h("div", { hidden: true, "data-testid": "report" });
  byId("write").append(h("div", { class: "row" }, go, cancel, which, refining), status, spoken, bar, loss.element, report);
  let job = ""; // that the page follows
  let early = false; // cancelled before the server has named the job
  let leave = new AbortController(); // the page follows the job no more
  let base: string | undefined; // the interpreter for which the compilers were last offered
  let phase = "";
  let began = 0;

  const offered = () => state.offers.filter((o) => o.available).flatMap((o) => o.compilers.map((c) => ({ c, o })));
  const partner = () => offered().find(({ c }) => c === `${which.value}-refine`)?.c;
  const chosen = () => (refine.checked && partner()) || which.value;

  function choices(): void {
    const old = which.value, before = base;
    base = state.interpreter?.base?.sha256;
    const all = offered();
    const list = all.filter(({ c }) => !all.some((x) => c === `${x.c}-refine`));
    which.replaceChildren(...list.map(({ c, o }) => h("option", { value: c }, `${c} (${o.name})`)));
    const kept = list.find((x) => x.c === old); // what the user chose stays, unless another interpreter was loaded
    which.value = ((base === before && kept) || (list.find((x) => x.o.sha256 === base) ?? kept ?? list[0]))?.c ?? "";
    which.hidden = list.length < 2;
    refining.hidden = !partner();
  }
  which.addEventListener("change", () => { refining.hidden = !partner(); });
  on("interpreter", choices);

  const seconds = () => (Date.now() - began) / 1000;

  function show(name: string, text: string, speak = text): void {
    status.dataset.state = name;
    say(status, text);
    say(spoken, speak);
  }

  /** What goes on, with the time that passes between two messages of the server. */
  function tick(): void {
    if (phase) say(status, `${phase} · ${s.elapsed(seconds())}`);
  }

  function doing(text: string, speak = text): void {
    phase = text;
    show("compiling", `${text} · ${s.elapsed(seconds())}`, speak);
  }

  function busy(yes: boolean): void {
    go.disabled = yes;
    editor.busy(yes);
    cancel.hidden = !yes;
    bar.hidden = !yes;
  }

  /** Asks the server to cancel; how the job ends is told by what follows it. */
  async function stop(): Promise<void> {
    early = !job;
    if (early) return;
    try {
      await api("DELETE", `/compile/${job}`);
    } catch (e) {
      if (e instanceof Unreachable) leave.abort(); // it may go on there; here nobody waits for it
      else if (!(e instanceof ApiError && e.status === 409)) alertUser(words(e)); // 409: it has ended already
    }
  }

  /** With `first`, the program's first case is asked at once. */
  async function compile(first = false): Promise<void> {
    const spec = editor.spec();
    const title = editor.title(), cases = editor.cases();
    const compiler = chosen();
    const base = state.offers.find((o) => o.compilers.includes(compiler))?.sha256 ?? "";
    const opened = await work(async () => {
      const r = await (await api("POST", "/compile/async", { spec, ...(compiler ? { compiler } : {}) })).json();
      return { id: r.job_id, program: r.program_id, spec, title, base, cases, began, cached: r.status === "ready" };
    });
    if (first && opened && cases[0]) ask(cases[0].input);
  }
  editor.onTry(() => void compile(true));

  /** Follows a job to its end; true when its program is open. */
  async function work(submit: () => Promise<Job>, since = Date.now()): Promise<boolean> {
    alertUser("");
    early = false;
    leave = new AbortController();
    let cancelled = false;
    began = since;
    bar.value = 0;
    loss.clear();
    report.hidden = true;
    const mine = document.activeElement;
    busy(true);
    doing(s.compiling);
    const timer = setInterval(tick, 1000);
    try {
      const j = await submit();
      job = j.id;
      remember(j);
      if (early) await stop();
      cancelled = !j.cached && (await follow(job, teller, leave.signal)) === "cancelled";
      if (cancelled) throw new Error(s.cancelled);
      const { saved, warnings } = await keep(j);
      remember(null);
      changed("library");
      phase = "";
      show("ready", j.cached ? s.cached : s.done(seconds()));
      report.replaceChildren(h("h3", {}, s.report.title), ...reportView(reportOf(saved.report), warnings));
      report.hidden = false;
      const here = document.activeElement === document.body || document.activeElement === mine;
      const opened = await openProgram(saved);
      if (opened && here) byId("run-input").focus();
      return opened;
    } catch (e) {
      phase = "";
      if (!(e instanceof Unreachable)) remember(null); // else a reload may find it done
      show(cancelled ? "cancelled" : "failed", cancelled ? (leave.signal.aborted ? s.left : s.cancelled) : "");
      if (!cancelled) alertUser(e instanceof Unreachable ? s.offlineCompile : s.failed(words(e)));
      return false;
    } finally {
      phase = "";
      clearInterval(timer);
      busy(false);
      job = "";
    }
  }

  /** What the server tells of the job. */
  const teller: Watcher = {
    opened: () => loss.clear(), // a new connection tells everything again
    queued: (position) => doing(s.queued(position)),
    progress(p) {
      bar.value = Math.max(bar.value, p.fraction);
      if (p.loss) loss.add(p.loss, p.part ?? 1);
      const name = s.stages[p.stage] ?? p.stage;
      doing(s.stage(name, p.part ?? 0, p.parts ?? 0, p.step ?? 0, p.total ?? 0), s.stage(name, p.part ?? 0, p.parts ?? 0, 0, 0));
    },
    lost: () => doing(s.lost),
  };

  /** Takes up a job that was begun before the page was loaded. */
  async function resume(): Promise<void> {
    try {
      const j = remembered();
      if (!j) return;
      const r = await (await api("GET", `/compile/${j.id}`)).json();
      if (!["queued", "compiling", "ready"].includes(r.status)) return remember(null);
      await work(async () => ({ ...j, cached: r.status === "ready" }), j.began);
    } catch (e) {
      if (e instanceof ApiError) remember(null); // the server does not know it any more
    }
  }
  void resume();
}
