package tokenizer

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/dlclark/regexp2"
)

// The rules as their authors wrote them. The second spells its first group out as llama.cpp does,
// without (?i), and so knows nothing of the long s.
const (
	ruleGPT2  = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	ruleQwen2 = `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

func cutAll(cut func(string) int, s string) (words []string) {
	for len(s) > 0 {
		n := cut(s)
		words = append(words, s[:n])
		s = s[n:]
	}
	return words
}

func matchAll(t *testing.T, re *regexp2.Regexp, s string) (words []string) {
	t.Helper()
	m, err := re.FindStringMatch(s)
	for ; m != nil && err == nil; m, err = re.FindNextMatch(m) {
		words = append(words, m.String())
	}
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// TestWordsAgainstRules compares the hand-written cuts with a backtracking engine.
func TestWordsAgainstRules(t *testing.T) {
	pieces := []string{"a", "Zé", "ß", "漢", "1", "23", "½", "٣", " ", "  ", "\n", "\r", "\r\n", "\t", "\v", "\u0085", "\u00a0", "\u2028", "\u3000",
		"\u200b", "\x1c", "\x00", "'", "'s", "'S", "'t", "'re", "'RE", "'vE", "'m", "'Ll", "'d", "'x", "''", ".", "...", "!?", "-", "_", "€", "😀", "\u0301", "(", ")"}
	for _, c := range []struct {
		name string
		rule string
		cut  func(string) int
	}{{"gpt-2", ruleGPT2, cutGPT2}, {"qwen2", ruleQwen2, cutQwen2}} {
		re := regexp2.MustCompile(c.rule, regexp2.None)
		check := func(s string) {
			t.Helper()
			got, want := cutAll(c.cut, s), matchAll(t, re, s)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: %q\n got %q\nwant %q", c.name, s, got, want)
			}
		}
		for _, a := range pieces { // every triple
			for _, b := range pieces {
				for _, z := range pieces {
					check(a + b + z)
				}
			}
		}
		r := rand.New(rand.NewPCG(7, 7))
		for range 3000 {
			var b strings.Builder
			for n := 4 + r.IntN(20); n > 0; n-- {
				b.WriteString(pieces[r.IntN(len(pieces))])
			}
			check(b.String())
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		cut  func(string) int
		text string
		want []string
	}{
		{cutGPT2, "it's 3pm,  ok?", []string{"it", "'s", " 3", "pm", ",", " ", " ok", "?"}},
		{cutGPT2, "IT'S", []string{"IT", "'", "S"}},
		{cutGPT2, "a\n\nb", []string{"a", "\n", "\n", "b"}},
		{cutGPT2, "a  ", []string{"a", "  "}},
		{cutGPT2, "a \xff\xfe\xc3b", []string{"a", " \xff\xfe\xc3", "b"}}, // no UTF-8: as punctuation
		{cutGPT2, "\xe2\x80", []string{"\xe2\x80"}},
		{cutQwen2, "IT'S 2024\n\n ok", []string{"IT", "'S", " ", "2", "0", "2", "4", "\n\n", " ok"}},
		{cutQwen2, "it'ſ", []string{"it", "'ſ"}}, // simple case folding, as in the published rule
		{cutQwen2, "a) b\r\n", []string{"a", ")", " b", "\r\n"}},
		{cutQwen2, "a!\n\xff!\n", []string{"a", "!\n", "\xff!\n"}},
	} {
		if got := cutAll(c.cut, c.text); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestMergeLong: the heap and the scan merge alike, whatever the merges are.
func TestMergeLong(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for round := range 50 {
		merges := randomMerges(r, 60)
		tok := byteTokenizer(t, merges...)
		for range 50 {
			w := make([]byte, 1+r.IntN(shortWord))
			for i := range w {
				w[i] = "abc"[r.IntN(3)]
			}
			want := tok.word(nil, string(w))
			var ids []int32
			for _, c := range w {
				ids = append(ids, tok.initial[c])
			}
			if got := tok.mergeLong(ids); !reflect.DeepEqual(got, want) {
				t.Fatalf("round %d: %q: heap %v, scan %v (merges %q)", round, w, got, want, merges)
			}
		}
	}
}

// randomMerges joins what earlier merges made, in random order.
func randomMerges(r *rand.Rand, n int) (merges []string) {
	have := []string{"a", "b", "c"}
	known := map[string]bool{}
	for range n {
		x, y := have[r.IntN(len(have))], have[r.IntN(len(have))]
		if known[x+y] || len(x+y) > 8 {
			continue
		}
		known[x+y] = true
		have = append(have, x+y)
		merges = append(merges, x+" "+y)
	}
	return merges
}

// byteTokenizer has the bytes, the merges, two markers, a user-defined token and the end of text.
func byteTokenizer(t testing.TB, merges ...string) *Tokenizer {
	t.Helper()
	tokens, types, pairs := ByteVocabulary(merges...)
	tokens = append(tokens, "[IN]", "[IN][OUT]", "<think>", "<|endoftext|>")
	types = append(types, TypeControl, TypeControl, TypeUserDefined, TypeNormal)
	tok, err := New(tokens, types, pairs, "gpt-2", len(tokens)-1)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
