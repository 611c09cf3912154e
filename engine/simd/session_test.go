package simd

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"paw/engine"
	"paw/gguf"
	"paw/models/random"
)

func smallEngine(t *testing.T) (*Engine, model) {
	t.Helper()
	m := randomModel(t, geometries()[1], random.Options{Seed: 9, Type: gguf.Q8_0, Deviation: 0.06}, 32)
	return loadSIMD(t, m.base), m
}

func newSession(t *testing.T, e *Engine, a engine.Source, prefix []int32, capacity int) engine.Session {
	t.Helper()
	var adapter engine.Adapter
	if a != nil {
		var err error
		if adapter, err = e.Attach(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		defer adapter.Close()
	}
	p, err := e.NewPrefix(t.Context(), adapter, prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() // the session keeps it alive
	s, err := e.NewSession(t.Context(), p, capacity)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScoreIsTheSoftmaxOfTheChosenRows(t *testing.T) {
	e, m := smallEngine(t)
	s := newSession(t, e, m.adapters[0], []int32{1, 2, 3}, 4)
	defer s.Close()
	if err := s.Prefill(t.Context(), []int32{7, 8}); err != nil {
		t.Fatal(err)
	}
	all := make([]float32, m.geometry.Vocab)
	if err := s.LogProbs(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	rows := []int32{0, 5, 6, 7, 299, 31}
	got, err := s.Score(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	var sum, total float64
	for _, r := range rows {
		sum += math.Exp(float64(all[r]))
	}
	for i, r := range rows {
		total += float64(got[i])
		if want := math.Exp(float64(all[r])) / sum; math.Abs(want-float64(got[i])) > 1e-5 {
			t.Errorf("row %d: %v, want %v", r, got[i], want)
		}
	}
	if math.Abs(total-1) > 1e-5 {
		t.Errorf("probabilities sum to %v", total)
	}
}

func TestTopAgreesWithLogProbs(t *testing.T) {
	e, m := smallEngine(t)
	s := newSession(t, e, nil, nil, 4)
	defer s.Close()
	if err := s.Prefill(t.Context(), []int32{11}); err != nil {
		t.Fatal(err)
	}
	all := make([]float32, m.geometry.Vocab)
	if err := s.LogProbs(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	want := order(all)
	for _, k := range []int{1, 5, m.geometry.Vocab, m.geometry.Vocab + 10} {
		got, err := s.Top(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != min(k, m.geometry.Vocab) {
			t.Fatalf("top %d gave %d candidates", k, len(got))
		}
		var sum float64
		for i, c := range got {
			sum += float64(c.Prob)
			if int(c.Token) != want[i] || c.LogProb != all[want[i]] {
				t.Fatalf("top %d, place %d: %+v, want token %d with %v", k, i, c, want[i], all[want[i]])
			}
		}
		if k >= m.geometry.Vocab && math.Abs(sum-1) > 1e-4 {
			t.Errorf("all probabilities sum to %v", sum)
		}
	}
}

func TestTruncateForgets(t *testing.T) {
	e, m := smallEngine(t)
	run := func(detour bool) []float32 {
		s := newSession(t, e, m.adapters[0], []int32{1, 2, 3}, 20)
		defer s.Close()
		if err := s.Prefill(t.Context(), []int32{4, 5}); err != nil {
			t.Fatal(err)
		}
		if detour {
			if err := s.Prefill(t.Context(), []int32{9, 9, 9, 9}); err != nil {
				t.Fatal(err)
			}
			if err := s.Truncate(5); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Top(t.Context(), 1); !errors.Is(err, engine.ErrNoHidden) {
				t.Errorf("top after truncate: %v, want ErrNoHidden", err)
			}
		}
		if err := s.Prefill(t.Context(), []int32{6}); err != nil {
			t.Fatal(err)
		}
		lp := make([]float32, m.geometry.Vocab)
		if err := s.LogProbs(t.Context(), lp); err != nil {
			t.Fatal(err)
		}
		if err := s.Truncate(2); err == nil {
			t.Error("truncating into the prefix was allowed")
		}
		return lp
	}
	if !slices.Equal(run(false), run(true)) {
		t.Error("a detour that was truncated away changed the answer")
	}
}

func TestLimitsAreErrorsBeforeComputation(t *testing.T) {
	e, m := smallEngine(t)
	var long *engine.ContextError
	if _, err := e.NewPrefix(t.Context(), nil, make([]int32, m.geometry.Context+1)); !errors.As(err, &long) {
		t.Errorf("a prefix beyond the context: %v", err)
	}
	p, err := e.NewPrefix(t.Context(), nil, make([]int32, 10))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.NewSession(t.Context(), p, m.geometry.Context-9); !errors.As(err, &long) {
		t.Errorf("a session beyond the context: %v", err)
	}
	if _, err := e.NewSession(t.Context(), p, 0); err == nil {
		t.Error("a session without room was allowed")
	}
	s, err := e.NewSession(t.Context(), p, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Top(t.Context(), 1); !errors.Is(err, engine.ErrNoHidden) {
		t.Errorf("top before any token: %v", err)
	}
	if err := s.Prefill(t.Context(), make([]int32, 4)); !errors.As(err, &long) {
		t.Errorf("tokens beyond the session's room: %v", err)
	}
	for _, bad := range []int32{-1, int32(m.geometry.Vocab), math.MaxInt32} {
		if err := s.Prefill(t.Context(), []int32{bad}); !errors.Is(err, engine.ErrToken) {
			t.Errorf("token %d: %v", bad, err)
		}
		if _, err := s.Score(t.Context(), []int32{bad}); !errors.Is(err, engine.ErrToken) {
			t.Errorf("row %d: %v", bad, err)
		}
	}
	if s.Len() != 10 {
		t.Errorf("refused calls changed the session: %d positions", s.Len())
	}
}

func TestEverythingIsGivenBack(t *testing.T) {
	e, m := smallEngine(t)
	before := e.MemoryInUse()
	for range 3 {
		s := newSession(t, e, m.adapters[0], []int32{1, 2, 3}, 20)
		if err := s.Prefill(t.Context(), []int32{4}); err != nil {
			t.Fatal(err)
		}
		s.Close()
		s.Close() // harmless
		if err := s.Prefill(t.Context(), []int32{4}); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("prefill of a closed session: %v", err)
		}
	}
	if after := e.MemoryInUse(); after != before {
		t.Errorf("%d bytes in use before, %d after", before, after)
	}
}

func TestAbort(t *testing.T) {
	e, m := smallEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := newSession(t, e, m.adapters[0], nil, 100)
	defer s.Close()
	cancel()
	if err := s.Prefill(ctx, make([]int32, 90)); !errors.Is(err, context.Canceled) {
		t.Errorf("prefill under an ended context: %v", err)
	}
	if s.Len() > chunk {
		t.Errorf("%d tokens were run after the context ended", s.Len())
	}
	before := e.MemoryInUse()
	if _, err := e.NewPrefix(ctx, nil, make([]int32, 90)); !errors.Is(err, context.Canceled) {
		t.Errorf("prefix under an ended context: %v", err)
	}
	if after := e.MemoryInUse(); after != before {
		t.Errorf("an aborted prefix keeps %d bytes", after-before)
	}
}

// Sessions of several goroutines share one kernel.
func TestHammer(t *testing.T) {
	e, m := smallEngine(t)
	want := forced(t, e, m.adapters[0], []int32{1, 2, 3}, []int32{4, 5, 6})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				got := forced(t, e, bytes.NewReader(readAll(t, m.adapters[0])), []int32{1, 2, 3}, []int32{4, 5, 6})
				for i := range want {
					if !slices.Equal(got[i], want[i]) {
						t.Errorf("step %d: another answer under load", i)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func readAll(t *testing.T, r *bytes.Reader) []byte {
	b := make([]byte, r.Size())
	if _, err := r.ReadAt(b, 0); err != nil {
		t.Error(err)
	}
	return b
}

func TestNonFiniteWeightsAreRefused(t *testing.T) {
	m := randomModel(t, geometries()[0], random.Options{Seed: 3, Type: gguf.Q8_0}, 32)
	f, err := gguf.Parse(m.base, m.base.Size())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tensor string
		bytes  []byte
		ok     bool
	}{
		{"blk.0.ffn_up.weight", []byte{0x00, 0x7e}, false},              // NaN scale
		{"blk.0.ffn_up.weight", []byte{0x00, 0xfc}, false},              // -Inf scale
		{"blk.0.ffn_up.weight", []byte{0x00, 0x80}, true},               // -0
		{"blk.0.ffn_up.weight", []byte{0x01, 0x00}, true},               // subnormal
		{"blk.0.ffn_up.weight", []byte{0x34, 0xa9}, true},               // negative
		{"output_norm.weight", []byte{0x00, 0x00, 0x80, 0x7f}, false},   // Inf
		{"output_norm.weight", []byte{0x01, 0x00, 0x80, 0xff}, false},   // NaN
		{"position_embd.weight", []byte{0x00, 0x00, 0xc0, 0x7f}, false}, // NaN
	} {
		tensor, _ := f.Tensor(c.tensor)
		b := readAll(t, m.base)
		copy(b[tensor.Offset:], c.bytes)
		host, err := NewWazeroHost(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		e, err := Load(t.Context(), host, bytes.NewReader(b), nil)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, engine.ErrUnfinished) {
			t.Errorf("%s with %x: %v", c.tensor, c.bytes, err)
		}
		if e != nil {
			r := rand.New(rand.NewPCG(1, 1))
			tokens := randomTokens(r, 5, m.geometry.Vocab)
			compareQuantized(t, forced(t, e, nil, nil, tokens), forced(t, loadReference(t, bytes.NewReader(b), true), nil, nil, tokens))
			e.Close()
		}
	}
}

// full is a host whose memory cannot grow any more.
type full struct{ Host }

func (full) Grow(uint32) error { return errors.New("no memory") }

// An adapter of a larger rank that finds no memory leaves the others as they were.
func TestNoMemoryForALargerRank(t *testing.T) {
	e, m := smallEngine(t)
	answers := func() []float32 {
		t.Helper()
		s := newSession(t, e, m.adapters[0], []int32{1, 2, 3}, 4)
		defer s.Close()
		if err := s.Prefill(t.Context(), []int32{7, 8}); err != nil {
			t.Fatal(err)
		}
		out := make([]float32, m.geometry.Vocab)
		if err := s.LogProbs(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	before, rank, low := answers(), e.shared.rank, e.shared.low
	free, used := e.arena.free, len(e.arena.used)
	e.arena.free, e.arena.host = nil, full{e.host}
	if err := e.growLow(128); !errors.Is(err, engine.ErrMemory) {
		t.Fatalf("grown: %v", err)
	}
	if e.shared.rank != rank || e.shared.low != low || len(e.arena.used) != used {
		t.Errorf("rank %d, buffer %#x, %d allocations; before %d, %#x, %d", e.shared.rank, e.shared.low, len(e.arena.used), rank, low, used)
	}
	e.arena.free, e.arena.host = free, e.host
	if !slices.Equal(answers(), before) {
		t.Error("other answers than before")
	}
	if err := e.growLow(128); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(answers(), before) {
		t.Error("other answers with larger buffers")
	}
}
