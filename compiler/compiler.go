// Package compiler turns a specification into a program.
//
// A Compiler is one way to do it: gradient descent on an adapter, a forward pass
// of a neural compiler, or a request to another server. All take the same
// Request, report the same Events and give the same kind of program, so callers
// choose by name from a Registry. The package holds what they share and computes
// nothing; parsing, evidence and training live in the packages below it.
package compiler

import (
	"context"
	"errors"

	"paw/pawfile"
)

// Errors that callers tell apart. They come wrapped with a hint; errors of a
// specification are those of package pseudo, and a cancelled context is returned
// as such.
var (
	ErrUnknown     = errors.New("unknown compiler")
	ErrDuplicate   = errors.New("compiler registered twice")
	ErrName        = errors.New("invalid compiler name")
	ErrUnsupported = errors.New("not supported by this compiler")
	ErrContext     = errors.New("it does not fit into the interpreter's context")
)

// Request is what to compile. The zero value of every field but Spec means the
// compiler's default. The same request to the same snapshot of a compiler gives
// the same program.
type Request struct {
	Spec string // description and examples, 10 to 16,000 characters

	Steps       int    // gradient steps
	Seed        uint64 // of everything drawn by chance
	BatchTokens int    // bounds the memory of a gradient step

	SkipEvaluation bool // no cross-validation and no report: much faster
}

// Compiler makes programs. It is safe for concurrent use.
type Compiler interface {
	// Name is the name in the registry: lower case, stable.
	Name() string

	// Snapshot names the exact version: method, settings and weights. Another
	// snapshot may give another program for the same request.
	Snapshot() string

	// Compile makes a program. It calls progress, if not nil, from one goroutine
	// at a time and never after it has returned. When the context ends it
	// returns the context's error soon and leaves nothing behind.
	Compile(ctx context.Context, r Request, progress func(Event)) (*pawfile.Program, error)
}

// Stage is a phase of a compilation.
type Stage string

// Stages in the order they usually come. A compiler leaves out what it does not do.
const (
	StageParse    Stage = "parse"    // read the specification
	StageLoad     Stage = "load"     // weights of the interpreter or compiler
	StageEncode   Stage = "encode"   // forward pass of a neural compiler
	StageTrain    Stage = "train"    // gradient steps, those of the cross-validation too
	StageEvaluate Stage = "evaluate" // held-out examples are asked
	StagePack     Stage = "pack"     // adapter and file
)

// Event tells how far a compilation is.
type Event struct {
	Stage Stage   `json:"stage"`
	Step  int     `json:"step,omitempty"`  // of this part
	Total int     `json:"total,omitempty"` // steps of this part, 0: unknown
	Loss  float64 `json:"loss,omitempty"`  // nats per target token, 0: none

	// A compilation with cross-validation has several parts of equal work.
	Part  int `json:"part,omitempty"` // from 1
	Parts int `json:"parts,omitempty"`

	Message string `json:"message,omitempty"` // for people
}

// Fraction is the share of the work done, between 0 and 1. Events without steps
// give 0: keep the largest value seen.
func (e Event) Fraction() float64 {
	if e.Total <= 0 {
		return 0
	}
	f := float64(min(max(e.Step, 0), e.Total)) / float64(e.Total)
	if e.Parts > 0 {
		f = (float64(min(max(e.Part, 1), e.Parts)-1) + f) / float64(e.Parts)
	}
	return f
}
