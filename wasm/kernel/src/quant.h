// Weights and activations in 8 bits.
#pragma once
#include "simd.h"

// A negative scale becomes positive and its 32 weights change sign: the same products, and one
// instruction less in the inner loop. (-128 would become 127; no quantiser writes it.)
static void make_positive(u8 *block) {
  if (!(block[1] & 0x80)) return;
  block[1] &= 0x7f;
  for (u32 i = 2; i < Q8_BYTES; i += 16) store(block + i, wasm_i8x16_sub_sat(wasm_i8x16_splat(0), load(block + i)));
}

// Eight rows of Q8_0 become one sequential stream, so that a lane holds a row and a matrix product
// needs no horizontal sums. Per 32 columns: 8 f16 scales, then 16 column pairs, each pair as
// (row 0 col c, row 0 col c+1, row 1 col c, …, row 7 col c+1). The bytes are the same in number,
// so packing happens in place, one group at a time through `spare` (8 rows).
static void pack_group(u8 *p, u32 blocks, u8 *spare) {
  const u32 row = blocks * Q8_BYTES;
  __builtin_memcpy(spare, p, GROUP * row);
  for (u32 i = 0; i < GROUP * blocks; i++) make_positive(spare + i * Q8_BYTES);
  for (u32 b = 0; b < blocks; b++, p += PACKED_BYTES) {
    const u8 *src = spare + b * Q8_BYTES;
    for (u32 r = 0; r < GROUP; r++) __builtin_memcpy(p + 2 * r, src + r * row, 2);
    for (u32 r = 0; r < GROUP; r++)
      for (u32 c = 0; c < BLOCK / 2; c++) __builtin_memcpy(p + 16 + c * 16 + r * 2, src + r * row + 2 + 2 * c, 2);
  }
}

static int finite_halves(const u8 *p, u32 count, u32 stride) {
  for (u32 i = 0; i < count; i++, p += stride) {
    u16 h;
    __builtin_memcpy(&h, p, 2);
    if ((h & 0x7c00) == 0x7c00) return 0;
  }
  return 1;
}

// One row of a packed matrix as floats (an embedding).
static void unpack_row(const Matrix *m, u32 row, f32 *out) {
  const u32 blocks = m->in / BLOCK, lane = row % GROUP;
  const u8 *p = m->packed + (size_t)(row / GROUP) * blocks * PACKED_BYTES;
  for (u32 b = 0; b < blocks; b++, p += PACKED_BYTES, out += BLOCK) {
    u16 h;
    __builtin_memcpy(&h, p + 2 * lane, 2);
    const f32 scale = half(h);
    const i8 *q = (const i8 *)p + 16 + 2 * lane;
    for (u32 c = 0; c < BLOCK / 2; c++, q += 16) {
      out[2 * c] = scale * q[0];
      out[2 * c + 1] = scale * q[1];
    }
  }
}

// One token's activations to 8 bits per block, stored as 16-bit integers for the pair dot product.
// A single token is contiguous; in a batch, four tokens are interleaved pair by pair, so that token
// t's pair k lies at 4·k + (t mod 4) pairs of its tile. `gain` is folded into the scales.
static void quantize(const f32 *x, u32 n, f32 gain, i16 *q, f32 *s, u32 t, int batch) {
  const u32 width = batch ? TILE : 1, lane = batch ? t % TILE : 0;
  q += (size_t)(t - lane) * n + 2 * lane;
  s += (size_t)(t - lane) * (n / BLOCK) + lane;
  for (u32 b = 0; b < n; b += BLOCK, s += width) {
    v4 m = splat(0);
    for (u32 i = 0; i < BLOCK; i += 4) m = wasm_f32x4_max(m, wasm_f32x4_abs(load(x + b + i)));
    const f32 top = max_lanes(m);
    const v4 inverse = splat(top > 0 ? 127.f / top : 0);
    *s = top / 127.f * gain;
    for (u32 i = 0; i < BLOCK; i += 8) {
      v4 lo = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(mul(load(x + b + i), inverse)));
      v4 hi = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(mul(load(x + b + i + 4), inverse)));
      v4 v = wasm_i16x8_narrow_i32x4(lo, hi);
      if (width == 1) {
        store(q, v);
        q += 8;
      } else {
        wasm_v128_store32_lane(q, v, 0);
        wasm_v128_store32_lane(q + 8, v, 1);
        wasm_v128_store32_lane(q + 16, v, 2);
        wasm_v128_store32_lane(q + 24, v, 3);
        q += 32;
      }
    }
  }
}
