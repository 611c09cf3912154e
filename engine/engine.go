// Package engine says what an interpreter must offer: load a base once, attach adapters at any time,
// keep immutable prefixes, run sessions on them. It promises no implementation (engine/simd drives
// the wasm kernel, engine/reference is the readable oracle) and knows nothing of programs or prompts.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"paw/arch"
	"paw/tokenizer"
)

// Source is random access to the bytes of a GGUF file.
type Source interface {
	io.ReaderAt
	Size() int64
}

// Engine is one loaded base. It is safe for concurrent use; calls are served one after the other.
type Engine interface {
	Geometry() arch.Geometry
	Tokenizer() *tokenizer.Tokenizer

	// Attach validates and loads an adapter GGUF. Other adapters are not disturbed.
	Attach(ctx context.Context, src Source) (Adapter, error)

	// NewPrefix computes the keys and values of tokens under an adapter (nil: the bare base) once.
	// Any number of sessions may stand on it. No tokens give an empty prefix.
	NewPrefix(ctx context.Context, a Adapter, tokens []int32) (Prefix, error)

	// NewSession starts a session behind a prefix, with room for capacity more tokens.
	NewSession(ctx context.Context, p Prefix, capacity int) (Session, error)

	Close() error
}

// Adapter is a low-rank adapter that an engine holds. Its memory is freed when it is closed and
// the last prefix on it is gone.
type Adapter interface {
	Rank() int
	Close() error
}

// Prefix is immutable and stays usable by its sessions until they are closed.
type Prefix interface {
	Len() int
	Close() error
}

// Session appends tokens behind a prefix. A session is not safe for concurrent use; several
// sessions of one engine are.
type Session interface {
	// Len is the number of positions in use, the prefix included.
	Len() int
	// Prefill appends tokens and leaves the last one's hidden state for Score, Top and LogProbs.
	// When ctx ends, it stops within one chunk; the session then holds a part of the tokens.
	Prefill(ctx context.Context, tokens []int32) error
	// Score is the softmax over the chosen output rows (token ids): one probability a row.
	Score(ctx context.Context, rows []int32) ([]float32, error)
	// Top returns the k likeliest next tokens, best first.
	Top(ctx context.Context, k int) ([]Candidate, error)
	// LogProbs writes the natural log-probability of every token; len(dst) is the vocabulary.
	LogProbs(ctx context.Context, dst []float32) error
	// Truncate forgets positions from n on, never below the prefix. The hidden state is gone.
	Truncate(n int) error
	Close() error
}

// Candidate is a possible next token.
type Candidate struct {
	Token   int32
	LogProb float32
	Prob    float32
}

// Errors that callers tell apart.
var (
	ErrClosed     = errors.New("engine: already closed")
	ErrNoHidden   = errors.New("engine: nothing to score: prefill at least one token first")
	ErrToken      = errors.New("engine: token id outside the vocabulary")
	ErrForeign    = errors.New("engine: the adapter or prefix belongs to another engine")
	ErrMemory     = errors.New("engine: out of memory")
	ErrUnfinished = errors.New("engine: the weights are unusable")
)

// ContextError says that a prompt does not fit the interpreter's positions.
type ContextError struct {
	Need, Have int // positions
}

func (e *ContextError) Error() string {
	return fmt.Sprintf("engine: %d positions are needed and the interpreter has %d: shorten the input or the spec", e.Need, e.Have)
}

// CheckTokens reports the first id outside a vocabulary of n tokens.
func CheckTokens(tokens []int32, n int) error {
	for i, t := range tokens {
		if t < 0 || int(t) >= n {
			return fmt.Errorf("%w: token %d at position %d, vocabulary %d", ErrToken, t, i, n)
		}
	}
	return nil
}
