package neural

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"paw/arch"
	"paw/compiler/finetune"
	"paw/gguf"
	"paw/nn"
)

// mapper is the second half of a neural compiler, in float32.
type mapper struct {
	geo                 arch.Geometry // of the interpreter
	width               int           // of the encoder
	bases, rank, prefix int
	alpha               float32
	interpreter         string  // SHA-256 of its file
	temperature         float32 // of the answers of programs that have no examples to fit one; 0: unknown

	trunk, trunkBias []float32 // (width, width), (width)
	head, headBias   []float32 // (layers·modules·bases·2, width), (layers·modules·bases·2)
	pairs            []basis   // in the order of arch.Geometry.Modules
	fixed            []float32 // coefficients of the control (see Model.Fixed), or nil
}

// basis holds the shared matrices of a module type. place is its index in the coefficients.
type basis struct {
	place int
	a, b  []float32 // (bases, rank·in), (bases, out·rank)
}

// Bounds of what a file may ask for.
const (
	maxBases  = 256
	maxPrefix = 256
)

func readMapper(f *gguf.File, src io.ReaderAt, geo arch.Geometry, width int) (*mapper, error) {
	if a, _ := f.String("general.architecture"); a != "paw-mapper" {
		return nil, fmt.Errorf("%w: general.architecture is %q, not paw-mapper", ErrWeights, a)
	}
	m := &mapper{geo: geo, width: width}
	var err error
	number := func(key string, most uint64) int {
		v, ok := f.Uint("paw.mapper." + key)
		if (!ok || v < 1 || v > most) && err == nil {
			err = fmt.Errorf("%w: paw.mapper.%s is %d, 1 to %d are possible", ErrWeights, key, v, most)
		}
		return int(v)
	}
	m.bases, m.rank, m.prefix = number("bases", maxBases), number("rank", arch.MaxRank), number("prefix", maxPrefix)
	alpha, ok := f.Float("paw.mapper.alpha")
	if err == nil && (!ok || !(alpha > 0) || math.IsInf(alpha, 0)) {
		err = fmt.Errorf("%w: paw.mapper.alpha is %g", ErrWeights, alpha)
	}
	if err != nil {
		return nil, err
	}
	m.alpha = float32(alpha)
	m.interpreter, _ = f.String("paw.mapper.interpreter_sha256")
	if t, ok := f.Float("paw.mapper.temperature"); ok {
		if !(t > 0.01 && t < 100) {
			return nil, fmt.Errorf("%w: paw.mapper.temperature is %g", ErrWeights, t)
		}
		m.temperature = float32(t)
	}
	l := loader{file: f, src: src}
	infos := geo.Modules()
	n := geo.Layers * len(infos) * m.bases * 2
	m.trunk, m.trunkBias = l.floats("trunk.0.weight", width, width), l.floats("trunk.0.bias", width)
	m.head, m.headBias = l.floats("coeff_head.weight", width, n), l.floats("coeff_head.bias", n)
	var names []string
	for _, i := range infos {
		names = append(names, i.Mapper)
	}
	slices.Sort(names)
	for _, i := range infos {
		m.pairs = append(m.pairs, basis{
			place: slices.Index(names, i.Mapper),
			a:     l.floats("A_bases_"+i.Mapper, i.In, m.rank, m.bases),
			b:     l.floats("B_bases_"+i.Mapper, m.rank, i.Out, m.bases),
		})
	}
	if _, ok := f.Tensor("fixed_coefficients"); ok {
		m.fixed = l.floats("fixed_coefficients", n)
	}
	return m, l.err
}

// loader reads tensors of exact shapes and keeps the first error.
type loader struct {
	file *gguf.File
	src  io.ReaderAt
	err  error
}

func (l *loader) floats(name string, dims ...int) []float32 {
	if l.err != nil {
		return nil
	}
	t, ok := l.file.Tensor(name)
	if !ok {
		l.err = fmt.Errorf("%w: tensor %s is missing", ErrWeights, name)
		return nil
	}
	if !slices.EqualFunc(t.Dims, dims, func(a uint64, b int) bool { return a == uint64(b) }) {
		l.err = fmt.Errorf("%w: tensor %s is %v, %v is needed", ErrWeights, name, t.Dims, dims)
		return nil
	}
	data, dst := make([]byte, t.Bytes), make([]float32, t.Elements())
	if _, err := l.src.ReadAt(data, t.Offset); err != nil && !errors.Is(err, io.EOF) {
		l.err = fmt.Errorf("tensor %s at offset %d: %w", name, t.Offset, err)
		return nil
	}
	if err := errors.Join(gguf.CheckFinite(t.Type, data), gguf.Decode(t.Type, dst, data)); err != nil {
		l.err = fmt.Errorf("tensor %s: %w", name, err)
		return nil
	}
	return dst
}

// coefficients: the mean over layers and positions, the trunk, the head.
func (m *mapper) coefficients(states [][]float32) []float32 {
	h := make([]float32, m.width)
	rows := 0
	for _, s := range states {
		for at := 0; at < len(s); at += m.width {
			nn.Add(h, 1, s[at:at+m.width])
			rows++
		}
	}
	nn.Scale(h, 1/float32(rows))
	z := affine(m.trunk, m.trunkBias, h)
	for i, x := range z {
		z[i] = float32(0.5 * float64(x) * (1 + math.Erf(float64(x)/math.Sqrt2))) // the published trunk's GELU is the exact one
	}
	return affine(m.head, m.headBias, z)
}

func affine(w, bias, x []float32) []float32 {
	y := slices.Clone(bias)
	for i := range y {
		y[i] += nn.Dot(w[i*len(x):(i+1)*len(x)], x)
	}
	return y
}

// adapter mixes the bases: A = Σ c·A_n, B = Σ c·B_n for every layer and module.
func (m *mapper) adapter(c []float32) *finetune.Adapter {
	a := finetune.NewAdapter(m.geo, m.rank, m.alpha)
	modules := len(m.pairs)
	nn.Parallel(len(a.Pairs), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			p, layer := m.pairs[i%modules], i/modules
			c := c[(layer*modules+p.place)*m.bases*2:]
			for n := range m.bases {
				nn.Add(a.Pairs[i].A, c[2*n], p.a[n*len(a.Pairs[i].A):][:len(a.Pairs[i].A)])
				nn.Add(a.Pairs[i].B, c[2*n+1], p.b[n*len(a.Pairs[i].B):][:len(a.Pairs[i].B)])
			}
		}
	})
	return a
}
