// Choosing an interpreter. The small one loads by itself; a large one only after consent.
import { deleteCached, Interpreter, isCached, type BaseInfo, type ProgramInfo } from "../client";
import { s } from "../strings";
import { api } from "./api";
import { byId, h, say } from "./dom";
import { aborted, alertUser, changed, state, words, type Offer } from "./state";

const REMEMBERED = "paw-interpreters";
const SMALL = 20e6; // bytes that are downloaded without asking

const baseOf = (o: Offer): BaseInfo => ({ id: o.id, url: o.url!, chunksUrl: o.chunks_url!, size: o.size_bytes, sha256: o.sha256 });

let choose: (o: Offer) => Promise<boolean> = async () => false;

/** Says that a program needs another interpreter and offers to switch. */
export function chooseFor(info: ProgramInfo, then: () => void): void {
  const offer = state.offers.find((o) => o.sha256 === info.baseSha256);
  alertUser(s.other(info.interpreter));
  if (!offer) return;
  byId("notice").append(" ", h("button", { type: "button", onclick: () => {
    alertUser("");
    void choose(offer).then((ok) => ok && then());
  } }, s.switchTo(offer.name)));
}

/** Asks before a large download: what it is, where it comes from, whether it fits. */
async function consent(o: Offer): Promise<boolean> {
  const room = await navigator.storage?.estimate?.().catch(() => undefined);
  const free = room?.quota === undefined ? s.consent.unknown : s.consent.room_(room.quota - (room.usage ?? 0));
  const saving = (navigator as unknown as { connection?: { saveData?: boolean } }).connection?.saveData;
  return new Promise((resolve) => {
    const item = (name: string, value: string) => [h("dt", {}, name), h("dd", {}, value)];
    const d = h("dialog", { "aria-label": s.consent.title(o.name) }, h("h2", {}, s.consent.title(o.name)),
      h("dl", {}, ...item(s.consent.size, s.mb(o.size_bytes)), ...item(s.consent.source, o.source), ...item(s.consent.licence, o.licence), ...item(s.consent.room, free)),
      h("p", {}, s.consent.remote), saving ? h("p", { class: "notice" }, s.consent.save) : null,
      h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: () => d.close("yes") }, s.consent.yes), h("button", { type: "button", onclick: () => d.close("no") }, s.consent.no)));
    d.addEventListener("close", () => (d.remove(), resolve(d.returnValue === "yes")));
    document.body.append(d);
    d.showModal();
  });
}

export async function makeInterpreters(): Promise<void> {
  const select = h("select", { id: "interpreter-choice", onchange: () => void pick() });
  const status = h("span", { "data-testid": "interpreter", role: "status", class: "quiet" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": s.interpreter });
  const cancel = h("button", { type: "button", class: "small", hidden: true, onclick: () => abort?.abort() }, s.cancel);
  const drop = h("button", { type: "button", class: "small", hidden: true, onclick: () => void forget() }, s.drop);
  byId("interpreter-bar").append(h("div", { class: "row" }, h("label", { for: "interpreter-choice" }, s.interpreter), h("div", {}, select), status, cancel, drop), bar);
  let abort: AbortController | undefined;
  let loaded: Offer | undefined;

  const show = (name: string, text: string) => {
    status.dataset.state = name;
    say(status, text);
  };

  async function pick(): Promise<void> {
    const o = state.offers.find((x) => x.id === select.value);
    if (o) await choose(o);
  }

  async function forget(): Promise<void> {
    if (!loaded) return;
    await deleteCached(baseOf(loaded));
    drop.hidden = true;
  }

  choose = async (o) => {
    alertUser("");
    const back = () => (select.value = loaded?.id ?? "");
    if (!o.available || !o.url) {
      alertUser(s.consent.missing(o.pull ?? "paw models list"));
      back();
      return false;
    }
    const base = baseOf(o);
    if (o.size_bytes > SMALL && !(await isCached(base)) && !(await consent(o))) {
      back();
      return false;
    }
    abort?.abort();
    const mine = (abort = new AbortController());
    const it = Interpreter.start();
    show("loading", s.state.loading);
    cancel.hidden = bar.hidden = false;
    try {
      await it.load(base, { signal: mine.signal, onProgress: (p) => {
        bar.value = p.total ? p.done / p.total : 0;
        show("loading", s.progress(p.phase, p.done, p.total));
      } });
      state.interpreter?.dispose();
      state.interpreter = it;
      state.fn = null;
      state.program = null;
      loaded = o;
      select.value = o.id;
      show("ready", s.state.ready(o.id));
      drop.hidden = o.embedded;
      changed("program");
      changed("interpreter");
      return true;
    } catch (e) {
      it.dispose();
      if (loaded) show("ready", s.state.ready(loaded.id));
      else show("failed", s.state.failed(words(e)));
      if (!aborted(e)) alertUser(words(e));
      back();
      return false;
    } finally {
      if (abort === mine) cancel.hidden = bar.hidden = true;
    }
  };

  try {
    state.offers = (await (await api("GET", "/interpreters")).json()).interpreters;
    localStorage.setItem(REMEMBERED, JSON.stringify(state.offers));
  } catch {
    state.online = false;
    try {
      state.offers = JSON.parse(localStorage.getItem(REMEMBERED) ?? "[]");
    } catch {
      state.offers = [];
    }
    alertUser(s.offlineCompile);
  }
  select.append(...state.offers.map((o) => h("option", { value: o.id }, `${o.name}, ${s.mb(o.size_bytes)}`)));
  const first = state.offers.find((o) => o.embedded) ?? state.offers.find((o) => o.available && o.size_bytes <= SMALL);
  if (!first) return show("none", s.state.none);
  const notice = byId("notice").textContent ?? "";
  await choose(first);
  if (!state.online) alertUser(notice);
}
