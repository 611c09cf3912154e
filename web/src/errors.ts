// What calls fail with: a kind to decide by, a message, and where there is one a hint at the fix.

export type ErrorKind = "aborted" | "context" | "program" | "base" | "memory" | "input" | "internal" | "network" | "consent" | "storage" | "engine";

export class PawError extends Error {
  constructor(readonly kind: ErrorKind, message: string, readonly hint?: string) {
    super(message);
    this.name = "PawError";
  }
}

/** Settles as p does, or as cancelled when the signal says so first. */
export function orAborted<T>(p: T | Promise<T>, signal?: AbortSignal): Promise<T> {
  return new Promise((ok, fail) => {
    const abort = () => fail(new PawError("aborted", "cancelled"));
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    Promise.resolve(p).then(ok, fail).finally(() => signal?.removeEventListener("abort", abort));
  });
}
