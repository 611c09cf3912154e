// The kernel that a worker runs: which of its builds, and with how many threads. All builds give the same bits
// (wasm/kernel/src/quant.h, threads.h).
declare const __KERNELS__: string[]; // plain, relaxed; threaded, threaded and relaxed
declare const __THREAD_URL__: string;

export interface Kernel {
  url: string;
  exports: WebAssembly.Exports;
  memory: WebAssembly.Memory;
  /** The build for several threads. */
  shared: boolean;
  /** How many compute, once that is known. */
  threads: Promise<number>;
}

/** What a helper's worker gets to begin (thread.ts); url is its script. */
export interface Begin {
  url: string;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  index: number;
}

const MOST = 8; // threads that threads.h has room for
const START = 5000; // milliseconds in which a helper begins, or is not counted
const PAGES = { initial: 16, maximum: 65536 }; // what the threaded builds ask for (scripts/build-wasm.sh)

/** Half of the cores where there are four or more, unless told otherwise; one where the page is not isolated. */
function wanted(asked?: number): number {
  if (!globalThis.crossOriginIsolated) return 1;
  const cores = navigator.hardwareConcurrency ?? 1;
  return Math.max(1, asked === undefined ? (cores < 4 ? 1 : Math.min(4, cores >> 1)) : Math.min(MOST, Math.trunc(asked) || 1));
}

/** Whether this browser has relaxed SIMD: a function of one instruction, i32x4.relaxed_dot_i8x16_i7x16_add_s. */
function relaxed(): boolean {
  const splat = [0x41, 0, 0xfd, 0x0f];
  const body = [0, ...splat, ...splat, ...splat, 0xfd, 0x93, 2, 0x0b];
  const probe = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 0x0a, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(new Uint8Array(probe));
}

const urlFor = (threads: number): string => __KERNELS__[(threads > 1 ? 2 : 0) + (relaxed() ? 1 : 0)]!;

const modules = new Map<string, Promise<WebAssembly.Module>>();

function compiled(url: string): Promise<WebAssembly.Module> {
  let module = modules.get(url);
  if (!module) {
    modules.set(url, (module = WebAssembly.compileStreaming(asset(url))));
    module.catch(() => modules.delete(url)); // asked for anew next time
  }
  return module;
}

/** A file of this build. */
export async function asset(url: string): Promise<Response> {
  const response = await fetch(new URL(url, import.meta.url)); // not the page's: this may be another origin
  if (!response.ok) throw new Error(`the server answers ${response.status} for ${url}: reload the page`);
  return response;
}

/** Fetches and compiles the build that is run if nothing is asked for. */
export const expectKernel = (): Promise<unknown> => compiled(urlFor(wanted()));

/** Starts the kernel, with so many threads if they can be had. `begin` has the page start a helper, which tells of it
 *  by helperTold: where a worker itself starts one, Firefox now and then stops it for ever. */
export async function startKernel(asked: number | undefined, begin: (b: Begin) => void): Promise<Kernel> {
  const threads = wanted(asked);
  if (threads > 1) {
    try {
      return await several(threads, begin);
    } catch {
      // No such memory, or no such file: one thread does it.
    }
  }
  const url = urlFor(1);
  const { exports } = await WebAssembly.instantiate(await compiled(url));
  return { url, exports, memory: exports.memory as WebAssembly.Memory, shared: false, threads: Promise.resolve(1) };
}

async function several(threads: number, begin: (b: Begin) => void): Promise<Kernel> {
  const url = urlFor(threads), module = await compiled(url);
  const memory = new WebAssembly.Memory({ ...PAGES, shared: true });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const script = new URL(__THREAD_URL__, import.meta.url).href;
  const helpers = Array.from({ length: threads - 1 }, (_, index) => helper({ url: script, module, memory, index }, begin));
  return { url, exports, memory, shared: true, threads: Promise.all(helpers).then((all) => 1 + all.filter((serves) => serves).length) };
}

const told: ((serves: boolean) => void)[] = []; // of a worker's one kernel, by index

/** Whether a helper serves. */
export const helperTold = (index: number, serves: boolean): void => told[index]?.(serves);

/** Has a helper started; tells whether it serves in time. One that comes later helps all the same. */
function helper(b: Begin, begin: (b: Begin) => void): Promise<boolean> {
  return new Promise((settle) => {
    const timer = setTimeout(settle, START, false);
    told[b.index] = (serves) => (clearTimeout(timer), settle(serves));
    try {
      begin(b);
    } catch {
      told[b.index]!(false);
    }
  });
}
