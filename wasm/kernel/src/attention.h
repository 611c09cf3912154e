// Causal attention of one query head over two segments of keys and values.
#pragma once
#include "simd.h"

// Scaled dot products of `query` with `n` keys, `stride` floats apart. Returns the running maximum.
INLINE f32 dot_keys(const u32 dim, const f32 *query, f32 scale, const f32 *key, u32 n, u32 stride, f32 *scores,
                    f32 top) {
  for (u32 j = 0; j < n; j++, key += stride) {
    v4 a = splat(0), b = splat(0);
    u32 i = 0;
    for (; i + 8 <= dim; i += 8) {
      a = add(a, mul(load(query + i), load(key + i)));
      b = add(b, mul(load(query + i + 4), load(key + i + 4)));
    }
    if (i < dim) a = add(a, mul(load(query + i), load(key + i)));
    const f32 s = sum_lanes(add(a, b)) * scale;
    scores[j] = s;
    top = s > top ? s : top;
  }
  return top;
}

// out[0..4·lanes) += Σ_j weights[j] · value[j][0..4·lanes)
INLINE void add_values(const u32 lanes, const f32 *weights, const f32 *value, u32 n, u32 stride, v4 *acc) {
  for (u32 j = 0; j < n; j++, value += stride) {
    const v4 w = wasm_v128_load32_splat(weights + j);
    for (u32 i = 0; i < lanes; i++) acc[i] = add(acc[i], mul(w, load(value + 4 * i)));
  }
}

typedef struct { // one head's view of a segment
  const f32 *key, *value;
  u32 length;
} Keys;

INLINE void mix_values(const u32 lanes, const f32 *weights, Keys prefix, Keys tail, u32 at, u32 stride, v4 inverse,
                       f32 *out) {
  v4 acc[8];
  for (u32 i = 0; i < lanes; i++) acc[i] = splat(0);
  add_values(lanes, weights, prefix.value + at, prefix.length, stride, acc);
  add_values(lanes, weights + prefix.length, tail.value + at, tail.length, stride, acc);
  for (u32 i = 0; i < lanes; i++) store(out + at + 4 * i, mul(acc[i], inverse));
}

INLINE void attend_dim(const u32 dim, const f32 *query, f32 scale, Keys prefix, Keys tail, u32 stride, f32 *scores,
                       f32 *out) {
  const u32 n = prefix.length + tail.length;
  f32 top = dot_keys(dim, query, scale, prefix.key, prefix.length, stride, scores, -1e30f);
  top = dot_keys(dim, query, scale, tail.key, tail.length, stride, scores + prefix.length, top);
  for (u32 j = n; j % 4; j++) scores[j] = -1e30f; // padding weighs e^-87
  v4 sum = splat(0);
  const v4 highest = splat(top);
  for (u32 j = 0; j < n; j += 4) {
    const v4 e = exp4(sub(load(scores + j), highest));
    store(scores + j, e);
    sum = add(sum, e);
  }
  const v4 inverse = splat(1.f / sum_lanes(sum));
  u32 at = 0;
  for (; at + 32 <= dim; at += 32) mix_values(8, scores, prefix, tail, at, stride, inverse, out);
  for (; at < dim; at += 4) mix_values(1, scores, prefix, tail, at, stride, inverse, out);
}

// The common head widths get code of their own.
static __attribute__((noinline)) void attend(u32 dim, const f32 *query, f32 scale, Keys prefix, Keys tail, u32 stride,
                                             f32 *scores, f32 *out) {
  if (dim == 64) attend_dim(64, query, scale, prefix, tail, stride, scores, out);
  else if (dim == 32) attend_dim(32, query, scale, prefix, tail, stride, scores, out);
  else attend_dim(dim, query, scale, prefix, tail, stride, scores, out);
}
