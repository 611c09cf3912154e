package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
)

// Reading a terminal or a pipe ends with nothing but its bytes. So that Ctrl-C is answered at once,
// another goroutine reads, and is left behind when ctx ends; the process is about to end too.

const longestLine = 1 << 20

var errLongLine = fmt.Errorf("it is longer than %d bytes: split it", longestLine)

// line is a line without its end; err is errLongLine where only its beginning is kept.
type line struct {
	text string
	err  error
}

// eachLine calls f with every line of r, until f fails or ctx ends.
func eachLine(ctx context.Context, r io.Reader, f func(line) error) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	lines, end := make(chan line), make(chan error, 1)
	go func() {
		b := bufio.NewReader(r)
		for {
			l, err := readLine(b)
			if err != nil {
				if err == io.EOF {
					err = nil
				}
				end <- err
				return
			}
			select {
			case lines <- l:
			case <-inner.Done():
				return
			}
		}
	}()
	for {
		select {
		case l := <-lines:
			if err := f(l); err != nil {
				return err
			}
		case err := <-end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// readLine reads to the end of a line, or of the input; io.EOF says that nothing was left. Of a line that is
// too long it keeps no more than longestLine bytes in memory.
func readLine(b *bufio.Reader) (l line, err error) {
	var text []byte
	for {
		piece, err := b.ReadSlice('\n')
		text = append(text, piece[:min(len(piece), longestLine+2-len(text))]...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && (err != io.EOF || len(text) == 0) {
			return line{}, err
		}
		break
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) > longestLine {
		text, l.err = text[:longestLine], errLongLine
	}
	l.text = string(text)
	return l, nil
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
