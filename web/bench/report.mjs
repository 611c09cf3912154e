// Turns the JSON of bench.mjs into one HTML file that needs nothing else: figures as text, bars beside them.
// Usage: node report.mjs IN.json OUT.html
import { readFileSync, writeFileSync } from "node:fs";
import { columns, OWN, ratio } from "./lib/table.mjs";

const [from, to] = process.argv.slice(2);
if (!to) {
  console.error("usage: node report.mjs IN.json OUT.html");
  process.exit(2);
}
const run = JSON.parse(readFileSync(from, "utf8"));
const html = (s) => String(s).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const figure = (v, digits) => v.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const sections = [
  ["Calls behind a prefix already computed", /^(label|text) call ms$|^(prefill|decode) tok\/s$/],
  ["The same with an adapter", / \+ adapter$/],
  ["Two programs on one page", /^switch|^call after/],
  ["Opening the page", /start ms$|^load ms$|^code/],
  ["Memory of the renderer above an empty page", /memory/],
];
const notes = {
  "label call ms": "250 prompt tokens cached, 20 new ones, then the choice; below, what is generated", "text call ms": "250 prompt tokens cached, 20 new ones, then a text",
  "prefill tok/s": "prompts of 250 tokens", "decode tok/s": "64 tokens after a prompt of 20",
  "switch ms": "what a question costs more when the one before it went to the other program; below nought is noise",
  "cold start ms": "fresh profile, page opened, files from this machine, first answer to 270 tokens", "cached start ms": "page loaded again, first answer",
  "load ms": "from the file that the browser keeps to an engine that can answer", "code kB": "scripts and WebAssembly as sent, by brotli",
  "memory MiB": "after the first answer and a garbage collection", "peak memory MiB": "highest until the first answer",
};

/** A figure with its bar; the longest bar of a row is that of its largest value. */
function cell({ name, label, text }, c, most) {
  const v = run.median[name]?.[c.name];
  if (v === undefined) return '<td class="none">–<span class="hidden"> not measured</span></td>';
  const times = name === OWN ? undefined : ratio(run.median, name, c);
  const share = most > 0 ? Math.max(0, Math.min(100, (100 * v) / most)) : 0;
  const than = times === undefined ? "" : ` <small>${Math.abs(Math.log(times)) < 0.05 ? "about the same" : times >= 1 ? `ours ${times.toFixed(1)}× better` : `ours ${(1 / times).toFixed(1)}× worse`}</small>`;
  const what = c.name.startsWith("label call") ? ` <small>${html(label)}</small>` : c.name.startsWith("text call") ? ` <small>${html(text)}</small>` : "";
  return `<td${name === OWN ? ' class="own"' : ""}><span class="bar" style="--share:${share.toFixed(1)}%" aria-hidden="true"></span><span class="value">${figure(v, c.digits)}</span>${what}${than}</td>`;
}

function table([title, pattern]) {
  const used = columns.filter((c) => pattern.test(c.name) && run.engines.some((e) => run.median[e.name]?.[c.name] !== undefined));
  if (!used.length) return "";
  const { engines } = run;
  const rows = used.map((c) => {
    const most = Math.max(...engines.map((e) => run.median[e.name]?.[c.name] ?? 0));
    const note = notes[c.name.replace(" + adapter", "")];
    return `<tr><th scope="row">${html(c.name.replace(" + adapter", ""))}${note ? `<small>${html(note)}</small>` : ""}<small>${c.higher ? "more" : "less"} is better</small></th>${engines.map((e) => cell(e, c, most)).join("")}</tr>`;
  });
  const heads = engines.map((e) => `<th scope="col">${html(e.name)}</th>`).join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${html(title)}"><table style="--engines:${engines.length}"><caption>${html(title)}</caption><thead><tr><td></td>${heads}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

const m = run.machine;
const engines = run.engines.map((e) => `<li><strong>${html(e.name)}</strong>: ${e.threads} thread${e.threads > 1 ? "s" : ""}, ${e.isolated ? "cross-origin isolated" : "no isolation"};
 a label call: ${html(e.label)}, a text call: ${html(e.text)}${e.adapters ? "" : "; an adapter cannot be put on a loaded graph, so the figures with one are missing"}</li>`).join("\n");
const facts = [`${m.cpu}, ${m.cores} cores (${m.flags.join(", ")})`, `${m.memoryGB} GB`, m.system, m.browser, m.date].filter(Boolean).map(html).join(" · ");
const busy = m.load > 0.5 ? `<p class="busy" role="note">Other work was running when this run began (load ${m.load}): the figures are noisy.</p>` : "";
const shared = run.quiet ? `<p>A measurement was repeated where other work shared the cores before or after it (${run.quiet.repeated} times); ${run.quiet.disturbed} of ${run.quiet.samples} never got them alone in the time given and count as they are.</p>` : "";
const parity = Object.entries(run.parity ?? {}).map(([name, p]) => `<li>${html(name)}: the likeliest token is the same in ${p.same} of ${p.steps} steps; where our first two lie more than 0.05 nats apart, in ${p.clearSame} of ${p.clear}</li>`).join("\n");

writeFileSync(to, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Interpreters in a browser, measured</title>
<style>
:root { color-scheme: light dark; --text: #1b1b1f; --quiet: #55555f; --back: #fff; --line: #d9d9e0; --own: #1f6f4a; --peer: #8a8a99; --busy: #7a4b00; }
@media (prefers-color-scheme: dark) { :root { --text: #ececf1; --quiet: #b0b0bc; --back: #16161a; --line: #3a3a44; --own: #4fc08d; --peer: #7d7d8c; --busy: #f0c070; } }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.facts, small { color: var(--quiet); } small { display: block; font-weight: 400; font-size: .8rem; }
.busy { color: var(--busy); font-weight: 600; }
.scroll { overflow-x: auto; margin-top: 2rem; } .scroll:focus-visible { outline: 2px solid var(--own); outline-offset: 2px; }
/* Columns of one width: bars are compared across them. */
table { border-collapse: collapse; width: 100%; table-layout: fixed; min-width: calc(13rem + var(--engines) * 7.5rem); } caption { text-align: left; font-weight: 600; font-size: 1.15rem; padding-bottom: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; border-top: 1px solid var(--line); } thead td { width: 13rem; }
.value { font-variant-numeric: tabular-nums; } .own .value { font-weight: 700; } .none { color: var(--quiet); }
.bar { display: block; height: .5rem; margin: .45rem 0 .2rem; width: var(--share); min-width: 2px; border-radius: 2px; background: var(--peer); } .own .bar { background: var(--own); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print { .bar { print-color-adjust: exact; } }
</style>
</head>
<body>
<main>
<h1>Interpreters in a browser, measured</h1>
<p>GPT-2 124M geometry with random weights, 8 bits. Medians of one run in which the engines took turns.</p>
<p class="facts">${facts}</p>
${busy}
${shared}
${sections.map(table).join("\n")}
<h2>What ran</h2>
<ul>
${engines}
</ul>
${run.read ? `<p>One thread reads ${(run.read.plainPerSecond / 1e9).toFixed(1)} GB a second here from front to back and ${(run.read.readPerSecond / 1e9).toFixed(1)} in four streams; our decoding reads ${(run.read.bytesPerToken / 1e6).toFixed(1)} MB a token.</p>` : ""}
${parity ? `<h2>Parity with wllama</h2>\n<ul>\n${parity}\n</ul>` : ""}
</main>
</body>
</html>
`);
