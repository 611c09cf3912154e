package jshost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"paw/compiler"
	"paw/compiler/finetune"
	"paw/engine/simd"
	"paw/function"
	"paw/models"
	"paw/pawfile"
	"paw/web/bundle"
)

const root = "../.."

// pawWasm is the module that the site serves: built here, the same bytes.
var pawWasm = sync.OnceValues(func() ([]byte, error) { return bundle.Wasm(context.Background(), root) })

// fixture is a base with two programs for it, and the engine that "paw run" answers with.
type fixture struct {
	file     *bytes.Reader
	digest   string
	engine   *simd.Engine
	programs [2][]byte
}

var theFixture = sync.OnceValues(func() (*fixture, error) {
	ctx := context.Background()
	file, digest, err := models.Mini()
	if err != nil {
		return nil, err
	}
	host, err := simd.NewWazeroHost(ctx)
	if err != nil {
		return nil, err
	}
	e, err := simd.Load(ctx, host, file, nil)
	if err != nil {
		return nil, err
	}
	f := &fixture{file: file, digest: digest, engine: e}
	c := finetune.New("paw-ft-mini", finetune.Base{RuntimeID: models.MiniID, Interpreter: models.MiniID, SHA256: digest, Source: file, Engine: e})
	for i, spec := range []string{
		"Decide whether a message is urgent.\nAnswer with one of: urgent, wait.\n\nInput: the server is down\nOutput: urgent\nInput: no hurry\nOutput: wait\n",
		"Write the last word of the sentence.\n\nInput: the red house\nOutput: house\nInput: my old dog\nOutput: dog\n",
	} {
		p, err := c.Compile(ctx, compiler.Request{Spec: spec, Steps: 6, SkipEvaluation: true}, nil)
		if err != nil {
			return nil, err
		}
		if f.programs[i], err = p.Encode(); err != nil {
			return nil, err
		}
	}
	return f, nil
})

// start runs paw.wasm with the mini loaded.
func start(t *testing.T) (*Worker, *fixture) {
	t.Helper()
	wasm, err := pawWasm()
	if err != nil {
		t.Fatal(err)
	}
	f, err := theFixture()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := Start(context.Background(), wasm, Options{Output: &out, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		if t.Failed() && out.Len() > 0 {
			t.Logf("the module printed: %s", &out)
		}
	})
	var last map[string]any
	n := w.AddSource(f.file, f.file.Size())
	a, err := w.Request(context.Background(), map[string]any{"op": "load", "source": n, "size": f.file.Size(), "sha256": f.digest}, func(p map[string]any) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	if a["context"] != 512.0 || last["done"] != last["total"] || last["total"] == 0.0 {
		t.Fatalf("load answered %v, last progress %v", a, last)
	}
	return w, f
}

func (w *Worker) do(t *testing.T, message map[string]any) map[string]any {
	t.Helper()
	a, err := w.Request(context.Background(), message, nil)
	if err != nil {
		t.Fatalf("%v: %v", message["op"], err)
	}
	return a
}

var inputs = []string{"the disk is full", "", "später 日本語 🙂", "[END_INPUT] <|endoftext|> wait", "one two three four five six seven"}

// answers of an open function, without the time they took.
func (w *Worker) answers(t *testing.T, number any) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, input := range inputs {
		a := w.do(t, map[string]any{"op": "call", "function": number, "input": input, "maxTokens": 8, "threshold": 0.6})
		delete(a, "id")
		delete(a, "ms")
		out = append(out, a)
	}
	return out
}

func TestServedModuleIsTheOneTested(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "web/dist/assets.json"))
	if err != nil {
		t.Log("the site is not built here: nothing to compare (make web builds it)")
		return
	}
	var assets map[string]bundle.Asset
	if err := json.Unmarshal(text, &assets); err != nil {
		t.Fatal(err)
	}
	served, err := os.ReadFile(filepath.Join(root, "web/dist", filepath.FromSlash(assets["paw.wasm"].URL)))
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := pawWasm()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(served, wasm) {
		t.Log("web/dist is older than the sources: make web")
	}
}

func TestAnswersEqualPawRun(t *testing.T) {
	w, f := start(t)
	var numbers [2]any
	var first [2][]map[string]any
	for i := range f.programs {
		a := w.do(t, map[string]any{"op": "open", "program": f.programs[i]})
		numbers[i] = a["function"]
		first[i] = w.answers(t, numbers[i])
	}
	if again := w.answers(t, numbers[0]); !reflect.DeepEqual(again, first[0]) {
		t.Error("A, B, A: B disturbed A")
	}
	w.do(t, map[string]any{"op": "close", "function": numbers[0]})
	if again := w.answers(t, numbers[1]); !reflect.DeepEqual(again, first[1]) {
		t.Error("closing A disturbed B")
	}
	ctx := context.Background()
	for i, data := range f.programs {
		p, err := pawfile.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		fn, err := function.Open(ctx, f.engine, p, function.Options{BaseSHA256: f.digest})
		if err != nil {
			t.Fatal(err)
		}
		for k, input := range inputs {
			want, err := fn.Call(ctx, input, function.Call{MaxTokens: 8, Threshold: 0.6})
			if err != nil {
				t.Fatal(err)
			}
			got := first[i][k]
			if got["output"] != want.Output || got["label"] != want.Label || got["confidence"] != want.Confidence ||
				got["tokens"] != float64(want.Tokens) || got["stop"] != string(want.Stop) || got["abstained"] != want.Abstained {
				t.Errorf("program %d, input %q: %v, paw run gives %+v", i, input, got, want)
			}
			shares, _ := got["probabilities"].([]any)
			if len(shares) != len(want.Probabilities) {
				t.Fatalf("program %d: %d probabilities, want %d", i, len(shares), len(want.Probabilities))
			}
			for j, s := range shares {
				if s.(map[string]any)["probability"] != want.Probabilities[j].Probability {
					t.Errorf("program %d, input %q: probability %v, want %v", i, input, s, want.Probabilities[j])
				}
			}
		}
		fn.Close()
	}
}

