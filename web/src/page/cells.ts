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

/** The Input:/Output: lines of a text as rows; empty when it has none. */
export function parseExamples(text: string): string[][] {
  const rows: string[][] = [];
  for (const m of text.matchAll(/^\s*input:[ \t]*(.*)\n\s*output:[ \t]*(.*)$/gim)) rows.push([m[1]!.trim(), m[2]!.trim()]);
  return rows;
}

/** CSV that a spreadsheet opens without taking a cell for a formula. */
export function toCSV(rows: string[][]): string {
  const cell = (c: string) => `"${(/^[=+\-@\t\r]/.test(c) ? "'" + c : c).replaceAll('"', '""')}"`;
  return rows.map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n";
}
