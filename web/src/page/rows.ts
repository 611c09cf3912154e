// An editable table of two columns, for examples and cases: rows grow by typing, pasting, a button.
import { s } from "../strings";
import { pastedRows } from "./cells";
import { h } from "./dom";

export interface Row {
  first: string;
  second: string;
}

export interface Entry {
  row: Row;
  results: HTMLTableCellElement[];
  /** Whether the row still says what it said. */
  same(): boolean;
}

export interface Rows {
  element: HTMLElement;
  get(): Row[];
  set(rows: Row[]): void;
  /** The rows that are not empty, each with its read-only cells; they stay its own when other rows come or go. */
  entries(): Entry[];
}

/** test is the prefix of data-testid; extra are the titles of read-only columns. */
export function editableRows(o: { test: string; first: string; second: string; caption: string; add: string; extra?: string[]; onChange(): void }): Rows {
  const body = h("tbody");
  const head = h("tr", {}, h("th", { scope: "col" }, o.first), h("th", { scope: "col" }, o.second));
  for (const t of o.extra ?? []) head.append(h("th", { scope: "col", class: "result" }, t));
  head.append(h("th", { scope: "col", class: "tight" }, h("span", { class: "sr" }, s.programs.del)));
  const add = h("button", { type: "button", class: "small", "data-testid": `${o.test}-add`, onclick: () => (append({ first: "", second: "" }).focus(), o.onChange()) }, o.add);
  const element = h("div", {}, h("table", {}, h("caption", { class: "sr" }, o.caption), h("thead", {}, head), body), h("div", { class: "row" }, add));

  function field(value: string, test: string): HTMLInputElement {
    const f = h("input", { type: "text", dir: "auto", "data-testid": `${o.test}-${test}`, autocomplete: "off", oninput: edited, onkeydown: next, onpaste: paste });
    f.value = value;
    return f;
  }

  /** A result belongs to the words it was made from. */
  function edited(e: Event): void {
    for (const c of (e.target as HTMLElement).closest("tr")!.querySelectorAll("td.result")) c.replaceChildren();
    o.onChange();
  }

  /** Enter goes to the same column of the next row, and makes one at the end. */
  function next(e: Event): void {
    const k = e as KeyboardEvent;
    if (k.key !== "Enter" || k.isComposing || k.ctrlKey || k.metaKey || k.shiftKey || k.altKey) return;
    k.preventDefault();
    const cell = (k.target as HTMLElement).closest("td")!;
    const row = cell.parentElement as HTMLTableRowElement;
    if (!row.nextElementSibling) append({ first: "", second: "" });
    (row.nextElementSibling as HTMLTableRowElement).cells[cell.cellIndex]!.querySelector("input")!.focus();
  }

  function append(r: Row): HTMLInputElement {
    const first = field(r.first, "input");
    const row = h("tr", {}, h("td", {}, first), h("td", {}, field(r.second, "output")));
    for (const _ of o.extra ?? []) row.append(h("td", { class: "result" }));
    row.append(h("td", { class: "tight" }, h("button", { type: "button", class: "small", onclick: () => remove(row) }, s.removeShort)));
    body.append(row);
    number();
    return first;
  }

  function remove(row: HTMLTableRowElement): void {
    const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("input");
    row.remove();
    if (body.rows.length === 0) append({ first: "", second: "" });
    number();
    (next ?? body.querySelector("input"))?.focus();
    o.onChange();
  }

  function number(): void {
    for (const [i, row] of [...body.rows].entries()) {
      const [a, b] = row.querySelectorAll("input");
      a!.setAttribute("aria-label", s.nth(o.first, i + 1));
      b!.setAttribute("aria-label", s.nth(o.second, i + 1));
      row.querySelector("button")!.setAttribute("aria-label", s.remove(i + 1));
    }
  }

  function paste(e: Event): void {
    const text = (e as ClipboardEvent).clipboardData?.getData("text/plain") ?? "";
    const rows = pastedRows(text);
    if (rows.length === 0) return; // one plain value: the browser pastes it
    e.preventDefault();
    const at = [...body.rows].findIndex((r) => r.contains(e.target as Node));
    const second = (e.target as HTMLElement).getAttribute("data-testid") === `${o.test}-output`;
    const all = get(true);
    rows.forEach((r, i) => {
      const row = (all[at + i] ??= { first: "", second: "" });
      const one = (cell: string) => cell.replace(/\s*\n\s*/g, " ").trim(); // a field holds one line
      if (second && r.length === 1) row.second = one(r[0]!);
      else (row.first = one(r[0]!)), (row.second = r[1] === undefined ? row.second : one(r[1]));
    });
    set(all);
    body.rows[at + rows.length - 1]?.querySelectorAll("input")[second ? 1 : 0]?.focus(); // the field pasted into is gone
    o.onChange();
  }

  function read(r: HTMLTableRowElement): Row {
    const [a, b] = r.querySelectorAll("input");
    return { first: a!.value, second: b!.value };
  }

  const filled = (r: Row) => r.first.trim() !== "" || r.second.trim() !== "";

  function get(empty = false): Row[] {
    const all = [...body.rows].map(read);
    return empty ? all : all.filter(filled);
  }

  function entries(): Entry[] {
    return [...body.rows].map((tr) => {
      const row = read(tr);
      const same = () => tr.isConnected && read(tr).first === row.first && read(tr).second === row.second;
      return { row, results: [...tr.querySelectorAll<HTMLTableCellElement>("td.result")], same };
    }).filter((e) => filled(e.row));
  }

  function set(rows: Row[]): void {
    body.replaceChildren();
    for (const r of rows.length ? rows : [{ first: "", second: "" }]) append(r);
  }

  set([]);
  return { element, get: () => get(), set, entries };
}
