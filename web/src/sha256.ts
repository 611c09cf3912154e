// SHA-256 (FIPS 180-4) of what comes in pieces: crypto.subtle wants all bytes at once, and an interpreter has
// 137 MB of them. It is slower, but a download waits for its network meanwhile.

/** The standard's constants: the first 32 bits behind the point of roots of the first `count` primes. */
function roots(count: number, root: (n: number) => number): Int32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((p) => n % p !== 0)) primes.push(n);
  }
  return Int32Array.from(primes, (p) => ((root(p) % 1) * 2 ** 32) | 0);
}

const START = /* @__PURE__ */ roots(8, Math.sqrt); // pure: bundles that hash nothing leave them out
const K = /* @__PURE__ */ roots(64, Math.cbrt);

export class SHA256 {
  private readonly state = START.slice();
  private readonly block = new Uint8Array(64);
  private readonly w = new Int32Array(64);
  private filled = 0; // of block
  private length = 0; // bytes so far

  update(bytes: Uint8Array): this {
    this.length += bytes.length;
    let at = 0;
    if (this.filled > 0) {
      at = Math.min(64 - this.filled, bytes.length);
      this.block.set(bytes.subarray(0, at), this.filled);
      if ((this.filled += at) < 64) return this;
      this.compress(new DataView(this.block.buffer), 0);
      this.filled = 0;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; at + 64 <= bytes.length; at += 64) this.compress(view, at);
    this.block.set(bytes.subarray(at));
    this.filled = bytes.length - at;
    return this;
  }

  /** The digest as 64 hex digits. Nothing may be added after it. */
  hex(): string {
    const end = new Uint8Array(this.filled < 56 ? 64 - this.filled : 128 - this.filled);
    const bits = new DataView(end.buffer), bytes = this.length;
    end[0] = 0x80;
    bits.setUint32(end.length - 8, Math.floor(bytes / 2 ** 29));
    bits.setUint32(end.length - 4, (bytes << 3) >>> 0);
    this.update(end);
    return Array.from(this.state, (x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
  }

  private compress(view: DataView, at: number): void {
    const w = this.w, s = this.state;
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!, y = w[i - 2]!;
      w[i] = w[i - 16]! + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + w[i - 7]! + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10);
    }
    let a = s[0]!, b = s[1]!, c = s[2]!, d = s[3]!, e = s[4]!, f = s[5]!, g = s[6]!, h = s[7]!;
    for (let i = 0; i < 64; i++) {
      const t = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i]! + w[i]!) | 0;
      const u = (((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c)) | 0;
      h = g, g = f, f = e, e = (d + t) | 0, d = c, c = b, b = a, a = (t + u) | 0;
    }
    s[0]! += a, s[1]! += b, s[2]! += c, s[3]! += d, s[4]! += e, s[5]! += f, s[6]! += g, s[7]! += h;
  }
}
