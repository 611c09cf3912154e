// Package programs is the catalogue: fuzzy functions with the cases that
// measure them.
//
// Each program is a description a person would write (with examples to compile
// from) and separate cases to judge the result by. No case repeats an example.
// Cases are written before a program is first compiled and are never edited to
// make a program pass: a program that does badly stays and is named.
//
// The package also owns the file format, one JSON object a line, because
// "paw eval" reads files of users in the same form. It does not compile or run
// anything.
package programs

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:embed programs.jsonl
var catalogue []byte

// MaxLine bounds one line of a file. A program with a thousand cases takes
// about 100 KB.
const MaxLine = 8 << 20

// Errors that Read wraps with the line number.
var (
	ErrEmpty  = errors.New("no programs in the file")
	ErrFields = errors.New("incomplete program")
)

// Case is one input with the only output that counts as right.
type Case struct {
	Input  string `json:"input"`
	Output string `json:"output"`
}

// Program is a fuzzy function: what to compile and how to judge it.
type Program struct {
	Name  string `json:"name"`            // slug, unique in the catalogue
	Title string `json:"title,omitempty"` // one line for people
	Kind  string `json:"kind,omitempty"`  // classify, extract, transform or generate
	Spec  string `json:"spec"`            // description and examples
	Cases []Case `json:"cases"`           // never shown to a compiler
}

var all = sync.OnceValue(func() []Program {
	ps, err := Read(bytes.NewReader(catalogue))
	if err != nil {
		panic("programs: embedded catalogue: " + err.Error()) // a test parses it
	}
	return ps
})

// All returns the catalogue in file order. The caller owns the result.
func All() []Program {
	ps := slices.Clone(all())
	for i := range ps {
		ps[i].Cases = slices.Clone(ps[i].Cases)
	}
	return ps
}

// Find returns the program of the catalogue with the given name.
func Find(name string) (Program, bool) {
	for _, p := range All() {
		if p.Name == name {
			return p, true
		}
	}
	return Program{}, false
}

// Read parses a file of programs, one JSON object a line:
//
//	{"name":"…","spec":"…","cases":[{"input":"…","output":"…"}]}
//
// Blank lines and unknown keys are ignored. Names, specs and at least one case
// are required; a spec is not parsed here.
func Read(r io.Reader) ([]Program, error) {
	var ps []Program
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, MaxLine)
	line := 0
	for sc.Scan() {
		line++
		text := bytes.TrimSpace(bytes.TrimPrefix(sc.Bytes(), []byte("\ufeff")))
		if len(text) == 0 {
			continue
		}
		var p Program
		if err := json.Unmarshal(text, &p); err != nil {
			return nil, fmt.Errorf("line %d: %w: each line must be one JSON object with name, spec and cases", line, err)
		}
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		ps = append(ps, p)
	}
	if err := sc.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, fmt.Errorf("line %d: %w: a line may have at most %d bytes", line+1, err, MaxLine)
		}
		return nil, fmt.Errorf("line %d: %w", line+1, err)
	}
	if len(ps) == 0 {
		return nil, fmt.Errorf("%w: write one JSON object a line", ErrEmpty)
	}
	return ps, nil
}

func (p Program) check() error {
	switch {
	case strings.TrimSpace(p.Name) == "":
		return fmt.Errorf("%w: add a \"name\"", ErrFields)
	case strings.TrimSpace(p.Spec) == "":
		return fmt.Errorf("%w: %s: add a \"spec\"", ErrFields, p.Name)
	case len(p.Cases) == 0:
		return fmt.Errorf("%w: %s: add \"cases\", each with an \"input\" and an \"output\"", ErrFields, p.Name)
	}
	for i, c := range p.Cases {
		if strings.TrimSpace(c.Output) == "" {
			return fmt.Errorf("%w: %s: case %d has no \"output\"", ErrFields, p.Name, i+1)
		}
	}
	return nil
}
