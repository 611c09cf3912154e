package gguf

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestWriteRefuses: what Parse would refuse is not written at all.
func TestWriteRefuses(t *testing.T) {
	four := make([]byte, 4)
	ok := Out{"t", []uint64{1}, F32, four}
	for _, c := range []struct {
		name string
		kvs  []KV
		outs []Out
		want error
	}{
		{"empty key", []KV{{"", "v"}}, nil, ErrName},
		{"key too long", []KV{{strings.Repeat("k", 65536), "v"}}, nil, ErrName},
		{"duplicate key", []KV{{"k", "v"}, {"k", "w"}}, nil, ErrDuplicate},
		{"no such value", []KV{{"k", struct{}{}}}, nil, ErrType},
		{"int has no fixed width", []KV{{"k", 1}}, nil, ErrType},
		{"nil", []KV{{"k", nil}}, nil, ErrType},
		{"alignment", []KV{{alignmentKey, uint32(64)}}, nil, ErrAlignment},
		{"empty name", nil, []Out{{"", []uint64{1}, F32, four}}, ErrName},
		{"name too long", nil, []Out{{strings.Repeat("n", 64), []uint64{1}, F32, four}}, ErrName},
		{"duplicate tensor", nil, []Out{ok, ok}, ErrDuplicate},
		{"no dimensions", nil, []Out{{"t", nil, F32, nil}}, ErrShape},
		{"five dimensions", nil, []Out{{"t", []uint64{1, 1, 1, 1, 1}, F32, four}}, ErrShape},
		{"dimension 0", nil, []Out{{"t", []uint64{0}, F32, nil}}, ErrShape},
		{"half a block", nil, []Out{{"t", []uint64{16}, Q8_0, make([]byte, 17)}}, ErrShape},
		{"too little data", nil, []Out{{"t", []uint64{2}, F32, four}}, ErrShape},
		{"too much data", nil, []Out{{"t", []uint64{1}, F32, make([]byte, 5)}}, ErrShape},
		{"unknown type", nil, []Out{{"t", []uint64{1}, Type(3), four}}, ErrType},
	} {
		var b bytes.Buffer
		err := Write(&b, c.kvs, c.outs)
		var e *Error
		if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Hint == "" {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if b.Len() != 0 {
			t.Errorf("%s: %d bytes were written", c.name, b.Len())
		}
	}
}

// full takes n bytes and then fails, as a disk does.
type full struct{ n int }

func (f *full) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	size := len(written(t, samplePairs(), sampleTensors()))
	for n := 0; n < size; n += 7 {
		if err := Write(&full{n}, samplePairs(), sampleTensors()); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Fatalf("room for %d of %d bytes: %v", n, size, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	e := &Error{Op: "parse tensor", Name: "a\n", Offset: 12, Err: ErrShape, Hint: "do this"}
	if got, want := e.Error(), `gguf: parse tensor "a\n" at byte 12: bad dimensions: do this`; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	if got, want := (&Error{Op: "write", Offset: -1, Err: ErrName}).Error(), "gguf: write: bad name"; got != want {
		t.Errorf("%s\n%s", got, want)
	}
}
