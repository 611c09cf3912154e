package models

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paw/engine"
	"paw/engine/reference"
	"paw/engine/simd"
	"paw/gguf"
	"paw/tokenizer"
)

// The contract of docs/formats.md §4b.
func TestMiniKeepsItsContract(t *testing.T) {
	file, digest, err := Mini()
	if err != nil {
		t.Fatal(err)
	}
	host, err := simd.NewWazeroHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := simd.Load(t.Context(), host, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	g := e.Geometry()
	if file.Size() > 12<<20 || len(digest) != 64 || g.Context < 512 || g.Vocab < 4096 || g.Vocab > 16384 || !g.TiedOutput {
		t.Errorf("%d bytes, digest %s, geometry %+v", file.Size(), digest, g)
	}
	tok := e.Tokenizer()
	for _, marker := range []string{"<|endoftext|>", "[PSEUDO_PROGRAM]", "[END_PSEUDO_PROGRAM]", "[INPUT]", "[END_INPUT]", "[SPEC]", "[END_SPEC]"} {
		if ids := tok.EncodeTemplate(marker); len(ids) != 1 || !tok.IsControl(ids[0]) {
			t.Errorf("%s is no control token: %v", marker, ids)
		}
		if ids := tok.Encode(marker); len(ids) == 1 {
			t.Errorf("user text %s became token %d", marker, ids[0])
		}
	}
	if end := tok.EncodeTemplate("<|endoftext|>"); end[0] != tok.EOS() {
		t.Errorf("the end of text is token %d", tok.EOS())
	}
	text := "Naïve café №5 — \u00a0日本語 \U0001f600\n\ttabs"
	if got := tok.Decode(tok.Encode(text)); got != text {
		t.Errorf("%q came back as %q", text, got)
	}
}

// Trained weights have outliers that random ones lack: the kernel must follow the oracle here too.
func TestKernelAgreesWithOracleOnTheMini(t *testing.T) {
	file, _, err := Mini()
	if err != nil {
		t.Fatal(err)
	}
	host, err := simd.NewWazeroHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := simd.Load(t.Context(), host, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer kernel.Close()
	oracle, err := reference.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var texts [][]int32
	for _, x := range []struct{ task, input string }{
		{"Decide whether a message is urgent.\nLabels: urgent, wait", "the server is down"},
		{"Classify the ticket.\nLabels: billing, technical, sales", "My card was charged twice for the same month."},
		{"Extract the order number.\n\nExamples:\nInput: order A-1234 is late\nOutput: A-1234", "where is my parcel B-77, please?"},
		{"Write the words in upper case.\n\nExamples:\nInput: red house\nOutput: RED HOUSE", "the quick brown fox"},
		{"Say whether the review is positive or negative.\nLabels: positive, negative", "It broke after two days and nobody answers the phone."},
		{"Write the date as YYYY-MM-DD.", "3 May 2024"},
		{"Find the city in the question.", "Is there a train from Oslo to Bergen on Sunday evening?"},
		{"Which topic is it?\nLabels: sport, politics, weather", "Heavy rain is expected in the north until Friday."},
	} {
		texts = append(texts, kernel.Tokenizer().EncodeTemplate("[PSEUDO_PROGRAM]\nTask: "+x.task+"\n[END_PSEUDO_PROGRAM]\n\n[INPUT]\n"+x.input+"\n[END_INPUT]\n"))
	}
	// And one input of every program of the catalogue: of a few hundred positions one is a third of a per cent.
	data, err := os.ReadFile(filepath.Join("..", "programs", "programs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var p struct {
			Spec  string
			Cases []struct{ Input string }
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		task, _, _ := strings.Cut(p.Spec, "\n\nInput:")
		texts = append(texts, kernel.Tokenizer().EncodeTemplate("[PSEUDO_PROGRAM]\nTask: "+task+"\n[END_PSEUDO_PROGRAM]\n\n[INPUT]\n"+p.Cases[0].Input+"\n[END_INPUT]\n"))
	}
	run := func(e engine.Engine) [][]float32 {
		var out [][]float32
		for _, tokens := range texts {
			p, err := e.NewPrefix(t.Context(), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			s, err := e.NewSession(t.Context(), p, len(tokens))
			if err != nil {
				t.Fatal(err)
			}
			for i := range tokens {
				if err := s.Prefill(t.Context(), tokens[i:i+1]); err != nil {
					t.Fatal(err)
				}
				lp := make([]float32, e.Geometry().Vocab)
				if err := s.LogProbs(t.Context(), lp); err != nil {
					t.Fatal(err)
				}
				out = append(out, lp)
			}
			s.Close()
		}
		return out
	}
	got, plain := run(kernel), run(oracle)
	oracle.Quantize = true
	rounded := run(oracle)
	var worst, sum float64
	n, same, clear := 0, 0, 0
	for i := range got {
		best, second := 0, -1
		for id, v := range plain[i] {
			if v > plain[i][best] {
				best, second = id, best
			} else if id != best && (second < 0 || v > plain[i][second]) {
				second = id
			}
		}
		if plain[i][best]-plain[i][second] > 0.1 {
			clear++
			top := 0
			for id, v := range got[i] {
				if v > got[i][top] {
					top = id
				}
			}
			if top == best {
				same++
			}
		}
		for id, v := range rounded[i] {
			if v < -6 {
				continue // unlikely tokens: nobody reads them
			}
			worst = max(worst, math.Abs(float64(got[i][id]-v)))
			sum += math.Abs(float64(got[i][id] - plain[i][id]))
			n++
		}
	}
	t.Logf("from the quantising oracle at most %.2g, from plain float32 %.3f on average, top token %d of %d", worst, sum/float64(n), same, clear)
	// The mean is the price of activations in seven bits. It costs no answers: 100 development programs are
	// right in 47.7 % of their cases with seven bits and in 47.8 % with eight.
	if worst > 5e-3 || sum/float64(n) > 0.075 || float64(same) < 0.99*float64(clear) {
		t.Error("the kernel strays from the oracle on trained weights")
	}
}

// testdata/mini_ids.jsonl holds what llama.cpp (llama-cpp-python 0.3.36) makes of 400 mixed strings
// with the mini's vocabulary: as plain text, and with control tokens recognised.
func TestMiniTokenizerAgreesWithLlamaCpp(t *testing.T) {
	file, _, err := Mini()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(file, file.Size())
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.FromGGUF(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join("testdata", "mini_ids.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(data) {
		var c struct {
			Text          string
			IDs, Template []int32
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if got := tok.Encode(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("%q: %v, llama.cpp %v", c.Text, got, c.IDs)
		}
		if got := tok.EncodeTemplate(c.Text); !slices.Equal(got, c.Template) {
			t.Errorf("%q as template: %v, llama.cpp %v", c.Text, got, c.Template)
		}
		n++
	}
	if n != 400 {
		t.Errorf("%d strings compared", n)
	}
}
