// Packed Q8_0 matrix times quantised activations.
#pragma once
#include "quant.h"
#ifdef THREADS
#include "threads.h"
#endif

// What a block of a group costs once, however many tokens follow: its scales as floats and, in the relaxed
// build, minus ZERO times the sums of its weights, which every dot product starts from.
typedef struct {
  f32 scale[GROUP];
#ifdef RELAXED
  u32 start[GROUP];
#endif
} Prepared;

static __attribute__((noinline)) void prepare(const u8 *w, u32 blocks, Prepared *out) {
  for (u32 b = 0; b < blocks; b++, out++) {
    store(out->scale, half4(w));
    store(out->scale + 4, half4(w + 8));
    w += 16;
#ifdef RELAXED
    v4 sum0 = wasm_i32x4_splat(0), sum1 = wasm_i32x4_splat(0);
    const v4 zero = wasm_i8x16_splat(ZERO);
#pragma clang loop unroll(full)
    for (int c = 0; c < BLOCK / LANE; c++, w += GROUP * LANE) {
      sum0 = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(load(w), zero, sum0);
      sum1 = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(load(w + 16), zero, sum1);
    }
    store(out->start, wasm_i32x4_neg(sum0));
    store(out->start + 4, wasm_i32x4_neg(sum1));
#else
    w += GROUP * BLOCK;
#endif
  }
}

#ifdef RELAXED
#define DOT(w, v, sum) wasm_i32x4_relaxed_dot_i8x16_i7x16_add(w, v, sum)
#else
#define DOT(w, v, sum) wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(w, v))
#endif

// A row group's sums for one token, plus bias and what is there already.
INLINE void put_rows(const Matrix *m, u32 row, f32 *y, v4 v, int accumulate) {
  if (m->bias) v = add(v, load(m->bias + row));
  if (accumulate) v = add(v, load(y + row));
  store(y + row, v);
}

// One group of 8 rows by `tokens` tokens (1..4) of a batch.
// The column loop must stay rolled: unrolled, V8 runs out of registers and spills (up to 3x slower).
// The empty asm keeps clang from hoisting loads across tokens for the same reason.
// Per token and row the order of operations is that of a single token (single), so results do not
// depend on how a prompt is cut into chunks.
INLINE void tile(const int tokens, const Matrix *m, u32 group, const Prepared *p, const Activation *q, const f32 *s, f32 *y,
                 u32 stride, int accumulate) {
  const u32 blocks = m->in / BLOCK;
  const u8 *w = m->packed + (size_t)group * blocks * PACKED_BYTES;
  const u8 *x = (const u8 *)q;
  v4 acc[2][TILE];
  for (int t = 0; t < tokens; t++) acc[0][t] = acc[1][t] = splat(0);
  for (u32 b = 0; b < blocks; b++, p++, s += TILE) {
    v4 dot[2][TILE];
#ifdef RELAXED
    const v4 start0 = load(p->start), start1 = load(p->start + 4);
#else
    const v4 start0 = wasm_i32x4_splat(0), start1 = start0;
#endif
    for (int t = 0; t < tokens; t++) dot[0][t] = start0, dot[1][t] = start1;
    w += 16;
#pragma clang loop unroll(disable)
    for (int c = 0; c < BLOCK / LANE; c++, w += GROUP * LANE, x += 4 * TILE) {
#ifdef RELAXED
      const v4 w0 = load(w), w1 = load(w + 16);
#else
      const v4 w0 = wasm_i16x8_load8x8(w), w1 = wasm_i16x8_load8x8(w + 8);
#endif
      for (int t = 0; t < tokens; t++) {
        const v4 v = wasm_v128_load32_splat(x + 4 * t);
        dot[0][t] = DOT(w0, v, dot[0][t]);
        dot[1][t] = DOT(w1, v, dot[1][t]);
        __asm__ volatile("" ::: "memory");
      }
    }
    const v4 scale0 = load(p->scale), scale1 = load(p->scale + 4);
    for (int t = 0; t < tokens; t++) {
      const v4 xs = wasm_v128_load32_splat(s + t);
      acc[0][t] = add(acc[0][t], mul(wasm_f32x4_convert_i32x4(dot[0][t]), mul(scale0, xs)));
      acc[1][t] = add(acc[1][t], mul(wasm_f32x4_convert_i32x4(dot[1][t]), mul(scale1, xs)));
    }
  }
  for (int t = 0; t < tokens; t++, y += stride) {
    put_rows(m, group * GROUP, y, acc[0][t], accumulate);
    put_rows(m, group * GROUP + 4, y, acc[1][t], accumulate);
  }
}

