// Package neural compiles by a forward pass: an encoder reads the specification
// and the pseudo-program, a mapper turns its states into the coefficients of an
// adapter. It follows the architecture of Program-as-Weights (section 3; the
// layout of the files is docs/formats.md §5), for encoders of GPT-2 shape.
//
// It promises the numbers of the PyTorch definition within float32 rounding
// (coefficients within 1e-3, tested), on the dequantised weights of the files. It
// trains nothing, writes no prompts and measures no program: package finetune,
// which takes a Model as its Start, does.
package neural

import (
	"errors"
	"fmt"

	"paw/arch"
	"paw/compiler/finetune"
	"paw/compiler/pseudo"
	"paw/engine"
	"paw/gguf"
	"paw/tokenizer"
)

// ErrWeights means that encoder, mapper and interpreter do not belong together.
var ErrWeights = errors.New("the neural compiler's files do not fit")

// Model is a loaded neural compiler for one interpreter. It is immutable and safe for concurrent use.
type Model struct {
	encoder  *finetune.Model
	text     *tokenizer.Tokenizer // of the interpreter
	mapper   *mapper
	snapshot string
}

// Load reads the two files of a neural compiler. geometry and text are those of the interpreter, digest
// the SHA-256 of its file: a mapper names the one it was trained with. snapshot names these weights.
func Load(encoder, weights engine.Source, geometry arch.Geometry, text *tokenizer.Tokenizer, digest, snapshot string) (*Model, error) {
	e, err := finetune.LoadModel(encoder, encoder.Size())
	if err != nil {
		return nil, fmt.Errorf("neural: encoder: %w", err)
	}
	f, err := gguf.Parse(weights, weights.Size())
	if err != nil {
		return nil, fmt.Errorf("neural: mapper: %w", err)
	}
	m, err := readMapper(f, weights, geometry, e.Geometry().Width)
	if err != nil {
		return nil, fmt.Errorf("neural: mapper: %w", err)
	}
	if m.interpreter != digest {
		return nil, fmt.Errorf("neural: %w: the mapper was trained for the interpreter %.12s…, this one is %.12s…: take the files of one release", ErrWeights, m.interpreter, digest)
	}
	if have, want := e.Geometry().Vocab, text.Size()+m.prefix; have != want {
		return nil, fmt.Errorf("neural: %w: the encoder has %d tokens, the interpreter's %d and %d of the prefix make %d", ErrWeights, have, text.Size(), m.prefix, want)
	}
	return &Model{encoder: e, text: text, mapper: m, snapshot: snapshot}, nil
}

// Snapshot names the weights.
func (m *Model) Snapshot() string { return m.snapshot }

// Temperature calibrates the answers of programs without examples; 0 means unknown.
func (m *Model) Temperature() float32 { return m.mapper.temperature }

// Adapter compiles a specification with some of its examples.
func (m *Model) Adapter(spec pseudo.Spec, examples []pseudo.Example, pseudoProgram string) (*finetune.Adapter, error) {
	c, err := m.Coefficients(m.tokens(spec, examples, pseudoProgram))
	if err != nil {
		return nil, err
	}
	return m.mapper.adapter(c), nil
}

// most is what the encoder was trained to read at once, prefix included.
const most = 480

// tokens are what the encoder reads: [SPEC] … [END_SPEC], pseudo-program, end of text, prefix.
// A long specification loses its end; its task is in the pseudo-program as well.
func (m *Model) tokens(spec pseudo.Spec, examples []pseudo.Example, pseudoProgram string) []int32 {
	text, end := spec.SpecText(examples)
	tail := append(m.text.EncodeTemplate(end), m.text.EncodeTemplate(pseudoProgram)...)
	tail = append(tail, m.text.EOS())
	for i := range m.mapper.prefix {
		tail = append(tail, int32(m.text.Size()+i))
	}
	room := min(most, m.encoder.Geometry().Context) - len(tail)
	head := m.text.EncodeTemplate(text)
	return append(head[:min(len(head), max(room, 0))], tail...)
}

// Coefficients runs the encoder on tokens and the mapper on its states: (layers, modules, bases, 2),
// the last axis A and B, modules in the alphabetical order of their published names.
func (m *Model) Coefficients(tokens []int32) ([]float32, error) {
	states, err := m.encoder.States(tokens, m.mapper.prefix, depths(m.encoder.Geometry().Layers, m.mapper.geo.Layers))
	if err != nil {
		return nil, fmt.Errorf("neural: %w", err)
	}
	return m.mapper.coefficients(states), nil
}

// depths are the encoder's layers whose states serve the interpreter's layers.
func depths(encoder, interpreter int) []int {
	d := make([]int, interpreter)
	for l := range d {
		d[l] = max(0, (l+1)*encoder/interpreter-1)
	}
	return d
}

// Control is a Start that gives every specification the same adapter: what a neural compiler is
// measured against.
type Control struct {
	name    string
	adapter *finetune.Adapter
}

// Bare is the control "pseudo-program only": no adapter at all.
func Bare(g arch.Geometry) *Control {
	return &Control{"bare", finetune.NewAdapter(g, 32, 16)}
}

// Fixed is the control "one adapter for all programs", trained beside the compiler on the same tasks;
// nil if the files do not hold it.
func (m *Model) Fixed() *Control {
	if m.mapper.fixed == nil {
		return nil
	}
	return &Control{"fixed", m.mapper.adapter(m.mapper.fixed)}
}

// Adapter implements finetune.Start.
func (c *Control) Adapter(pseudo.Spec, []pseudo.Example, string) (*finetune.Adapter, error) {
	return c.adapter.Clone(), nil
}

// Snapshot implements finetune.Start.
func (c *Control) Snapshot() string { return c.name }

// Temperature implements finetune.Start.
func (c *Control) Temperature() float32 { return 0 }
