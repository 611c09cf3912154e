package nn

import "golang.org/x/sys/cpu"

// Set once at start (and by tests, between runs). With AVX-512 matrix products
// take it for two tiles at a time, and everything else is as with AVX2.
var useAVX2, useAVX512 bool

// selectCPU takes the named path, or the best one when the name is empty or
// unknown. Naming a path the processor lacks gets the next lower one.
func selectCPU(name string) {
	useAVX2 = name != pathPortable && cpu.X86.HasAVX2 && cpu.X86.HasFMA
	useAVX512 = useAVX2 && name != pathAVX2 && cpu.X86.HasAVX512F
}

// The assembly is in gemm_amd64.s, gemm_avx512_amd64.s and vector_amd64.s.
// Lengths n are multiples of 8; strides are in elements.

// gemm6x16AVX2: c[6×16] += alpha · a[6×k] · b[k×16]; element (i, p) of a is at
// a[i·rs + p·ks], row p of b at b[p·16].
//
//go:noescape
func gemm6x16AVX2(k int, a *float32, rs, ks int, b *float32, alpha float32, c *float32, ldc int)

// gemm12x16AVX512 is two calls of gemm6x16AVX2, to the bit, one below the other
// in c: rows 6 to 11 of a begin at a2.
//
//go:noescape
func gemm12x16AVX512(k int, a, a2 *float32, rs, ks int, b *float32, alpha float32, c *float32, ldc int)

//go:noescape
func maxAVX2(x *float32, n int) float32

//go:noescape
func sumAVX2(x *float32, n int) float32

//go:noescape
func dotAVX2(x, y *float32, n int) float32

// axpyAVX2: y += a·x
//
//go:noescape
func axpyAVX2(a float32, x, y *float32, n int)

// scaleAVX2: x *= a
//
//go:noescape
func scaleAVX2(a float32, x *float32, n int)

// expSumAVX2: x = exp(x − max), returns the sum.
//
//go:noescape
func expSumAVX2(x *float32, max float32, n int) float32

// softmaxGradAVX2: d = scale · p · (d − dot)
//
//go:noescape
func softmaxGradAVX2(d, p *float32, dot, scale float32, n int)

// geluAVX2: dst = gelu(x), slope = gelu'(x). dst may be x.
//
//go:noescape
func geluAVX2(dst, slope, x *float32, n int)

// mulAVX2: y *= x
//
//go:noescape
func mulAVX2(y, x *float32, n int)
