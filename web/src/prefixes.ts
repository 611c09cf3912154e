// Keys and values of programs' own texts, for the worker: what a large interpreter computes in half a second
// is read in a few hundredths. Kept in the origin's private file system under a digest of all they depend on, each file
// beginning with the SHA-256 of the rest. Keeping never fails a call, and the oldest make room for new ones.

import { openForReading } from "./opfs.js";

const NAME = "paw-prefixes";
const MOST = 256 << 20; // bytes that all of them may take
const DIGEST = 32;

export interface KeptPrefix {
  key: string;
  bytes: number;
}

async function folder(create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(NAME, { create });
  } catch {
    return undefined;
  }
}

const sha256 = async (b: Uint8Array) => new Uint8Array(await crypto.subtle.digest("SHA-256", b as Uint8Array<ArrayBuffer>));
const hex = (b: Uint8Array) => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");

/** The name of a program's prefix: made of the program, the interpreter, and the builds that compute. Undefined where nothing is kept. */
export async function prefixKey(program: Uint8Array, parts: string[]): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle || !navigator.storage?.getDirectory) return undefined;
  return hex(await sha256(new TextEncoder().encode([hex(await sha256(program)), ...parts].join("\n"))));
}

/** What is kept under a key, if it is whole. */
export async function keptPrefix(key: string): Promise<Uint8Array | undefined> {
  try {
    const handle = await (await folder(false))?.getFileHandle(`${key}.kv`);
    if (!handle) return undefined;
    const bytes = await content(handle);
    const payload = bytes.subarray(DIGEST);
    if (hex(await sha256(payload)) !== hex(bytes.subarray(0, DIGEST))) {
      await removePrefix(key); // cut short, or damaged
      return undefined;
    }
    return payload;
  } catch {
    return undefined;
  }
}

async function content(handle: FileSystemFileHandle): Promise<Uint8Array> {
  const file = await openForReading(handle);
  if (!file) return new Uint8Array(await (await handle.getFile()).arrayBuffer());
  try {
    const bytes = new Uint8Array(file.size);
    return bytes.subarray(0, file.read(bytes, 0));
  } finally {
    file.close();
  }
}

export async function keepPrefix(key: string, parts: Uint8Array[]): Promise<void> {
  const payload = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  try {
    const dir = await folder(true);
    await makeRoom(dir!, payload.length + DIGEST);
    const handle = await dir!.getFileHandle(`${key}.kv`, { create: true });
    const out = await handle.createWritable();
    try {
      await out.write(await sha256(payload) as Uint8Array<ArrayBuffer>);
      await out.write(payload);
      await out.close(); // the file changes now and as a whole
    } catch (e) {
      await out.abort().catch(() => {});
      throw e;
    }
  } catch {
    await removePrefix(key); // no room: it is computed again next time
  }
}

async function files(dir: FileSystemDirectoryHandle): Promise<{ name: string; file: File }[]> {
  const out = [];
  for await (const name of dir.keys()) {
    const file = await dir.getFileHandle(name).then((h) => h.getFile()).catch(() => undefined);
    if (file) out.push({ name, file });
  }
  return out;
}

async function makeRoom(dir: FileSystemDirectoryHandle, bytes: number): Promise<void> {
  const all = (await files(dir)).sort((a, b) => a.file.lastModified - b.file.lastModified);
  let total = bytes + all.reduce((n, f) => n + f.file.size, 0);
  for (const { name, file } of all) {
    if (total <= MOST) return;
    await dir.removeEntry(name).catch(() => {}); // another tab may be writing it
    total -= file.size;
  }
}

export async function listPrefixes(): Promise<KeptPrefix[]> {
  const dir = await folder(false);
  if (!dir) return [];
  return (await files(dir)).flatMap(({ name, file }) => (/^[0-9a-f]{64}\.kv$/.test(name) ? [{ key: name.slice(0, -3), bytes: file.size }] : []));
}

export async function removePrefix(key: string): Promise<void> {
  await (await folder(false))?.removeEntry(`${key}.kv`).catch(() => {});
}