func TestPiecesJoinToTheOutput(t *testing.T) {
	w, f := start(t)
	for _, p := range f.programs {
		n := w.do(t, map[string]any{"op": "open", "program": p})["function"]
		var text string
		m := map[string]any{"op": "call", "function": n, "input": "the disk is full", "maxTokens": 8, "stream": true}
		a, err := w.Request(context.Background(), m, func(p map[string]any) { text += p["piece"].(string) })
		if err != nil || a["output"] != text || text == "" {
			t.Errorf("answer %v, pieces %q, error %v", a, text, err)
		}
	}
}

func TestAbortMidPrefill(t *testing.T) {
	w, f := start(t)
	a := w.do(t, map[string]any{"op": "open", "program": f.programs[1]})
	want := w.answers(t, a["function"])
	long := make([]int32, 480)
	for i := range long {
		long[i] = int32(300 + i%500)
	}
	for _, after := range []time.Duration{0, 2 * time.Millisecond, 20 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		_, err := w.Request(ctx, map[string]any{"op": "measure", "prefix": long, "input": []int32{300}, "decode": 1}, nil)
		cancel()
		var e *RequestError
		if !errors.As(err, &e) || e.Kind != "aborted" {
			t.Errorf("aborted after %v: %v", after, err)
		}
	}
	before := w.do(t, map[string]any{"op": "memory"})["kernel"]
	if again := w.answers(t, a["function"]); !reflect.DeepEqual(again, want) {
		t.Error("aborted prefills changed later answers")
	}
	if now := w.do(t, map[string]any{"op": "memory"})["kernel"]; now != before {
		t.Errorf("kernel memory in use went from %v to %v", before, now)
	}
}

func TestErrorsNameTheirKind(t *testing.T) {
	w, f := start(t)
	opened := w.do(t, map[string]any{"op": "open", "program": f.programs[0]})["function"]
	damaged := bytes.Clone(f.programs[0])
	damaged[len(damaged)/2] ^= 0x40
	for name, c := range map[string]struct {
		message map[string]any
		kind    string
	}{
		"unknown operation":  {map[string]any{"op": "fly"}, "input"},
		"no operation":       {map[string]any{}, "input"},
		"unknown function":   {map[string]any{"op": "call", "function": 99, "input": "x"}, "input"},
		"too long":           {map[string]any{"op": "call", "function": opened, "input": string(bytes.Repeat([]byte("word "), 3000))}, "context"},
		"garbage program":    {map[string]any{"op": "open", "program": []byte("PK\x03\x04")}, "program"},
		"damaged program":    {map[string]any{"op": "open", "program": damaged}, "program"},
		"program is a text":  {map[string]any{"op": "open", "program": "x"}, "input"},
		"second base":        {map[string]any{"op": "load", "source": 0, "size": 10}, "input"},
		"token out of range": {map[string]any{"op": "forced", "tokens": []int{1, 2, 1 << 30}, "first": 1}, "input"},
		"forced from zero":   {map[string]any{"op": "forced", "tokens": []int{1}, "first": 0}, "input"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Request(context.Background(), c.message, nil)
			var e *RequestError
			if !errors.As(err, &e) || e.Kind != c.kind || e.Message == "" {
				t.Errorf("%v, want kind %s", err, c.kind)
			}
		})
	}
	if got := w.answers(t, opened); len(got) != len(inputs) {
		t.Error("the worker does not answer any more")
	}
}

func TestLoadRefusesDamagedBases(t *testing.T) {
	wasm, err := pawWasm()
	if err != nil {
		t.Fatal(err)
	}
	f, err := theFixture()
	if err != nil {
		t.Fatal(err)
	}
	whole := make([]byte, f.file.Size())
	if _, err := f.file.ReadAt(whole, 0); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"cut": whole[:len(whole)/2], "no GGUF": []byte("hello, this is no model at all"), "damaged header": append([]byte("GGUF\xff\xff\xff\xff"), whole[8:]...)} {
		t.Run(name, func(t *testing.T) {
			w, err := Start(context.Background(), wasm, Options{Cache: cache})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			n := w.AddSource(bytes.NewReader(data), int64(len(data)))
			_, err = w.Request(context.Background(), map[string]any{"op": "load", "source": n, "size": len(data)}, nil)
			var e *RequestError
			if !errors.As(err, &e) || e.Kind == "" || e.Message == "" {
				t.Errorf("load of a damaged base: %v", err)
			}
			if _, err := w.Request(context.Background(), map[string]any{"op": "open", "program": f.programs[0]}, nil); !errors.As(err, &e) || e.Kind != "base" {
				t.Errorf("open without a base: %v", err)
			}
		})
	}
}
