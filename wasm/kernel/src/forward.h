// The GPT-2 forward pass: n tokens through all layers.
#pragma once
#include "attention.h"
#include "matmul.h"

static void layer_norm(const f32 *x, const f32 *gain, const f32 *bias, u32 n, f32 eps, f32 *out) {
  v4 sum = splat(0), squares = splat(0);
  for (u32 i = 0; i < n; i += 4) sum = add(sum, load(x + i));
  const v4 mean = splat(sum_lanes(sum) / (f32)n);
  for (u32 i = 0; i < n; i += 4) {
    const v4 d = sub(load(x + i), mean);
    squares = add(squares, mul(d, d));
  }
  const v4 r = splat(1.f / __builtin_sqrtf(sum_lanes(squares) / (f32)n + eps));
  for (u32 i = 0; i < n; i += 4)
    store(out + i, add(mul(mul(sub(load(x + i), mean), r), load(gain + i)), load(bias + i)));
}

// GELU, tanh form, written as v / (1 + e^-2u).
static void gelu(f32 *y, u32 n) {
  for (u32 i = 0; i < n; i += 4) {
    const v4 v = load(y + i);
    const v4 cubic = add(splat(1.f), mul(splat(0.044715f), mul(v, v)));
    const v4 u = mul(v, mul(splat(-1.5957691216f), cubic));
    store(y + i, wasm_f32x4_div(v, add(splat(1.f), exp4(u))));
  }
}

// A run of tokens on its way through the layers.
typedef struct {
  const Session *session;
  const Model *model;
  const Scratch *scratch;
  u32 n;
  int batch; // n > 1: activations are interleaved
} Run;

static void quantize_all(const Run *r, const f32 *x, u32 width) {
  for (u32 t = 0; t < r->n; t++) quantize(x + (size_t)t * width, width, 1.f, r->scratch->q, r->scratch->s, t, r->batch);
}

static void norm_all(const Run *r, const f32 *x, const f32 *gain, const f32 *bias) {
  const u32 width = r->model->width;
  for (u32 t = 0; t < r->n; t++)
    layer_norm(x + (size_t)t * width, gain, bias, width, r->model->norm_eps, r->scratch->h + (size_t)t * width);
  quantize_all(r, r->scratch->h, width);
}

// Rows first..last of one module on the activations in scratch, with the adapter's share on top.
static void apply(const Run *r, u32 layer, u32 module, u32 first, u32 last, f32 *y, u32 stride, int accumulate) {
  const Scratch *c = r->scratch;
  matmul(&r->model->layer[layer].module[module], first, last, c->q, c->s, r->n, y, stride, accumulate, r->batch, c->prepared);
  const Adapter *adapter = r->session->adapter;
  if (!adapter) return;
  const Pair *p = &adapter->pair[layer * MODULES + module];
  if (!p->a.packed) return;
  const u32 rank = adapter->rank;
  matmul(&p->a, 0, rank, c->q, c->s, r->n, c->low, rank, 0, r->batch, c->prepared);
  for (u32 t = 0; t < r->n; t++)
    quantize(c->low + (size_t)t * rank, rank, adapter->scale, c->low_q, c->low_s, t, r->batch);
  matmul(&p->b, first, last, c->low_q, c->low_s, r->n, y, stride, 1, r->batch, c->prepared);
}

// Where a head of a layer lies in a segment's keys and values.
INLINE size_t head_at(const Run *r, const Segment *s, u32 layer, u32 head) {
  const u32 width = r->model->width;
  return (size_t)layer * s->capacity * width + (size_t)head * s->capacity * (width / r->model->heads);
}

// Keeps the keys and values of this run in the tail.
static void remember(const Run *r, u32 layer) {
  const u32 width = r->model->width, dim = width / r->model->heads;
  const Segment *tail = &r->session->tail;
  for (u32 h = 0; h < r->model->heads; h++) {
    const size_t at = head_at(r, tail, layer, h) + (size_t)tail->length * dim;
    for (u32 t = 0; t < r->n; t++) {
      const f32 *y = r->scratch->y + (size_t)t * 3 * width + h * dim;
      for (u32 i = 0; i < dim; i += 4) {
        store(tail->key + at + t * dim + i, load(y + width + i));
        store(tail->value + at + t * dim + i, load(y + 2 * width + i));
      }
    }
  }
}

