package jshost

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
)

// hanging is when a module that should have ended is given up; slow machines take half a minute to compile it.
const hanging = 3 * time.Minute

func TestHandlersEndTheModule(t *testing.T) {
	for _, c := range []struct {
		end    string
		want   error
		prints string
	}{
		{"exit in a handler", ErrExit, ""},
		{"good exit in a handler", nil, ""},
		{"panic in a handler", ErrExit, "panic: the handler"},
		{"recursion", ErrExit, "too much recursion"},
		{"cyclic message", ErrExit, "nested deeper"},
		{"growing message", ErrExit, "more than"},
		{"cyclic prototype", nil, ""},
	} {
		t.Run(c.end, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), hanging)
			defer cancel()
			out, _, err := runProgram(t, ctx, hostile, c.end)
			if !errors.Is(err, c.want) {
				t.Errorf("ended with %v, want %v", err, c.want)
			}
			if !strings.Contains(out, c.prints) || strings.Contains(out, "went on") || strings.Count(out, "panic: ") > 1 {
				t.Errorf("printed %q, want %q in it, once", out, c.prints)
			}
		})
	}
}

func TestEventsKeepTheirOrder(t *testing.T) {
	var want strings.Builder
	for i := range 200 {
		fmt.Fprintln(&want, i)
	}
	if out, _, err := runProgram(t, context.Background(), hostile, "order"); err != nil || out != want.String() {
		t.Errorf("order %q, %v", out, err)
	}
}

// memoryOnly is a module of one page of memory and nothing else.
var memoryOnly = []byte("\x00asm\x01\x00\x00\x00\x05\x03\x01\x00\x01\x07\x07\x01\x03mem\x02\x00")

func TestPointersOutsideAreFaults(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(cache))
	defer r.Close(ctx)
	m := newModule(ctx, nil)
	var err error
	if m.module, err = r.Instantiate(ctx, memoryOnly); err != nil {
		t.Fatal(err)
	}
	set := func(pointer, length uint64) { m.set64(0, pointer); m.set64(8, length) }
	for name, f := range map[string]func(){
		"bytes outside":         func() { set(65530, 7); m.slice(0) },
		"length of 2^32":        func() { set(0, 1<<32); m.slice(0) },
		"pointer of 2^32":       func() { set(1<<32, 1); m.slice(0) },
		"negative length":       func() { set(0, math.MaxUint64); m.slice(0) },
		"list whose size wraps": func() { set(0, 1<<29+1); m.loadAll(0) },
		"stack pointer outside": func() { m.u64(65532) },
		"stack pointer wraps":   func() { m.u64(math.MaxUint32 - 3) },
		"write outside":         func() { m.store(65532, true) },
		"unknown value":         func() { m.set64(0, nanHead<<32|999); m.load(0) },
		"far array element":     func() { setIndex(list(nil), 1<<40, 1.0) },
		"element of an object":  func() { setIndex(object(), 0, 1.0) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, ok := recover().(fault); !ok {
					t.Error("no fault")
				}
			}()
			f()
		})
	}
}
