// A helper of the kernel in a worker of its own: an instance on the kernel's memory that takes shares of its jobs
// (wasm/kernel/src/threads.h) until the page ends it, with the worker whose kernel it is.
import type { Begin } from "./kernel";

onmessage = async (e: MessageEvent<Begin>) => {
  const { module, memory, index } = e.data;
  try {
    const { serve } = (await WebAssembly.instantiate(module, { env: { memory } })).exports as { serve(index: number): void };
    postMessage({ serves: true });
    serve(index);
  } catch {
    postMessage({ serves: false });
  }
};
