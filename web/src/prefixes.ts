// Keys and values of programs' own texts, for the worker: what a large interpreter computes in half a second
// is read in a few hundredths. Kept in the origin's private file system under a digest of all they depend on, each file
// beginning with the SHA-256 of every mebibyte of the rest. Keeping never fails a call, and what was not used for
// longest makes room.

import { digest, hex, sha256 } from "./digest.js";
import { openForReading, openForWriting, type OpenFile } from "./opfs.js";

const NAME = "paw-prefixes";
const MOST = 256 << 20; // bytes that all of them may take
const DIGEST = 32;
const PIECE = 1 << 20; // bytes that are checked at once, so that reading leaves little garbage

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

/** One tab at a time: each counts what the others have written, and deletes what they have closed. */
const alone = async (work: () => Promise<void>): Promise<void> => navigator.locks ? navigator.locks.request(NAME, work) : work();

/** The name of a program's prefix: made of the program, the interpreter, and the builds that compute. Undefined where nothing is kept. */
export async function prefixKey(program: Uint8Array, parts: string[]): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle || !navigator.storage?.getDirectory) return undefined;
  return digest(new TextEncoder().encode([await digest(program), ...parts].join("\n")));
}

/** What is kept under a key, open, if it is whole. */
export async function keptPrefix(key: string): Promise<OpenFile | undefined> {
  try {
    const handle = await (await folder(false))?.getFileHandle(`${key}.kv`);
    if (!handle) return undefined;
    const file = (await openForReading(handle)) ?? (await inMemory(handle));
    const pieces = Math.ceil(file.size / (PIECE + DIGEST)), head = pieces * DIGEST, size = file.size - head;
    const good = await whole(file, pieces).catch(() => false);
    if (good) return { size, read: (into, at) => file.read(into, head + at), close: () => (file.close(), void used(handle)) };
    file.close();
    await removePrefix(key); // cut short, or damaged
  } catch {
    // unreadable: as if it were not there
  }
  return undefined;
}

/** Makes a file the last used one: its first byte is written again. Where another tab reads it, that tab does this. */
async function used(handle: FileSystemFileHandle): Promise<void> {
  await alone(async () => {
    const access = await openForWriting(handle), byte = new Uint8Array(1);
    try {
      if (access.read(byte, { at: 0 }) === 1) access.write(byte, { at: 0 });
    } finally {
      access.close();
    }
  }).catch(() => {}); // it is open elsewhere, or was deleted
}

/** The same of a browser that has no handles for several readers. */
async function inMemory(handle: FileSystemFileHandle): Promise<OpenFile> {
  const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
  return {
    size: bytes.length, close: () => {},
    read(into, at) {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      return part.length;
    },
  };
}

async function whole(file: OpenFile, pieces: number): Promise<boolean> {
  const head = new Uint8Array(pieces * DIGEST), buffer = new Uint8Array(PIECE);
  if (pieces === 0 || file.read(head, 0) !== head.length) return false;
  for (let i = 0; i < pieces; i++) {
    const at = head.length + i * PIECE, piece = buffer.subarray(0, Math.min(PIECE, file.size - at));
    if (file.read(piece, at) !== piece.length || (await digest(piece)) !== hex(head.subarray(i * DIGEST, (i + 1) * DIGEST))) return false;
  }
  return true;
}

/** Room for a prefix of so many bytes, to be filled and given to keepPrefix: it is copied no more. */
export function prefixFile(bytes: number): { file: Uint8Array; payload: Uint8Array } {
  const head = Math.ceil(bytes / PIECE) * DIGEST, file = new Uint8Array(head + bytes);
  return { file, payload: file.subarray(head) };
}

/** Keeps a prefix where it fits beside those in use: all together take at most so many bytes. */
export async function keepPrefix(key: string, { file, payload }: ReturnType<typeof prefixFile>, most = MOST): Promise<void> {
  try {
    if (file.length > most) return;
    for (let i = 0; i * PIECE < payload.length; i++) file.set(await sha256(payload.subarray(i * PIECE, (i + 1) * PIECE)), i * DIGEST);
    const dir = (await folder(true))!;
    await alone(async () => {
      if (await makeRoom(dir, `${key}.kv`, most - file.length)) await write(dir, `${key}.kv`, file);
    });
  } catch {
    // it is computed again next time
  }
}

async function write(dir: FileSystemDirectoryHandle, name: string, file: Uint8Array): Promise<void> {
  // Cut short, by a tab that is closed say, it does not match its digests.
  const access = await openForWriting(await dir.getFileHandle(name, { create: true }));
  let kept = false;
  try {
    access.truncate(0);
    kept = access.write(file, { at: 0 }) === file.length;
    access.flush();
  } finally {
    access.close();
    if (!kept) await dir.removeEntry(name).catch(() => {}); // no room
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

/** Deletes the files that were not used for longest until all others than `name` take at most so many bytes; tells
 *  whether they do: what another tab reads cannot be deleted. */
async function makeRoom(dir: FileSystemDirectoryHandle, name: string, bytes: number): Promise<boolean> {
  const others = (await files(dir)).filter((f) => f.name !== name).sort((a, b) => a.file.lastModified - b.file.lastModified);
  let total = others.reduce((n, f) => n + f.file.size, 0);
  for (const { name, file } of others) {
    if (total <= bytes) break;
    if (await dir.removeEntry(name).then(() => true, () => false)) total -= file.size;
  }
  return total <= bytes;
}

export async function listPrefixes(): Promise<KeptPrefix[]> {
  const dir = await folder(false);
  if (!dir) return [];
  return (await files(dir)).flatMap(({ name, file }) => (/^[0-9a-f]{64}\.kv$/.test(name) ? [{ key: name.slice(0, -3), bytes: file.size }] : []));
}

export async function removePrefix(key: string): Promise<void> {
  const dir = await folder(false);
  if (dir) await alone(() => dir.removeEntry(`${key}.kv`)).catch(() => {});
}
