// What calls fail with: a kind to decide by, a message, and where there is one a hint at the fix.

export type ErrorKind = "aborted" | "context" | "program" | "base" | "memory" | "input" | "internal" | "network" | "consent" | "storage" | "engine";

export class PawError extends Error {
  constructor(readonly kind: ErrorKind, message: string, readonly hint?: string) {
    super(message);
    this.name = "PawError";
  }
}
