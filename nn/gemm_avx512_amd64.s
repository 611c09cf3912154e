#include "textflag.h"

// One step of k: row i of the results += a[i] · the 16 columns of b in Z24.
#define ROW(addr, z) VFMADD231PS.BCST addr, Z24, z

// c row += alpha · z; next row.
#define STORE(z) \
	VFMADD213PS (DI), Z31, z; \
	VMOVUPS z, (DI); \
	ADDQ SI, DI

#define ZERO(z) VPXORD z, z, z

// func gemm12x16AVX512(k int, a, a2 *float32, rs, ks int, b *float32, alpha float32, c *float32, ldc int)
//
// Z0–Z11 hold the 12×16 results, rows 6 to 11 from a2, Z24 a row of b.
TEXT ·gemm12x16AVX512(SB), NOSPLIT, $0-72
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), AX
	MOVQ a2+16(FP), DX
	MOVQ rs+24(FP), R8
	MOVQ ks+32(FP), R9
	MOVQ b+40(FP), BX
	MOVQ c+56(FP), DI
	MOVQ ldc+64(FP), SI
	SHLQ $2, R8
	SHLQ $2, R9
	SHLQ $2, SI
	LEAQ (R8)(R8*2), R10
	LEAQ (DX)(R10*1), R11     // row 9
	ADDQ AX, R10              // row 3
	ZERO(Z0)
	ZERO(Z1)
	ZERO(Z2)
	ZERO(Z3)
	ZERO(Z4)
	ZERO(Z5)
	ZERO(Z6)
	ZERO(Z7)
	ZERO(Z8)
	ZERO(Z9)
	ZERO(Z10)
	ZERO(Z11)

loop:
	VMOVUPS (BX), Z24
	PREFETCHT0 768(BX)
	ROW((AX), Z0)
	ROW((AX)(R8*1), Z1)
	ROW((AX)(R8*2), Z2)
	ROW((R10), Z3)
	ROW((R10)(R8*1), Z4)
	ROW((R10)(R8*2), Z5)
	ROW((DX), Z6)
	ROW((DX)(R8*1), Z7)
	ROW((DX)(R8*2), Z8)
	ROW((R11), Z9)
	ROW((R11)(R8*1), Z10)
	ROW((R11)(R8*2), Z11)
	ADDQ R9, AX
	ADDQ R9, R10
	ADDQ R9, DX
	ADDQ R9, R11
	ADDQ $64, BX
	DECQ CX
	JNZ  loop

	VBROADCASTSS alpha+48(FP), Z31
	STORE(Z0)
	STORE(Z1)
	STORE(Z2)
	STORE(Z3)
	STORE(Z4)
	STORE(Z5)
	STORE(Z6)
	STORE(Z7)
	STORE(Z8)
	STORE(Z9)
	STORE(Z10)
	STORE(Z11)
	VZEROUPPER
	RET
