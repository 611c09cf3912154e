// The page for frames: embed.html?src=ID shows one <paw-function>, for hosts that allow frames and no
// scripts of ours. The host may also ask by messages:
//
//   to the frame    {paw: 1, id, input, threshold?}
//   to the host     {paw: 1, ready: true}, {paw: 1, id, result: Detail} or {paw: 1, id, error: {kind, message, hint}}
//
// The frame answers the window that holds it, whatever its origin: it gives away nothing but answers to
// inputs that the host itself sends. A host can guess slugs, not ids: in a frame a slug works where its
// program is public, and a private one looks like one that is missing.
import "./element.js";
import { PawError, type Detail } from "./paw.js";
import { askJSON, Unreachable } from "./program.js";

interface Widget extends HTMLElement {
  ask(input: string, threshold?: number): Promise<Detail>;
}

const parameters = new URLSearchParams(location.search);
const widget = document.createElement("paw-function") as Widget;
const src = parameters.get("src") ?? "";
// A program comes from this server only: a frame of ours must not fetch what a host's link names.
const known = /^[a-z0-9][a-z0-9@/-]*$/.test(src) && (parent === window || /^[0-9a-f]{20}$/.test(src) || (await shown(src)));
if (known) widget.setAttribute("src", src);
for (const name of ["integrity", "engine", "threshold", "auto", "label", "placeholder"]) {
  const value = parameters.get(name);
  if (value !== null) widget.setAttribute(name, value);
}
const unknown = `src names no ${parent === window ? "" : "public "}program of this server: give its id or slug, embed.html?src=ID`;
if (known) document.body.append(widget);
else document.body.append(unknown);

/** Whether a slug is a public program's. Without a network what this device keeps may answer. */
async function shown(slug: string): Promise<boolean> {
  try {
    return (await askJSON(new URL(`api/v1/programs/${slug}`, location.href), { cache: "no-store" })).public === true;
  } catch (e) {
    return e instanceof Unreachable;
  }
}

const tell = (m: object) => parent.postMessage({ paw: 1, ...m }, "*");
if (parent !== window) {
  if (!known) tell({ error: { message: unknown } });
  widget.addEventListener("paw-ready", () => tell({ ready: true }));
  widget.addEventListener("paw-error", (e) => tell({ error: { message: String((e as CustomEvent).detail.error?.message ?? "failed") } }));
  addEventListener("message", async (e: MessageEvent) => {
    const m = e.data;
    if (e.source !== parent || m?.paw !== 1 || typeof m.input !== "string") return;
    try {
      tell({ id: m.id, result: await widget.ask(m.input, typeof m.threshold === "number" ? m.threshold : undefined) });
    } catch (x) {
      const hint = x instanceof PawError ? x.hint : undefined;
      tell({ id: m.id, error: { kind: x instanceof PawError ? x.kind : "internal", message: x instanceof Error ? x.message : String(x), ...(hint ? { hint } : {}) } });
    }
  });
}
