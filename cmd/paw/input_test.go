package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Ctrl-C ends a command that waits for standard input.
func TestInterruptWhileReading(t *testing.T) {
	tiny, out := tinyInterpreter(t), filepath.Join(t.TempDir(), "x.paw")
	if r := paw(t, "", "compile", "--spec", shortSpec, "--steps", "1", "--no-report", "--interpreter", tiny, "--out", out); r.code != exitOK {
		t.Fatal(r.err)
	}
	for name, args := range map[string][]string{
		"run":      {"run", out, "--interpreter", tiny},
		"run -":    {"run", out, "-", "--interpreter", tiny, "--json"},
		"compile":  {"compile", "--spec-file", "-", "--out", out, "--interpreter", tiny},
		"compile2": {"compile", "--spec-file=-", "--out", out},
	} {
		t.Run(name, func(t *testing.T) {
			in, write := io.Pipe() // never ends
			defer write.Close()
			ctx, interrupt := context.WithCancel(t.Context())
			var text, errs bytes.Buffer
			code := make(chan int, 1)
			go func() { code <- execute(ctx, &console{in, &text, &errs}, args) }()
			io.WriteString(write, "one line, and then nothing for ever\n")
			interrupt()
			select {
			case got := <-code:
				if got != exitCancelled {
					t.Errorf("exit code %d, said %s", got, errs.String())
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it waits for its input still")
			}
		})
	}
}

func TestEveryLineIsAnsweredUntilOneFails(t *testing.T) {
	var got []string
	note := func(s string) error { got = append(got, s); return nil }
	if err := eachLine(t.Context(), strings.NewReader("a\n\nb\r\nlast"), note); err != nil || strings.Join(got, "|") != "a||b|last" {
		t.Errorf("%q %v", got, err)
	}
	calls := 0
	err := eachLine(t.Context(), strings.NewReader(strings.Repeat("x\n", 50)), func(string) error { calls++; return io.ErrClosedPipe })
	if calls != 1 || err != io.ErrClosedPipe {
		t.Errorf("after a failure: %d calls, %v", calls, err)
	}
	if err := eachLine(t.Context(), strings.NewReader(strings.Repeat("x", 2<<20)), note); err == nil {
		t.Error("a line without end was accepted")
	}
}
