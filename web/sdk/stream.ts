// The pieces that a call tells, as something to iterate over.
import { PawError } from "../src/errors.js";

type Start = (tell: (piece: string) => void, signal: AbortSignal) => Promise<unknown>;

/** Starts the call when the first piece is asked for; who stops iterating stops the call. */
export async function* pieces(start: Start, outer?: AbortSignal): AsyncGenerator<string, void, undefined> {
  const stop = new AbortController();
  const abort = () => stop.abort();
  outer?.addEventListener("abort", abort);
  if (outer?.aborted) abort();
  const waiting: string[] = [];
  let done = false, fault: unknown, wake = () => {};
  const tell = (piece: string) => (waiting.push(piece), wake());
  start(tell, stop.signal).catch((e) => (fault = e)).then(() => ((done = true), wake()));
  try {
    for (;;) {
      if (outer?.aborted) throw new PawError("aborted", "cancelled"); // what is waiting is not wanted any more
      if (waiting.length) {
        yield waiting.shift()!;
        continue;
      }
      if (fault) throw fault;
      if (done) return;
      await new Promise<void>((ok) => (wake = ok));
    }
  } finally {
    outer?.removeEventListener("abort", abort);
    abort();
  }
}
