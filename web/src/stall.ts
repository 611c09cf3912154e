// Waiting for a network: what is silent for too long is given up.

const STALL = 15_000; // milliseconds

/** What comes in time; else it fails with what `late` gives. */
export async function timely<T>(work: Promise<T>, late: () => unknown): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stalled = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(late()), STALL);
  });
  try {
    return await Promise.race([work, stalled]);
  } finally {
    clearTimeout(timer);
  }
}
