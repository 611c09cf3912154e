//go:build js

package main

import (
	"fmt"
	"math"
	"syscall/js"
	"time"

	"paw/pawfile"
)

// blob is a property that holds the bytes of a file.
func blob(m js.Value, key string) ([]byte, error) {
	v := m.Get(key)
	if !v.InstanceOf(js.Global().Get("Uint8Array")) {
		return nil, fmt.Errorf("%w: %s must be the bytes of a file", errInput, key)
	}
	n := v.Length()
	if n > pawfile.MaxArchive {
		return nil, fmt.Errorf("%w: %s of %d bytes, at most %d are read", errInput, key, n, pawfile.MaxArchive)
	}
	b := make([]byte, n)
	js.CopyBytesToGo(b, v)
	return b, nil
}

// text is a string property, "" when it is none.
func text(m js.Value, key string) string {
	if v := m.Get(key); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// float is a number property, 0 when it is none.
func float(m js.Value, key string) float64 {
	if v := m.Get(key); v.Type() == js.TypeNumber {
		return v.Float()
	}
	return 0
}

// number is a whole number property, 0 when it is none.
func number(m js.Value, key string) int {
	f := float(m, key)
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0
	}
	return int(f)
}

// tokens is a property that lists token ids.
func tokens(m js.Value, key string) []int32 {
	v := m.Get(key)
	if v.Type() != js.TypeObject {
		return nil
	}
	out := make([]int32, v.Length())
	for i := range out {
		if out[i] = -1; v.Index(i).Type() == js.TypeNumber {
			out[i] = int32(v.Index(i).Float())
		}
	}
	return out
}

func strings(list []string) any {
	if list == nil {
		return nil
	}
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
