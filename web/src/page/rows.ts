// An editable table of two columns, for examples and cases: rows grow by typing, pasting, a button.
import { s } from "../strings";
import { parseCells, parseExamples } from "./cells";
import { h } from "./dom";

export interface Row {
  first: string;
  second: string;
}

export interface Rows {
  element: HTMLElement;
  get(): Row[];
  set(rows: Row[]): void;
  /** The cells behind the two fields of every row, for results. */
  extra(index: number): HTMLTableCellElement[];
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
    const f = h("input", { type: "text", dir: "auto", "data-testid": `${o.test}-${test}`, autocomplete: "off", oninput: () => o.onChange(), onpaste: paste });
    f.value = value;
    return f;
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
    const examples = parseExamples(text);
    const rows = examples.length ? examples : text.includes("\t") || text.includes("\n") ? parseCells(text) : [];
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
    o.onChange();
  }

  function get(empty = false): Row[] {
    const all = [...body.rows].map((r) => {
      const [a, b] = r.querySelectorAll("input");
      return { first: a!.value, second: b!.value };
    });
    return empty ? all : all.filter((r) => r.first.trim() !== "" || r.second.trim() !== "");
  }

  function set(rows: Row[]): void {
    body.replaceChildren();
    for (const r of rows.length ? rows : [{ first: "", second: "" }]) append(r);
  }

  set([]);
  return { element, get: () => get(), set, extra: (i) => [...(body.rows[i]?.querySelectorAll<HTMLTableCellElement>("td.result") ?? [])] };
}
