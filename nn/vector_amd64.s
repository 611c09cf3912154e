#include "textflag.h"

// Constants, each broadcast where it is used.
DATA ·vc+0(SB)/4, $0x3fb8aa3b  // log2(e)
DATA ·vc+4(SB)/4, $0x3f318000  // ln 2, high part
DATA ·vc+8(SB)/4, $0xb95e8083  // ln 2, low part
DATA ·vc+12(SB)/4, $0x39506967 // exp polynomial, degree 7 first
DATA ·vc+16(SB)/4, $0x3ab743ce
DATA ·vc+20(SB)/4, $0x3c088908
DATA ·vc+24(SB)/4, $0x3d2aa9c1
DATA ·vc+28(SB)/4, $0x3e2aaaaa
DATA ·vc+32(SB)/4, $0x3f000000
DATA ·vc+36(SB)/4, $0x3f800000 // 1
DATA ·vc+40(SB)/4, $0xc2aeac50 // -87.33655, the least argument of exp
DATA ·vc+44(SB)/4, $0x42ae0000 // 87, the greatest
DATA ·vc+48(SB)/4, $0x0000007f // exponent bias, as an integer
DATA ·vc+52(SB)/4, $0x3fcc422a // gelu: 2·sqrt(2/pi)
DATA ·vc+56(SB)/4, $0x3d922279 // gelu: 0.044715 · 2·sqrt(2/pi)
DATA ·vc+60(SB)/4, $0x3e5b33b6 // gelu: three times that
GLOBL ·vc(SB), RODATA|NOPTR, $64

// EXP: Y0 = exp(Y0). Uses Y1, Y2. Cephes' expf: x = n·ln2 + f, polynomial in f.
// The operand order of the clamps lets a NaN through.
#define EXP \
	VMAXPS Y0, Y14, Y0; \
	VMINPS Y0, Y13, Y0; \
	VBROADCASTSS ·vc+0(SB), Y1; \
	VMULPS Y1, Y0, Y1; \
	VROUNDPS $0, Y1, Y1; \
	VBROADCASTSS ·vc+4(SB), Y2; \
	VFNMADD231PS Y2, Y1, Y0; \
	VBROADCASTSS ·vc+8(SB), Y2; \
	VFNMADD231PS Y2, Y1, Y0; \
	VCVTPS2DQ Y1, Y1; \
	VPADDD Y12, Y1, Y1; \
	VPSLLD $23, Y1, Y1; \
	VMOVAPS Y6, Y2; \
	VFMADD213PS Y7, Y0, Y2; \
	VFMADD213PS Y8, Y0, Y2; \
	VFMADD213PS Y9, Y0, Y2; \
	VFMADD213PS Y10, Y0, Y2; \
	VFMADD213PS Y11, Y0, Y2; \
	VFMADD213PS Y15, Y0, Y2; \
	VFMADD213PS Y15, Y0, Y2; \
	VMULPS Y1, Y2, Y0

#define EXPCONSTS \
	VBROADCASTSS ·vc+12(SB), Y6; \
	VBROADCASTSS ·vc+16(SB), Y7; \
	VBROADCASTSS ·vc+20(SB), Y8; \
	VBROADCASTSS ·vc+24(SB), Y9; \
	VBROADCASTSS ·vc+28(SB), Y10; \
	VBROADCASTSS ·vc+32(SB), Y11; \
	VBROADCASTSS ·vc+48(SB), Y12; \
	VBROADCASTSS ·vc+44(SB), Y13; \
	VBROADCASTSS ·vc+40(SB), Y14; \
	VBROADCASTSS ·vc+36(SB), Y15

// Sum of the lanes of Y3 into X3. Uses X1.
#define HADD \
	VEXTRACTF128 $1, Y3, X1; \
	VADDPS X1, X3, X3; \
	VPERMILPS $0x4e, X3, X1; \
	VADDPS X1, X3, X3; \
	VPERMILPS $0xb1, X3, X1; \
	VADDSS X1, X3, X3

// func maxAVX2(x *float32, n int) float32
TEXT ·maxAVX2(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), AX
	MOVQ n+8(FP), CX
	VMOVUPS (AX), Y3
loop:
	VMAXPS (AX), Y3, Y3
	ADDQ $32, AX
	SUBQ $8, CX
	JNZ  loop
	VEXTRACTF128 $1, Y3, X1
	VMAXPS X1, X3, X3
	VPERMILPS $0x4e, X3, X1
	VMAXPS X1, X3, X3
	VPERMILPS $0xb1, X3, X1
	VMAXSS X1, X3, X3
	VMOVSS X3, ret+16(FP)
	VZEROUPPER
	RET

// func sumAVX2(x *float32, n int) float32
TEXT ·sumAVX2(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), AX
	MOVQ n+8(FP), CX
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
pair:
	CMPQ CX, $16
	JLT  rest
	VADDPS (AX), Y3, Y3
	VADDPS 32(AX), Y4, Y4
	ADDQ $64, AX
	SUBQ $16, CX
	JMP  pair
rest:
	TESTQ CX, CX
	JZ   done
	VADDPS (AX), Y3, Y3
