// Package pawfile reads, checks and writes .paw files: a ZIP with adapter.gguf, prompt_template.txt,
// meta.json and pseudo_program.txt (docs/formats.md §1). It promises bounded memory for hostile
// archives, the same bytes for the same program, and that unknown keys of meta.json survive. It
// runs nothing and does not look inside the adapter: arch and engine do.
package pawfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// Placeholder is where the input goes in a prompt template.
const Placeholder = "{INPUT_PLACEHOLDER}"

// Limits of an archive.
const (
	MaxArchive  = 32 << 20 // bytes of the file
	MaxExpanded = 64 << 20 // bytes of all members together
	maxText     = 1 << 20  // bytes of a template or pseudo-program
	maxMeta     = 1 << 20
	minAdapter  = 1024
)

// Member names, in the order they are written.
const (
	memberMeta     = "meta.json"
	memberTemplate = "prompt_template.txt"
	memberPseudo   = "pseudo_program.txt"
	memberAdapter  = "adapter.gguf"
)

// Program is the content of a .paw file.
type Program struct {
	Meta          Meta
	Template      string // holds Placeholder once
	PseudoProgram string // optional
	Adapter       []byte // GGUF
}

// Error says what is wrong with a program file.
type Error struct {
	Member string // the archive member at fault, or empty
	Err    error
	Hint   string // what to do
}

func (e *Error) Error() string {
	s := "pawfile: "
	if e.Member != "" {
		s += e.Member + ": "
	}
	s += e.Err.Error()
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Kinds of damage.
var (
	ErrArchive   = errors.New("not a usable program archive")
	ErrMember    = errors.New("a member that does not belong into a program")
	ErrTooLarge  = errors.New("too large")
	ErrMeta      = errors.New("unusable metadata")
	ErrTemplate  = errors.New("unusable prompt template")
	ErrAdapter   = errors.New("unusable adapter")
	ErrProgramID = errors.New("unusable program id")
)

func fail(member string, err error, hint string, args ...any) error {
	return &Error{member, err, fmt.Sprintf(hint, args...)}
}

// ValidID tells whether s can be a program id: 16 to 64 lower-case hex digits.
func ValidID(s string) bool {
	return len(s) >= 16 && len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Prefix is the template before the placeholder.
func (p *Program) Prefix() string {
	before, _, _ := strings.Cut(p.Template, Placeholder)
	return before
}

// Suffix is the template after the placeholder.
func (p *Program) Suffix() string {
	_, after, _ := strings.Cut(p.Template, Placeholder)
	return after
}

// AdapterReader is the adapter as an engine wants it.
func (p *Program) AdapterReader() *bytes.Reader { return bytes.NewReader(p.Adapter) }

// Check finds what no program may have.
func (p *Program) Check() error {
	if !ValidID(p.Meta.ProgramID) {
		return fail(memberMeta, ErrProgramID, "program_id %.80q: 16 to 64 hex digits are needed", p.Meta.ProgramID)
	}
	if n := strings.Count(p.Template, Placeholder); n != 1 {
		return fail(memberTemplate, ErrTemplate, "%s stands %d times in it, once is needed", Placeholder, n)
	}
	for name, text := range map[string]string{memberTemplate: p.Template, memberPseudo: p.PseudoProgram} {
		if !utf8.ValidString(text) {
			return fail(name, ErrTemplate, "it is no UTF-8 text")
		}
		if len(text) > maxText {
			return fail(name, ErrTooLarge, "%d bytes, at most %d are read", len(text), maxText)
		}
	}
	if len(p.Adapter) < minAdapter || !bytes.HasPrefix(p.Adapter, []byte("GGUF")) {
		return fail(memberAdapter, ErrAdapter, "%d bytes that must be at least %d and start with GGUF", len(p.Adapter), minAdapter)
	}
	return p.Meta.check()
}

// ReadFile reads a program from disk.
func ReadFile(path string) (*Program, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pawfile: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("pawfile: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fail("", ErrArchive, "%s is no file", path)
	}
	p, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}