// Attention of the run's queries in heads first..last; the first query stands at tail position `at`. Output to scratch h.
INLINE void attend_heads(const Run *r, u32 layer, u32 at, const f32 *query, u32 query_width, u32 first, u32 last, f32 *scores) {
  const Model *m = r->model;
  const Segment *prefix = &r->session->prefix, *tail = &r->session->tail;
  const u32 width = m->width, dim = width / m->heads;
  const f32 scale = 1.f / __builtin_sqrtf((f32)dim);
  for (u32 h = first; h < last; h++) {
    const size_t p = head_at(r, prefix, layer, h), o = head_at(r, tail, layer, h);
    for (u32 t = 0, queries; t < r->n; t += queries) {
      queries = t + TILE <= r->n ? TILE : 1;
      const Keys seen[2] = {{prefix->key + p, prefix->value + p, prefix->length},
                            {tail->key + o, tail->value + o, at + t + 1}};
      attend(queries, dim, query + (size_t)t * query_width + h * dim, query_width, scale, seen, scores,
             r->scratch->h + (size_t)t * width + h * dim, width);
    }
  }
}

#ifdef THREADS
typedef struct {
  const Run *run;
  u32 layer, at;
  const f32 *query;
  u32 query_width;
} Attention;

static void share_attention(const void *job, u32 share, void *room) {
  const Attention *a = job;
  attend_heads(a->run, a->layer, a->at, a->query, a->query_width, share, share + 1, room);
}

// With everyone, where that pays: a head is a share.
static void attend_all(const Run *r, u32 layer, u32 at, const f32 *query, u32 query_width) {
  const u32 longest = r->session->prefix.length + at + r->n;
  if (!get(&team.helpers) || longest * r->n * r->model->width < WORTH_SINGLE || TILE * (longest + TILE) * sizeof(f32) > ROOM)
    return attend_heads(r, layer, at, query, query_width, 0, r->model->heads, r->scratch->scores);
  const Attention attention = {r, layer, at, query, query_width};
  share(share_attention, &attention, r->model->heads, r->scratch->scores);
}
#else
static void attend_all(const Run *r, u32 layer, u32 at, const f32 *query, u32 query_width) {
  attend_heads(r, layer, at, query, query_width, 0, r->model->heads, r->scratch->scores);
}
#endif

// Attention output and feed-forward, both added to the residual stream.
static void finish_layer(const Run *r, u32 layer) {
  const Model *m = r->model;
  const Layer *w = &m->layer[layer];
  const Scratch *c = r->scratch;
  quantize_all(r, c->h, m->width);
  apply(r, layer, ATTN_OUTPUT, 0, m->width, c->x, m->width, 1);
  norm_all(r, c->x, w->ffn_norm_gain, w->ffn_norm_bias);
  apply(r, layer, FFN_UP, 0, m->ffn, c->y, m->ffn, 0);
  gelu(c->y, r->n * m->ffn);
  quantize_all(r, c->y, m->ffn);
  apply(r, layer, FFN_DOWN, 0, m->width, c->x, m->width, 1);
}

// Of the last layer only keys and values matter for all tokens but the last one; the last one's
// query, attention and feed-forward are computed when its hidden state is wanted.
static void last_layer(Run *r, int want) {
  const Model *m = r->model;
  const u32 layer = m->layers - 1, width = m->width, n = r->n;
  const Layer *w = &m->layer[layer];
  const Scratch *c = r->scratch;
  norm_all(r, c->x, w->attn_norm_gain, w->attn_norm_bias);
  apply(r, layer, ATTN_QKV, width, 3 * width, c->y, 3 * width, 0);
  remember(r, layer);
  if (!want) return;
  Run one = *r;
  one.n = 1;
  one.batch = 0;
  if (n > 1) {
    __builtin_memmove(c->x, c->x + (size_t)(n - 1) * width, width * 4);
    norm_all(&one, c->x, w->attn_norm_gain, w->attn_norm_bias);
  }
  apply(&one, layer, ATTN_QKV, 0, width, c->y, 3 * width, 0);
  attend_all(&one, layer, r->session->tail.length + n - 1, c->y, 3 * width);
  finish_layer(&one, layer);
  layer_norm(c->x, m->norm_gain, m->norm_bias, width, m->norm_eps, r->session->hidden);
}

static void forward(Session *session, const u32 *tokens, u32 n, int want) {
  const Model *m = session->model;
  const Scratch *c = session->scratch;
  Run r = {session, m, c, n, n > 1};
  const u32 width = m->width, position = session->prefix.length + session->tail.length;
  for (u32 t = 0; t < n; t++) {
    f32 *x = c->x + (size_t)t * width;
    const f32 *p = m->position + (size_t)(position + t) * width;
    unpack_row(&m->embed, tokens[t], x);
    for (u32 i = 0; i < width; i += 4) store(x + i, add(load(x + i), load(p + i)));
  }
  for (u32 layer = 0; layer + 1 < m->layers; layer++) {
    const Layer *w = &m->layer[layer];
    norm_all(&r, c->x, w->attn_norm_gain, w->attn_norm_bias);
    apply(&r, layer, ATTN_QKV, 0, 3 * width, c->y, 3 * width, 0);
    remember(&r, layer);
    attend_all(&r, layer, session->tail.length, c->y, 3 * width);
    finish_layer(&r, layer);
  }
  last_layer(&r, want);
  session->tail.length += n;
}
