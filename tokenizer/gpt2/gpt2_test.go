package gpt2

import "testing"

func TestTokenizer(t *testing.T) {
	tok, err := Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	if tok.Size() != 50257 || string(tok.Bytes(tok.EOS())) != "<|endoftext|>" {
		t.Errorf("%d tokens, the last is %q", tok.Size(), tok.Bytes(tok.EOS()))
	}
	// ids as GPT-2's own encoder gives them
	for text, want := range map[string]int32{"!": 0, " the": 262, "Hello": 15496, " world": 995, "\n": 198} {
		if got := tok.Encode(text); len(got) != 1 || got[0] != want {
			t.Errorf("%q is %v, want %d", text, got, want)
		}
	}
}
