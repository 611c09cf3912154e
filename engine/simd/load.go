package simd

import (
	"context"
	"fmt"

	"paw/arch"
	"paw/engine"
	"paw/gguf"
)

// scratch is where the kernel's shared buffers lie (abi.h, Scratch).
type scratch struct {
	descriptor uint32
	low, lowQ  uint32
	lowS       uint32
	prepared   uint32
	rank       int // the largest rank the low buffers hold
	fixed      [7]uint32
}

// loader moves the tensors of one base into kernel memory.
type loader struct {
	*Engine
	file     *gguf.File
	src      engine.Source
	spare    uint32 // 8 rows of the widest matrix, for packing in place
	done     int64
	total    int64
	progress func(done, total int64)
}

func (e *Engine) load(ctx context.Context, f *gguf.File, src engine.Source, progress func(done, total int64)) error {
	g := e.geometry
	l := &loader{Engine: e, file: f, src: src, progress: progress}
	need := int64(0)
	for _, t := range f.Tensors {
		l.total += t.Bytes
		need += t.Bytes + alignment + int64(group*t.Dims[0]/block*q8Bytes)
	}
	if err := e.arena.reserve(uint64(need) + uint64(e.scratchBytes(0))); err != nil {
		return err
	}
	widest := max(g.Width, g.FFN)
	spare, err := e.arena.alloc(int64(group * widest / block * q8Bytes))
	if err != nil {
		return err
	}
	l.spare = spare

	model, err := l.model(ctx)
	if err != nil {
		return err
	}
	if e.model, err = e.put(model); err != nil {
		return err
	}
	return e.allocScratch()
}

// model loads every tensor and returns the Model descriptor.
func (l *loader) model(ctx context.Context) ([]byte, error) {
	g := l.geometry
	var layers words
	for i := range g.Layers {
		for _, name := range []string{"attn_norm.weight", "attn_norm.bias", "ffn_norm.weight", "ffn_norm.bias"} {
			at, err := l.floats(ctx, fmt.Sprintf("blk.%d.%s", i, name))
			if err != nil {
				return nil, err
			}
			layers.u32(at)
		}
		for _, m := range g.Modules() {
			w, err := l.matrix(ctx, fmt.Sprintf("blk.%d.%s.weight", i, m.GGUF))
			if err != nil {
				return nil, err
			}
			if w.bias, err = l.floats(ctx, fmt.Sprintf("blk.%d.%s.bias", i, m.GGUF)); err != nil {
				return nil, err
			}
			layers.matrix(w)
		}
	}
	table, err := l.put(layers.b)
	if err != nil {
		return nil, err
	}
	embed, err := l.matrix(ctx, "token_embd.weight")
	if err != nil {
		return nil, err
	}
	output := embed
	if !g.TiedOutput {
		if output, err = l.matrix(ctx, "output.weight"); err != nil {
			return nil, err
		}
	}
	var w words
	w.u32(uint32(g.Layers), uint32(g.Width), uint32(g.Heads), uint32(g.FFN), uint32(g.Vocab))
	w.f32(g.NormEps)
	w.u32(table)
	w.matrix(embed)
	w.matrix(output)
	for _, name := range []string{"position_embd.weight", "output_norm.weight", "output_norm.bias"} {
		at, err := l.floats(ctx, name)
		if err != nil {
			return nil, err
		}
		w.u32(at)
	}
	return w.b, nil
}

func (l *loader) tensor(name string) (gguf.Tensor, error) {
	t, ok := l.file.Tensor(name)
	if !ok {
		return t, fmt.Errorf("tensor %s is missing", name)
	}
	return t, nil
}

func (l *loader) count(n int64) {
	l.done += n
	if l.progress != nil {
		l.progress(l.done, l.total)
	}
}

// floats loads a float tensor; other types are decoded on the way.
func (l *loader) floats(ctx context.Context, name string) (uint32, error) {
	t, err := l.tensor(name)
	if err != nil {
		return 0, err
	}
	at, err := l.arena.alloc(4 * t.Elements())
	if err != nil {
		return 0, err
	}
	if t.Type == gguf.F32 {
		err = l.host.Fill(ctx, at, l.src, t.Offset, t.Bytes)
	} else {
		err = l.decoded(t, at)
	}
	if err != nil {
		return 0, fmt.Errorf("tensor %s: %w", name, err)
	}
	l.count(t.Bytes)
	ok, err := l.host.Call(ctx, "finite", at, uint32(t.Elements()))
	if err == nil && ok == 0 {
		err = fmt.Errorf("%w: tensor %s holds NaN or infinity", engine.ErrUnfinished, name)
	}
	return at, err
}

func (l *loader) decoded(t gguf.Tensor, at uint32) error {
	raw, err := readTensor(l.src, t)
	if err != nil {
		return err
	}
	values := make([]float32, t.Elements())
	if err := gguf.Decode(t.Type, values, raw); err != nil {
		return err
	}
	return l.host.Write(at, gguf.Encode(gguf.F32, nil, values))
}

