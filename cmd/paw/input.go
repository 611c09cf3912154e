package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// Reading a terminal or a pipe ends with nothing but its bytes. So that Ctrl-C is answered at once,
// another goroutine reads, and is left behind when ctx ends; the process is about to end too.

const longestLine = 1 << 20

// eachLine calls f with every line of r, until f fails or ctx ends.
func eachLine(ctx context.Context, r io.Reader, f func(string) error) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	lines, end := make(chan string), make(chan error, 1)
	go func() {
		s := bufio.NewScanner(r)
		s.Buffer(nil, longestLine)
		for s.Scan() {
			select {
			case lines <- s.Text():
			case <-inner.Done():
				return
			}
		}
		err := s.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a line is longer than %d bytes: split it", longestLine)
		}
		end <- err
	}()
	for {
		select {
		case line := <-lines:
			if err := f(line); err != nil {
				return err
			}
		case err := <-end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// readAll reads r to its end, or until ctx ends.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(r)
		done <- result{data, err}
	}()
	select {
	case got := <-done:
		return got.data, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
