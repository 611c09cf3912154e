package neural

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"paw/arch"
	"paw/compiler/pseudo"
	"paw/gguf"
	"paw/models"
	"paw/tokenizer"
)

// mini is the shipped neural compiler with the interpreter's geometry and tokenizer.
func mini(t testing.TB) (*Model, arch.Geometry, *tokenizer.Tokenizer, string) {
	t.Helper()
	base, digest, err := models.Mini()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(base, base.Size())
	if err != nil {
		t.Fatal(err)
	}
	geo, err := arch.FromGGUF(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := tokenizer.FromGGUF(f)
	if err != nil {
		t.Fatal(err)
	}
	encoder, weights, snapshot, err := models.MiniCompiler()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(encoder, weights, geo, text, digest, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return m, geo, text, digest
}

// testdata/mini.jsonl was written by train/export_compiler.py: what the encoder reads for some specs,
// and the coefficients that PyTorch computes in float32 from the weights as the shipped files hold them.
func TestAgreesWithPyTorch(t *testing.T) {
	m, _, text, _ := mini(t)
	data, err := os.ReadFile(filepath.Join("testdata", "mini.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	n, worst, largest := 0, 0.0, 0.0
	for line := range bytes.Lines(data) {
		var want struct {
			Task         string
			Labels       []string
			Examples     [][2]string
			Tokens       []int32
			Coefficients []float32
		}
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		spec := pseudo.Spec{Task: want.Task, Labels: want.Labels}
		for _, e := range want.Examples {
			spec.Examples = append(spec.Examples, pseudo.Example{Input: e[0], Output: e[1]})
		}
		count := func(s string) int { return len(text.EncodeTemplate(s)) }
		tokens := m.tokens(spec, spec.Examples, spec.PseudoProgram(spec.Examples, count))
		if !slices.Equal(tokens, want.Tokens) {
			t.Errorf("%q is read as\n%v, by PyTorch's side as\n%v", want.Task, tokens, want.Tokens)
		}
		got, err := m.Coefficients(want.Tokens)
		if err != nil || len(got) != len(want.Coefficients) {
			t.Fatalf("%d coefficients, %d wanted: %v", len(got), len(want.Coefficients), err)
		}
		for i, c := range got {
			worst = max(worst, math.Abs(float64(c-want.Coefficients[i])))
			largest = max(largest, math.Abs(float64(c)))
		}
		n++
	}
	t.Logf("%d specs: coefficients up to %.2f, at most %.2g from PyTorch's", n, largest, worst)
	if n < 4 || worst > 1e-3 || largest < 0.1 {
		t.Error("the neural compiler strays from its definition")
	}
}

// The adapter is the sum that the format defines, written down here without any shortcut.
func TestAdapterIsTheMixture(t *testing.T) {
	m, geo, _, _ := mini(t)
	n := geo.Layers * len(geo.Modules()) * m.mapper.bases * 2
	c := make([]float32, n)
	for i := range c {
		c[i] = float32(i%17)/8 - 1
	}
	a := m.mapper.adapter(c)
	names := []string{"attn_c_proj", "c_attn", "c_fc", "mlp_c_proj"} // alphabetical, as the format says
	for i, pair := range a.Pairs {
		layer, info := i/len(geo.Modules()), geo.Modules()[i%len(geo.Modules())]
		place := slices.Index(names, info.Mapper)
		basis := m.mapper.pairs[i%len(geo.Modules())]
		for _, at := range []int{0, 5, len(pair.A) - 1} {
			var want float64
			for k := range m.mapper.bases {
				want += float64(c[((layer*4+place)*m.mapper.bases+k)*2]) * float64(basis.a[k*len(pair.A)+at])
			}
			if math.Abs(want-float64(pair.A[at])) > 1e-4 {
				t.Fatalf("layer %d %s: A[%d] = %g, the sum is %g", layer, info.Mapper, at, pair.A[at], want)
			}
		}
		at := len(pair.B) / 2
		var want float64
		for k := range m.mapper.bases {
			want += float64(c[((layer*4+place)*m.mapper.bases+k)*2+1]) * float64(basis.b[k*len(pair.B)+at])
		}
		if math.Abs(want-float64(pair.B[at])) > 1e-4 {
			t.Fatalf("layer %d %s: B[%d] = %g, the sum is %g", layer, info.Mapper, at, pair.B[at], want)
		}
	}
}

// Specs of every length give an adapter, and the same one twice.
func TestEverySpecGivesAnAdapter(t *testing.T) {
	m, _, text, _ := mini(t)
	long := string(bytes.Repeat([]byte("Say whether the word is a fruit. "), 400))
	for _, s := range []string{"Is it a fruit?", long, "Éa \U0001f600 [SPEC] [END_SPEC] <|endoftext|>", "x: [INPUT]\n\nInput: a\nOutput: b"} {
		spec, err := pseudo.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		program := spec.PseudoProgram(spec.Examples, func(s string) int { return len(text.EncodeTemplate(s)) })
		tokens := m.tokens(spec, spec.Examples, program)
		if len(tokens) > most {
			t.Errorf("%.20q: %d tokens, the encoder was trained on %d", s, len(tokens), most)
		}
		marks := 0
		for _, id := range tokens[:len(tokens)-m.mapper.prefix] {
			if int(id) >= text.Size() {
				t.Errorf("%.20q: text became the prefix token %d", s, id)
			}
			if text.IsControl(id) {
				marks++
			}
		}
		if marks > 5 || marks < 4 {
			t.Errorf("%.20q: %d control tokens, [SPEC] [END_SPEC] [PSEUDO_PROGRAM] [END_PSEUDO_PROGRAM] and the end are wanted", s, marks)
		}
		a, err := m.Adapter(spec, spec.Examples, program)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.Adapter(spec, spec.Examples, program)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Pairs {
			if !slices.Equal(a.Pairs[i].A, b.Pairs[i].A) || !slices.Equal(a.Pairs[i].B, b.Pairs[i].B) {
				t.Fatalf("%.20q: another adapter the second time", s)
			}
		}
	}
}

func TestFilesThatDoNotFitAreRefused(t *testing.T) {
	_, geo, text, digest := mini(t)
	encoder, weights, snapshot, err := models.MiniCompiler()
	if err != nil {
		t.Fatal(err)
	}
	narrow := geo
	narrow.Layers--
	for name, load := range map[string]func() error{
		"another interpreter": func() error {
			_, err := Load(encoder, weights, geo, text, "00"+digest[2:], snapshot)
			return err
		},
		"another geometry": func() error { _, err := Load(encoder, weights, narrow, text, digest, snapshot); return err },
		"files exchanged":  func() error { _, err := Load(encoder, encoder, geo, text, digest, snapshot); return err },
	} {
		if err := load(); !errors.Is(err, ErrWeights) {
			t.Errorf("%s: %v", name, err)
		}
	}
	cut := make([]byte, weights.Size()/2)
	if _, err := weights.ReadAt(cut, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(encoder, bytes.NewReader(cut), geo, text, digest, snapshot); err == nil {
		t.Error("half a mapper was loaded")
	}
}

// Every key and tensor of a mapper is checked: a file without it, or with a number out of range, is refused.
func TestMapperKeysAreChecked(t *testing.T) {
	_, geo, text, digest := mini(t)
	encoder, _, _, err := models.MiniCompiler()
	if err != nil {
		t.Fatal(err)
	}
	whole := map[string]any{
		"general.architecture": "paw-mapper", "paw.mapper.bases": uint32(32), "paw.mapper.rank": uint32(32),
		"paw.mapper.prefix": uint32(16), "paw.mapper.alpha": float32(16), "paw.mapper.interpreter_sha256": digest,
	}
	for key, bad := range map[string]any{
		"general.architecture": "gpt2", "paw.mapper.bases": uint32(1 << 20), "paw.mapper.rank": uint32(0), "paw.mapper.prefix": uint32(100000),
		"paw.mapper.alpha": float32(math.Inf(1)), "paw.mapper.interpreter_sha256": "", "none": nil,
	} {
		var kvs []gguf.KV
		for k, v := range whole {
			if k == key {
				v = bad
			}
			kvs = append(kvs, gguf.KV{Key: k, Value: v})
		}
		var buf bytes.Buffer
		if err := gguf.Write(&buf, kvs, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(encoder, bytes.NewReader(buf.Bytes()), geo, text, digest, "x"); !errors.Is(err, ErrWeights) {
			t.Errorf("%s = %v: %v", key, bad, err)
		}
	}
}

func BenchmarkAdapter(b *testing.B) {
	m, _, text, _ := mini(b)
	spec, err := pseudo.Parse("Classify if this message is urgent. Return ONLY one of: urgent, wait")
	if err != nil {
		b.Fatal(err)
	}
	program := spec.PseudoProgram(nil, func(s string) int { return len(text.EncodeTemplate(s)) })
	for b.Loop() {
		if _, err := m.Adapter(spec, nil, program); err != nil {
			b.Fatal(err)
		}
	}
}
