// The descriptors that Go writes into linear memory and the kernel reads.
//
// Every field is one 32-bit word (wasm32 pointers are 32 bits), so the layouts below are also
// byte offsets: engine/simd/layout.go mirrors them and a test compares the two through abi_word().
// Go owns the allocator and has validated every pointer, size, token and length before a call;
// the kernel checks nothing and keeps no state of its own.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int8_t i8;
typedef int16_t i16;
typedef float f32;

enum {
  ABI_VERSION = 3,
  BLOCK = 32,                      // columns that share one scale (Q8_0)
  GROUP = 8,                       // rows interleaved in one packed group
  Q8_BYTES = 34,                   // one Q8_0 block: f16 scale + 32 int8
  Q4_BYTES = 18,                   // one Q4_0 block: f16 scale + 16 bytes of nibbles
  PACKED_BYTES = Q8_BYTES * GROUP, // one packed block: 8 f16 scales + 32 columns of 8 rows (see quant.h)
  TILE = 4,                        // tokens multiplied at once
  CHUNK = 32,                      // most tokens of one prefill call
  STREAMS = 4,                     // row groups that a single token is multiplied with at once
};

enum { ATTN_QKV, ATTN_OUTPUT, FFN_UP, FFN_DOWN, MODULES };

// y = W x + bias. W is (rows × in), Q8_0, packed by pack(); rows is a multiple of GROUP.
typedef struct {
  const u8 *packed; // 0: absent (adapters only)
  const f32 *bias;  // rows, or 0
  u32 in, rows;
} Matrix;

typedef struct {
  const f32 *attn_norm_gain, *attn_norm_bias, *ffn_norm_gain, *ffn_norm_bias; // width each
  Matrix module[MODULES];
} Layer;

typedef struct {
  u32 layers, width, heads, ffn, vocab;
  f32 norm_eps;
  const Layer *layer;                 // layers
  Matrix embed, output;               // vocab rounded up to GROUP, × width; the same matrix when tied
  const f32 *position;                // context × width
  const f32 *norm_gain, *norm_bias;   // width
} Model;

// y += scale · B (A x) beside each module. A is rank × in, B is rows × rank.
typedef struct {
  Matrix a, b;
} Pair;

typedef struct {
  f32 scale; // alpha / rank
  u32 rank;
  Pair pair[]; // layers × MODULES
} Adapter;

// Keys and values of consecutive positions: [layers][heads][capacity][width / heads] each.
typedef struct {
  f32 *key, *value;
  u32 length, capacity;
} Segment;

// Buffers shared by all sessions of an engine; nothing in them outlives a call.
typedef struct {
  f32 *x;      // CHUNK × width: the residual stream
  f32 *h;      // CHUNK × width: normalised input of a module, or attention output
  f32 *y;      // CHUNK × max(3·width, ffn)
  f32 *low;    // CHUNK × max rank: A x
  f32 *scores; // TILE × (context + TILE): attention weights of the queries that go together
  f32 *logits; // vocab rounded up to GROUP
  void *q, *low_q;  // quantised activations, room for i16: CHUNK × max(width, ffn) and CHUNK × max rank
  f32 *s, *low_s;   // their scales, one per BLOCK
  void *prepared;   // 2·GROUP words per BLOCK of max(width, ffn, max rank)
} Scratch;

// Attention reads two segments: the immutable prefix of a program, then this session's own tail.
typedef struct {
  const Model *model;
  const Adapter *adapter; // or 0
  Segment prefix, tail;
  f32 *hidden; // width: the last prefilled token after the final norm
  const Scratch *scratch;
} Session;

typedef struct {
  u32 token;
  f32 log_prob, prob;
} Candidate;
