// Package gpt2 holds GPT-2's merges (vocab.bpe, see LICENSE beside it), for models of that
// vocabulary that are made here. It tokenises nothing.
package gpt2

import (
	_ "embed"

	"paw/tokenizer"
)

//go:embed vocab.bpe
var merges string

// Tokenizer is GPT-2's: 50,257 tokens, the last one <|endoftext|>.
func Tokenizer() (*tokenizer.Tokenizer, error) {
	tokens, types, pairs, err := tokenizer.FromMerges(merges)
	if err != nil {
		return nil, err
	}
	return tokenizer.New(append(tokens, "<|endoftext|>"), append(types, tokenizer.TypeControl), pairs, "gpt-2", len(tokens))
}
