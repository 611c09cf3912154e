package nn

import (
	"fmt"
	"sync"
)

// Blocking. A stretch of blockK rows of a B panel (16 KB) stays in the first
// level cache while the rows of A pass by; blockM panels of A (about 120 rows,
// 120 KB) stay in the second while the B panels pass by.
const (
	blockK = 256
	blockM = 20
	// Up to this many column panels (n ≤ 128) a transposed A is read in place.
	directPanels = 8
	// Below this many multiplications waking a worker costs more than it saves.
	serialBelow = 1 << 18
)

// Gemm computes C += alpha · op(A) · op(B), where op(A) is m×k, op(B) k×n and
// C m×n, all row-major with the given leading dimensions. transA means that A
// is stored k×m, transB that B is stored n×k.
func Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	gemm(false, transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
}

// GemmSerial is Gemm on the calling goroutine alone, for use inside Parallel.
func GemmSerial(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	gemm(true, transA, transB, m, n, k, alpha, a, lda, b, ldb, c, ldc)
}

// GemmPacked is Gemm with a right-hand side packed before.
func GemmPacked(transA bool, m int, alpha float32, a []float32, lda int, b *Packed, c []float32, ldc int) {
	if m == 0 || b.n == 0 || b.k == 0 {
		return
	}
	checkMatrix("A", transA, m, b.k, len(a), lda)
	checkMatrix("C", false, m, b.n, len(c), ldc)
	g := gemms.Get().(*gemmTask)
	*g = gemmTask{transA: transA, m: m, n: b.n, k: b.k, alpha: alpha, a: a, lda: lda, bp: b.data, c: c, ldc: ldc}
	g.multiply()
	g.free()
}

func gemm(serial, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	if m == 0 || n == 0 || k == 0 {
		return
	}
	checkMatrix("A", transA, m, k, len(a), lda)
	checkMatrix("B", transB, k, n, len(b), ldb)
	checkMatrix("C", false, m, n, len(c), ldc)
	packed := getScratch(panels(n, tileN) * tileN * k)
	g := gemms.Get().(*gemmTask)
	*g = gemmTask{serial: serial, transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha,
		a: a, lda: lda, b: b, ldb: ldb, bp: packed.data, c: c, ldc: ldc}
	g.stage = stagePackB
	g.split(panels(n, tileN), k*n)
	g.multiply()
	g.free()
	packed.free()
}

// gemmTask is one product on its way through the pool. It is itself pooled:
// a product allocates nothing.
type gemmTask struct {
	stage                  gemmStage
	serial, transA, transB bool
	byRows                 bool // the result is split over row panels, not column panels
	m, n, k                int
	alpha                  float32
	a, b, c                []float32
	lda, ldb, ldc          int
	wholeA                 bool      // ap holds all of A
	ap                     []float32 // packed A, or only its last panel (see multiply)
	bp                     []float32 // packed B
}

type gemmStage int

const (
	stagePackB gemmStage = iota
	stagePackA
	stageMultiply
)

var gemms = sync.Pool{New: func() any { return new(gemmTask) }}

func (g *gemmTask) free() {
	*g = gemmTask{}
	gemms.Put(g)
}

func (g *gemmTask) run(lo, hi int) {
	switch g.stage {
	case stagePackB:
		packB(g.bp, g.transB, g.k, g.n, g.b, g.ldb, lo, hi)
	case stagePackA:
		packA(g.ap, true, g.m, g.k, g.a, g.lda, lo, hi)
	case stageMultiply:
		if g.byRows {
			g.block(lo, hi, 0, panels(g.n, tileN))
		} else {
			g.block(0, panels(g.m, tileM), lo, hi)
		}
	}
}

// split runs the stage over count panels, in parallel when it pays.
func (g *gemmTask) split(count, work int) {
	if g.serial || work < serialBelow {
		g.run(0, count)
		return
	}
	parallel(count, g)
}