#define TILE_FUNCTION(tokens)                                                                                          \
  static __attribute__((noinline)) void tile_##tokens(const Matrix *m, u32 group, const Prepared *p, const Activation *q, \
                                                      const f32 *s, f32 *y, u32 stride, int accumulate) {              \
    tile(tokens, m, group, p, q, s, y, stride, accumulate);                                                            \
  }
TILE_FUNCTION(1)
TILE_FUNCTION(2)
TILE_FUNCTION(3)
TILE_FUNCTION(4)

// Reads the first two lines of the next page of every stream, for nothing but to have them fetched. A processor fetches ahead
// within a page of 4 KB only; asked for one by one where the streams cross, these lines are waited for one by one.
INLINE void touch_pages(const u8 *const *w, const u8 *end) {
  enum { PAGE = 4096, LINE = 64 };
  for (int g = 0; g < STREAMS; g++) {
    const u8 *next = (const u8 *)(((u32)w[g] + PAGE) & ~(u32)(PAGE - 1));
    if (next + 2 * LINE > end) continue;
    (void)*(const volatile u8 *)next;
    (void)*(const volatile u8 *)(next + LINE);
  }
}

// `groups` groups, `apart` groups from one another, by a single token. Memory is read faster as several streams.
INLINE void single(const int groups, const Matrix *m, u32 group, u32 apart, const Activation *q, const f32 *s, f32 *y,
                   int accumulate) {
  const u32 blocks = m->in / BLOCK;
  const u8 *w[STREAMS];
  v4 acc[2][STREAMS];
  for (int g = 0; g < groups; g++) {
    w[g] = m->packed + (size_t)(group + g * apart) * blocks * PACKED_BYTES;
    acc[0][g] = acc[1][g] = splat(0);
  }
  const u8 *x = (const u8 *)q, *end = m->packed + (size_t)(m->rows / GROUP) * blocks * PACKED_BYTES;
  for (u32 b = 0; b < blocks; b++, x += BLOCK / LANE * 4) {
    if (groups == STREAMS && b % 8 == 0) touch_pages(w, end);
    const v4 xs = wasm_v128_load32_splat(s + b);
    for (int g = 0; g < groups; g++) {
      v4 dot0 = wasm_i32x4_splat(0), dot1 = dot0;
      const v4 scale0 = half4(w[g]), scale1 = half4(w[g] + 8);
      w[g] += 16;
#ifdef RELAXED
      v4 sum0 = dot0, sum1 = dot0;
      const v4 zero = wasm_i8x16_splat(ZERO);
#endif
#pragma clang loop unroll(full)
      for (int c = 0; c < BLOCK / LANE; c++, w[g] += GROUP * LANE) {
        const v4 v = wasm_v128_load32_splat(x + 4 * c);
#ifdef RELAXED
        const v4 w0 = load(w[g]), w1 = load(w[g] + 16);
        sum0 = DOT(w0, zero, sum0);
        sum1 = DOT(w1, zero, sum1);
#else
        const v4 w0 = wasm_i16x8_load8x8(w[g]), w1 = wasm_i16x8_load8x8(w[g] + 8);
#endif
        dot0 = DOT(w0, v, dot0);
        dot1 = DOT(w1, v, dot1);
      }
#ifdef RELAXED
      dot0 = wasm_i32x4_sub(dot0, sum0);
      dot1 = wasm_i32x4_sub(dot1, sum1);
#endif
      acc[0][g] = add(acc[0][g], mul(wasm_f32x4_convert_i32x4(dot0), mul(scale0, xs)));
      acc[1][g] = add(acc[1][g], mul(wasm_f32x4_convert_i32x4(dot1), mul(scale1, xs)));
    }
  }
  for (int g = 0; g < groups; g++) {
    put_rows(m, (group + g * apart) * GROUP, y, acc[0][g], accumulate);
    put_rows(m, (group + g * apart) * GROUP + 4, y, acc[1][g], accumulate);
  }
}

