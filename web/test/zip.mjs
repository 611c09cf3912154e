// Zip files as .paw uses them, for tests that change what is in one: stored and deflated members.
import { inflateRawSync } from "node:zlib";

const table = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
const crc32 = (data) => (data.reduce((c, b) => table[(c ^ b) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

/** The members by name, in their order. */
export function members(zip) {
  const end = zip.lastIndexOf("PK\x05\x06", undefined, "latin1");
  const out = new Map();
  let at = zip.readUInt32LE(end + 16);
  for (let n = zip.readUInt16LE(end + 10); n > 0; n--) {
    const [method, size, names, extra, comment, local] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32), zip.readUInt32LE(at + 42)];
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(data, data + size);
    out.set(zip.toString("utf8", at + 46, at + 46 + names), method === 8 ? inflateRawSync(bytes) : bytes);
    at += 46 + names + extra + comment;
  }
  return out;
}

/** A zip with one text member changed; all are stored. */
export function rewritten(zip, name, change) {
  const all = members(zip);
  all.set(name, Buffer.from(change(all.get(name).toString())));
  const files = [], directory = [];
  let offset = 0;
  for (const [name, data] of all) {
    const head = Buffer.alloc(26); // both headers have this in common: versions to sizes and lengths
    head.writeUInt16LE(20, 0);
    head.writeUInt32LE(crc32(data), 10);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(data.length, 18);
    head.writeUInt16LE(Buffer.byteLength(name), 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    files.push(Buffer.from("PK\x03\x04", "latin1"), head, Buffer.from(name), data);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), head, tail, Buffer.from(name));
    offset += 30 + Buffer.byteLength(name) + data.length;
  }
  const listed = Buffer.concat(directory), end = Buffer.alloc(18);
  end.writeUInt16LE(all.size, 4);
  end.writeUInt16LE(all.size, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, listed, Buffer.from("PK\x05\x06", "latin1"), end]);
}
