package gguf

import (
	"math"
	"slices"
	"sort"
)

// Keys lists the metadata keys in file order.
func (f *File) Keys() []string {
	at := slices.Clone(f.keys)
	slices.Sort(at)
	keys := make([]string, len(at))
	for i, a := range at {
		keys[i] = f.key(a)
	}
	return keys
}

// find returns the kind and the text of a value; the text runs to the end of the
// metadata.
func (f *File) find(key string) (kind, string, bool) {
	i := sort.Search(len(f.keys), func(i int) bool { return f.key(f.keys[i]) >= key })
	if i == len(f.keys) || f.key(f.keys[i]) != key {
		return 0, "", false
	}
	s := f.meta[int(f.keys[i])+8+len(key):]
	return kind(le32(s)), s[4:], true
}

// Value is a metadata value as its own Go type: string, bool, a sized number, a
// slice of those, or []any for arrays of arrays.
func (f *File) Value(key string) (any, bool) {
	k, s, ok := f.find(key)
	if !ok {
		return nil, false
	}
	v, _ := value(k, s)
	return v, true
}

// String is a metadata string.
func (f *File) String(key string) (string, bool) {
	k, s, ok := f.find(key)
	if !ok || k != kindString {
		return "", false
	}
	return text(s), true
}

// Uint is a metadata integer of any width that is not negative.
func (f *File) Uint(key string) (uint64, bool) {
	v, _ := f.scalar(key)
	switch v := v.(type) {
	case uint8:
		return uint64(v), true
	case uint16:
		return uint64(v), true
	case uint32:
		return uint64(v), true
	case uint64:
		return v, true
	case int8:
		return uint64(v), v >= 0
	case int16:
		return uint64(v), v >= 0
	case int32:
		return uint64(v), v >= 0
	case int64:
		return uint64(v), v >= 0
	}
	return 0, false
}

// Float is a metadata float32 or float64.
func (f *File) Float(key string) (float64, bool) {
	v, _ := f.scalar(key)
	switch v := v.(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// Bool is a metadata bool.
func (f *File) Bool(key string) (value, ok bool) {
	v, _ := f.scalar(key)
	b, ok := v.(bool)
	return b, ok
}

func (f *File) scalar(key string) (any, bool) {
	k, s, ok := f.find(key)
	if !ok || k.size() == 0 {
		return nil, false
	}
	v, _ := value(k, s)
	return v, true
}

// Strings is a metadata array of strings. They share the header's memory.
func (f *File) Strings(key string) ([]string, bool) {
	v, _ := f.array(key)
	s, ok := v.([]string)
	return s, ok
}

// Len is the number of elements of a metadata array.
func (f *File) Len(key string) (int, bool) {
	k, s, ok := f.find(key)
	if !ok || k != kindArray {
		return 0, false
	}
	return int(le64(s[4:])), true
}

// Ints is a metadata array of integers of any width that fit int64.
func (f *File) Ints(key string) ([]int64, bool) {
	v, _ := f.array(key)
	switch v := v.(type) {
	case []uint8:
		return convert[int64](v), true
	case []int8:
		return convert[int64](v), true
	case []uint16:
		return convert[int64](v), true
	case []int16:
		return convert[int64](v), true
	case []uint32:
		return convert[int64](v), true
	case []int32:
		return convert[int64](v), true
	case []int64:
		return v, true
	case []uint64:
		for _, x := range v {
			if x > math.MaxInt64 {
				return nil, false
			}
		}
		return convert[int64](v), true
	}
	return nil, false
}

func (f *File) array(key string) (any, bool) {
	k, s, ok := f.find(key)
	if !ok || k != kindArray {
		return nil, false
	}
	v, _ := value(k, s)
	return v, true
}

type number interface {
	~uint8 | ~int8 | ~uint16 | ~int16 | ~uint32 | ~int32 | ~uint64 | ~int64 | ~float32 | ~float64
}

func convert[T, S number](s []S) []T {
	out := make([]T, len(s))
	for i, v := range s {
		out[i] = T(v)
	}
	return out
}

// value decodes the value of kind k that s starts with, and returns the rest.
// The walk of Parse has checked it.
func value(k kind, s string) (any, string) {
	switch k {
	case kindString:
		t := text(s)
		return t, s[8+len(t):]
	case kindArray:
		return arrayValue(s)
	}
	rest := s[k.size():]
	switch k {
	case kindU8:
		return s[0], rest
	case kindI8:
		return int8(s[0]), rest
	case kindBool:
		return s[0] == 1, rest
	case kindU16:
		return le16(s), rest
	case kindI16:
		return int16(le16(s)), rest
	case kindU32:
		return le32(s), rest
	case kindI32:
		return int32(le32(s)), rest
	case kindF32:
		return math.Float32frombits(le32(s)), rest
	case kindU64:
		return le64(s), rest
	case kindI64:
		return int64(le64(s)), rest
	default: // kindF64
		return math.Float64frombits(le64(s)), rest
	}
}

func arrayValue(s string) (any, string) {
	k, n := kind(le32(s)), int(le64(s[4:]))
	s = s[12:]
	switch k {
	case kindU8:
		return elements[uint8](k, n, s)
	case kindI8:
		return elements[int8](k, n, s)
	case kindBool:
		return elements[bool](k, n, s)
	case kindU16:
		return elements[uint16](k, n, s)
	case kindI16:
		return elements[int16](k, n, s)
	case kindU32:
		return elements[uint32](k, n, s)
	case kindI32:
		return elements[int32](k, n, s)
	case kindF32:
		return elements[float32](k, n, s)
	case kindU64:
		return elements[uint64](k, n, s)
	case kindI64:
		return elements[int64](k, n, s)
	case kindF64:
		return elements[float64](k, n, s)
	case kindString:
		out := make([]string, n)
		for i := range out {
			out[i] = text(s)
			s = s[8+len(out[i]):]
		}
		return out, s
	default: // kindArray
		return elements[any](k, n, s)
	}
}

func elements[T any](k kind, n int, s string) (any, string) {
	out := make([]T, n)
	for i := range out {
		var v any
		v, s = value(k, s)
		out[i] = v.(T)
	}
	return out, s
}

// text is the string that s starts with.
func text(s string) string { return s[8:][:le64(s)] }

func le16(s string) uint16 { return uint16(s[0]) | uint16(s[1])<<8 }
