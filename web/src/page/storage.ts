// What this device keeps for the site: how much, how much room is left, and buttons that delete.
import { library, storage, type Kept } from "../client";
import { s } from "../strings";
import { byId, h, say } from "./dom";
import { removeProgram } from "./programs";
import { alertUser, on, state, words } from "./state";

interface Item {
  name: string;
  bytes: number;
  remove(): Promise<void>;
}

const size = (n: number) => (n < 1e6 ? s.programs.size(n) : s.mb(n));

/** The words for a file that is known by its digest. */
function titled(k: Kept): string {
  if (k.kind === "program") return s.storage.fetched(k.names[0]?.replace(/^.*\/programs\/(.*)\/download$/, "$1") ?? k.sha256.slice(0, 12));
  if (k.kind === "prefix") return s.storage.prefixes;
  const name = state.offers.find((o) => o.sha256 === k.sha256)?.name ?? (k.sha256.slice(0, 12) || k.names[0]!);
  return k.whole ? s.storage.interpreter(name) : s.storage.begun(name);
}

async function items(): Promise<{ all: Item[]; own: number }> {
  const own = await library.list();
  const kept = await storage.list();
  return {
    own: own.length,
    all: [
      ...kept.map((k) => ({ name: titled(k), bytes: k.bytes, remove: () => storage.remove(k) })),
      ...own.map((p) => ({ name: s.storage.program(p.title), bytes: p.bytes.length, remove: () => removeProgram(p.id) })),
    ],
  };
}

export function makeStorage(): void {
  const total = h("p", { class: "quiet", "data-testid": "storage-room" });
  const list = h("ul", { class: "items kept", "data-testid": "storage" });
  const clear = h("button", { type: "button", "data-testid": "storage-clear", onclick: () => void removeAll() }, s.storage.clear);
  const refresh = h("button", { type: "button", onclick: () => void show() }, s.storage.refresh);
  const status = h("p", { role: "status", class: "quiet", "data-testid": "storage-status" });
  byId("storage").append(total, list, h("div", { class: "row" }, clear, refresh), status);

  /** Deletes, shows what is left, and says so: the button that was pressed is gone. */
  async function removing(work: () => Promise<void>, done: string): Promise<void> {
    try {
      await work();
      say(status, done);
    } catch (e) {
      alertUser(words(e));
    }
    await show();
    refresh.focus();
  }

  async function removeOne(i: Item): Promise<void> {
    if (confirm(s.storage.ask(i.name))) await removing(i.remove, s.storage.deleted(i.name));
  }

  async function removeAll(): Promise<void> {
    const { all, own } = await items();
    if (confirm(s.storage.askAll(own))) await removing(async () => {
      for (const i of all) await i.remove();
    }, s.storage.cleared);
  }

  let shows = 0;
  async function show(): Promise<void> {
    const mine = ++shows;
    const room = await storage.room();
    const { all } = await items().catch((e) => (alertUser(words(e)), { all: [] as Item[] }));
    if (mine !== shows) return; // a later look is newer
    say(total, room.keeps ? `${s.storage.room(room.used, room.available)} ${room.persisted ? s.storage.persisted : s.storage.best}` : s.storage.insecure);
    clear.disabled = all.length === 0;
    if (all.length === 0) return list.replaceChildren(h("li", { class: "quiet" }, s.storage.none));
    list.replaceChildren(...all.map((i) => h("li", {},
      h("span", { class: "title", dir: "auto" }, i.name), h("span", { class: "quiet size" }, size(i.bytes)),
      h("button", { type: "button", class: "small", "aria-label": s.storage.delOne(i.name, size(i.bytes)), onclick: () => void removeOne(i) }, s.storage.del))));
  }
  on("library", () => void show());
  on("interpreter", () => void show());
  void show();
}
