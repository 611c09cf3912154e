// Small float helpers on 4 lanes. No libc: exp and log are polynomials (Cephes single precision),
// so every host computes the same bits.
#pragma once
#include "abi.h"
#include <wasm_simd128.h>

#define INLINE static inline __attribute__((always_inline))
#define EXPORT(name) __attribute__((export_name(#name))) name

typedef v128_t v4;

INLINE v4 load(const void *p) { return wasm_v128_load(p); }
INLINE void store(void *p, v4 v) { wasm_v128_store(p, v); }
INLINE v4 splat(f32 x) { return wasm_f32x4_splat(x); }
INLINE v4 add(v4 a, v4 b) { return wasm_f32x4_add(a, b); }
INLINE v4 sub(v4 a, v4 b) { return wasm_f32x4_sub(a, b); }
INLINE v4 mul(v4 a, v4 b) { return wasm_f32x4_mul(a, b); }

INLINE f32 sum_lanes(v4 a) {
  return wasm_f32x4_extract_lane(a, 0) + wasm_f32x4_extract_lane(a, 1) + wasm_f32x4_extract_lane(a, 2) +
         wasm_f32x4_extract_lane(a, 3);
}

INLINE f32 max_lanes(v4 m) {
  f32 a = wasm_f32x4_extract_lane(m, 0), b = wasm_f32x4_extract_lane(m, 1);
  f32 c = wasm_f32x4_extract_lane(m, 2), d = wasm_f32x4_extract_lane(m, 3);
  a = a > b ? a : b;
  c = c > d ? c : d;
  return a > c ? a : c;
}

// Adding 1.5·2^23 leaves the nearest integer (ties to even) in the low bits of a float below 2^22. It takes one
// instruction where rounding and a saturating conversion take ten.
#define INTEGER 12582912.f

// The integers nearest to 4 floats between -2^22 and 2^22; anything else gives some integer.
INLINE v4 nearest(v4 x) { return wasm_i32x4_sub(add(x, splat(INTEGER)), splat(INTEGER)); }

// e^x for 4 lanes, relative error about 1e-7; the argument is clamped to ±87, NaN stays NaN.
INLINE v4 exp4(v4 x) {
  x = wasm_f32x4_pmax(wasm_f32x4_pmin(x, splat(87.f)), splat(-87.f));
  const v4 shifted = add(mul(x, splat(1.44269504f)), splat(INTEGER));
  v4 n = sub(shifted, splat(INTEGER));
  v4 r = sub(sub(x, mul(n, splat(0.693359375f))), mul(n, splat(-2.12194440e-4f)));
  v4 p = splat(1.9875691500e-4f);
  p = add(mul(p, r), splat(1.3981999507e-3f));
  p = add(mul(p, r), splat(8.3334519073e-3f));
  p = add(mul(p, r), splat(4.1665795894e-2f));
  p = add(mul(p, r), splat(1.6666665459e-1f));
  p = add(mul(p, r), splat(5.0000001201e-1f));
  p = add(add(mul(mul(p, r), r), r), splat(1.f));
  v4 power = wasm_i32x4_shl(wasm_i32x4_add(shifted, wasm_i32x4_splat(127)), 23);
  return mul(p, power);
}

INLINE f32 exp1(f32 x) { return wasm_f32x4_extract_lane(exp4(splat(x)), 0); }

// Natural logarithm of a positive normal number.
INLINE f32 log1(f32 x) {
  u32 bits;
  __builtin_memcpy(&bits, &x, 4);
  int e = (int)(bits >> 23) - 126;
  bits = (bits & 0x007fffff) | 0x3f000000; // mantissa in [0.5, 1)
  f32 m;
  __builtin_memcpy(&m, &bits, 4);
  if (m < 0.707106781f) {
    e--;
    m += m;
  }
  m -= 1.f;
  f32 z = m * m;
  f32 p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  f32 y = m * z * p + (f32)e * -2.12194440e-4f - 0.5f * z;
  return m + y + (f32)e * 0.693359375f;
}

INLINE f32 half(u16 h) { // IEEE half to float, subnormals included; Inf and NaN never get here
  u32 sign = (u32)(h & 0x8000) << 16, bits = (u32)(h & 0x7fff) << 13;
  f32 f;
  __builtin_memcpy(&f, &bits, 4);
  f *= 0x1p112f;
  __builtin_memcpy(&bits, &f, 4);
  bits |= sign;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}

// Four half scales to float. They are positive: pack() turns negative ones round.
INLINE v4 half4(const u8 *p) { return mul(wasm_i32x4_shl(wasm_u32x4_load16x4(p), 13), splat(0x1p112f)); }
