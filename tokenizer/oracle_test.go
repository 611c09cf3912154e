package tokenizer_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	oracle "github.com/tiktoken-go/tokenizer"

	"paw/tokenizer"
	"paw/tokenizer/gpt2"
)

func gpt2Tokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := gpt2.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// alphabets are what mixed strings are drawn from: each stresses another rule.
var alphabets = [][]string{
	strings.Split("the of and to in urgent wait refund Invoice 'twas don't I'll we've they're he'd I'm it's 'S 'RE 'LL", " "),
	strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ""),
	strings.Split("0123456789", ""),
	strings.Split("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", ""),
	{" ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", "\r", "\r\n", "\v", "\f"},
	{"\u0085", "\u00a0", "\u1680", "\u2000", "\u2003", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"},
	{"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u180e", "\u00ad"}, // look like spaces and are none
	{"\x00", "\x01", "\x07", "\x08", "\x1b", "\x1c", "\x1d", "\x1e", "\x1f", "\x7f", "\u0080", "\u009f"},
	strings.Split("éüßñçøåœÉÀſıİ", ""),
	strings.Split("приветЖёщ", ""), strings.Split("αβγΩϊ", ""), strings.Split("שלוםעברית", ""), strings.Split("مرحباةى", ""),
	strings.Split("नमस्तेकि", ""), strings.Split("สวัสดีครับ", ""), strings.Split("こんにちはカタカナ漢字中文你好한국어", ""),
	{"\u0301", "\u0308", "\u0323", "e\u0301", "a\u0308\u0323", "\u20dd", "\u0903"}, // combining marks
	strings.Split("٠١٢३४๕½²³Ⅷⅷ①㊿〇", ""),                                            // numbers of all three kinds
	{"😀", "🎉", "👍🏽", "👩‍👩‍👧‍👦", "🇫🇷", "❤️", "☃", "☎", "⁇", "🧑‍🚀"},
	{"\U0001d4d0", "\U0001d7ce", "\U00020000", "\U000e0001", "\U0010fffd", "\ue000", "\uffff", "\ufffd"},
	strings.Split("，。！？「」…—–“”‘’«»¿¡€£¥©®™°±×÷", ""),
	{"<|endoftext|>", "[INPUT]", "http://a.b/c?d=e&f", "foo_bar", "x86_64", "1,234.56", "2024-01-31", "a@b.co"},
}

func mixed(r *rand.Rand) string {
	var b strings.Builder
	a, z := alphabets[r.IntN(len(alphabets))], alphabets[r.IntN(len(alphabets))]
	for n := 1 + r.IntN(24); n > 0; n-- {
		from := [][]string{a, a, z, alphabets[4], alphabets[r.IntN(len(alphabets))]}[r.IntN(5)]
		b.WriteString(from[r.IntN(len(from))])
	}
	return b.String()
}

// TestGPT2 compares with an independent tokenizer on mixed strings.
func TestGPT2(t *testing.T) {
	want, err := oracle.Get(oracle.R50kBase)
	if err != nil {
		t.Fatal(err)
	}
	tok := gpt2Tokenizer(t)
	if tok.Size() != 50257 || tok.EOS() != 50256 || !tok.IsControl(50256) || tok.IsControl(50255) {
		t.Fatalf("size %d, eos %d", tok.Size(), tok.EOS())
	}
	r := rand.New(rand.NewPCG(20, 26))
	for i := range 6000 {
		s := mixed(r)
		ids, _, err := want.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		got := tok.Encode(s)
		if !same(got, ids) {
			t.Fatalf("string %d: %q\n got %v\nwant %v", i, s, got, ids)
		}
		if back := tok.Decode(got); back != s {
			t.Fatalf("string %d: %q became %q", i, s, back)
		}
	}
}

// TestGPT2Runes compares every assigned code point, alone among letters.
func TestGPT2Runes(t *testing.T) {
	want, err := oracle.Get(oracle.R50kBase)
	if err != nil {
		t.Fatal(err)
	}
	tok := gpt2Tokenizer(t)
	step := rune(1)
	if testing.Short() {
		step = 7
	}
	for c := rune(0); c <= 0x323af; c += step {
		if !utf8.ValidRune(c) || c > 0xffff && !unicode.IsGraphic(c) || c > 0x3400 && c < 0xd800 && c%16 != 0 {
			continue
		}
		s := "a " + string(c) + string(c) + "b"
		ids, _, err := want.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Encode(s); !same(got, ids) {
			t.Fatalf("%U: got %v, want %v", c, got, ids)
		}
	}
}

func same(got []int32, want []uint) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if got[i] != int32(want[i]) {
			return false
		}
	}
	return true
}
