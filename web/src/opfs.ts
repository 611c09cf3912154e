// Interpreter files in the origin's private file system, for the worker. A file grows chunk by chunk, each
// verified before it is written; the marker that it is whole is written last. A download that was cut
// short goes on from there.

import type { Reader } from "./host.js";

export interface Stored {
  size: number;
  sha256: string;
}

async function folder(create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle("paw-models", { create });
  } catch {
    return undefined; // an insecure origin, a private mode, or nothing stored yet
  }
}

const data = (b: Pick<Stored, "sha256">) => `${b.sha256}.gguf`;
const marker = (b: Pick<Stored, "sha256">) => `${b.sha256}.ok`;

/** The whole file, if it is here. */
export async function storedFile(b: Stored): Promise<File | undefined> {
  const dir = await folder(false);
  try {
    await dir?.getFileHandle(marker(b));
    const file = await (await dir?.getFileHandle(data(b)))?.getFile();
    return file?.size === b.size ? file : undefined;
  } catch {
    return undefined;
  }
}

/** The size of a whole file, by its digest. */
export async function storedSize(sha256: string): Promise<number | undefined> {
  const dir = await folder(false);
  try {
    await dir!.getFileHandle(`${sha256}.ok`);
    return (await (await dir!.getFileHandle(`${sha256}.gguf`)).getFile()).size;
  } catch {
    return undefined;
  }
}

/** All files that are here, whole or begun. */
export async function listStored(): Promise<(Stored & { whole: boolean })[]> {
  const out: (Stored & { whole: boolean })[] = [];
  const dir = await folder(false);
  if (!dir) return out;
  const names = new Set<string>();
  for await (const name of dir.keys()) names.add(name);
  for (const name of names) {
    const sha256 = /^([0-9a-f]{64})\.gguf$/.exec(name)?.[1];
    if (sha256) out.push({ sha256, size: (await (await dir.getFileHandle(name)).getFile()).size, whole: names.has(`${sha256}.ok`) });
  }
  return out;
}

/** Removes the file, whole or begun. */
export async function removeStored(b: Pick<Stored, "sha256">): Promise<void> {
  const dir = await folder(false);
  for (const name of [marker(b), data(b)]) await dir?.removeEntry(name).catch(() => {});
}

/** A file open for writing, for this tab alone. */
export const openForWriting = (handle: FileSystemFileHandle): Promise<SyncAccess> =>
  (handle as unknown as { createSyncAccessHandle(): Promise<SyncAccess> }).createSyncAccessHandle();

export type OpenFile = Reader & { close(): void };

/** A file open for reading at once, without a promise, by several tabs; undefined where the browser cannot.
 *  It reads straight into memory, where a File's bytes cross processes. Nobody can delete it until it is closed. */
export async function openForReading(handle: FileSystemFileHandle): Promise<OpenFile | undefined> {
  try {
    const access = await (handle as unknown as { createSyncAccessHandle(o: object): Promise<SyncAccess & { mode?: string }> }).createSyncAccessHandle({ mode: "read-only" });
    if (access.mode !== "read-only") { // an older browser locks others out
      access.close();
      return undefined;
    }
    return { size: access.getSize(), read: (into, at) => access.read(into, { at }), close: () => access.close() };
  } catch {
    return undefined;
  }
}

/** The same for a whole interpreter. */
export async function readStored(b: Stored): Promise<OpenFile | undefined> {
  try {
    const file = await openForReading(await (await folder(false))!.getFileHandle(data(b)));
    if (file?.size === b.size) return file;
    file?.close();
  } catch {
    // it is not there
  }
  return undefined;
}

/** A file that is being written. */
export interface Writing {
  /** Bytes that are here already, in whole verified chunks. */
  have: number;
  write(bytes: Uint8Array, at: number): void;
  /** Lets go of the file; what is written stays. */
  close(): void;
  /** Closes, marks it whole and opens it for reading. */
  finish(): Promise<File>;
}

// Types of the DOM library leave the worker's part out.
interface SyncAccess {
  read(b: Uint8Array, o: { at: number }): number;
  write(b: Uint8Array, o: { at: number }): number;
  getSize(): number;
  truncate(n: number): void;
  flush(): void;
  close(): void;
}

/** Opens the file for writing and keeps of it what `good` accepts; undefined where this cannot be done. */
export async function writeStored(b: Stored, chunk: number, good: (bytes: Uint8Array, index: number) => Promise<boolean>): Promise<Writing | undefined> {
  const dir = await folder(true);
  let access: SyncAccess;
  try {
    await dir!.removeEntry(marker(b)).catch(() => {});
    access = await openForWriting(await dir!.getFileHandle(data(b), { create: true }));
  } catch {
    return undefined;
  }
  let have = 0;
  const buffer = new Uint8Array(Math.min(chunk, b.size));
  for (let size = access.getSize(); have < b.size; ) {
    const part = buffer.subarray(0, Math.min(chunk, b.size - have));
    if (have + part.length > size || access.read(part, { at: have }) !== part.length || !(await good(part, have / chunk))) break;
    have += part.length;
  }
  access.truncate(have);
  return {
    have,
    write(bytes, at) {
      if (access.write(bytes, { at }) !== bytes.length) throw new DOMException("the file could not grow", "QuotaExceededError");
    },
    close: () => access.close(),
    async finish() {
      access.truncate(b.size);
      access.flush();
      access.close();
      await dir!.getFileHandle(marker(b), { create: true });
      const file = await storedFile(b);
      if (!file) throw new Error("the browser kept only a part of the file");
      return file;
    },
  };
}
