package nn

// gemm6x16 is the micro-kernel in plain Go: c[6×16] += alpha · a[6×k] · b[k×16].
// Two rows by four columns at a time keep eight sums in registers.
func gemm6x16(k int, a []float32, rs, ks int, b []float32, alpha float32, c []float32, ldc int) {
	b = b[:k*tileN]
	for i := 0; i < tileM; i += 2 {
		for j := 0; j < tileN; j += 4 {
			var s00, s01, s02, s03, s10, s11, s12, s13 float32
			p0, p1 := i*rs, (i+1)*rs
			for q := j; q < len(b); q += tileN {
				x := b[q : q+4 : q+4]
				u, v := a[p0], a[p1]
				s00 += u * x[0]
				s01 += u * x[1]
				s02 += u * x[2]
				s03 += u * x[3]
				s10 += v * x[0]
				s11 += v * x[1]
				s12 += v * x[2]
				s13 += v * x[3]
				p0 += ks
				p1 += ks
			}
			y := c[i*ldc+j : i*ldc+j+4]
			y[0] += alpha * s00
			y[1] += alpha * s01
			y[2] += alpha * s02
			y[3] += alpha * s03
			y = c[(i+1)*ldc+j : (i+1)*ldc+j+4]
			y[0] += alpha * s10
			y[1] += alpha * s11
			y[2] += alpha * s12
			y[3] += alpha * s13
		}
	}
}
