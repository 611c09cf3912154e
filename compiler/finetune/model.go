package finetune

import (
	"errors"
	"fmt"
	"io"

	"paw/arch"
	"paw/gguf"
	"paw/nn"
)

// Model is a frozen GPT-2 in float32, its matrices packed once for the forward
// and once for the backward direction. It is immutable and safe for concurrent
// use: several trainings may share one.
type Model struct {
	geo    arch.Geometry
	layers []layer
	final  norm

	embed     []byte // token embedding as stored; rows are expanded when used
	embedType gguf.Type
	embedRow  int       // bytes per row
	positions []float32 // (context, width)

	head, headBack *nn.Packed // (width → vocab), and back
}

type norm struct{ gain, bias []float32 } // (width)

type layer struct {
	norm1, norm2 norm
	linears      [modules]linear // in the order of arch.Geometry.Modules
}

// linear is a frozen y = x·Wᵀ + bias.
type linear struct {
	in, out           int
	bias              []float32  // (out)
	forward, backward *nn.Packed // Wᵀ (in × out), W (out × in)
}

// The modules of a GPT-2 layer, as arch orders them.
const (
	attnQKV = iota
	attnOutput
	ffnUp
	ffnDown
	modules
)

// ErrArchitecture means that the interpreter is not one this trainer can run.
var ErrArchitecture = errors.New("finetune trains GPT-2 interpreters only")

// LoadModel reads a base GGUF and expands it to float32: about 8 bytes per
// weight of memory. Nothing of src is needed afterwards.
func LoadModel(src io.ReaderAt, size int64) (*Model, error) {
	f, err := gguf.Parse(src, size)
	if err != nil {
		return nil, fmt.Errorf("finetune: base: %w", err)
	}
	geo, err := arch.FromGGUF(f)
	if err != nil {
		return nil, fmt.Errorf("finetune: base: %w", err)
	}
	if geo.Arch != "gpt2" {
		return nil, fmt.Errorf("finetune: base is %q: %w", geo.Arch, ErrArchitecture)
	}
	l := &loader{src: src, file: f}
	m := &Model{geo: geo, layers: make([]layer, geo.Layers)}
	m.loadEmbedding(l)
	m.positions = l.floats("position_embd.weight")
	m.final = l.norm("output_norm")
	infos := geo.Modules()
	for i := range m.layers {
		ly := &m.layers[i]
		ly.norm1 = l.norm(fmt.Sprintf("blk.%d.attn_norm", i))
		ly.norm2 = l.norm(fmt.Sprintf("blk.%d.ffn_norm", i))
		for j, info := range infos {
			ly.linears[j] = l.linear(fmt.Sprintf("blk.%d.%s", i, info.GGUF), info.In, info.Out)
		}
	}
	if l.err != nil {
		return nil, fmt.Errorf("finetune: base: %w", l.err)
	}
	return m, nil
}

// Geometry is the shape of the interpreter.
func (m *Model) Geometry() arch.Geometry { return m.geo }

func (m *Model) loadEmbedding(l *loader) {
	t, data := l.bytes("token_embd.weight")
	if l.err != nil {
		return
	}
	m.embed, m.embedType, m.embedRow = data, t.Type, len(data)/m.geo.Vocab
	w := make([]float32, m.geo.Vocab*m.geo.Width)
	if m.geo.TiedOutput {
		l.decode(t, w, data)
	} else {
		w = l.floats("output.weight")
	}
	if l.err == nil {
		m.head = nn.PackB(true, m.geo.Width, m.geo.Vocab, w, m.geo.Width)
		m.headBack = nn.PackB(false, m.geo.Vocab, m.geo.Width, w, m.geo.Width)
	}
}

// embedInto writes the embedding of token at position to dst (width).
func (m *Model) embedInto(dst []float32, token, position int32) {
	row := m.embed[int(token)*m.embedRow : (int(token)+1)*m.embedRow]
	// The type and the length were checked when the model was loaded.
	if err := gguf.Decode(m.embedType, dst, row); err != nil {
		panic(fmt.Sprintf("finetune: embedding row %d: %v", token, err))
	}
	w := m.geo.Width
	nn.Add(dst, 1, m.positions[int(position)*w:(int(position)+1)*w])
}

// loader reads tensors and keeps the first error.
type loader struct {
	src  io.ReaderAt
	file *gguf.File
	err  error
}

func (l *loader) bytes(name string) (gguf.Tensor, []byte) {
	t, ok := l.file.Tensor(name)
	if !ok && l.err == nil {
		l.err = fmt.Errorf("tensor %s is missing", name)
	}
	if l.err != nil {
		return t, nil
	}
	data := make([]byte, t.Bytes)
	if _, err := l.src.ReadAt(data, t.Offset); err != nil && !(errors.Is(err, io.EOF)) {
		l.err = fmt.Errorf("tensor %s at offset %d: %w", name, t.Offset, err)
		return t, nil
	}
	if err := gguf.CheckFinite(t.Type, data); err != nil {
		l.err = fmt.Errorf("tensor %s: %w", name, err)
	}
	return t, data
}

func (l *loader) floats(name string) []float32 {
	t, data := l.bytes(name)
	if l.err != nil {
		return nil
	}
	dst := make([]float32, t.Elements())
	l.decode(t, dst, data)
	return dst
}

// decode expands data in pieces of whole blocks, in parallel: a 124M base has
// 500 MB of floats.
func (l *loader) decode(t gguf.Tensor, dst []float32, data []byte) {
	const piece = 1 << 16 // a multiple of every block size
	n := len(dst) / piece
	bytes := int(int64(len(data)) * piece / int64(max(1, len(dst)))) // exact: blocks are uniform
	errs := make([]error, n+1)
	nn.Parallel(n+1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if i < n {
				errs[i] = gguf.Decode(t.Type, dst[i*piece:(i+1)*piece], data[i*bytes:(i+1)*bytes])
			} else if rest := dst[n*piece:]; len(rest) > 0 {
				errs[i] = gguf.Decode(t.Type, rest, data[n*bytes:])
			}
		}
	})
	if err := errors.Join(errs...); err != nil && l.err == nil {
		l.err = fmt.Errorf("tensor %s: %w", t.Name, err)
	}
}

func (l *loader) norm(name string) norm {
	return norm{l.floats(name + ".weight"), l.floats(name + ".bias")}
}

// linear reads name.weight (out × in, row-major) and name.bias.
func (l *loader) linear(name string, in, out int) linear {
	w, bias := l.floats(name+".weight"), l.floats(name+".bias")
	if l.err != nil {
		return linear{}
	}
	return linear{in: in, out: out, bias: bias,
		forward:  nn.PackB(true, in, out, w, in),
		backward: nn.PackB(false, out, in, w, in),
	}
}
