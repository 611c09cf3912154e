// kernel.wasm: the GPT-2 forward pass on Q8_0 weights with swappable low-rank adapters, wasm32 SIMD128.
// It promises: no imports, no libc, no state but the stack, no allocation, the same bits on every host.
// The threaded builds import their memory, and their state is the job in hand (threads.h).
// It does not parse files, check arguments or know tokens' meaning: Go does (engine/simd).
#include "forward.h"

// With bulk memory these builtins are single instructions; clang still wants the symbols.
void *memcpy(void *d, const void *s, size_t n) { return __builtin_memcpy(d, s, n); }
void *memmove(void *d, const void *s, size_t n) { return __builtin_memmove(d, s, n); }
void *memset(void *d, int c, size_t n) { return __builtin_memset(d, c, n); }

extern u8 __heap_base;

// What Go's mirror of abi.h must agree with; see engine/simd/layout_test.go.
u32 EXPORT(abi_word)(u32 i) {
  const u32 words[] = {ABI_VERSION,     (u32)&__heap_base, sizeof(Matrix),  sizeof(Layer),     sizeof(Model),
                       sizeof(Adapter), sizeof(Pair),      sizeof(Segment), sizeof(Scratch),   sizeof(Session),
                       sizeof(Candidate), CHUNK,           offsetof(Session, tail), offsetof(Model, embed),
#ifdef THREADS
                       (u32)&team, // for tests: what a helper does that never ends its share
#endif
  };
  return i < sizeof words / sizeof *words ? words[i] : 0;
}

// ---- loading

// Packs `rows` rows (a multiple of GROUP) of Q8_0 in place. `spare` holds 8 rows. Returns 1, or 0 when a
// scale is not finite (the bytes are then unusable).
u32 EXPORT(pack)(u8 *q, u32 in, u32 rows, u8 *spare) {
  const u32 blocks = in / BLOCK;
  if (!finite_halves(q, rows * blocks, Q8_BYTES)) return 0;
  for (u32 g = 0; g < rows / GROUP; g++) pack_group(q + (size_t)g * blocks * PACKED_BYTES, blocks, spare);
  return 1;
}

// Expands `rows` rows of Q4_0 into packed Q8_0 (values -8..7, or -7..8 under a negative scale, which
// pack turns round). Returns as pack.
u32 EXPORT(expand_q4)(const u8 *src, u8 *dst, u32 in, u32 rows, u8 *spare) {
  const u32 blocks = in / BLOCK * rows;
  if (!finite_halves(src, blocks, Q4_BYTES)) return 0;
  u8 *out = dst;
  const v4 eight = wasm_i8x16_splat(8), nibble = wasm_i8x16_splat(15);
  for (u32 b = 0; b < blocks; b++, src += Q4_BYTES, out += Q8_BYTES) {
    const v4 v = load(src + 2);
    __builtin_memcpy(out, src, 2);
    store(out + 2, wasm_i8x16_sub(wasm_v128_and(v, nibble), eight));
    store(out + 18, wasm_i8x16_sub(wasm_u8x16_shr(v, 4), eight));
  }
  return pack(dst, in, rows, spare);
}

// 1 when all n floats are finite.
u32 EXPORT(finite)(const u32 *p, u32 n) {
  for (u32 i = 0; i < n; i++)
    if ((p[i] & 0x7f800000) == 0x7f800000) return 0;
  return 1;
}

void EXPORT(zero)(u8 *p, u32 n) { __builtin_memset(p, 0, n); }

// ---- running

// Appends n tokens (1..CHUNK) to the session's tail. With `want`, leaves the last one's hidden state.
void EXPORT(prefill)(Session *session, const u32 *tokens, u32 n, u32 want) { forward(session, tokens, n, want); }

static void quantize_hidden(const Session *s) {
  quantize(s->hidden, s->model->width, 1.f, s->scratch->q, s->scratch->s, 0, 0);
}

