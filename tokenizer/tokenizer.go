// Package tokenizer is byte-level BPE as GPT-2 and Qwen2 use it, from a GGUF's metadata. It promises
// the ids of the reference implementations for any text, time close to linear in its length, and
// that Encode never yields a control token. It knows no prompts.
package tokenizer

import (
	"fmt"
	"slices"
	"strings"

	"paw/gguf"
)

// Token types of GGUF that matter here.
const (
	TypeNormal      = 1
	TypeControl     = 3
	TypeUserDefined = 4
)

// Tokenizer is immutable and safe for concurrent use.
type Tokenizer struct {
	tokens []string // as in the file: bytes as printable runes
	types  []int32
	merges []string
	pre    string
	eos    int32

	bytes   [][]byte // by id: what the token stands for
	initial [256]int32
	pairs   map[[2]int32]merge
	markers [256][]int32 // special tokens by their first byte, longest text first
}

// merge is what two neighbours become. Lower ranks come first.
type merge struct{ rank, id int32 }

// Error says that a vocabulary cannot be used.
type Error struct{ Text string }

func (e *Error) Error() string { return "tokenizer: " + e.Text }

func fail(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

const maxTokens = 1 << 20

// FromGGUF reads the tokenizer.ggml.* keys.
func FromGGUF(f *gguf.File) (*Tokenizer, error) {
	if model, _ := f.String("tokenizer.ggml.model"); model != "gpt2" {
		return nil, fail("tokenizer.ggml.model is %q: byte-level BPE (gpt2) is read", model)
	}
	tokens, ok := f.Strings("tokenizer.ggml.tokens")
	if !ok {
		return nil, fail("tokenizer.ggml.tokens is missing")
	}
	merges, ok := f.Strings("tokenizer.ggml.merges")
	if !ok {
		return nil, fail("tokenizer.ggml.merges is missing")
	}
	types := make([]int32, len(tokens))
	for i := range types {
		types[i] = TypeNormal
	}
	if have, ok := f.Ints("tokenizer.ggml.token_type"); ok {
		if len(have) != len(tokens) {
			return nil, fail("%d token types for %d tokens", len(have), len(tokens))
		}
		for i, t := range have {
			types[i] = int32(t)
		}
	}
	eos, ok := f.Uint("tokenizer.ggml.eos_token_id")
	if !ok || eos >= uint64(len(tokens)) {
		return nil, fail("tokenizer.ggml.eos_token_id is missing or outside the vocabulary")
	}
	pre, ok := f.String("tokenizer.ggml.pre")
	if !ok {
		pre = "gpt-2"
	}
	return New(tokens, types, merges, pre, int(eos))
}

// New builds a tokenizer. pre is "gpt-2" or "qwen2", the rule by which text is cut into words.
func New(tokens []string, types []int32, merges []string, pre string, eos int) (*Tokenizer, error) {
	if len(tokens) == 0 || len(tokens) > maxTokens || len(types) != len(tokens) || len(merges) > maxTokens {
		return nil, fail("%d tokens, %d types, %d merges", len(tokens), len(types), len(merges))
	}
	if pre != "gpt-2" && pre != "qwen2" {
		return nil, fail("tokenizer.ggml.pre is %q: gpt-2 and qwen2 are known", pre)
	}
	if eos < 0 || eos >= len(tokens) {
		return nil, fail("end-of-text token %d of %d", eos, len(tokens))
	}
	t := &Tokenizer{tokens: tokens, types: types, merges: merges, pre: pre, eos: int32(eos), pairs: make(map[[2]int32]merge, len(merges))}
	ids := make(map[string]int32, len(tokens))
	for i, s := range tokens {
		if t.special(int32(i)) {
			if s == "" {
				return nil, fail("control token %d is empty", i)
			}
			t.bytes = append(t.bytes, []byte(s))
			t.markers[s[0]] = append(t.markers[s[0]], int32(i))
			continue
		}
		b, ok := fromRunes(s)
		if !ok { // never produced, may still be decoded: added tokens of some vocabularies
			b = []byte(s)
		}
		t.bytes = append(t.bytes, b)
		if _, twice := ids[s]; !twice {
			ids[s] = int32(i)
		}
	}
	for _, ids := range t.markers {
		slices.SortStableFunc(ids, func(a, b int32) int { return len(tokens[b]) - len(tokens[a]) })
	}
	for b := range 256 {
		id, ok := ids[string(byteRunes[b])]
		if !ok {
			return nil, fail("no token for byte %d: a byte-level vocabulary has all 256", b)
		}
		t.initial[b] = id
	}
	for rank, m := range merges {
		left, right, ok := strings.Cut(m, " ")
		a, okA := ids[left]
		b, okB := ids[right]
		joined, okJ := ids[left+right]
		if !ok || !okA || !okB || !okJ {
			return nil, fail("merge %d (%q) names a token that is not in the vocabulary", rank, m)
		}
		if _, twice := t.pairs[[2]int32{a, b}]; !twice {
			t.pairs[[2]int32{a, b}] = merge{int32(rank), joined}
		}
	}
	return t, nil
}

// special tokens stand for their literal text and only EncodeTemplate makes them. Those that are
// user defined ("<think>") are printed like text, control tokens are not.
func (t *Tokenizer) special(id int32) bool { return t.IsControl(id) || t.types[id] == TypeUserDefined }

// Size of the vocabulary.
func (t *Tokenizer) Size() int { return len(t.tokens) }

// EOS is the id that ends a text.
func (t *Tokenizer) EOS() int32 { return t.eos }

// IsControl tells whether an id is a control token. The end-of-text token always is one.
func (t *Tokenizer) IsControl(id int32) bool {
	return id >= 0 && int(id) < len(t.types) && (t.types[id] == TypeControl || id == t.eos)
}

// Bytes that a token stands for; nil outside the vocabulary.
func (t *Tokenizer) Bytes(id int32) []byte {
	if id < 0 || int(id) >= len(t.bytes) {
		return nil
	}
	return t.bytes[id]
}

// Encode tokenises plain text: the text of a control token is ordinary text here.
func (t *Tokenizer) Encode(text string) []int32 {
	out := make([]int32, 0, len(text)/3+4)
	cut := cutGPT2
	if t.pre == "qwen2" {
		cut = cutQwen2
	}
	for len(text) > 0 {
		n := cut(text)
		out = t.word(out, text[:n])
		text = text[n:]
	}
	return out
}

// EncodeTemplate tokenises text of ours: control and user-defined tokens are recognised from left to
// right, the longest where several start, and the rest is as Encode.
func (t *Tokenizer) EncodeTemplate(text string) []int32 {
	var out []int32
	start := 0
	for at := 0; at < len(text); {
		id := t.markerAt(text[at:])
		if id < 0 {
			at++
			continue
		}
		out = append(append(out, t.Encode(text[start:at])...), id)
		at += len(t.bytes[id])
		start = at
	}
	return append(out, t.Encode(text[start:])...)
}

func (t *Tokenizer) markerAt(text string) int32 {
	for _, id := range t.markers[text[0]] {
		if strings.HasPrefix(text, t.tokens[id]) {
			return id
		}
	}
	return -1
}

// Decode joins the bytes of ids, without control tokens, as UTF-8; what is no UTF-8 becomes U+FFFD.
func (t *Tokenizer) Decode(ids []int32) string {
	var b []byte
	for _, id := range ids {
		if !t.IsControl(id) {
			b = append(b, t.Bytes(id)...)
		}
	}
	return Text(b)
}

// KVs is the metadata from which FromGGUF builds the same tokenizer.
func (t *Tokenizer) KVs() []gguf.KV {
	return []gguf.KV{
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: t.pre},
		{Key: "tokenizer.ggml.tokens", Value: t.tokens},
		{Key: "tokenizer.ggml.token_type", Value: t.types},
		{Key: "tokenizer.ggml.merges", Value: t.merges},
		{Key: "tokenizer.ggml.bos_token_id", Value: uint32(t.eos)},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(t.eos)},
		{Key: "tokenizer.ggml.add_bos_token", Value: false},
	}
}
