// Programs that the SDK fetched, so that they answer without a network: the bytes under their SHA-256, and
// for every address a note of the digest it last stood for. In the private file system, else in
// the Cache API; where a browser has neither (insecure pages) nothing is kept. Keeping never fails a call.

import { digest } from "./digest.js";

/** A program on this device. */
export interface KeptProgram {
  sha256: string;
  bytes: number;
  /** The addresses that it came from. */
  names: string[];
}

interface Shelf {
  read(file: string): Promise<Blob | undefined>;
  write(file: string, data: BlobPart): Promise<void>;
  remove(file: string): Promise<void>;
  files(): Promise<string[]>;
}

const NAME = "paw-programs";

async function directory(): Promise<Shelf | undefined> {
  if (!globalThis.FileSystemFileHandle?.prototype.createWritable) return undefined;
  try {
    const dir = await (await navigator.storage.getDirectory()).getDirectoryHandle(NAME, { create: true });
    return {
      read: async (file) => (await dir.getFileHandle(file).catch(() => undefined))?.getFile(),
      async write(file, data) {
        const out = await (await dir.getFileHandle(file, { create: true })).createWritable();
        try {
          await out.write(data);
          await out.close(); // the file changes now and as a whole
        } catch (e) {
          await out.abort().catch(() => {});
          await dir.removeEntry(file).catch(() => {});
          throw e;
        }
      },
      remove: (file) => dir.removeEntry(file).catch(() => {}),
      async files() {
        const all: string[] = [];
        for await (const file of dir.keys()) all.push(file);
        return all;
      },
    };
  } catch {
    return undefined;
  }
}

async function cache(): Promise<Shelf | undefined> {
  try {
    const c = await caches.open(`${NAME}-1`);
    const url = (file: string) => new URL(`/${NAME}/${file}`, location.origin).href;
    return {
      read: async (file) => (await c.match(url(file)))?.blob(),
      write: (file, data) => c.put(url(file), new Response(new Blob([data]))),
      remove: async (file) => void (await c.delete(url(file))),
      files: async () => (await c.keys()).map((r) => r.url.slice(r.url.lastIndexOf("/") + 1)),
    };
  } catch {
    return undefined;
  }
}

const shelf = async () => (await directory()) ?? (await cache());

const note = async (name: string) => `${await digest(new TextEncoder().encode(name))}.name`; // an address may not be a file's name

/** The digest that an address last stood for. */
async function noted(s: Shelf, name: string): Promise<string | undefined> {
  const text = await (await s.read(await note(name)))?.text();
  return text ? String(JSON.parse(text).sha256) : undefined;
}

/** Keeps a program under the address that it came from; what it replaces goes, unless another address means it.
 *  Addresses that hold the file, or mean it in this page alone, are no names. */
export async function keepProgram(name: string, bytes: Uint8Array): Promise<void> {
  if (/^(data|blob):/i.test(name)) return;
  try {
    const s = globalThis.crypto?.subtle && (await shelf());
    if (!s) return;
    const sha256 = await digest(bytes);
    if ((await s.read(`${sha256}.paw`))?.size !== bytes.length) await s.write(`${sha256}.paw`, bytes as Uint8Array<ArrayBuffer>);
    const old = await noted(s, name).catch(() => undefined);
    await s.write(await note(name), JSON.stringify({ name, sha256 }));
    if (old && old !== sha256 && !(await notes(s)).some((n) => n.sha256 === old)) await s.remove(`${old}.paw`);
  } catch {
    // No room: the program answers all the same, and is fetched again next time.
  }
}

async function checked(s: Shelf, sha256: string): Promise<Uint8Array | undefined> {
  const file = await s.read(`${sha256}.paw`);
  if (!file) return undefined;
  const bytes = new Uint8Array(await file.arrayBuffer());
  if ((await digest(bytes)) === sha256) return bytes;
  await s.remove(`${sha256}.paw`); // damaged
  return undefined;
}

/** The program with a digest, or the one that a name last stood for. */
export async function keptProgram(o: { name?: string; sha256?: string }): Promise<Uint8Array | undefined> {
  try {
    const s = globalThis.crypto?.subtle && (await shelf());
    if (!s) return undefined;
    if (o.sha256 !== undefined) return await checked(s, o.sha256);
    const sha256 = await noted(s, o.name!);
    return sha256 && (await checked(s, sha256)) || undefined;
  } catch {
    return undefined;
  }
}

async function notes(s: Shelf): Promise<{ file: string; name: string; sha256: string }[]> {
  const out = [];
  for (const file of await s.files()) {
    if (!file.endsWith(".name")) continue;
    try {
      out.push({ file, ...(JSON.parse(await (await s.read(file))!.text()) as { name: string; sha256: string }) });
    } catch {
      await s.remove(file); // unreadable
    }
  }
  return out;
}

export async function listPrograms(): Promise<KeptProgram[]> {
  const s = await shelf();
  if (!s) return [];
  const names = await notes(s);
  const out: KeptProgram[] = [];
  for (const file of await s.files()) {
    const sha256 = /^([0-9a-f]{64})\.paw$/.exec(file)?.[1];
    const bytes = sha256 && (await s.read(file))?.size;
    if (bytes) out.push({ sha256, bytes, names: names.filter((n) => n.sha256 === sha256).map((n) => n.name) });
  }
  return out;
}

export async function removeProgram(sha256: string): Promise<void> {
  const s = await shelf();
  if (!s) return;
  for (const n of await notes(s)) if (n.sha256 === sha256) await s.remove(n.file);
  await s.remove(`${sha256}.paw`);
}
