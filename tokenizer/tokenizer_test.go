package tokenizer

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"paw/gguf"
)

func TestControlTokens(t *testing.T) {
	tok := byteTokenizer(t, "i n")
	n := int32(tok.Size())
	in, both, think, eos := n-4, n-3, n-2, n-1
	for _, c := range []struct {
		text string
		want []int32 // -1 stands for plain text
	}{
		{"", nil},
		{"in", []int32{-1}},
		{"[IN]", []int32{in}},
		{"a[IN]b", []int32{-1, in, -1}},
		{"[IN][IN]", []int32{in, in}},
		{"[IN][OUT]", []int32{both}}, // the longest
		{"[[IN]]", []int32{-1, in, -1}},
		{"[IN", []int32{-1}},
		{"<think>\n<|endoftext|>", []int32{think, -1, eos}},
	} {
		var got []int32
		for _, id := range tok.EncodeTemplate(c.text) {
			if id < in {
				id = -1
			}
			if id >= 0 || len(got) == 0 || got[len(got)-1] >= 0 {
				got = append(got, id)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("template %q: %v, want %v", c.text, got, c.want)
		}
		plain := tok.Encode(c.text)
		if i := slices.IndexFunc(plain, func(id int32) bool { return id >= in }); i >= 0 {
			t.Errorf("plain %q yields token %d", c.text, plain[i])
		}
		if back := tok.Decode(plain); back != c.text {
			t.Errorf("plain %q became %q", c.text, back)
		}
	}
	if got := tok.Decode([]int32{in, tok.initial['x'], both, think, eos, -1, n, 1 << 30}); got != "x<think>" {
		t.Errorf("decode skips control tokens and what is none: %q", got)
	}
	if tok.IsControl(think) || !tok.IsControl(in) || !tok.IsControl(eos) || tok.IsControl(-1) || tok.IsControl(n) {
		t.Error("IsControl")
	}
	if string(tok.Bytes(in)) != "[IN]" || tok.Bytes(n) != nil || tok.Bytes(-1) != nil {
		t.Error("Bytes")
	}
}

// TestNoMergeIntoControl: merges cannot spell a control token, so plain text never becomes one.
func TestNoMergeIntoControl(t *testing.T) {
	tokens, types, _ := ByteVocabulary("[ I", "N ]")
	tokens, types = append(tokens, "[IN]", "e"+"os"), append(types, TypeControl, TypeNormal)
	_, err := New(tokens, types, []string{"[ I", "N ]", "[I N]"}, "gpt-2", len(tokens)-1)
	if err == nil || !strings.Contains(err.Error(), "merge 2") {
		t.Errorf("got %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	tokens, types, merges := ByteVocabulary("a b")
	last := len(tokens) - 1
	without := slices.Delete(slices.Clone(tokens), 5, 6)
	for _, c := range []struct {
		name   string
		tokens []string
		types  []int32
		merges []string
		pre    string
		eos    int
	}{
		{"no tokens", nil, nil, nil, "gpt-2", 0},
		{"types missing", tokens, types[1:], merges, "gpt-2", last},
		{"too many tokens", make([]string, maxTokens+1), make([]int32, maxTokens+1), nil, "gpt-2", 0},
		{"too many merges", tokens, types, make([]string, maxTokens+1), "gpt-2", last},
		{"unknown rule", tokens, types, merges, "llama-bpe", last},
		{"eos beyond", tokens, types, merges, "gpt-2", last + 1},
		{"eos negative", tokens, types, merges, "gpt-2", -1},
		{"eos is a byte", tokens, types, merges, "gpt-2", 7},
		{"eos is merged", tokens, types, merges, "gpt-2", last},
		{"byte missing", without, types[1:], nil, "gpt-2", last - 1},
		{"merge of unknown parts", tokens, types, []string{"a b", "ab zz"}, "gpt-2", last},
		{"merge into nothing", append(slices.Clone(tokens), "<eos>"), append(slices.Clone(types), 3), []string{"a c"}, "gpt-2", last + 1},
		{"merge without a space", append(slices.Clone(tokens), "<eos>"), append(slices.Clone(types), 3), []string{"ab"}, "gpt-2", last + 1},
		{"empty control token", append(slices.Clone(tokens), ""), append(slices.Clone(types), 3), merges, "gpt-2", last + 1},
	} {
		tok, err := New(c.tokens, c.types, c.merges, c.pre, c.eos)
		var e *Error
		if !errors.As(err, &e) || tok != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, _, _, err := FromMerges("#version: 0.2\n"); err == nil {
		t.Error("a vocabulary file without merges")
	}
}

func parseKVs(t *testing.T, kvs []gguf.KV) *gguf.File {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.Write(&b, kvs, nil); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestGGUFRoundTrip(t *testing.T) {
	for _, pre := range []string{"gpt-2", "qwen2"} {
		a := byteTokenizer(t, "a b", "ab c", "Ġ x")
		a.pre = pre
		b, err := FromGGUF(parseKVs(t, a.KVs()))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: another tokenizer comes back", pre)
		}
	}
}

// TestFromGGUF changes one key of a good file at a time.
func TestFromGGUF(t *testing.T) {
	good := byteTokenizer(t, "a b").KVs()
	for _, c := range []struct {
		key   string
		value any // nil: the key is left out
		ok    bool
	}{
		{"tokenizer.ggml.pre", nil, true}, {"tokenizer.ggml.token_type", nil, true}, {"tokenizer.ggml.bos_token_id", nil, true},
		{"tokenizer.ggml.model", nil, false}, {"tokenizer.ggml.model", "llama", false}, {"tokenizer.ggml.model", uint32(1), false},
		{"tokenizer.ggml.pre", "llama-bpe", false},
		{"tokenizer.ggml.tokens", nil, false}, {"tokenizer.ggml.tokens", []string{}, false}, {"tokenizer.ggml.tokens", []int32{1}, false},
		{"tokenizer.ggml.merges", nil, false}, {"tokenizer.ggml.merges", "a b", false},
		{"tokenizer.ggml.token_type", []int32{1, 2}, false},
		{"tokenizer.ggml.eos_token_id", nil, false}, {"tokenizer.ggml.eos_token_id", uint32(1 << 20), false}, {"tokenizer.ggml.eos_token_id", int32(-1), false},
	} {
		var kvs []gguf.KV
		for _, kv := range good {
			if kv.Key == c.key {
				if c.value == nil {
					continue
				}
				kv.Value = c.value
			}
			kvs = append(kvs, kv)
		}
		_, err := FromGGUF(parseKVs(t, kvs))
		var e *Error
		if (err == nil) != c.ok || err != nil && !errors.As(err, &e) {
			t.Errorf("%s = %v: %v", c.key, c.value, err)
		}
	}
}

// TestReplacement: one U+FFFD for each maximal ill-formed part (Unicode 3.9, table 3-8 and neighbours).
func TestReplacement(t *testing.T) {
	tok := byteTokenizer(t)
	for in, want := range map[string]string{
		"":                                     "",
		"plain é 漢 😀":                          "plain é 漢 😀",
		"\ufffd":                               "\ufffd",
		"\x80":                                 "?",
		"\xff\xfe":                             "??",
		"\xe2\x82":                             "?",
		"\xe2\x82x":                            "?x",
		"\xf0\x9f\x98":                         "?",
		"\xf0\x9f\x98\xf0\x9f\x98":             "??",
		"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41": "????????A",
		"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41": "????????A",
		"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42": "?????A??B",
		"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41": "????A",
		"a\xf1\x80\x80\xe1\x80\xc2b\x80c\x80\xbfd": "a???b?c??d",
		"\xc2":     "?",
		"\xf5\x80": "??",
		"\xe0\xa0": "?",
		"\xe0\x9f": "??",
		"\xf4\x8f": "?",
		"\xf4\x90": "??",
	} {
		want = strings.ReplaceAll(want, "?", "\ufffd")
		ids := tok.Encode(in)
		if len(ids) != len(in) {
			t.Errorf("% x: %d tokens", in, len(ids))
		}
		if got := tok.Decode(ids); got != want {
			t.Errorf("% x: %q, want %q", in, got, want)
		}
	}
}

// TestLongWords: no text makes tokenising quadratic.
func TestLongWords(t *testing.T) {
	tok := byteTokenizer(t, "a a", "aa aa", "aaaa aaaa", "Ġ Ġ", "ĠĠ ĠĠ", "! !", "b a")
	qwen := *tok
	qwen.pre = "qwen2"
	const n = 100_000
	for _, unit := range []string{"a", " ", "!", "\n", "ba", "\xff", "a ", "'", "é", "\n ", " \u00a0"} {
		text := strings.Repeat(unit, n/len(unit))
		for _, tok := range []*Tokenizer{tok, &qwen} {
			start := time.Now()
			ids := tok.Encode(text)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%d bytes of %q took %v", n, unit, took)
			}
			var b []byte
			for _, id := range ids {
				b = append(b, tok.Bytes(id)...)
			}
			if string(b) != text {
				t.Errorf("%q is not what was encoded", unit)
			}
		}
	}
}

// TestConcurrent: one tokenizer serves many goroutines.
func TestConcurrent(t *testing.T) {
	tok := byteTokenizer(t, "a b", "Ġ a")
	want := tok.EncodeTemplate("[IN] ab ab é<think>")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got := tok.EncodeTemplate("[IN] ab ab é<think>"); !slices.Equal(got, want) {
					t.Errorf("%v, want %v", got, want)
				}
				tok.Decode(want)
			}
		})
	}
	wg.Wait()
}

