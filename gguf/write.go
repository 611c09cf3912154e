package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// KV is a metadata pair to write. Value is a string, a bool, a number of a fixed
// width, or a slice of one of those.
type KV struct {
	Key   string
	Value any
}

// Out is a tensor to write, its data already encoded.
type Out struct {
	Name string
	Dims []uint64 // fastest first
	Type Type
	Data []byte
}

// Write writes a version 3 file with alignment 32, pairs and tensors in the order
// given: the same arguments give the same bytes. What Parse would refuse is an
// error before anything is written.
func Write(w io.Writer, kvs []KV, tensors []Out) error {
	b := append([]byte(magic), 3, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(tensors)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(kvs)))
	b, err := appendPairs(b, kvs)
	if err != nil {
		return err
	}
	if b, err = appendTensors(b, tensors); err != nil {
		return err
	}
	if len(tensors) > 0 {
		b = append(b, zeros[:padding(len(b))]...)
	}
	if _, err := w.Write(b); err != nil {
		return &Error{Op: "write", Offset: -1, Err: err}
	}
	for _, t := range tensors {
		// The last one is padded too: ggml reads whole aligned places.
		for _, part := range [][]byte{t.Data, zeros[:padding(len(t.Data))]} {
			if _, err := w.Write(part); err != nil {
				return &Error{Op: "write tensor", Name: t.Name, Offset: -1, Err: err}
			}
		}
	}
	return nil
}

var zeros [defaultAlignment]byte

func padding(n int) int { return (defaultAlignment - n%defaultAlignment) % defaultAlignment }

func appendPairs(b []byte, kvs []KV) ([]byte, error) {
	seen := make(map[string]bool, len(kvs))
	for _, kv := range kvs {
		fail := func(err error, hint string) ([]byte, error) {
			return nil, &Error{Op: "write key", Name: kv.Key, Offset: -1, Err: err, Hint: hint}
		}
		switch {
		case kv.Key == "" || len(kv.Key) > maxKey:
			return fail(ErrName, "a key has 1 to 65535 bytes")
		case seen[kv.Key]:
			return fail(ErrDuplicate, "give each key once")
		case kv.Key == alignmentKey:
			return fail(ErrAlignment, "files are always written with alignment 32: leave the key out")
		}
		seen[kv.Key] = true
		b = appendString(b, kv.Key)
		var ok bool
		if b, ok = appendValue(b, kv.Value); !ok {
			return fail(ErrType, fmt.Sprintf("a %T has no place in metadata", kv.Value))
		}
	}
	return b, nil
}

func appendTensors(b []byte, tensors []Out) ([]byte, error) {
	seen := make(map[string]bool, len(tensors))
	offset := uint64(0)
	for _, t := range tensors {
		fail := func(err error, hint string) ([]byte, error) {
			return nil, &Error{Op: "write tensor", Name: t.Name, Offset: -1, Err: err, Hint: hint}
		}
		switch {
		case t.Name == "" || len(t.Name) > maxName:
			return fail(ErrName, "a tensor name has 1 to 63 bytes")
		case seen[t.Name]:
			return fail(ErrDuplicate, "give each tensor once")
		case len(t.Dims) == 0 || len(t.Dims) > maxDims:
			return fail(ErrShape, "a tensor has 1 to 4 dimensions")
		}
		seen[t.Name] = true
		n, e := extent(t.Type, t.Dims)
		if e != nil {
			return fail(e.Err, e.Hint)
		}
		if n != int64(len(t.Data)) {
			return fail(ErrShape, fmt.Sprintf("its dimensions need %d bytes, the data has %d", n, len(t.Data)))
		}
		b = appendString(b, t.Name)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(t.Dims)))
		for _, d := range t.Dims {
			b = binary.LittleEndian.AppendUint64(b, d)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(t.Type))
		b = binary.LittleEndian.AppendUint64(b, offset)
		offset += uint64(len(t.Data) + padding(len(t.Data)))
	}
	return b, nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// appendValue appends the kind and the value.
func appendValue(b []byte, v any) ([]byte, bool) {
	if k, ok := scalarKind(v); ok {
		return appendScalar(binary.LittleEndian.AppendUint32(b, uint32(k)), v), true
	}
	switch v := v.(type) {
	case []string:
		return appendArray(b, v), true
	case []bool:
		return appendArray(b, v), true
	case []uint8:
		return appendArray(b, v), true
	case []int8:
		return appendArray(b, v), true
	case []uint16:
		return appendArray(b, v), true
	case []int16:
		return appendArray(b, v), true
	case []uint32:
		return appendArray(b, v), true
	case []int32:
		return appendArray(b, v), true
	case []float32:
		return appendArray(b, v), true
	case []uint64:
		return appendArray(b, v), true
	case []int64:
		return appendArray(b, v), true
	case []float64:
		return appendArray(b, v), true
	}
	return b, false
}

func appendArray[T any](b []byte, v []T) []byte {
	var zero T
	k, _ := scalarKind(zero)
	b = binary.LittleEndian.AppendUint32(b, uint32(kindArray))
	b = binary.LittleEndian.AppendUint32(b, uint32(k))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(v)))
	b = slices.Grow(b, len(v)*int(k.size()))
	for _, x := range v {
		b = appendScalar(b, x)
	}
	return b
}

func scalarKind(v any) (kind, bool) {
	switch v.(type) {
	case uint8:
		return kindU8, true
	case int8:
		return kindI8, true
	case uint16:
		return kindU16, true
	case int16:
		return kindI16, true
	case uint32:
		return kindU32, true
	case int32:
		return kindI32, true
	case float32:
		return kindF32, true
	case bool:
		return kindBool, true
	case string:
		return kindString, true
	case uint64:
		return kindU64, true
	case int64:
		return kindI64, true
	case float64:
		return kindF64, true
	}
	return 0, false
}

func appendScalar(b []byte, v any) []byte {
	le := binary.LittleEndian
	switch v := v.(type) {
	case uint8:
		return append(b, v)
	case int8:
		return append(b, byte(v))
	case bool:
		if v {
			return append(b, 1)
		}
		return append(b, 0)
	case uint16:
		return le.AppendUint16(b, v)
	case int16:
		return le.AppendUint16(b, uint16(v))
	case uint32:
		return le.AppendUint32(b, v)
	case int32:
		return le.AppendUint32(b, uint32(v))
	case float32:
		return le.AppendUint32(b, math.Float32bits(v))
	case uint64:
		return le.AppendUint64(b, v)
	case int64:
		return le.AppendUint64(b, uint64(v))
	case float64:
		return le.AppendUint64(b, math.Float64bits(v))
	case string:
		return appendString(b, v)
	}
	return b
}
