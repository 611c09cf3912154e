// Programs kept on this device, in IndexedDB: they survive a reload without a network.

export interface SavedProgram {
  id: string;
  title: string;
  spec: string;
  interpreterSha256: string;
  bytes: Uint8Array;
  cases: { input: string; output: string }[];
  savedAt: number; // milliseconds since 1970
  report: any;
}

const NAME = "paw";
const STORE = "programs";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const r = indexedDB.open(NAME, 1);
    r.onupgradeneeded = () => r.result.createObjectStore(STORE, { keyPath: "id" });
    r.onsuccess = () => resolve(r.result);
    r.onerror = () => reject(r.error);
    r.onblocked = () => reject(new Error("another tab holds an older version of this page: close it"));
  });
}

async function run<T>(mode: IDBTransactionMode, work: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const t = db.transaction(STORE, mode);
      const r = work(t.objectStore(STORE));
      t.oncomplete = () => resolve(r.result);
      t.onabort = t.onerror = () => reject(t.error ?? new Error("the browser kept nothing"));
    });
  } finally {
    db.close();
  }
}

export const library = {
  /** All programs, the last saved first. */
  async list(): Promise<SavedProgram[]> {
    const all = await run<SavedProgram[]>("readonly", (s) => s.getAll());
    return all.sort((a, b) => b.savedAt - a.savedAt);
  },
  get: (id: string) => run<SavedProgram | undefined>("readonly", (s) => s.get(id)),
  async put(p: SavedProgram): Promise<void> {
    await run("readwrite", (s) => s.put(p));
  },
  async remove(id: string): Promise<void> {
    await run("readwrite", (s) => s.delete(id));
  },
};
