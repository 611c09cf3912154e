// The host object of the Go module (docs/design.md, "The host object"): eight functions and nothing
// more. wasm/jshost implements the same in Go, and one table of cases runs against both.

export type Message = Record<string, unknown>;

export interface Host {
  kernelCall(name: string, ...args: number[]): number;
  kernelGrow(bytes: number): boolean;
  kernelBytes(at: number, n: number): Uint8Array;
  readBase(source: number, offset: number, n: number): Promise<Uint8Array>;
  fillKernel(source: number, offset: number, at: number, n: number): Promise<void>;
  yield(done: () => void): void;
  listen(handler: (message: Message) => void): void;
  post(message: Message): void;
}

/** A file that is read at once, without a promise: a handle of the private file system. */
export interface Reader {
  size: number;
  read(into: Uint8Array, at: number): number;
}

export type Source = Blob | Uint8Array | Reader;

/** What the worker holds beside the eight functions. */
export interface HostControl {
  host: Host;
  /** Makes a file known to the module by a number. */
  addSource(file: Source): number;
  /** Lets go of it. */
  removeSource(source: number): void;
  /** Hands a message to the module, or keeps it until the module listens. */
  deliver(message: Message): void;
  /** The kernel that the functions speak of from now on. failed is told of a call that ended in a trap. */
  use(kernel: { exports: WebAssembly.Exports; memory: WebAssembly.Memory }, failed?: (e: unknown) => void): void;
}

const PAGE = 65536;
const PIECE = 1 << 20;

function whole(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`${what} ${value} is no unsigned 32-bit integer`);
  }
  return value;
}

/** Builds the host object; its kernel comes later. post sends to the page. */
export function makeHost(post: (message: Message) => void): HostControl {
  let exports: WebAssembly.Exports = {};
  let memory: Pick<WebAssembly.Memory, "buffer" | "grow"> = { buffer: new ArrayBuffer(0), grow: () => { throw new Error("no kernel yet"); } };
  let failed: (e: unknown) => void = () => {};
  const sources: (Source | undefined)[] = [];
  const early: Message[] = [];
  let handler: ((message: Message) => void) | undefined;

  // A message port gives a fresh macrotask at once, where a timer waits for milliseconds.
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();

  function view(at: number, n: number): Uint8Array {
    whole(at, "address");
    whole(n, "length");
    if (at + n > memory.buffer.byteLength) {
      throw new RangeError(`${n} bytes at ${at} lie outside the kernel's memory`);
    }
    return new Uint8Array(memory.buffer, at, n);
  }

  function part(source: number, offset: number, n: number): Source {
    const file = sources[source];
    if (!file) throw new Error(`there is no source ${source}`);
    const size = file instanceof Uint8Array ? file.length : file.size;
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(n) || offset < 0 || n < 0 || offset + n > size) {
      throw new RangeError(`${n} bytes at ${offset} lie outside a file of ${size}`);
    }
    return file;
  }

  /** Reads n bytes at an offset into what `into` gives, which is asked when the bytes are there: memory may have grown. */
  async function read(file: Source, offset: number, n: number, into: () => Uint8Array): Promise<void> {
    let got: number;
    if (file instanceof Uint8Array) {
      into().set(file.subarray(offset, offset + n));
      return;
    }
    if (file instanceof Blob) {
      const bytes = new Uint8Array(await file.slice(offset, offset + n).arrayBuffer());
      if ((got = bytes.length) === n) into().set(bytes);
    } else {
      got = file.read(into(), offset);
    }
    if (got !== n) throw new Error(`the file ended after ${got} of ${n} bytes`);
  }

  const host: Host = {
    kernelCall(name, ...args) {
      const f = Object.hasOwn(exports, name) ? exports[name] : undefined;
      if (typeof f !== "function") throw new Error(`the kernel has no function ${name}`);
      const numbers = args.map((a) => whole(a, "argument"));
      try {
        return f(...numbers) >>> 0;
      } catch (e) {
        failed(e);
        throw e;
      }
    },
    kernelGrow(bytes) {
      whole(bytes, "size");
      const missing = bytes - memory.buffer.byteLength;
      if (missing <= 0) return true;
      try {
        memory.grow(Math.ceil(missing / PAGE));
        return true;
      } catch {
        return false;
      }
    },
    kernelBytes: view,
    async readBase(source, offset, n) {
      const bytes = new Uint8Array(n);
      await read(part(source, offset, n), offset, n, () => bytes);
      return bytes;
    },
    async fillKernel(source, offset, at, n) {
      const file = part(source, offset, n);
      view(at, n); // checked before anything is read
      // In pieces, so that a large tensor leaves little garbage. Not through a BYOB reader of
      // Blob.stream(), which would leave none: in four of ten page loads a read never settled (Chromium).
      for (let done = 0; done < n; done += PIECE) {
        const piece = Math.min(PIECE, n - done);
        await read(file, offset + done, piece, () => view(at + done, piece));
      }
    },
    yield(done) {
      waiting.push(done);
      port2.postMessage(0);
    },
    listen(h) {
      handler = h;
      for (const m of early.splice(0)) h(m);
    },
    post,
  };

  return {
    host,
    addSource: (file) => sources.push(file) - 1,
    removeSource: (source) => void (sources[source] = undefined),
    deliver(message) {
      if (handler) handler(message);
      else early.push(message);
    },
    use(kernel, f = () => {}) {
      ({ exports, memory } = kernel);
      failed = f;
    },
  };
}
