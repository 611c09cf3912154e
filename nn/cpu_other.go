//go:build !amd64

package nn

// No assembly on this platform yet: the constants let the compiler drop the
// calls below.
const useAVX2, useAVX512 = false, false

func selectCPU(string) {}

func gemm6x16AVX2(k int, a *float32, rs, ks int, b *float32, alpha float32, c *float32, ldc int) {
	panic("nn: no assembly on this platform")
}

func gemm12x16AVX512(k int, a, a2 *float32, rs, ks int, b *float32, alpha float32, c *float32, ldc int) {
	panic("nn: no assembly on this platform")
}

func maxAVX2(x *float32, n int) float32                 { panic("nn: no assembly on this platform") }
func sumAVX2(x *float32, n int) float32                 { panic("nn: no assembly on this platform") }
func dotAVX2(x, y *float32, n int) float32              { panic("nn: no assembly on this platform") }
func axpyAVX2(a float32, x, y *float32, n int)          { panic("nn: no assembly on this platform") }
func scaleAVX2(a float32, x *float32, n int)            { panic("nn: no assembly on this platform") }
func expSumAVX2(x *float32, max float32, n int) float32 { panic("nn: no assembly on this platform") }
func softmaxGradAVX2(d, p *float32, dot, scale float32, n int) {
	panic("nn: no assembly on this platform")
}
func geluAVX2(dst, slope, x *float32, n int) { panic("nn: no assembly on this platform") }
func mulAVX2(y, x *float32, n int)           { panic("nn: no assembly on this platform") }
