// Causal attention of one head over two segments of keys and values. Up to TILE neighbouring queries go together, so
// that keys and values are read once for all of them; per query the order of operations is that of one alone.
#pragma once
#include "simd.h"

typedef struct { // one head's view of a segment: `length` rows of dim floats
  const f32 *key, *value;
  u32 length;
} Keys;

// The sums of four vectors' lanes, each in the order of sum_lanes.
INLINE v4 sum_lanes4(v4 a, v4 b, v4 c, v4 d) {
  const v4 ab0 = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), ab1 = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
  const v4 cd0 = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), cd1 = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
  const v4 first = add(wasm_i64x2_shuffle(ab0, cd0, 0, 2), wasm_i64x2_shuffle(ab0, cd0, 1, 3));
  return add(add(first, wasm_i64x2_shuffle(ab1, cd1, 0, 2)), wasm_i64x2_shuffle(ab1, cd1, 1, 3));
}

// scale · (query · key) for `keys` (1 or 4) keys in a row, lane by lane.
INLINE v4 dot_keys(const int keys, const u32 dim, const f32 *query, const f32 *key, f32 scale) {
  v4 a[4], b[4];
  for (int k = 0; k < 4; k++) a[k] = b[k] = splat(0);
  u32 i = 0;
  for (; i + 8 <= dim; i += 8) {
    const v4 q0 = load(query + i), q1 = load(query + i + 4);
    for (int k = 0; k < keys; k++) {
      a[k] = add(a[k], mul(q0, load(key + k * dim + i)));
      b[k] = add(b[k], mul(q1, load(key + k * dim + i + 4)));
    }
  }
  if (i < dim)
    for (int k = 0; k < keys; k++) a[k] = add(a[k], mul(load(query + i), load(key + k * dim + i)));
  return mul(sum_lanes4(add(a[0], b[0]), add(a[1], b[1]), add(a[2], b[2]), add(a[3], b[3])), splat(scale));
}

// scores[q][j] of `queries` queries, `width` floats apart, with n keys.
INLINE void score_dim(const int queries, const u32 dim, const f32 *query, u32 width, f32 scale, const f32 *key, u32 n,
                       f32 *scores, u32 stride) {
  u32 j = 0;
  for (; j + 4 <= n; j += 4, key += 4 * dim)
    for (int q = 0; q < queries; q++) store(scores + q * stride + j, dot_keys(4, dim, query + q * width, key, scale));
  for (; j < n; j++, key += dim)
    for (int q = 0; q < queries; q++)
      scores[q * stride + j] = wasm_f32x4_extract_lane(dot_keys(1, dim, query + q * width, key, scale), 0);
}

// out[q][at..at+4·lanes) += Σ_j weights[q][j] · value[j][at..)
INLINE void add_slice(const int queries, const u32 lanes, const u32 dim, const f32 *weights, u32 stride, const f32 *value,
                      u32 n, f32 *out, u32 width) {
  v4 acc[4][8];
  for (int q = 0; q < queries; q++)
    for (u32 i = 0; i < lanes; i++) acc[q][i] = load(out + q * width + 4 * i);
  for (u32 j = 0; j < n; j++, value += dim)
    for (int q = 0; q < queries; q++) {
      const v4 w = wasm_v128_load32_splat(weights + q * stride + j);
      for (u32 i = 0; i < lanes; i++) acc[q][i] = add(acc[q][i], mul(w, load(value + 4 * i)));
    }
  for (int q = 0; q < queries; q++)
    for (u32 i = 0; i < lanes; i++) store(out + q * width + 4 * i, acc[q][i]);
}

// A few rows at a time stay in the fastest cache while every slice of them is added.
enum { ROWS = 32 };

