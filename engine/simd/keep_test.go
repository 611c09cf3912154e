package simd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"paw/engine"
)

// shown copies what PrefixArea points at.
func shown(t *testing.T, e *Engine, p engine.Prefix) []byte {
	t.Helper()
	keys, values, n := e.PrefixArea(p)
	b := make([]byte, 2*n)
	if err := errors.Join(e.host.Read(keys, b[:n]), e.host.Read(values, b[n:])); err != nil {
		t.Fatal(err)
	}
	return b
}

func behind(t *testing.T, e *Engine, p engine.Prefix) []float32 {
	t.Helper()
	s, err := e.NewSession(t.Context(), p, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Prefill(t.Context(), []int32{5, 6, 7}); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, e.geometry.Vocab)
	if err := s.LogProbs(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestARestoredPrefixIsTheComputedOne(t *testing.T) {
	e, m := smallEngine(t)
	a, err := e.Attach(t.Context(), m.adapters[0])
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	tokens := []int32{1, 2, 3, 4, 5, 6, 7, 8, 9}
	empty := e.MemoryInUse()
	computed, err := e.NewPrefix(t.Context(), a, tokens)
	if err != nil {
		t.Fatal(err)
	}
	kept, want := shown(t, e, computed), behind(t, e, computed)
	if err := computed.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, n := e.PrefixArea(computed); n != 0 {
		t.Error("a closed prefix is shown")
	}
	restored, err := e.RestorePrefix(t.Context(), a, tokens, bytes.NewReader(kept))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(behind(t, e, restored), want) || restored.Len() != len(tokens) {
		t.Error("other answers behind the restored prefix")
	}
	if err := restored.Close(); err != nil {
		t.Fatal(err)
	}

	bad := bytes.Clone(kept)
	binary.LittleEndian.PutUint32(bad[len(bad)-4:], math.Float32bits(float32(math.NaN())))
	if _, err := e.RestorePrefix(t.Context(), a, tokens, bytes.NewReader(bad)); !errors.Is(err, engine.ErrUnfinished) {
		t.Errorf("NaN: %v", err)
	}
	if _, err := e.RestorePrefix(t.Context(), a, tokens[:8], bytes.NewReader(kept)); err == nil {
		t.Error("a prefix of another length was taken")
	}
	if have := e.MemoryInUse(); have != empty {
		t.Errorf("%d bytes are in use, %d were before", have, empty)
	}
}