done:
	VADDPS Y4, Y3, Y3
	HADD
	VMOVSS X3, ret+16(FP)
	VZEROUPPER
	RET

// func dotAVX2(x, y *float32, n int) float32
TEXT ·dotAVX2(SB), NOSPLIT, $0-28
	MOVQ x+0(FP), AX
	MOVQ y+8(FP), BX
	MOVQ n+16(FP), CX
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
pair:
	CMPQ CX, $16
	JLT  rest
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	VFMADD231PS (BX), Y0, Y3
	VFMADD231PS 32(BX), Y1, Y4
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $16, CX
	JMP  pair
rest:
	TESTQ CX, CX
	JZ   done
	VMOVUPS (AX), Y0
	VFMADD231PS (BX), Y0, Y3
done:
	VADDPS Y4, Y3, Y3
	HADD
	VMOVSS X3, ret+24(FP)
	VZEROUPPER
	RET

// func axpyAVX2(a float32, x, y *float32, n int)
TEXT ·axpyAVX2(SB), NOSPLIT, $0-32
	VBROADCASTSS a+0(FP), Y2
	MOVQ x+8(FP), AX
	MOVQ y+16(FP), BX
	MOVQ n+24(FP), CX
loop:
	VMOVUPS (BX), Y0
	VFMADD231PS (AX), Y2, Y0
	VMOVUPS Y0, (BX)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET

// func scaleAVX2(a float32, x *float32, n int)
TEXT ·scaleAVX2(SB), NOSPLIT, $0-24
	VBROADCASTSS a+0(FP), Y2
	MOVQ x+8(FP), AX
	MOVQ n+16(FP), CX
loop:
	VMULPS (AX), Y2, Y0
	VMOVUPS Y0, (AX)
	ADDQ $32, AX
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET

// func mulAVX2(y, x *float32, n int)
TEXT ·mulAVX2(SB), NOSPLIT, $0-24
	MOVQ y+0(FP), BX
	MOVQ x+8(FP), AX
	MOVQ n+16(FP), CX
loop:
	VMOVUPS (BX), Y0
	VMULPS (AX), Y0, Y0
	VMOVUPS Y0, (BX)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET

// func expSumAVX2(x *float32, max float32, n int) float32
TEXT ·expSumAVX2(SB), NOSPLIT, $0-28
	MOVQ x+0(FP), AX
	VBROADCASTSS max+8(FP), Y4
	MOVQ n+16(FP), CX
	EXPCONSTS
	VXORPS Y3, Y3, Y3
loop:
	VMOVUPS (AX), Y0
	VSUBPS Y4, Y0, Y0
	EXP
	VMOVUPS Y0, (AX)
	VADDPS Y0, Y3, Y3
	ADDQ $32, AX
	SUBQ $8, CX
	JNZ  loop
	HADD
	VMOVSS X3, ret+24(FP)
	VZEROUPPER
	RET

// func softmaxGradAVX2(d, p *float32, dot, scale float32, n int)
TEXT ·softmaxGradAVX2(SB), NOSPLIT, $0-32
	MOVQ d+0(FP), BX
	MOVQ p+8(FP), AX
	VBROADCASTSS dot+16(FP), Y2
	VBROADCASTSS scale+20(FP), Y3
	MOVQ n+24(FP), CX
loop:
	VMOVUPS (BX), Y0
	VSUBPS Y2, Y0, Y0
	VMULPS (AX), Y3, Y1
	VMULPS Y1, Y0, Y0
	VMOVUPS Y0, (BX)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET

// func geluAVX2(dst, slope, x *float32, n int)
//
// With s = 1/(1+exp(-2u)), 2u = x·(k1 + k2·x²): gelu = x·s and
// gelu' = s + x·s·(1-s)·(k1 + 3·k2·x²).
TEXT ·geluAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ slope+8(FP), SI
	MOVQ x+16(FP), AX
	MOVQ n+24(FP), CX
	EXPCONSTS
loop:
	VMOVUPS (AX), Y3                // x
	VMULPS Y3, Y3, Y4               // x²
	VBROADCASTSS ·vc+52(SB), Y0
	VBROADCASTSS ·vc+56(SB), Y1
	VFMADD231PS Y1, Y4, Y0          // k1 + k2·x²
	VXORPS Y1, Y1, Y1
	VSUBPS Y3, Y1, Y1
	VMULPS Y1, Y0, Y0               // -2u
	EXP
	VADDPS Y15, Y0, Y0
	VDIVPS Y0, Y15, Y0              // s
	VMULPS Y0, Y3, Y5               // x·s
	VMOVUPS Y5, (DI)
	VBROADCASTSS ·vc+52(SB), Y1
	VBROADCASTSS ·vc+60(SB), Y2
	VFMADD231PS Y2, Y4, Y1          // k1 + 3·k2·x²
	VSUBPS Y0, Y15, Y2              // 1-s
	VMULPS Y2, Y5, Y5
	VFMADD231PS Y1, Y5, Y0
	VMOVUPS Y0, (SI)
	ADDQ $32, AX
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET
