package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
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
	note := func(l line) error {
		if l.err != nil {
			l.text = fmt.Sprint(len(l.text), " bytes")
		}
		got = append(got, l.text)
		return nil
	}
	if err := eachLine(t.Context(), strings.NewReader("a\n\nb\r\nlast"), note); err != nil || strings.Join(got, "|") != "a||b|last" {
		t.Errorf("%q %v", got, err)
	}
	calls := 0
	err := eachLine(t.Context(), strings.NewReader(strings.Repeat("x\n", 50)), func(line) error { calls++; return io.ErrClosedPipe })
	if calls != 1 || err != io.ErrClosedPipe {
		t.Errorf("after a failure: %d calls, %v", calls, err)
	}
	got = nil
	full, long := strings.Repeat("x", longestLine), fmt.Sprint(longestLine, " bytes")
	text := full + "\r\n" + full + "x\nb\n" + strings.Repeat("x", 3*longestLine)
	if err := eachLine(t.Context(), strings.NewReader(text), note); err != nil || !slices.Equal(got, []string{full, long, "b", long}) {
		t.Errorf("lines without end: %v, %d lines", err, len(got))
	}
	broken := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if err := eachLine(t.Context(), broken, note); err != io.ErrUnexpectedEOF {
		t.Errorf("an input that breaks off: %v", err)
	}
}
