// Writing a specification: description, examples, the whole text. A draft survives a reload.
import { s } from "../strings";
import { api } from "./api";
import { takeExamples } from "./cells";
import { byId, h, say } from "./dom";
import { editableRows, type Row } from "./rows";

export interface Editor {
  spec(): string;
  title(): string;
  /** Cases that came with the example the user began from. */
  cases(): { input: string; output: string }[];
  /** f is called when somebody wants an example compiled and asked at once; it has been loaded then. */
  onTry(f: () => void): void;
  /** While something is compiled no other example can be tried. */
  busy(yes: boolean): void;
}

interface Example {
  name: string; title?: string; spec: string; cases: { input: string; output: string }[];
}

const DRAFT = "paw-draft";

/** A specification as text: the description, then an Input: and an Output: line for every example. */
export function compose(text: string, rows: Row[]): string {
  const one = (t: string) => t.replace(/\s*\n\s*/g, " ").trim();
  const examples = rows.map((r) => `Input: ${one(r.first)}\nOutput: ${one(r.second)}`);
  return [text.trim(), ...(examples.length ? ["", ...examples] : [])].join("\n");
}

/** The reverse of compose, for specifications that somebody wrote as one text. */
function split(spec: string): { text: string; rows: Row[] } {
  const { rows, rest } = takeExamples(spec);
  return { rows: rows.map(([first, second]) => ({ first: first!, second: second! })), text: rest.replace(/\n{3,}/g, "\n\n").replace(/\n?[ \t]*examples?:[ \t]*\s*$/i, "").trim() };
}

export function makeEditor(): Editor {
  let origin = { text: "", title: "", cases: [] as Example["cases"] }; // the example begun from
  const own = () => text.value.trim() !== origin.text.trim(); // then neither its title nor its cases fit
  const text = h("textarea", { id: "spec", "data-testid": "spec", dir: "auto", rows: 5, "aria-describedby": "spec-hint", oninput: update });
  const rows = editableRows({ test: "example", first: s.input, second: s.output, caption: s.examples, add: s.add, onChange: update });
  const preview = h("pre", { dir: "auto", tabindex: "0", "aria-label": s.preview });
  const start = h("select", { id: "start" }, h("option", { value: "" }, s.startNone));
  const load = h("button", { type: "button", "data-testid": "start-load", onclick: begin }, s.load);
  const tryIt = h("button", { type: "button", "data-testid": "start-try", title: s.tryHelp, onclick: tryOne }, s.try);
  const startRow = h("div", { hidden: true }, h("label", { for: "start" }, s.start), h("div", { class: "row" }, h("div", { class: "grow" }, start), tryIt, load));
  let tried = () => {};
  let examples: Example[] = [];
  let loaded = ""; // as the example came: nothing of the user's is in it
  const written = () => compose(text.value, rows.get());

  function update(): void {
    say(preview, written());
    try {
      localStorage.setItem(DRAFT, JSON.stringify({ text: text.value, rows: rows.get(), origin }));
    } catch {
      // A full or forbidden storage costs the draft, nothing else.
    }
  }

  /** Writes the chosen example into the editor; false if there is none or the user keeps what is there. */
  function begin(): boolean {
    const e = examples.find((x) => x.name === start.value);
    if (!e) return false;
    if (written() !== "" && written() !== loaded && !confirm(s.replace)) return false;
    const parts = split(e.spec);
    text.value = parts.text;
    rows.set(parts.rows);
    origin = { text: parts.text, title: e.title ?? e.name, cases: e.cases.slice(0, 40) };
    loaded = written();
    update();
    text.focus();
    return true;
  }

  function tryOne(): void {
    start.value ||= examples[0]?.name ?? ""; // whoever chooses nothing sees the first
    if (begin()) tried();
  }

  try {
    const draft = JSON.parse(localStorage.getItem(DRAFT) ?? "null");
    if (draft) {
      text.value = draft.text ?? "";
      rows.set(draft.rows ?? []);
      origin = draft.origin ?? origin;
    }
  } catch {
    // An unreadable draft is no draft.
  }
  byId("write").append(
    startRow,
    h("label", { for: "spec" }, s.spec), text, h("p", { id: "spec-hint", class: "hint" }, s.specHint),
    h("h3", {}, s.examples), h("p", { class: "hint" }, s.examplesHint), rows.element,
    h("details", {}, h("summary", {}, s.preview), preview),
  );
  update();
  void api("GET", "/catalogue").then((r) => r.json()).then((r: { programs: Example[] }) => {
    examples = r.programs;
    start.append(...examples.map((e) => h("option", { value: e.name }, e.title ?? e.name)));
    startRow.hidden = false;
  }).catch(() => undefined); // without a server there is nothing to begin from
  return {
    spec: written,
    title: () => ((!own() && origin.title) || text.value.trim().split("\n")[0]!.slice(0, 80)) || s.spec,
    cases: () => (own() ? [] : origin.cases),
    onTry: (f) => { tried = f; },
    busy: (yes) => { tryIt.disabled = yes; },
  };
}
