// What the rooms of the page share: which interpreter is loaded, which program is open.
import type { Interpreter, PawFunction, SavedProgram } from "../client";
import { PawError } from "../client";
import { s } from "../strings";
import { byId, h } from "./dom";

export interface Offer {
  id: string; name: string; interpreter: string; size_bytes: number; sha256: string; licence: string; source: string;
  available: boolean; embedded: boolean; url: string | null; chunks_url: string | null; pull: string | null; compilers: string[];
}

export const state = {
  interpreter: null as Interpreter | null,
  offers: [] as Offer[],
  online: true,
  program: null as SavedProgram | null,
  fn: null as PawFunction | null,
};

type Name = "interpreter" | "program" | "library" | "deleted" | "renamed";
const listeners = new Map<Name, (() => void)[]>();

export function on(name: Name, f: () => void): void {
  listeners.set(name, [...(listeners.get(name) ?? []), f]);
}

export function changed(name: Name): void {
  for (const f of listeners.get(name) ?? []) {
    try {
      f();
    } catch (e) {
      console.error(e); // a fault of one room leaves the others right
      alertUser(words(e));
    }
  }
}

/** Shows an error where every reader notices it; "" clears it. */
export function alertUser(text: string): void {
  const box = byId("notice");
  box.hidden = text === "";
  if (text === "") return box.replaceChildren();
  box.replaceChildren(h("span", {}, text), " ", h("button", { type: "button", class: "small", onclick: () => alertUser("") }, s.dismiss));
}

/** An error in words for people. */
export function words(e: unknown): string {
  if (e instanceof PawError) return [s.errors[e.kind], e.kind === "aborted" ? "" : e.message, e.hint].filter(Boolean).join(" ");
  return e instanceof Error ? e.message : String(e);
}

export function aborted(e: unknown): boolean {
  return e instanceof PawError && e.kind === "aborted";
}
