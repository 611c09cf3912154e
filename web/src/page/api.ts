// Requests to the server. It speaks the REST API of docs/formats.md §6.

export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** The server cannot be reached. */
export class Unreachable extends Error {}

export async function api(method: string, path: string, body?: unknown): Promise<Response> {
  let r: Response;
  try {
    r = await fetch("/api/v1" + path, {
      method, cache: "no-store",
      ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
  } catch {
    throw new Unreachable();
  }
  if (r.ok) return r;
  const problem = await r.json().catch(() => ({}));
  throw new ApiError(r.status, problem.message ?? `the server answers ${r.status}`);
}