static __attribute__((noinline)) void single_1(const Matrix *m, u32 group, const Activation *q, const f32 *s, f32 *y,
                                               int accumulate) {
  single(1, m, group, 0, q, s, y, accumulate);
}

static __attribute__((noinline)) void single_n(const Matrix *m, u32 group, u32 apart, const Activation *q, const f32 *s,
                                               f32 *y, int accumulate) {
  single(STREAMS, m, group, apart, q, s, y, accumulate);
}

// y[t][row] = or += (W x_t + bias)[row] for rows first..last (multiples of GROUP) and n tokens.
// y points at row 0 of token 0; tokens are `stride` floats apart.
static void matmul_rows(const Matrix *m, u32 first, u32 last, const Activation *q, const f32 *s, u32 n, f32 *y, u32 stride,
                        int accumulate, int batch, Prepared *p) {
  const u32 blocks = m->in / BLOCK;
  u32 g = first / GROUP;
  const u32 end = last / GROUP;
  if (!batch) {
    const u32 apart = (end - g) / STREAMS, stop = g + apart;
    for (; g < stop; g++) single_n(m, g, apart, q, s, y, accumulate);
    for (g += apart * (STREAMS - 1); g < end; g++) single_1(m, g, q, s, y, accumulate);
    return;
  }
  for (; g < end; g++) {
    prepare(m->packed + (size_t)g * blocks * PACKED_BYTES, blocks, p);
    for (u32 t = 0; t < n; t += TILE) {
      const Activation *qt = q + (size_t)t * m->in;
      const f32 *st = s + (size_t)t * blocks;
      f32 *yt = y + (size_t)t * stride;
      switch (n - t) {
      case 1: tile_1(m, g, p, qt, st, yt, stride, accumulate); break;
      case 2: tile_2(m, g, p, qt, st, yt, stride, accumulate); break;
      case 3: tile_3(m, g, p, qt, st, yt, stride, accumulate); break;
      default: tile_4(m, g, p, qt, st, yt, stride, accumulate);
      }
    }
  }
}

#ifdef THREADS
// Fewer multiplications than these are done before the others have heard of them. A single token's cost more: each
// reads a byte of weights from memory.
enum { WORTH = 1 << 20, WORTH_SINGLE = 1 << 18 };

typedef struct {
  const Matrix *m;
  u32 first, last, rows; // of a share
  const Activation *q;
  const f32 *s;
  u32 n;
  f32 *y;
  u32 stride;
  int accumulate, batch;
} Product;

static void share_product(const void *job, u32 share, void *room) {
  const Product *p = job;
  const u32 first = p->first + share * p->rows, last = first + p->rows < p->last ? first + p->rows : p->last;
  matmul_rows(p->m, first, last, p->q, p->s, p->n, p->y, p->stride, p->accumulate, p->batch, room);
}

// matmul_rows with everyone, where that pays.
static void matmul(const Matrix *m, u32 first, u32 last, const Activation *q, const f32 *s, u32 n, f32 *y, u32 stride,
                   int accumulate, int batch, Prepared *p) {
  const u32 helpers = get(&team.helpers), step = GROUP * STREAMS;
  const unsigned long long work = (unsigned long long)(last - first) * m->in * n;
  if (!helpers || work < (u32)(batch ? WORTH : WORTH_SINGLE) || m->in / BLOCK * sizeof(Prepared) > ROOM)
    return matmul_rows(m, first, last, q, s, n, y, stride, accumulate, batch, p);
  const u32 each = (last - first) / ((helpers + 1) * EACH), rows = (each + step - 1) / step * step;
  const Product product = {m, first, last, rows, q, s, n, y, stride, accumulate, batch};
  share(share_product, &product, (last - first + rows - 1) / rows, p);
}
#else
#define matmul matmul_rows
#endif