INLINE void add_dim(const int queries, const u32 dim, const f32 *weights, u32 stride, const f32 *value, u32 n, f32 *out,
                       u32 width) {
  const u32 lanes = queries == 1 ? 8 : 2; // as many sums as registers hold
  for (u32 j = 0; j < n; j += ROWS) {
    const u32 rows = n - j < ROWS ? n - j : ROWS;
    const f32 *v = value + (size_t)j * dim, *w = weights + j;
    u32 at = 0;
    for (; at + 4 * lanes <= dim; at += 4 * lanes) add_slice(queries, lanes, dim, w, stride, v + at, rows, out + at, width);
    for (; at < dim; at += 4) add_slice(queries, 1, dim, w, stride, v + at, rows, out + at, width);
  }
}

// The common head widths get code of their own.
#define SCORE(queries, dim) score_dim(queries, dim, query, width, scale, key, n, scores, stride)
#define ADD(queries, dim) add_dim(queries, dim, weights, stride, value, n, out, width)
#define ATTENTION_FUNCTIONS(queries)                                                                                   \
  static __attribute__((noinline)) void score_##queries(u32 dim, const f32 *query, u32 width, f32 scale, const f32 *key, \
                                                        u32 n, f32 *scores, u32 stride) {                              \
    if (dim == 64) SCORE(queries, 64);                                                                                 \
    else if (dim == 32) SCORE(queries, 32);                                                                            \
    else SCORE(queries, dim);                                                                                          \
  }                                                                                                                    \
  static __attribute__((noinline)) void add_##queries(u32 dim, const f32 *weights, u32 stride, const f32 *value, u32 n, \
                                                      f32 *out, u32 width) {                                           \
    if (dim == 64) ADD(queries, 64);                                                                                   \
    else if (dim == 32) ADD(queries, 32);                                                                              \
    else ADD(queries, dim);                                                                                            \
  }
ATTENTION_FUNCTIONS(1)
ATTENTION_FUNCTIONS(4)

// Scores become e^(score - highest); returns one over their sum.
INLINE f32 soften(f32 *scores, u32 n) {
  for (u32 j = n; j % 4; j++) scores[j] = -1e30f; // padding weighs e^-87
  v4 highest = splat(-1e30f), sum = splat(0);
  for (u32 j = 0; j < n; j += 4) highest = wasm_f32x4_pmax(highest, load(scores + j));
  highest = splat(max_lanes(highest));
  for (u32 j = 0; j < n; j += 4) {
    const v4 e = exp4(sub(load(scores + j), highest));
    store(scores + j, e);
    sum = add(sum, e);
  }
  return 1.f / sum_lanes(sum);
}

// Of `queries` queries (1 or 4), query_width floats apart, the first sees all rows of `segment`, prefix and tail,
// and every later one a row more of the tail. The outputs are `width` floats apart.
static void attend(u32 queries, u32 dim, const f32 *query, u32 query_width, f32 scale, const Keys segment[2], f32 *scores,
                   f32 *out, u32 width) {
  const u32 seen = segment[0].length + segment[1].length, stride = (seen + queries + 2) & ~3u;
  const size_t later = (size_t)segment[1].length * dim;
  f32 inverse[4];
  for (u32 i = 0, at = 0; i < 2; at += segment[i++].length)
    (queries == 1 ? score_1 : score_4)(dim, query, query_width, scale, segment[i].key, segment[i].length, scores + at, stride);
  for (u32 q = 0; q < queries; q++) {
    if (q) score_1(dim, query + q * query_width, 0, scale, segment[1].key + later, q, scores + q * stride + seen, 0);
    inverse[q] = soften(scores + q * stride, seen + q);
    for (u32 i = 0; i < dim; i += 4) store(out + q * width + i, splat(0));
  }
  for (u32 i = 0, at = 0; i < 2; at += segment[i++].length)
    (queries == 1 ? add_1 : add_4)(dim, scores + at, stride, segment[i].value, segment[i].length, out, width);
  for (u32 q = 0; q < queries; q++) {
    f32 *o = out + q * width;
    if (q) add_1(dim, scores + q * stride + seen, 0, segment[1].value + later, q, o, 0);
    for (u32 i = 0; i < dim; i += 4) store(o + i, mul(load(o + i), splat(inverse[q])));
  }
}