// matrix loads a weight as packed Q8_0. Rows are padded with zeros to a whole group.
func (l *loader) matrix(ctx context.Context, name string) (matrix, error) {
	t, err := l.tensor(name)
	if err != nil {
		return matrix{}, err
	}
	in, rows := uint32(t.Dims[0]), uint32(t.Dims[1])
	padded := (rows + group - 1) / group * group
	rowBytes := int64(in / block * q8Bytes)
	at, err := l.arena.alloc(int64(padded) * rowBytes)
	if err != nil {
		return matrix{}, err
	}
	if t.Type == gguf.Q8_0 {
		err = l.host.Fill(ctx, at, l.src, t.Offset, t.Bytes)
	} else {
		err = l.requantized(t, at)
	}
	if err == nil && padded > rows {
		_, err = l.host.Call(ctx, "zero", at+uint32(int64(rows)*rowBytes), uint32(int64(padded-rows)*rowBytes))
	}
	if err != nil {
		return matrix{}, fmt.Errorf("tensor %s: %w", name, err)
	}
	ok, err := l.host.Call(ctx, "pack", at, in, padded, l.spare)
	if err != nil {
		return matrix{}, err
	}
	if ok == 0 {
		return matrix{}, fmt.Errorf("%w: tensor %s has a scale that is NaN or infinite", engine.ErrUnfinished, name)
	}
	l.count(t.Bytes)
	return matrix{packed: at, in: in, rows: padded}, l.host.Yield(ctx)
}

func (l *loader) requantized(t gguf.Tensor, at uint32) error {
	raw, err := readTensor(l.src, t)
	if err != nil {
		return err
	}
	if raw, err = gguf.RequantizeQ8(t.Type, raw); err != nil {
		return err
	}
	return l.host.Write(at, raw)
}

func readTensor(src engine.Source, t gguf.Tensor) ([]byte, error) {
	raw := make([]byte, t.Bytes)
	if n, err := src.ReadAt(raw, t.Offset); n < len(raw) {
		return nil, fmt.Errorf("reading %d bytes at offset %d: %w", len(raw), t.Offset, err)
	}
	return raw, nil
}

// fixedSizes are the scratch buffers that depend on the base alone: x, h, y, scores, logits, q, s.
func fixedSizes(g arch.Geometry) [7]int64 {
	widest := int64(max(g.Width, g.FFN))
	vocab := int64(g.Vocab+group-1) / group * group
	return [7]int64{
		4 * chunk * int64(g.Width),
		4 * chunk * int64(g.Width),
		4 * chunk * int64(max(3*g.Width, g.FFN)),
		4 * tile * int64(g.Context+tile),
		4 * vocab,
		2 * chunk * widest,
		4 * chunk * widest / block,
	}
}

func (e *Engine) scratchBytes(rank int) int64 {
	total := int64(rank*chunk*8) + int64(2*4*group*max(rank, e.geometry.Width, e.geometry.FFN)/block) + int64(4*3*e.geometry.Vocab) + 1<<16
	for _, n := range fixedSizes(e.geometry) {
		total += n + alignment
	}
	return total
}

func (e *Engine) allocScratch() (err error) {
	for i, n := range fixedSizes(e.geometry) {
		if e.shared.fixed[i], err = e.arena.alloc(n); err != nil {
			return err
		}
	}
	e.ioSize = 4 * max(3*e.geometry.Vocab, 3*chunk)
	if e.io, err = e.arena.alloc(int64(e.ioSize)); err != nil {
		return err
	}
	if e.shared.descriptor, err = e.arena.alloc(scratchSize); err != nil {
		return err
	}
	return e.growLow(block)
}

// growLow makes the buffers that depend on an adapter's rank hold it.
func (e *Engine) growLow(rank int) (err error) {
	s := &e.shared
	if rank <= s.rank {
		return nil
	}
	own := []*uint32{&s.low, &s.lowQ, &s.lowS, &s.prepared}
	var grown [4]uint32
	for i, n := range []int{4 * chunk * rank, 2 * chunk * rank, 4 * chunk * rank / block, 2 * 4 * group * max(rank, e.geometry.Width, e.geometry.FFN) / block} {
		if grown[i], err = e.arena.alloc(int64(n)); err != nil {
			break
		}
	}
	if err == nil {
		f := s.fixed
		var w words
		w.u32(f[0], f[1], f[2], grown[0], f[3], f[4], f[5], grown[1], f[6], grown[2], grown[3])
		err = e.host.Write(s.descriptor, w.b)
	}
	if err != nil { // the descriptor still names the old ones
		for _, at := range grown {
			e.arena.release(at)
		}
		return err
	}
	for i, p := range own {
		e.arena.release(*p)
		*p = grown[i]
	}
	s.rank = rank
	return nil
}
