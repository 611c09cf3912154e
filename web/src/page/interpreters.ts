// Choosing an interpreter and what runs it. The small one loads by itself; a large one only after consent.
import { deleteCached, Interpreter, isCached, type BaseInfo, type EngineName, type ProgramInfo, type SavedProgram } from "../client";
import { s } from "../strings";
import { api } from "./api";
import { byId, h, say } from "./dom";
import { aborted, alertUser, changed, state, words, type Offer } from "./state";

const REMEMBERED = "paw-interpreters";
const SMALL = 20e6; // bytes that are downloaded without asking

const baseOf = (o: Offer): BaseInfo => ({ id: o.id, url: o.url!, chunksUrl: o.chunks_url!, size: o.size_bytes, sha256: o.sha256 });

let choose: (o: Offer) => Promise<boolean> = async () => false;
let restart: () => Promise<boolean> = async () => false;

/** Starts the interpreter anew where its worker has ended (a browser short of memory ends them), and opens the program
 *  that was open. Tells whether there is one that lives. */
export async function living(): Promise<boolean> {
  return state.interpreter?.ended ? restart() : !!state.interpreter;
}

/** Says that a program needs another interpreter and offers to switch. */
export function chooseFor(info: ProgramInfo, then: () => void): void {
  const offer = state.offers.find((o) => o.sha256 === info.baseSha256);
  alertUser(s.other(info.interpreter));
  if (!offer) return; // the message names the interpreter; this server does not know it
  byId("notice").append(" ", h("button", { type: "button", onclick: () => {
    alertUser("");
    void choose(offer).then((ok) => ok && then());
  } }, s.switchTo(offer.name)));
}

/** The user asked the browser to save data. */
const saving = () => !!(navigator as unknown as { connection?: { saveData?: boolean } }).connection?.saveData;

/** Asks before a large download: what it is, where it comes from, whether it fits. */
async function consent(o: Offer): Promise<boolean> {
  const room = await navigator.storage?.estimate?.().catch(() => undefined);
  const free = room?.quota === undefined ? s.consent.unknown : s.consent.room_(room.quota - (room.usage ?? 0));
  return new Promise((resolve) => {
    const item = (name: string, value: string) => [h("dt", {}, name), h("dd", {}, value)];
    const d = h("dialog", { "aria-label": s.consent.title(o.name) }, h("h2", {}, s.consent.title(o.name)),
      h("dl", {}, ...item(s.consent.size, s.mb(o.size_bytes)), ...item(s.consent.source, o.source), ...item(s.consent.licence, o.licence), ...item(s.consent.room, free)),
      h("p", {}, s.consent.remote), saving() ? h("p", { class: "notice" }, s.consent.save) : null,
      h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: () => d.close("yes") }, s.consent.yes), h("button", { type: "button", onclick: () => d.close("no") }, s.consent.no)));
    d.addEventListener("close", () => (d.remove(), resolve(d.returnValue === "yes")));
    document.body.append(d);
    d.showModal();
  });
}

