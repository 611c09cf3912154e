package random

import "paw/tokenizer"

// Markers are the mini's control tokens, the end of text first.
var Markers = []string{"<|endoftext|>", "[PSEUDO_PROGRAM]", "[END_PSEUDO_PROGRAM]", "[INPUT]", "[END_INPUT]", "[SPEC]", "[END_SPEC]"}

// Tokenizer has a token for every byte, the given merges and the control tokens (with the markers, or
// <|endoftext|> alone): small, and as exact as any.
func Tokenizer(markers bool, merges ...string) (*tokenizer.Tokenizer, error) {
	tokens, types, pairs := tokenizer.ByteVocabulary(merges...)
	eos, control := len(tokens), Markers
	if !markers {
		control = Markers[:1]
	}
	for _, m := range control {
		tokens, types = append(tokens, m), append(types, tokenizer.TypeControl)
	}
	return tokenizer.New(tokens, types, pairs, "gpt-2", eos)
}
