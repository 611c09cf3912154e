package simd

import "testing"

// The descriptors that Go writes and those that the C reads must have the same sizes and offsets.
func TestLayoutMatchesKernel(t *testing.T) {
	h, err := NewWazeroHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for i, want := range []struct {
		what string
		n    uint32
	}{
		{"ABI version", abiVersion}, {"heap base", 0}, {"Matrix", matrixSize}, {"Layer", layerSize}, {"Model", modelSize},
		{"Adapter", adapterSize}, {"Pair", pairSize}, {"Segment", segmentSize}, {"Scratch", scratchSize}, {"Session", sessionSize},
		{"Candidate", candidateSize}, {"chunk", chunk}, {"Session.tail", sessionTail}, {"Model.embed", 7 * 4},
	} {
		got, err := h.Call(t.Context(), "abi_word", uint32(i))
		if err != nil {
			t.Fatal(err)
		}
		if want.n != 0 && got != want.n {
			t.Errorf("%s: kernel %d, Go %d", want.what, got, want.n)
		}
	}
}
