package simd

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"paw/engine"
	"paw/gguf"
	"paw/models/random"
	"paw/wasm/kernel"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const teamIdx = 14 // of abi_word in the threaded builds: where threads.h keeps the job

// sharedMemory is a module that exports a memory of 1 to 64 MiB, shared: (memory (export "memory") 16 1024 shared).
var sharedMemory = []byte("\x00asm\x01\x00\x00\x00" + "\x05\x05\x01\x03\x10\x80\x08" + "\x07\x0a\x01\x06memory\x02\x00")

// threaded is the kernel with helpers, each an instance in a goroutine, as a page has them in workers. They cannot
// be ended, so neither is the runtime.
type threaded struct{ *wazeroHost }

func (threaded) Close() error { return nil }

func threadedHost(t *testing.T, helpers int) threaded {
	t.Helper()
	ctx := context.Background()
	features := api.CoreFeaturesV2 | experimental.CoreFeaturesThreads
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCoreFeatures(features).WithCompilationCache(compilations()))
	memory, err := r.InstantiateWithConfig(ctx, sharedMemory, wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		t.Fatal(err)
	}
	instance := func() api.Module {
		m, err := r.InstantiateWithConfig(ctx, kernel.Threads, wazero.NewModuleConfig().WithName("").WithStartFunctions())
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	h := threaded{&wazeroHost{runtime: r, module: instance(), memory: memory.ExportedMemory("memory"), functions: map[string]api.Function{}}}
	for i := range helpers {
		serve := instance().ExportedFunction("serve")
		go func() {
			_, err := serve.Call(ctx, uint64(i))
			panic(err) // it never returns
		}()
	}
	for team := h.word(t, teamIdx); int(atomic.LoadUint32(h.at(team+4))) < helpers; { // until all serve
	}
	return h
}

func (h threaded) word(t *testing.T, i uint32) uint32 {
	t.Helper()
	v, err := h.Call(t.Context(), "abi_word", i)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// at is a word of the kernel's memory.
func (h threaded) at(address uint32) *uint32 {
	b, _ := h.memory.Read(address, 4)
	return (*uint32)(unsafe.Pointer(&b[0]))
}

func loadThreaded(t *testing.T, m model, helpers int) (*Engine, threaded) {
	t.Helper()
	h := threadedHost(t, helpers)
	e, err := Load(t.Context(), h, m.base, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e, h
}

func TestThreadsGiveTheSameBits(t *testing.T) {
	for _, i := range []int{3, 6} { // the mini's shape, and a width at which most products are shared
		g := geometries()[i]
		m := randomModel(t, g, random.Options{Seed: uint64(i), Type: gguf.Q8_0}, 32)
		tokens := randomTokens(rand.New(rand.NewPCG(uint64(i), 4)), 151, g.Vocab)
		run := func(e *Engine) (out []float32) {
			for _, adapter := range []engine.Source{nil, m.adapters[0]} {
				s := newSession(t, e, adapter, tokens[:40], len(tokens)-40)
				for _, cut := range [][2]int{{40, 140}, {140, 141}, {141, 151}} {
					if err := s.Prefill(t.Context(), tokens[cut[0]:cut[1]]); err != nil {
						t.Fatal(err)
					}
					lp := make([]float32, g.Vocab)
					if err := s.LogProbs(t.Context(), lp); err != nil {
						t.Fatal(err)
					}
					out = append(out, lp...)
				}
				s.Close()
			}
			return out
		}
		want := run(loadSIMD(t, m.base))
		numbers := []int{0, 1, 3}
		if testing.Short() {
			numbers = []int{2}
		}
		for _, helpers := range numbers {
			e, h := loadThreaded(t, m, helpers)
			if got := run(e); !slices.Equal(got, want) {
				t.Errorf("%d helpers, width %d: other log-probabilities than one thread", helpers, g.Width)
			}
			// The number of jobs says whether any was shared at all.
			if jobs := atomic.LoadUint32(h.at(h.word(t, teamIdx) + 128)); (jobs > 0) != (helpers > 0) {
				t.Errorf("%d helpers, width %d: %d jobs were shared", helpers, g.Width, jobs)
			} else {
				t.Logf("%d helpers, width %d: %d jobs", helpers, g.Width, jobs)
			}
		}
	}
}

func TestHelpersThatDie(t *testing.T) {
	g := geometries()[6]
	m := randomModel(t, g, random.Options{Seed: 1, Type: gguf.Q8_0}, 32)
	e, h := loadThreaded(t, m, 0)
	team := h.word(t, teamIdx)
	tokens := randomTokens(rand.New(rand.NewPCG(1, 4)), 60, g.Vocab)

	// One that holds no share costs nothing.
	*h.at(team + 4) = 1
	s := newSession(t, e, nil, nil, len(tokens))
	if err := s.Prefill(t.Context(), tokens[:20]); err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		return
	}
	// One that takes a share and never ends it fails the call.
	go func() {
		for {
			if ticket := atomic.AddUint32(h.at(team), 1) - 1; ticket&0xffff < ticket>>16 {
				return
			}
			for ticket := atomic.LoadUint32(h.at(team)); ticket&0xffff >= ticket>>16; ticket = atomic.LoadUint32(h.at(team)) {
			}
		}
	}()
	if err := s.Prefill(t.Context(), tokens[20:]); err == nil || !strings.Contains(err.Error(), "unreachable") {
		t.Errorf("a share that is never done gives %v", err)
	}
}
