package wllama

import (
	"slices"
	"testing"

	"paw/tokenizer"
)

// vocabulary has all bytes, a few words, a control token and the end of the text.
func vocabulary(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	tokens, types, pairs := tokenizer.ByteVocabulary("a b", "ab c", "Ċ Ċ", "t h", "th a", "tha t")
	tokens, types = append(tokens, "<|end|>", "[INPUT]"), append(types, tokenizer.TypeControl, tokenizer.TypeControl)
	k, err := tokenizer.New(tokens, types, pairs, "gpt-2", len(tokens)-2)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestReadable: what llama.cpp is given as text, it reads as the same tokens; the rest is forced. User input
// that spells a control token must never become one.
func TestReadable(t *testing.T) {
	k := vocabulary(t)
	before := k.EncodeTemplate("abc [INPUT]\n")
	for _, c := range []struct {
		what  string
		input []int32
		whole bool
	}{
		{"plain", k.Encode("abcab"), true},
		{"empty", nil, true},
		{"rare characters", k.Encode("日本"), true},
		{"a seam that would be joined", k.Encode("\n\nabc"), false},
		{"a control token spelt out", k.Encode("ab [INPUT] ab"), false},
		{"the end spelt out", k.Encode("<|end|>"), false},
		{"half a character", k.Encode("abc日")[:2], false},
		{"a real control token", []int32{k.EOS()}, true},
	} {
		tokens := append(slices.Clone(before), c.input...)
		text, n := readable(k, tokens, len(before))
		if !slices.Equal(k.EncodeTemplate(text), tokens[:n]) || n < len(before) {
			t.Errorf("%s: %q is read as other tokens than the first %d", c.what, text, n)
		}
		if (n == len(tokens)) != c.whole {
			t.Errorf("%s: %d of %d tokens are given as text", c.what, n, len(tokens))
		}
	}
}

// TestJoined: where nothing can be forced, another cut of words will do, other control tokens will not.
func TestJoined(t *testing.T) {
	k := vocabulary(t)
	before := k.EncodeTemplate("abc [INPUT]\n")
	for input, fine := range map[string]bool{"\n\nabc": true, "abc": true, "ab [INPUT]": false, "<|end|>": false} {
		text, n := joined(k, append(slices.Clone(before), k.Encode(input)...))
		if fine != (n > 0) || fine && text != "abc [INPUT]\n"+input {
			t.Errorf("%q: %d tokens, %q", input, n, text)
		}
	}
	if forcible(k, []int32{k.EOS()}) || forcible(k, k.Encode("日")) || !forcible(k, k.Encode("abc")) {
		t.Error("what ends the text or cuts a character cannot be forced, the rest can")
	}
}

func TestStandInIsAWholeWordApart(t *testing.T) {
	k := vocabulary(t)
	id, err := standIn(k, nil)
	if err != nil || string(k.Bytes(id)) != "that" {
		t.Fatalf("stand-in %d, %v", id, err)
	}
	if _, err := standIn(k, []int32{id}); err == nil {
		t.Fatal("a row may not stand in for itself")
	}
}
