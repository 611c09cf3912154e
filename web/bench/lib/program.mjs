// A program around the benchmark's adapter: a .paw is a ZIP with fixed members (docs/formats.md).
import { crc32 } from "node:zlib";

/** A ZIP of stored members: {name: Buffer}. */
function zip(members) {
  const parts = [], list = [];
  let at = 0;
  for (const [name, data] of Object.entries(members)) {
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(0x21, 8); // 1 January 1980
    head.writeUInt32LE(crc32(data), 10);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(data.length, 18);
    head.writeUInt16LE(name.length, 22);
    const offset = Buffer.alloc(14);
    offset.writeUInt32LE(at, 10);
    list.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), head, offset, Buffer.from(name));
    const local = [Buffer.from("PK\x03\x04", "latin1"), head, Buffer.from(name), data];
    parts.push(...local);
    at += local.reduce((n, b) => n + b.length, 0);
  }
  const directory = Buffer.concat(list), end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(Object.keys(members).length, 8);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** A .paw that asks behind this prefix and chooses between these labels. */
export function program(adapter, prefix, labels, id) {
  const meta = { version: 4, program_id: id, spec: "benchmark", interpreter: "gpt2", lora_rank: 64, labels, target_prefix: " " };
  return zip({
    "meta.json": Buffer.from(JSON.stringify(meta)), "prompt_template.txt": Buffer.from(prefix + "{INPUT_PLACEHOLDER}"), "adapter.gguf": adapter,
  });
}