// FuzzEncode: any text comes back, plain text holds no special token, and both pre-tokenisations
// keep every byte.
func FuzzEncode(f *testing.F) {
	f.Add("it's [IN] <think> <|endoftext|>")
	f.Add("a\xffb\xe2\x80\n\n  x\u00a0 \u3000漢字😀1½")
	f.Add(strings.Repeat("a", 2000))
	gpt2 := byteTokenizer(f, "a a", "aa aa", "aaaa aaaa", "i n", "Ġ t", "Ã ©")
	qwen := *gpt2
	qwen.pre = "qwen2"
	f.Fuzz(func(t *testing.T, s string) {
		for _, tok := range []*Tokenizer{gpt2, &qwen} {
			var b []byte
			ids := tok.Encode(s)
			for _, id := range ids {
				if tok.special(id) {
					t.Fatalf("plain text yields token %d %q", id, tok.tokens[id])
				}
				b = append(b, tok.Bytes(id)...)
			}
			if string(b) != s {
				t.Fatalf("%q became %q", s, b)
			}
			back := tok.Decode(ids)
			if !utf8.ValidString(back) || utf8.ValidString(s) && back != s {
				t.Fatalf("%q is decoded as %q", s, back)
			}
			b = b[:0]
			for _, id := range tok.EncodeTemplate(s) {
				b = append(b, tok.Bytes(id)...)
			}
			if string(b) != s {
				t.Fatalf("as a template %q became %q", s, b)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	tok := byteTokenizer(b, "Ġ t", "h e", "Ġt he", "i n", "Ġ o", "Ġo f")
	text := strings.Repeat("the owner of the inn told them of the thing. ", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Encode(text)
	}
}
