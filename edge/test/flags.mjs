// Gives the emulator's V8 flags, for which miniflare has no option. With threads of its own V8 stops for
// ever now and then (workerd's only background thread, compiling, waits for a collection that the main
// thread starts only after the sweeping queued behind it), and a request goes unanswered.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const flags = ["--single-threaded"];

const file = createRequire(import.meta.url).resolve("miniflare");
const source = readFileSync(file, "utf8");
const encode = "  encodeCapnpStruct(config, struct);\n";
const changed = encode.replace("config", `{ v8Flags: ${JSON.stringify(flags)}, ...config }`);
if (!source.includes(changed)) {
  if (source.split(encode).length !== 2) throw new Error(`${file}: another version of miniflare? V8's flags cannot be set there`);
  writeFileSync(file, source.replace(encode, changed));
}