// Softmax over n chosen rows of the output matrix: n probabilities.
void EXPORT(score)(const Session *s, const u32 *rows, u32 n, f32 *out) {
  const Matrix *o = &s->model->output;
  const size_t group_bytes = (size_t)(o->in / BLOCK) * PACKED_BYTES;
  quantize_hidden(s);
  f32 logits[GROUP];
  f32 top = -1e30f;
  for (u32 i = 0; i < n; i++) {
    const Matrix group = {o->packed + rows[i] / GROUP * group_bytes, 0, o->in, GROUP};
    single_1(&group, 0, s->scratch->q, s->scratch->s, logits, 0);
    const f32 z = logits[rows[i] % GROUP];
    out[i] = z;
    top = z > top ? z : top;
  }
  f32 sum = 0;
  for (u32 i = 0; i < n; i++) sum += out[i] = exp1(out[i] - top);
  const f32 inverse = 1.f / sum;
  for (u32 i = 0; i < n; i++) out[i] *= inverse;
}

// All logits to scratch; returns log Σ e^logit.
static f32 all_logits(const Session *s) {
  const Scratch *c = s->scratch;
  const Matrix *o = &s->model->output;
  const u32 vocab = s->model->vocab;
  quantize_hidden(s);
  matmul(o, 0, o->rows, c->q, c->s, 1, c->logits, o->rows, 0, 0, c->prepared);
  for (u32 i = vocab; i < o->rows; i++) c->logits[i] = -1e30f; // rows that only pad the last group
  v4 highest = splat(-1e30f), sum = splat(0);
  for (u32 i = 0; i < o->rows; i += 4) highest = wasm_f32x4_pmax(highest, load(c->logits + i));
  const f32 top = max_lanes(highest);
  for (u32 i = 0; i < o->rows; i += 4) sum = add(sum, exp4(sub(load(c->logits + i), splat(top))));
  return top + log1(sum_lanes(sum));
}

// The k (≥ 1) likeliest tokens, best first, ties to the smaller id. Returns how many there are (≤ vocab).
u32 EXPORT(top)(const Session *s, u32 k, Candidate *out) {
  const f32 log_sum = all_logits(s);
  const f32 *logits = s->scratch->logits;
  u32 have = 0;
  for (u32 i = 0; i < s->model->vocab; i++) {
    const f32 z = logits[i];
    if (have == k && !(z > out[k - 1].log_prob)) continue;
    u32 at = have < k ? have++ : k - 1;
    for (; at > 0 && z > out[at - 1].log_prob; at--) out[at] = out[at - 1];
    out[at] = (Candidate){i, z, 0};
  }
  for (u32 i = 0; i < have; i++) {
    out[i].log_prob -= log_sum;
    out[i].prob = exp1(out[i].log_prob);
  }
  return have;
}

// Log-probabilities of the whole vocabulary.
void EXPORT(log_probs)(const Session *s, f32 *out) {
  const f32 log_sum = all_logits(s);
  for (u32 i = 0; i < s->model->vocab; i++) out[i] = s->scratch->logits[i] - log_sum;
}

// ---- measuring

INLINE u32 sum_in(const int streams, const u8 *p, u32 n) {
  v4 sum[STREAMS];
  for (int k = 0; k < STREAMS; k++) sum[k] = wasm_i32x4_splat(0);
  const u32 part = n / streams;
  for (u32 i = 0; i < part; i += 64)
    for (int k = 0; k < streams; k++)
      for (u32 j = 0; j < 64; j += 16) sum[k] = wasm_i32x4_add(sum[k], load(p + k * part + i + j));
  u32 total = 0;
  for (int k = 0; k < STREAMS; k++)
    total += (u32)wasm_i32x4_extract_lane(sum[k], 0) + (u32)wasm_i32x4_extract_lane(sum[k], 1) +
             (u32)wasm_i32x4_extract_lane(sum[k], 2) + (u32)wasm_i32x4_extract_lane(sum[k], 3);
  return total;
}

// Sums n bytes (a multiple of 64·STREAMS) as integers, from front to back or, with `streams`, in as many streams as
// decoding reads: the bandwidths it is compared with.
u32 EXPORT(sum_read)(const u8 *p, u32 n, u32 streams) { return streams ? sum_in(STREAMS, p, n) : sum_in(1, p, n); }
