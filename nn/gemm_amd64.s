#include "textflag.h"

// One step of k for row i: broadcast a[i], multiply with the 16 columns of b.
#define ROW(addr, t, lo, hi) \
	VBROADCASTSS addr, t; \
	VFMADD231PS Y12, t, lo; \
	VFMADD231PS Y13, t, hi

// c row += alpha · (lo, hi); next row.
#define STORE(lo, hi) \
	VFMADD213PS (DI), Y15, lo; \
	VFMADD213PS 32(DI), Y15, hi; \
	VMOVUPS lo, (DI); \
	VMOVUPS hi, 32(DI); \
	ADDQ SI, DI

// func gemm6x16AVX2(k int, a *float32, rs, ks int, b *float32, alpha float32, c *float32, ldc int)
//
// Y0–Y11 hold the 6×16 results, Y12–Y13 a row of b, Y14–Y15 broadcasts of a.
TEXT ·gemm6x16AVX2(SB), NOSPLIT, $0-64
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), AX
	MOVQ rs+16(FP), R8
	MOVQ ks+24(FP), R9
	MOVQ b+32(FP), BX
	MOVQ c+48(FP), DI
	MOVQ ldc+56(FP), SI
	SHLQ $2, R8
	SHLQ $2, R9
	SHLQ $2, SI
	LEAQ (R8)(R8*2), R10
	ADDQ AX, R10              // row 3 of a
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11

loop:
	VMOVUPS (BX), Y12
	VMOVUPS 32(BX), Y13
	PREFETCHT0 768(BX)
	ROW((AX), Y14, Y0, Y1)
	ROW((AX)(R8*1), Y15, Y2, Y3)
	ROW((AX)(R8*2), Y14, Y4, Y5)
	ROW((R10), Y15, Y6, Y7)
	ROW((R10)(R8*1), Y14, Y8, Y9)
	ROW((R10)(R8*2), Y15, Y10, Y11)
	ADDQ R9, AX
	ADDQ R9, R10
	ADDQ $64, BX
	DECQ CX
	JNZ  loop

	VBROADCASTSS alpha+40(FP), Y15
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	STORE(Y8, Y9)
	STORE(Y10, Y11)
	VZEROUPPER
	RET
