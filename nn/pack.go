package nn

// The micro-kernel makes tiles of tileM × tileN results. Operands are packed
// into panels that it reads front to back:
//
//	A panel: tileM rows, element (i, p) at p·tileM + i
//	B panel: tileN columns, element (p, j) at p·tileN + j
//
// Panels at the edge are padded with zeros.
const (
	tileM = 6
	tileN = 16
)

func panels(n, tile int) int { return (n + tile - 1) / tile }

// packA packs panels [lo, hi) of op(A) (m×k) into dst.
func packA(dst []float32, trans bool, m, k int, a []float32, lda, lo, hi int) {
	for p := lo; p < hi; p++ {
		d := dst[p*tileM*k : (p+1)*tileM*k]
		i0 := p * tileM
		w := min(tileM, m-i0)
		if w < tileM {
			clear(d)
		}
		switch {
		case !trans:
			for i := range w {
				src := a[(i0+i)*lda : (i0+i)*lda+k]
				for q, v := range src {
					d[q*tileM+i] = v
				}
			}
		case w == tileM:
			for q := range k {
				// Six moves: copy would call memmove for 24 bytes.
				s, t := a[q*lda+i0:][:tileM], d[q*tileM:][:tileM]
				t[0], t[1], t[2], t[3], t[4], t[5] = s[0], s[1], s[2], s[3], s[4], s[5]
			}
		default:
			for q := range k {
				copy(d[q*tileM:q*tileM+w], a[q*lda+i0:q*lda+i0+w])
			}
		}
	}
}

// packB packs panels [lo, hi) of op(B) (k×n) into dst.
func packB(dst []float32, trans bool, k, n int, b []float32, ldb, lo, hi int) {
	for p := lo; p < hi; p++ {
		d := dst[p*tileN*k : (p+1)*tileN*k]
		j0 := p * tileN
		w := min(tileN, n-j0)
		if w < tileN {
			clear(d)
		}
		switch {
		case trans:
			packTransposed(d, w, k, b[j0*ldb:], ldb)
		case w == tileN:
			for q := range k {
				*(*[tileN]float32)(d[q*tileN:]) = *(*[tileN]float32)(b[q*ldb+j0:])
			}
		default:
			for q := range k {
				copy(d[q*tileN:q*tileN+w], b[q*ldb+j0:q*ldb+j0+w])
			}
		}
	}
}

// packTransposed writes w rows of k floats as the first w columns of a panel,
// in stretches of k short enough that the panel's lines stay in the cache
// while all rows are visited.
func packTransposed(d []float32, w, k int, src []float32, ld int) {
	const stretch = 32
	for q0 := 0; q0 < k; q0 += stretch {
		q1 := min(q0+stretch, k)
		for j := range w {
			row := src[j*ld+q0 : j*ld+q1]
			out := d[q0*tileN+j : (q1-1)*tileN+j+1]
			for q, v := range row {
				out[q*tileN] = v
			}
		}
	}
}

// Packed is a right-hand matrix packed once and used many times. It is
// immutable and safe for concurrent use.
type Packed struct {
	k, n int
	data []float32
}

// PackB packs op(B), k×n: B is k×n with leading dimension ldb, or n×k when
// transB is set.
func PackB(transB bool, k, n int, b []float32, ldb int) *Packed {
	checkMatrix("B", transB, k, n, len(b), ldb)
	p := &Packed{k: k, n: n, data: make([]float32, panels(n, tileN)*tileN*k)}
	Parallel(panels(n, tileN), func(lo, hi int) { packB(p.data, transB, k, n, b, ldb, lo, hi) })
	return p
}

// Bytes is the memory the packed matrix takes.
func (p *Packed) Bytes() int64 { return int64(len(p.data)) * 4 }
