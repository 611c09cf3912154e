// The programs on this device: open, rename, delete, save, inspect; files from disk.
import { Interpreter, library, type ProgramInfo, type SavedProgram } from "../client";
import { s } from "../strings";
import { byId, download, h } from "./dom";
import { chooseFor, living } from "./interpreters";
import { alertUser, changed, on, state, words } from "./state";

let opening = 0;

let waiting: SavedProgram | null = null; // to be opened when an interpreter is loaded

/** What is kept of a program now; the open one is newer than the library while its cases are typed. */
export async function kept(id: string): Promise<SavedProgram | undefined> {
  return state.program?.id === id ? state.program : library.get(id);
}

/** Reads a program's description, also while no interpreter is loaded. */
async function inspectBytes(bytes: Uint8Array): Promise<ProgramInfo> {
  if (state.interpreter && !state.interpreter.ended) return state.interpreter.inspect(bytes);
  const it = Interpreter.start();
  try {
    return await it.inspect(bytes);
  } finally {
    it.dispose();
  }
}

/** Opens a program on the loaded interpreter, or offers the one that it needs. Tells whether it is open. */
export async function openProgram(p: SavedProgram): Promise<boolean> {
  if (state.interpreter?.ended) await living();
  const mine = ++opening;
  const it = state.interpreter;
  waiting = null;
  if (!it?.base) {
    waiting = p;
    alertUser(s.waits(p.title));
    return false;
  }
  try {
    const info = await it.inspect(p.bytes);
    if (info.baseSha256 && info.baseSha256 !== it.base.sha256) {
      chooseFor(info, () => void openProgram(p));
      return false;
    }
    const fn = await it.open(p.bytes);
    if (mine !== opening || it !== state.interpreter) {
      void fn.close().catch(() => undefined); // the user has opened another one meanwhile
      return false;
    }
    const old = state.fn;
    state.fn = fn;
    state.program = p;
    changed("program");
    await old?.close().catch(() => undefined); // its interpreter may be gone
    return true;
  } catch (e) {
    if (mine === opening) alertUser(words(e));
    return false;
  }
}

/** Deletes a program from this device and closes it. */
export async function removeProgram(id: string): Promise<void> {
  if (waiting?.id === id) waiting = null;
  if (state.program?.id === id) {
    changed("deleted");
    const fn = state.fn;
    state.fn = state.program = null;
    opening++;
    changed("program");
    void fn?.close().catch(() => undefined);
  }
  await library.remove(id);
  changed("library");
}

async function addFile(file: File): Promise<void> {
  alertUser("");
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const info = await inspectBytes(bytes);
    const old = await kept(info.programId);
    const p: SavedProgram = {
      id: info.programId, title: old?.title ?? file.name.replace(/\.paw$/, ""), spec: info.spec, interpreterSha256: info.baseSha256, bytes, cases: old?.cases ?? [],
      savedAt: Date.now(), report: info.meta.report ?? null,
    };
    await library.put(p);
    changed("library");
    await openProgram(p);
  } catch (e) {
    alertUser(`${file.name}: ${words(e)}`);
  }
}

function inspect(p: SavedProgram, info: ProgramInfo): void {
  const item = (name: string, value: string) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)];
  const warnings = (info.meta.warnings ?? []) as string[];
  const d = h("dialog", { "aria-label": p.title }, h("h2", { dir: "auto" }, p.title), h("dl", {},
    ...item(s.inspect.id, info.programId), ...item(s.inspect.interpreter, `${info.interpreter} ${info.baseSha256.slice(0, 12)}`),
    ...item(s.inspect.labels, info.labels?.join(", ") ?? s.inspect.none), ...item(s.inspect.adapter, s.programs.size(info.adapterBytes)),
    ...(warnings.length ? item(s.inspect.warnings, warnings.join(" ")) : [])),
    h("h3", {}, s.inspect.spec), h("pre", { dir: "auto", tabindex: "0" }, info.spec), h("h3", {}, s.inspect.pseudo), h("pre", { dir: "auto", tabindex: "0" }, info.pseudoProgram),
    h("div", { class: "row" }, h("button", { type: "button", onclick: () => d.close() }, s.inspect.close)));
  d.addEventListener("close", () => d.remove());
  document.body.append(d);
  d.showModal();
}

