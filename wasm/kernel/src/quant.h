// Weights in 8 bits, activations in 7: -63..63 in steps of a scale per 32.
//
// The relaxed build (-DRELAXED) multiplies signed 8-bit weights by unsigned 7-bit activations with one
// instruction, i32x4.relaxed_dot_i8x16_i7x16_add. An activation is stored as its value plus ZERO; the product's
// surplus, ZERO times the sum of the weights, is subtracted per block. Operands never leave the range in which
// that instruction is exact and nothing else relaxed is used, so both builds give the same bits on every host.
// The eighth bit of the activations would cost that, and buys little beside the weights' own rounding.
#pragma once
#include "simd.h"

#ifdef RELAXED
typedef u8 Activation;
enum { LANE = 4, ZERO = 64 }; // columns a 32-bit lane holds; what 0 is stored as
#else
typedef i16 Activation;
enum { LANE = 2 };
#endif
enum { STEPS = 63 }; // the largest activation

// A negative scale becomes positive and its 32 weights change sign: the same products, and one
// instruction less in the inner loop. (-128 would become 127; no quantiser writes it.)
static void make_positive(u8 *block) {
  if (!(block[1] & 0x80)) return;
  block[1] &= 0x7f;
  for (u32 i = 2; i < Q8_BYTES; i += 16) store(block + i, wasm_i8x16_sub_sat(wasm_i8x16_splat(0), load(block + i)));
}

// Eight rows of Q8_0 become one sequential stream, so that a lane holds a row and a matrix product
// needs no horizontal sums. Per 32 columns: 8 f16 scales, then groups of LANE columns, each as
// (row 0 col c, row 0 col c+1, …, row 1 col c, …, row 7 col c+LANE-1). The bytes are the same in number,
// so packing happens in place, one group at a time through `spare` (8 rows).
static void pack_group(u8 *p, u32 blocks, u8 *spare) {
  const u32 row = blocks * Q8_BYTES;
  __builtin_memcpy(spare, p, GROUP * row);
  for (u32 i = 0; i < GROUP * blocks; i++) make_positive(spare + i * Q8_BYTES);
  for (u32 b = 0; b < blocks; b++, p += PACKED_BYTES) {
    const u8 *src = spare + b * Q8_BYTES;
    for (u32 r = 0; r < GROUP; r++) __builtin_memcpy(p + 2 * r, src + r * row, 2);
    for (u32 r = 0; r < GROUP; r++)
      for (u32 c = 0; c < BLOCK / LANE; c++)
        __builtin_memcpy(p + 16 + (c * GROUP + r) * LANE, src + r * row + 2 + LANE * c, LANE);
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
    const i8 *q = (const i8 *)p + 16 + LANE * lane;
    for (u32 c = 0; c < BLOCK; c += LANE, q += GROUP * LANE)
      for (u32 k = 0; k < LANE; k++) out[c + k] = scale * q[k];
  }
}

INLINE v4 rounded8(const f32 *x, v4 inverse) {
  return wasm_i16x8_narrow_i32x4(nearest(mul(load(x), inverse)), nearest(mul(load(x + 4), inverse)));
}

// One token's activations, rounded and laid out for the dot product: in the plain build 16-bit integers, in
// the relaxed one bytes. A single token is contiguous; in a batch, four tokens are
// interleaved lane by lane, so that token t's lane k lies at 4·k + (t mod 4) lanes of its tile. `gain` is folded
// into the scales.
static void quantize(const f32 *x, u32 n, f32 gain, Activation *q, f32 *s, u32 t, int batch) {
  const u32 width = batch ? TILE : 1, lane = batch ? t % TILE : 0;
  q += (size_t)(t - lane) * n + LANE * lane;
  s += (size_t)(t - lane) * (n / BLOCK) + lane;
  for (u32 b = 0; b < n; b += BLOCK, s += width) {
    v4 m = splat(0); // absolute values compare as their bits do, and NaN is the largest
    for (u32 i = 0; i < BLOCK; i += 4) m = wasm_i32x4_max(m, wasm_f32x4_abs(load(x + b + i)));
    const f32 top = max_lanes(m);
    const v4 inverse = splat(top > 0 ? (f32)STEPS / top : 0);
    *s = top / (f32)STEPS * gain;
    for (u32 i = 0; i < BLOCK; i += 16 / sizeof(Activation)) {
      v4 v = rounded8(x + b + i, inverse);
#ifdef RELAXED
      v = wasm_i8x16_add(wasm_i8x16_narrow_i16x8(v, rounded8(x + b + i + 8, inverse)), wasm_i8x16_splat(ZERO));
#endif
      if (width == 1) {
        store(q, v);
        q += 16 / sizeof(Activation);
      } else {
        wasm_v128_store32_lane(q, v, 0);
        wasm_v128_store32_lane(q + LANE * TILE, v, 1);
        wasm_v128_store32_lane(q + 2 * LANE * TILE, v, 2);
        wasm_v128_store32_lane(q + 3 * LANE * TILE, v, 3);
        q += 4 * LANE * TILE;
      }
    }
  }
}
