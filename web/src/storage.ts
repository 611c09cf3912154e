// What this site keeps on the device: interpreters, the programs that the SDK fetched,
// and what was computed of them. (The page's own
// programs, which have titles and cases, are in library.ts: they are somebody's work and no cache.)
import { CACHE, keyParts } from "./download.js";
import { PawError } from "./errors.js";
import { listPrograms, removeProgram } from "./kept.js";
import { listStored, removeStored } from "./opfs.js";
import { listPrefixes, removePrefix } from "./prefixes.js";
import { room, type Room } from "./room.js";

export interface Kept {
  /** "prefix": what was computed of programs' own texts, all of it. */
  kind: "interpreter" | "program" | "prefix";
  /** Of the whole file; "" for prefixes, and for files that older versions kept by address alone. */
  sha256: string;
  bytes: number;
  /** False for an interpreter whose download has not ended. */
  whole: boolean;
  /** The addresses that it came from, where they are known. */
  names: string[];
}

async function modelCache(): Promise<Cache | undefined> {
  try {
    return (await caches.has(CACHE)) ? await caches.open(CACHE) : undefined;
  } catch {
    return undefined;
  }
}


async function list(): Promise<Kept[]> {
  const out: Kept[] = (await listStored()).map((f) => ({ kind: "interpreter", sha256: f.sha256, bytes: f.size, whole: f.whole, names: [] }));
  const cache = await modelCache();
  for (const request of (await cache?.keys()) ?? []) {
    const bytes = (await (await cache!.match(request))!.blob()).size;
    out.push({ kind: "interpreter", bytes, whole: true, ...keyParts(request.url) });
  }
  out.push(...(await listPrograms()).map((p): Kept => ({ kind: "program", whole: true, ...p })));
  const prefixes = await listPrefixes();
  if (prefixes.length) out.push({ kind: "prefix", sha256: "", bytes: prefixes.reduce((n, p) => n + p.bytes, 0), whole: true, names: [] });
  return out;
}

/** What is loaded goes on answering; the next page loads it anew. */
async function remove(k: Pick<Kept, "kind" | "sha256"> & Partial<Kept>): Promise<void> {
  if (k.kind === "program") return removeProgram(k.sha256);
  if (k.kind === "prefix") {
    for (const { key } of await listPrefixes()) await removePrefix(key);
    return;
  }
  if (k.sha256) {
    await removeStored(k);
    const still = (await listStored()).some((f) => f.sha256 === k.sha256);
    if (still) throw new PawError("storage", "the interpreter is in use: it is being downloaded or loaded, here or in another tab", "try again when that has ended");
  }
  const cache = await modelCache();
  for (const { url } of (await cache?.keys()) ?? []) {
    if (keyParts(url).sha256 === k.sha256) await cache!.delete(url);
  }
}

export const storage = {
  list,
  remove,
  async clear(): Promise<void> {
    const faults: unknown[] = [];
    for (const k of await list()) await remove(k).catch((e) => faults.push(e)); // one that is in use keeps no other
    if (faults.length) throw faults[0];
  },
  room: (): Promise<Room> => room(),
};