// multiply runs the product once B is packed. A is read in place: the kernel
// takes strides, and packing would cost as much as the product itself when n
// is a LoRA rank. Only a last panel of fewer than tileM rows is packed, to pad
// it. A transposed A that many column panels read again is packed whole, since
// its strides spread a panel over as many cache lines as k.
func (g *gemmTask) multiply() {
	mp, np := panels(g.m, tileM), panels(g.n, tileN)
	var packed *buffer
	if g.wholeA = g.transA && np > directPanels; g.wholeA {
		packed = getScratch(mp * tileM * g.k)
		g.ap, g.stage = packed.data, stagePackA
		g.split(mp, g.m*g.k)
	} else if g.m%tileM != 0 {
		packed = getScratch(tileM * g.k)
		g.ap = packed.data
		last := (mp - 1) * tileM
		start := last * g.lda
		if g.transA {
			start = last
		}
		packA(g.ap, g.transA, g.m-last, g.k, g.a[start:], g.lda, 0, 1)
	}
	g.stage = stageMultiply
	if g.byRows = mp >= np; g.byRows {
		g.split(mp, g.m*g.n*g.k)
	} else {
		g.split(np, g.m*g.n*g.k)
	}
	packed.free()
}

// block computes the tiles of row panels [i0, i1) × column panels [j0, j1).
// The order of additions into one element depends on k alone.
func (g *gemmTask) block(i0, i1, j0, j1 int) {
	for k0 := 0; k0 < g.k; k0 += blockK {
		kc := min(blockK, g.k-k0)
		for ib := i0; ib < i1; ib += blockM {
			for j := j0; j < j1; j++ {
				bp := g.bp[(j*g.k+k0)*tileN:]
				for i, end := ib, min(ib+blockM, i1); i < end; i++ {
					if useAVX512 && i+1 < end && (i+2)*tileM <= g.m && (j+1)*tileN <= g.n {
						g.twoTiles(i, j, k0, kc, bp)
						i++
						continue
					}
					g.tile(i, j, k0, kc, bp)
				}
			}
		}
	}
}

// panel is where row panel i of op(A) begins at k0, and the strides of its rows and of k.
func (g *gemmTask) panel(i, k0 int) (a []float32, rs, ks int) {
	switch {
	case g.wholeA:
		return g.ap[(i*g.k+k0)*tileM:], 1, tileM
	case (i+1)*tileM > g.m:
		return g.ap[k0*tileM:], 1, tileM
	case g.transA:
		return g.a[k0*g.lda+i*tileM:], 1, g.lda
	}
	return g.a[i*tileM*g.lda+k0:], g.lda, 1
}

// twoTiles computes full tiles i and i+1 of column panel j.
func (g *gemmTask) twoTiles(i, j, k0, kc int, bp []float32) {
	a, rs, ks := g.panel(i, k0)
	below, _, _ := g.panel(i+1, k0)
	gemm12x16AVX512(kc, &a[0], &below[0], rs, ks, &bp[0], g.alpha, &g.c[i*tileM*g.ldc+j*tileN], g.ldc)
}

func (g *gemmTask) tile(i, j, k0, kc int, bp []float32) {
	rows, cols := min(tileM, g.m-i*tileM), min(tileN, g.n-j*tileN)
	a, rs, ks := g.panel(i, k0)
	c := g.c[i*tileM*g.ldc+j*tileN:]
	if rows == tileM && cols == tileN {
		kernel(kc, a, rs, ks, bp, g.alpha, c, g.ldc)
		return
	}
	var edge [tileM * tileN]float32
	kernel(kc, a, rs, ks, bp, g.alpha, edge[:], tileN)
	for r := range rows {
		row := c[r*g.ldc : r*g.ldc+cols]
		for q, v := range edge[r*tileN : r*tileN+cols] {
			row[q] += v
		}
	}
}

func kernel(k int, a []float32, rs, ks int, b []float32, alpha float32, c []float32, ldc int) {
	if useAVX2 {
		gemm6x16AVX2(k, &a[0], rs, ks, &b[0], alpha, &c[0], ldc)
		return
	}
	gemm6x16(k, a, rs, ks, b, alpha, c, ldc)
}

// checkMatrix panics when a slice cannot hold the rows×cols matrix it is said
// to hold: the assembly checks nothing.
func checkMatrix(name string, trans bool, rows, cols, length, ld int) {
	if trans {
		rows, cols = cols, rows
	}
	if rows < 0 || cols < 0 || (rows > 0 && cols > 0 && (ld < cols || length < (rows-1)*ld+cols)) {
		panic(fmt.Sprintf("nn: matrix %s of %d×%d with leading dimension %d does not fit %d elements", name, rows, cols, ld, length))
	}
}
