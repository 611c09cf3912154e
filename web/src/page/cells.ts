// Rows as spreadsheets put them on the clipboard and into files: TSV or CSV, with quotes.

/** Splits pasted text into rows of cells. */
export function parseCells(text: string): string[][] {
  const separator = text.includes("\t") ? "\t" : text.includes(";") && !text.includes(",") ? ";" : ",";
  const rows: string[][] = [];
  let row: string[] = [], cell = "", quoted = false, fresh = true;
  const endCell = () => (row.push(cell), (cell = ""), (fresh = true));
  const endRow = () => {
    endCell();
    if (row.some((c) => c.trim() !== "")) rows.push(row);
    row = [];
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') (cell += '"'), i++;
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"' && fresh) (quoted = true), (fresh = false);
    else if (c === separator) endCell();
    else if (c === "\n") endRow();
    else if (c !== "\r") (cell += c), (fresh = false);
  }
  if (cell !== "" || row.length) endRow();
  return rows;
}

const EXAMPLE = /^[ \t]*input:[ \t]*(.*)\n\s*output:[ \t]*(.*)$/gim;

/** The Input:/Output: lines of a text as rows, and the text without them. */
export function takeExamples(text: string): { rows: string[][]; rest: string } {
  const rows: string[][] = [];
  const rest = text.replace(/\r\n?/g, "\n").replace(EXAMPLE, (_, input: string, output: string) => {
    rows.push([input.trim(), output.trim()]);
    return "";
  });
  return { rows, rest };
}

/** What pasted text puts into a table; empty for one plain value, which the browser pastes itself. */
export function pastedRows(text: string): string[][] {
  const plain = text.replace(/\r\n?/g, "\n").replace(/\n+$/, ""); // a single copied cell ends in a line break
  const examples = takeExamples(plain).rows;
  if (examples.length || !/[\t\n]/.test(plain)) return examples;
  const rows = parseCells(plain);
  if (plain.includes("\t") || plain.startsWith('"')) return rows;
  // Commas are separators only where all lines have the same number of them, else they are part of the words.
  const even = rows.every((r) => r.length === rows[0]!.length);
  return even ? rows : plain.split("\n").filter((l) => l.trim() !== "").map((l) => [l]);
}

/** CSV that a spreadsheet opens without taking a cell for a formula. */
export function toCSV(rows: string[][]): string {
  const cell = (c: string) => `"${(/^[=+\-@\t\r]/.test(c) ? "'" + c : c).replaceAll('"', '""')}"`;
  return rows.map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n";
}
