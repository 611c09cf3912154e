package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"paw/engine"
	"paw/engine/simd"
	"paw/models/random"
)

const benchHelp = `Measures an interpreter on this machine, one thread under wazero: load, prompt,
decode, and a call of 20 new tokens behind 250 computed ones, with an adapter.
make-model DIR writes a GPT-2 124M geometry with random weights, an adapter and ten
programs, the sizes of the official ones, for measurements.`

// measured is the JSON of paw bench. Rates are tokens a second.
type measured struct {
	Interpreter   string  `json:"interpreter"`
	Bytes         int64   `json:"bytes"`
	LoadMS        float64 `json:"load_ms"`
	AttachMS      float64 `json:"attach_ms"`
	Prefill       float64 `json:"prefill_tok_s"`
	Decode        float64 `json:"decode_tok_s"`
	CallMS        float64 `json:"call_ms"`
	ReadGBs       float64 `json:"read_gb_s"`          // one thread summing the weights' bytes, four streams at once
	PlainGBs      float64 `json:"plain_read_gb_s"`    // the same from front to back
	DecodeShare   float64 `json:"decode_bandwidth"`   // decode's bytes a second over read_gb_s
	PlainShare    float64 `json:"decode_plain_share"` // and over plain_read_gb_s
	MemoryMB      float64 `json:"memory_mb"`
	AdapterRank   int     `json:"adapter_rank"`
	PrefillTokens int     `json:"prefill_tokens"`
}

func benchCommand(ctx context.Context, c *console, args []string) error {
	f := newFlags(c, "bench", "[make-model DIR]", benchHelp)
	interpreter := f.String("interpreter", "", "a GPT-2 GGUF `file` or model id (default: the embedded mini)")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	switch {
	case len(rest) == 2 && rest[0] == "make-model":
		return makeModel(c, rest[1], *f.json)
	case len(rest) != 0:
		return misuse("say nothing, or make-model DIR")
	}
	m, err := measure(ctx, c, *interpreter)
	if err != nil {
		return err
	}
	if *f.json {
		return printJSON(c.out, m)
	}
	fmt.Fprintf(c.out, "%s, %.1f MB, adapter of rank %d\n", m.Interpreter, float64(m.Bytes)/1e6, m.AdapterRank)
	fmt.Fprintf(c.out, "  load %.0f ms, attach %.0f ms, kernel memory %.0f MB\n", m.LoadMS, m.AttachMS, m.MemoryMB)
	fmt.Fprintf(c.out, "  prompt %.0f tok/s, decode %.0f tok/s, call %.1f ms\n", m.Prefill, m.Decode, m.CallMS)
	fmt.Fprintf(c.out, "  one thread reads %.1f GB/s from front to back, %.1f in four streams; decode uses %.0f and %.0f %% of it\n",
		m.PlainGBs, m.ReadGBs, 100*m.PlainShare, 100*m.DecodeShare)
	return nil
}

func measure(ctx context.Context, c *console, name string) (measured, error) {
	show := newProgress(c)
	defer show.done()
	started := time.Now()
	b, err := openBase(ctx, name, show.bytes("loading the interpreter"))
	if err != nil {
		return measured{}, err
	}
	defer b.Close()
	g := b.Engine.Geometry()
	m := measured{Interpreter: b.RuntimeID, Bytes: b.Source.Size(), LoadMS: ms(started), AdapterRank: 32, PrefillTokens: min(250, g.Context-40)}
	if g.Width >= 512 {
		m.AdapterRank = 64
	}
	var file bytes.Buffer
	if err := random.Adapter(&file, g, m.AdapterRank, 1); err != nil {
		return m, err
	}
	started = time.Now()
	a, err := b.Engine.Attach(ctx, bytes.NewReader(file.Bytes()))
	if err != nil {
		return m, err
	}
	m.AttachMS = ms(started)
	tokens := make([]int32, m.PrefillTokens)
	for i := range tokens {
		tokens[i] = int32(i * 37 % g.Vocab)
	}
	show.show("measuring", "measuring")
	if err := m.rates(ctx, b.Engine, a, tokens); err != nil {
		return m, err
	}
	e := b.Engine.(*simd.Engine)
	m.MemoryMB = round(float64(e.MemoryInUse()) / 1e6)
	read, err := e.ReadBandwidth(ctx)
	if err != nil {
		return m, err
	}
	m.ReadGBs, m.PlainGBs = round(read.Streams/1e9), round(read.Plain/1e9)
	decoded := m.Decode * float64(e.BytesPerToken())
	m.DecodeShare, m.PlainShare = round(decoded/read.Streams), round(decoded/read.Plain)
	return m, nil
}

// repeat runs f for about a second, after one run that warms up, and returns seconds a run.
func repeat(f func() error) (float64, error) {
	if err := f(); err != nil {
		return 0, err
	}
	started, n := time.Now(), 0
	for ; n < 3 || time.Since(started) < time.Second; n++ {
		if err := f(); err != nil {
			return 0, err
		}
	}
	return time.Since(started).Seconds() / float64(n), nil
}

func (m *measured) rates(ctx context.Context, e engine.Engine, a engine.Adapter, tokens []int32) error {
	seconds, err := repeat(func() error {
		p, err := e.NewPrefix(ctx, a, tokens)
		if err != nil {
			return err
		}
		return p.Close()
	})
	if err != nil {
		return err
	}
	m.Prefill = round(float64(len(tokens)) / seconds)
	p, err := e.NewPrefix(ctx, a, tokens)
	if err != nil {
		return err
	}
	seconds, err = repeat(func() error { return session(ctx, e, p, tokens[:1], 16) })
	if err != nil {
		return err
	}
	m.Decode = round(16 / seconds)
	seconds, err = repeat(func() error { return session(ctx, e, p, tokens[:20], 1) })
	m.CallMS = round(1e3 * seconds)
	return err
}

// session runs n times some tokens and a greedy choice.
func session(ctx context.Context, e engine.Engine, p engine.Prefix, tokens []int32, n int) error {
	s, err := e.NewSession(ctx, p, n*len(tokens))
	if err != nil {
		return err
	}
	defer s.Close()
	for range n {
		if err := s.Prefill(ctx, tokens); err != nil {
			return err
		}
		if _, err := s.Top(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

func ms(since time.Time) float64 { return round(float64(time.Since(since).Microseconds()) / 1e3) }
