// A compilation on the server: remembered over reloads, followed live, its program kept on this device.
import { library, persistOnce, type SavedProgram } from "../client";
import { api } from "./api";
import { kept } from "./programs";

export interface Progress {
  stage: string; step?: number; total?: number; loss?: number; part?: number; parts?: number; fraction: number;
}

/** A job and what the page knew when it was begun. */
export interface Job {
  id: string; program: string; spec: string; title: string; base: string; cases: SavedProgram["cases"]; began: number; cached: boolean;
}

const JOB = "paw-job";
const RETRY = 2000; // ms

/** Notes the job that runs, so that a reload finds it; null: none runs. */
export function remember(job: Job | null): void {
  try {
    if (job) localStorage.setItem(JOB, JSON.stringify(job));
    else localStorage.removeItem(JOB);
  } catch {
    // Without storage a reload forgets the job; the server keeps the program.
  }
}

export function remembered(): Job | null {
  const j = JSON.parse(localStorage.getItem(JOB) ?? "null") as Job | null;
  return j?.id ? j : null;
}

/** Who wants to know how a job goes on. */
export interface Watcher {
  opened(): void;
  queued(position: number): void;
  progress(p: Progress): void;
  lost(): void;
}

/** Follows a job to its end, or until the signal says to follow it no more. EventSource connects again by itself when the line drops. */
export function follow(id: string, w: Watcher, signal: AbortSignal): Promise<"ready" | "cancelled"> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve("cancelled");
    const source = new EventSource(`/api/v1/compile/${id}/events`);
    const told = (name: string, f: (data: any) => void) => source.addEventListener(name, (e) => f(JSON.parse((e as MessageEvent).data)));
    const end = (name: string, f: (data: any) => void) => told(name, (data) => (source.close(), f(data)));
    signal.addEventListener("abort", () => (source.close(), resolve("cancelled")));
    source.addEventListener("open", () => w.opened());
    told("queued", (data) => w.queued(data.position));
    told("progress", (data) => w.progress(data));
    end("ready", () => resolve("ready"));
    end("cancelled", () => resolve("cancelled"));
    end("failed", (data) => reject(new Error([data.message, data.hint].filter(Boolean).join(" "))));
    source.addEventListener("error", () => {
      if (signal.aborted) return;
      w.lost();
      if (source.readyState === EventSource.CLOSED) setTimeout(() => void again(id, w, signal).then(resolve, reject), RETRY);
    });
  });
}

/** The stream was refused for good: asks how the job stands before following it anew. */
async function again(id: string, w: Watcher, signal: AbortSignal): Promise<"ready" | "cancelled"> {
  const r = await (await api("GET", `/compile/${id}`)).json();
  if (r.status === "ready" || r.status === "cancelled") return r.status;
  if (r.status === "queued" || r.status === "compiling") return follow(id, w, signal);
  throw new Error(r.error || r.status);
}

/** Fetches the program of a finished job and keeps it on this device. */
export async function keep(j: Job): Promise<{ saved: SavedProgram; warnings: string[] }> {
  const bytes = new Uint8Array(await (await api("GET", `/programs/${j.program}/download`)).arrayBuffer());
  const info = await (await api("GET", `/programs/${j.program}`)).json();
  const old = await kept(j.program);
  const saved: SavedProgram = {
    id: j.program, title: old?.title ?? j.title, spec: j.spec, interpreterSha256: j.base, bytes,
    cases: old?.cases ?? j.cases, savedAt: Date.now(), report: info.report ?? null,
  };
  await library.put(saved);
  void persistOnce();
  return { saved, warnings: info.warnings ?? [] };
}
