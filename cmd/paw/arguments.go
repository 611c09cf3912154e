package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"paw/arch"
	"paw/compiler/pseudo"
	"paw/engine"
	"paw/fetch"
	"paw/function"
	"paw/gguf"
	"paw/models"
	"paw/pawfile"
)

// usageError is a mistake on the command line.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message + " (see --help)" }

func misuse(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// flags is a flag set whose flags may stand before, between and after the positional arguments.
type flags struct {
	*flag.FlagSet
	json *bool
}

func newFlags(c *console, name, args, help string) *flags {
	f := newTextFlags(c, name, args, help)
	f.json = f.Bool("json", false, "print one JSON document instead of text")
	return f
}

// newTextFlags are those of a command without --json.
func newTextFlags(c *console, name, args, help string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.SetOutput(io.Discard) // errors are printed once, by execute
	f.Usage = func() {
		fmt.Fprintf(c.out, "usage: paw %s %s [flags]\n\n%s\n\nflags:\n", name, args, help)
		f.SetOutput(c.out)
		f.PrintDefaults()
		f.SetOutput(io.Discard)
	}
	return f
}

// parse returns the positional arguments. Everything after -- is positional.
func (f *flags) parse(args []string) ([]string, error) {
	var positional []string
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, &usageError{err.Error()}
		}
		rest := f.Args()
		if len(rest) == 0 {
			return positional, nil
		}
		if n := len(args) - len(rest); n > 0 && args[n-1] == "--" {
			return append(positional, rest...), nil
		}
		positional, args = append(positional, rest[0]), rest[1:]
	}
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// exitCode sorts an error into the documented codes.
func exitCode(ctx context.Context, err error) int {
	var (
		use    *usageError
		format *gguf.Error
		shape  *arch.Error
		file   *pawfile.Error
	)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return exitCancelled
	case errors.As(err, &use), errors.Is(err, pseudo.ErrTooShort), errors.Is(err, pseudo.ErrTooLong), errors.Is(err, pseudo.ErrExample):
		return exitUsage
	case tooLong(err):
		return exitTooLong
	case errors.As(err, &format), errors.As(err, &shape), errors.As(err, &file),
		errors.Is(err, function.ErrBase), errors.Is(err, function.ErrFormat), errors.Is(err, engine.ErrUnfinished), errors.Is(err, models.ErrDamaged), errors.Is(err, errBadFile):
		return exitBadFile
	case errors.Is(err, fetch.ErrFailed):
		return exitDownload
	}
	return exitFailed
}

// errBadFile marks damaged files that only this package reads.
var errBadFile = errors.New("bad file")
