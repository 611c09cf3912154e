// How much room the browser gives this site, and whether it keeps what is there when room gets scarce.

/** Bytes; undefined where the browser does not tell. */
export interface Room {
  used: number | undefined;
  available: number | undefined;
  /** The browser deletes nothing of this site by itself. */
  persisted: boolean;
  /** False where nothing outlives the page: an insecure address, or storage that is forbidden. */
  keeps: boolean;
}

export async function room(): Promise<Room> {
  const s = globalThis.navigator?.storage as StorageManager | undefined; // undefined on insecure pages
  const e = await s?.estimate?.().catch(() => undefined);
  const available = e?.quota === undefined ? undefined : Math.max(0, e.quota - (e.usage ?? 0));
  const persisted = (await s?.persisted?.().catch(() => false)) ?? false;
  return { used: e?.usage, available, persisted, keeps: await keeps() };
}

/** Whether one of the two places to keep things in can be opened. */
async function keeps(): Promise<boolean> {
  for (const open of [() => navigator.storage.getDirectory(), () => caches.keys()]) {
    try {
      await open();
      return true;
    } catch {
      // Missing or forbidden.
    }
  }
  return false;
}

/** Undefined when `needed` bytes fit, as far as the browser tells; else the bytes that are free. */
export async function missingRoom(needed: number): Promise<number | undefined> {
  const e = await navigator.storage?.estimate?.().catch(() => undefined);
  if (e?.quota === undefined) return undefined;
  const free = Math.max(0, e.quota - (e.usage ?? 0));
  return free < needed ? free : undefined;
}

const ASKED = "paw-persist-asked";
let asked = false;

/** Asks the browser, once per site, to keep what is stored: some browsers ask the user, who is asked
 *  after a large download that they wanted, and never again. */
export async function persistOnce(): Promise<void> {
  try {
    if (asked || !navigator.storage?.persist || localStorage.getItem(ASKED)) return;
    asked = true;
    localStorage.setItem(ASKED, "1");
    if (!(await navigator.storage.persisted())) await navigator.storage.persist();
  } catch {
    // Forbidden storage: nothing is kept, and there is nothing to ask for.
  }
}