/** reopen opens the program that was open when another engine was chosen, or the interpreter's worker had ended. */
export async function makeInterpreters(reopen: (p: SavedProgram) => Promise<boolean>): Promise<void> {
  const select = h("select", { id: "interpreter-choice", onchange: () => void pick() });
  const engine = h("select", { id: "engine-choice", "data-testid": "engine", onchange: () => void swap() },
    ...Object.entries(s.engines).map(([value, text]) => h("option", { value }, text)));
  const status = h("span", { "data-testid": "interpreter", class: "quiet" }); // changes with every piece: told by spoken
  const spoken = h("span", { role: "status", class: "sr" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": s.interpreter });
  const cancel = h("button", { type: "button", class: "small", hidden: true, onclick: () => abort?.abort() }, s.cancel);
  const drop = h("button", { type: "button", class: "small", hidden: true, onclick: () => void forget() });
  byId("interpreter-bar").append(h("div", { class: "row" }, h("label", { for: "interpreter-choice" }, s.interpreter), h("div", {}, select),
    h("label", { for: "engine-choice" }, s.engine), h("div", {}, engine), status, spoken, cancel, drop), bar);
  let abort: AbortController | undefined;
  let loaded: Offer | undefined;
  let coming: Offer | undefined; // being loaded
  let running: EngineName = "paw"; // what the loaded interpreter runs on
  let threads = 1; // and how many compute

  const show = (name: string, text: string, speak = text) => {
    status.dataset.state = name;
    say(status, text);
    say(spoken, speak);
  };

  async function pick(): Promise<void> {
    const o = state.offers.find((x) => x.id === select.value);
    if (o) await choose(o);
  }

  async function swap(): Promise<boolean> {
    const open = state.program;
    const o = coming ?? loaded;
    return !!o && (await choose(o)) && (!open || reopen(open));
  }
  restart = swap;

  async function forget(): Promise<void> {
    if (!loaded) return;
    await deleteCached(baseOf(loaded));
    drop.hidden = true;
    show("ready", s.dropped(loaded.name));
  }

  choose = async (o) => {
    alertUser("");
    const wanted = engine.value as EngineName;
    const back = () => {
      select.value = loaded?.id ?? "";
      engine.value = running;
    };
    if (!o.available || !o.url) {
      alertUser(s.consent.missing(o.pull ?? "paw models list"));
      back();
      return false;
    }
    const base = baseOf(o);
    if ((o.size_bytes > SMALL || saving()) && !(await isCached(base)) && !(await consent(o))) {
      back();
      return false;
    }
    abort?.abort();
    const mine = (abort = new AbortController());
    coming = o;
    const it = Interpreter.start();
    show("loading", s.state.loading);
    cancel.hidden = bar.hidden = false;
    try {
      const { kept, threads: n } = await it.load(base, { engine: wanted, signal: mine.signal, onProgress: (p) => {
        bar.value = p.total ? p.done / p.total : 0;
        show("loading", s.progress(p.phase, p.done, p.total), s.phase(p.phase));
      } });
      state.interpreter?.dispose();
      state.interpreter = it;
      state.fn = null;
      state.program = null;
      loaded = o;
      running = wanted;
      threads = n;
      select.value = o.id;
      show("ready", kept ? s.state.ready(o.id, n) : s.forgotten(o.id));
      drop.hidden = o.embedded || !kept;
      say(drop, s.drop(o.name));
      changed("program");
      changed("interpreter");
      return true;
    } catch (e) {
      it.dispose();
      if (abort !== mine) return false; // another one is on its way
      if (loaded) show("ready", s.state.ready(loaded.id, threads));
      else show("failed", s.state.failed(words(e)));
      if (!aborted(e)) alertUser(words(e));
      back();
      return false;
    } finally {
      if (abort === mine) {
        coming = undefined;
        cancel.hidden = bar.hidden = true;
      }
    }
  };

  const offline = h("p", { class: "notice", role: "status", "data-testid": "offline", hidden: true });
  byId("interpreter-bar").append(offline);

  /** Asks the server what it offers; without one, what it offered last time. */
  async function ask(): Promise<void> {
    try {
      state.offers = (await (await api("GET", "/interpreters")).json()).interpreters;
      state.online = true;
    } catch {
      state.online = false;
    }
    try {
      if (state.online) localStorage.setItem(REMEMBERED, JSON.stringify(state.offers));
      else if (state.offers.length === 0) state.offers = JSON.parse(localStorage.getItem(REMEMBERED) ?? "[]");
    } catch {
      // Forbidden or unreadable storage: nothing is remembered.
    }
    offline.hidden = state.online;
    offline.replaceChildren(...(state.online ? [] : [s.offlineCompile, " ", h("button", { type: "button", class: "small", onclick: () => void begin() }, s.retry)]));
    select.replaceChildren(...state.offers.map((o) => h("option", { value: o.id }, `${o.name}, ${s.mb(o.size_bytes)}`)));
    select.value = loaded?.id ?? "";
    changed("interpreter");
  }

  /** Starts the small interpreter, unless one is loaded. */
  async function begin(): Promise<void> {
    await ask();
    if (loaded || coming) return; // one is loaded or on its way
    const first = state.offers.find((o) => o.embedded) ?? state.offers.find((o) => o.available && o.size_bytes <= SMALL);
    if (!first) return show("none", s.state.none);
    if (!(await choose(first)) && !status.dataset.state) show("none", s.state.none); // not asked for yet
  }
  addEventListener("online", () => void begin());
  addEventListener("offline", () => void ask());
  await begin();
}
