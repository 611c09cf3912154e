package function

import (
	"strings"

	"paw/tokenizer"
)

// Prompt is a program's template as tokens. It has three separately tokenised segments, at run time
// as in training: the text before the placeholder, the input with the text behind it, the target.
type Prompt struct {
	Before []int32 // segment 1

	tokenizer *tokenizer.Tokenizer
	plain     string  // text glued to the input before tokenising
	control   []int32 // what follows, from the first control token on
}

// NewPrompt tokenises the texts before and after the placeholder. Control tokens are recognised in
// them, never in user input: input and the plain start of after are tokenised as one plain text.
func NewPrompt(t *tokenizer.Tokenizer, before, after string) Prompt {
	ids := t.EncodeTemplate(after)
	n := 0
	var plain strings.Builder
	for n < len(ids) && !t.IsControl(ids[n]) {
		plain.Write(t.Bytes(ids[n]))
		n++
	}
	return Prompt{Before: t.EncodeTemplate(before), tokenizer: t, plain: plain.String(), control: ids[n:]}
}

// Input is segment 2.
func (p Prompt) Input(input string) []int32 {
	return append(p.tokenizer.Encode(input+p.plain), p.control...)
}

// Target is segment 3: the answer as the interpreter should write it, EOS included. prefix is the
// text before the answer that readers strip.
func Target(t *tokenizer.Tokenizer, prefix, output string) []int32 {
	return append(t.Encode(prefix+output), t.EOS())
}
