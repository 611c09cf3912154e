// Packed Q8_0 matrix times quantised activations.
#pragma once
#include "quant.h"

// One group of 8 rows by `tokens` tokens (1..4); `width` is the interleaving of the activations.
// The column loop must stay rolled: unrolled, V8 runs out of registers and spills (up to 3x slower).
// The empty asm keeps clang from hoisting loads across tokens for the same reason.
// Per token and row the order of operations does not depend on `tokens`, so results do not
// depend on how a prompt is cut into chunks.
INLINE void tile(const int tokens, const int width, const Matrix *m, u32 group, const Activation *q, const f32 *s, f32 *y,
                 u32 stride, int accumulate) {
  const u32 blocks = m->in / BLOCK;
  const u8 *w = m->packed + (size_t)group * blocks * PACKED_BYTES;
  const u8 *x = (const u8 *)q;
  v4 acc[2][TILE];
  for (int t = 0; t < tokens; t++) acc[0][t] = acc[1][t] = splat(0);
  for (u32 b = 0; b < blocks; b++) {
    v4 dot[2][TILE];
    for (int t = 0; t < tokens; t++) dot[0][t] = dot[1][t] = wasm_i32x4_splat(0);
    const v4 scale0 = half4(w), scale1 = half4(w + 8);
    w += 16;
#ifdef RELAXED
    v4 surplus0 = wasm_i32x4_splat(0), surplus1 = wasm_i32x4_splat(0);
#endif
#pragma clang loop unroll(disable)
    for (int c = 0; c < BLOCK / LANE; c++, w += GROUP * LANE, x += 4 * width) {
#ifdef RELAXED
      const v4 w0 = load(w), w1 = load(w + 16), zero = wasm_i8x16_splat(ZERO);
      surplus0 = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(w0, zero, surplus0);
      surplus1 = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(w1, zero, surplus1);
#else
      const v4 w0 = wasm_i16x8_load8x8(w), w1 = wasm_i16x8_load8x8(w + 8);
#endif
      for (int t = 0; t < tokens; t++) {
        const v4 v = wasm_v128_load32_splat(x + 4 * t);
#ifdef RELAXED
        dot[0][t] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(w0, v, dot[0][t]);
        dot[1][t] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(w1, v, dot[1][t]);
#else
        dot[0][t] = wasm_i32x4_add(dot[0][t], wasm_i32x4_dot_i16x8(w0, v));
        dot[1][t] = wasm_i32x4_add(dot[1][t], wasm_i32x4_dot_i16x8(w1, v));
#endif
        __asm__ volatile("" ::: "memory");
      }
    }
    for (int t = 0; t < tokens; t++) {
      const v4 xs = wasm_v128_load32_splat(s + b * width + t);
#ifdef RELAXED
      dot[0][t] = wasm_i32x4_sub(dot[0][t], surplus0);
      dot[1][t] = wasm_i32x4_sub(dot[1][t], surplus1);
#endif
      acc[0][t] = add(acc[0][t], mul(wasm_f32x4_convert_i32x4(dot[0][t]), mul(scale0, xs)));
      acc[1][t] = add(acc[1][t], mul(wasm_f32x4_convert_i32x4(dot[1][t]), mul(scale1, xs)));
    }
  }
  for (int half_group = 0; half_group < 2; half_group++)
    for (int t = 0; t < tokens; t++) {
      const u32 row = group * GROUP + half_group * 4;
      f32 *out = y + (size_t)t * stride + row;
      v4 v = acc[half_group][t];
      if (m->bias) v = add(v, load(m->bias + row));
      if (accumulate) v = add(v, load(out));
      store(out, v);
    }
}

#define TILE_FUNCTION(tokens, width)                                                                                   \
  static __attribute__((noinline)) void tile_##tokens##_##width(const Matrix *m, u32 group, const Activation *q,              \
                                                                const f32 *s, f32 *y, u32 stride, int accumulate) {    \
    tile(tokens, width, m, group, q, s, y, stride, accumulate);                                                        \
  }
TILE_FUNCTION(1, 1)
TILE_FUNCTION(1, 4)
TILE_FUNCTION(2, 4)
TILE_FUNCTION(3, 4)
TILE_FUNCTION(4, 4)

// y[t][row] = or += (W x_t + bias)[row] for rows first..last (multiples of GROUP) and n tokens.
// y points at row 0 of token 0; tokens are `stride` floats apart.
static void matmul_rows(const Matrix *m, u32 first, u32 last, const Activation *q, const f32 *s, u32 n, f32 *y, u32 stride,
                        int accumulate, int batch) {
  const u32 blocks = m->in / BLOCK;
  for (u32 g = first / GROUP; g < last / GROUP; g++) {
    if (!batch) {
      tile_1_1(m, g, q, s, y, stride, accumulate);
      continue;
    }
    for (u32 t = 0; t < n; t += TILE) {
      const Activation *qt = q + (size_t)t * m->in;
      const f32 *st = s + (size_t)t * blocks;
      f32 *yt = y + (size_t)t * stride;
      switch (n - t) {
      case 1: tile_1_4(m, g, qt, st, yt, stride, accumulate); break;
      case 2: tile_2_4(m, g, qt, st, yt, stride, accumulate); break;
      case 3: tile_3_4(m, g, qt, st, yt, stride, accumulate); break;
      default: tile_4_4(m, g, qt, st, yt, stride, accumulate);
      }
    }
  }
}