export function makePrograms(): void {
  const list = h("ul", { class: "items", "data-testid": "programs" });
  async function open(p: SavedProgram): Promise<void> {
    alertUser("");
    if (!(await openProgram((await kept(p.id)) ?? p))) return;
    status.textContent = s.programs.opened(p.title);
    byId("run-input").focus();
  }

  async function rename(p: SavedProgram): Promise<void> {
    const title = prompt(s.programs.named, p.title)?.trim().slice(0, 200);
    if (!title) return;
    const now = (await kept(p.id)) ?? p;
    now.title = title;
    await library.put(now);
    changed("library");
    if (now === state.program) changed("renamed");
  }

  async function remove(p: SavedProgram): Promise<void> {
    if (!confirm(s.programs.ask(p.title))) return;
    await removeProgram(p.id);
    file.previousElementSibling instanceof HTMLElement && file.previousElementSibling.focus(); // the button that was pressed is gone
  }

  on("interpreter", () => {
    if (!waiting || !state.interpreter?.base) return;
    alertUser("");
    void openProgram(waiting);
  });

  const file = h("input", { type: "file", accept: ".paw", hidden: true, "aria-label": s.programs.from, onchange: () => {
    for (const f of file.files ?? []) void addFile(f);
    file.value = "";
  } });
  const status = h("p", { role: "status", class: "sr" });
  byId("library").append(list, h("div", { class: "row" }, h("button", { type: "button", "data-testid": "open-file", onclick: () => file.click() }, s.programs.from), file), status);

  addEventListener("dragover", (e) => {
    if (!e.dataTransfer?.types.includes("Files")) return;
    e.preventDefault();
    document.body.classList.add("over");
  });
  addEventListener("dragleave", (e) => e.relatedTarget === null && document.body.classList.remove("over"));
  addEventListener("drop", (e) => {
    document.body.classList.remove("over");
    const files = [...(e.dataTransfer?.files ?? [])];
    if (files.length) e.preventDefault();
    for (const f of files) void addFile(f);
  });

  const act = (name: string, p: SavedProgram, f: () => void) => h("button", { type: "button", class: "small", "data-act": `${name} ${p.id}`, "aria-label": `${name}: ${p.title}`, onclick: f }, name);

  async function show(): Promise<void> {
    let all: SavedProgram[] = [];
    try {
      all = await library.list();
    } catch (e) {
      alertUser(words(e));
    }
    const focused = list.contains(document.activeElement) && (document.activeElement as HTMLElement).dataset.act;
    if (all.length === 0) return list.replaceChildren(h("li", { class: "quiet" }, s.programs.none));
    list.replaceChildren(...all.map((p) => h("li", {},
      h("div", { class: "title", dir: "auto" }, p.title), h("div", { class: "quiet" }, `${s.programs.size(p.bytes.length)} · ${new Date(p.savedAt).toLocaleString()}`),
      h("div", { class: "row" },
        act(s.programs.open, p, () => void open(p)),
        act(s.programs.inspect, p, () => void inspectBytes(p.bytes).then((i) => inspect(p, i), (e) => alertUser(words(e)))),
        act(s.programs.save, p, () => download(`${p.id}.paw`, p.bytes as Uint8Array<ArrayBuffer>, "application/zip")),
        act(s.programs.rename, p, () => void rename(p)),
        act(s.programs.del, p, () => void remove(p))))));
    // The list is made anew: the keyboard stays where it was.
    if (focused) [...list.querySelectorAll("button")].find((b) => b.dataset.act === focused)?.focus();
  }
  on("library", () => void show());
  void show();
}
