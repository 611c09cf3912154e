// Compiling: a job on the server, followed live, then kept on this device and opened.
import { library, type SavedProgram } from "../client";
import { s } from "../strings";
import { api, Unreachable } from "./api";
import { curve } from "./curve";
import { byId, h, say } from "./dom";
import type { Editor } from "./editor";
import { openProgram } from "./programs";
import { alertUser, changed, on, state, words } from "./state";

interface Progress {
  stage: string; step?: number; total?: number; loss?: number; part?: number; parts?: number; fraction: number;
}

export function makeCompile(editor: Editor): void {
  const go = h("button", { type: "button", class: "main", "data-testid": "compile", onclick: () => void compile() }, s.compile);
  const cancel = h("button", { type: "button", hidden: true, "data-testid": "cancel", onclick: () => void stop() }, s.cancel);
  const which = h("select", { "aria-label": s.compiler, hidden: true });
  const status = h("p", { "data-testid": "compile-status", role: "status", class: "quiet" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "data-testid": "progress", "aria-label": s.compiling });
  const loss = curve();
  const report = h("div", { hidden: true });
  byId("write").append(h("div", { class: "row" }, go, cancel, which), status, bar, loss.element, report);
  let job = "";
  let stopped = false;

  function choices(): void {
    const old = which.value;
    const base = state.interpreter?.base?.sha256;
    const list = state.offers.filter((o) => o.available).flatMap((o) => o.compilers.map((c) => ({ c, o })));
    which.replaceChildren(...list.map(({ c, o }) => h("option", { value: c }, `${c} (${o.name})`)));
    which.value = list.find((x) => x.o.sha256 === base)?.c ?? (list.some((x) => x.c === old) ? old : list[0]?.c ?? "");
    which.hidden = list.length < 2;
  }
  on("interpreter", choices);

  function show(name: string, text: string): void {
    status.dataset.state = name;
    say(status, text);
  }

  function busy(yes: boolean): void {
    go.disabled = yes;
    cancel.hidden = !yes;
    bar.hidden = !yes;
  }

  async function stop(): Promise<void> {
    stopped = true;
    if (job) await api("DELETE", `/compile/${job}`).catch(() => undefined);
  }

  async function compile(): Promise<void> {
    alertUser("");
    busy(true);
    stopped = false;
    bar.value = 0;
    loss.clear();
    report.hidden = true;
    show("compiling", s.compiling);
    const spec = editor.spec();
    const started = performance.now();
    try {
      const r = await (await api("POST", "/compile/async", { spec, ...(which.value ? { compiler: which.value } : {}) })).json();
      job = r.job_id;
      if (stopped) await stop();
      if (r.status !== "ready") await follow(job, started);
      const bytes = new Uint8Array(await (await api("GET", `/programs/${r.program_id}/download`)).arrayBuffer());
      const info = await (await api("GET", `/programs/${r.program_id}`)).json();
      const old = await library.get(r.program_id);
      const saved: SavedProgram = {
        id: r.program_id, title: old?.title ?? editor.title(), spec, interpreterSha256: "", bytes,
        cases: old?.cases.length ? old.cases : editor.cases(), savedAt: Date.now(), report: info.report ?? null,
      };
      await library.put(saved);
      changed("library");
      show("ready", r.status === "ready" ? s.cached : s.done((performance.now() - started) / 1000));
      showReport(info.report, info.warnings ?? []);
      await openProgram(saved);
    } catch (e) {
      if (stopped) return show("cancelled", s.cancelled);
      show("failed", "");
      alertUser(e instanceof Unreachable ? s.offlineCompile : s.failed(words(e)));
    } finally {
      busy(false);
      job = "";
    }
  }

  /** Follows a job to its end. EventSource connects again by itself when the line drops. */
  function follow(id: string, started: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const source = new EventSource(`/api/v1/compile/${id}/events`);
      let best = 0;
      const data = (e: Event) => JSON.parse((e as MessageEvent).data);
      const end = (f: () => void) => (source.close(), f());
      source.addEventListener("open", () => loss.clear()); // a new connection tells everything again
      source.addEventListener("queued", (e) => show("compiling", s.queued(data(e).position)));
      source.addEventListener("progress", (e) => {
        const p = data(e) as Progress;
        best = Math.max(best, p.fraction);
        bar.value = best;
        if (p.loss) loss.add(p.loss, p.part ?? 1);
        show("compiling", s.stage(s.stages[p.stage] ?? p.stage, p.part ?? 0, p.parts ?? 0, p.step ?? 0, p.total ?? 0, (performance.now() - started) / 1000));
      });
      source.addEventListener("ready", () => end(resolve));
      source.addEventListener("failed", (e) => end(() => reject(new Error(data(e).message))));
      source.addEventListener("cancelled", () => end(() => ((stopped = true), reject(new Error(s.cancelled)))));
      source.addEventListener("error", () => {
        if (source.readyState === EventSource.CLOSED) end(() => reject(new Unreachable()));
        else show("compiling", s.lost);
      });
    });
  }

  // deno-lint-ignore no-explicit-any
  function showReport(r: any, warnings: string[]): void {
    const lines: (HTMLElement | null)[] = [h("h3", {}, s.report.title)];
    if (!r || !r.n) lines.push(h("p", {}, s.report.none));
    else {
      lines.push(h("p", {}, s.report.line(Math.round(r.accuracy * r.n), r.n, r.interval?.[0] ?? 0, r.interval?.[1] ?? 1)));
      if (r.n < 8) lines.push(h("p", { class: "notice" }, s.report.few));
      if (r.baseline != null) lines.push(h("p", {}, s.report.base(r.baseline_name || "plain code", r.baseline, r.majority ?? 0)));
      if (r.n >= 8 && Math.max(r.baseline ?? 0, r.majority ?? 0) >= r.accuracy) lines.push(h("p", { class: "notice" }, s.report.loses));
    }
    lines.push(...warnings.map((w) => h("p", { class: "notice", dir: "auto" }, w)));
    report.replaceChildren(...lines.filter((l) => l !== null));
    report.hidden = false;
  }
}
