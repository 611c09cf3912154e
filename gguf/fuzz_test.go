package gguf

import (
	"bytes"
	"reflect"
	"testing"
)

// checkFile asserts what Parse promises about any file of size bytes.
func checkFile(t *testing.T, f *File, size int64) {
	t.Helper()
	seen := map[string]bool{}
	for _, k := range f.Keys() {
		if v, ok := f.Value(k); seen[k] || !ok || v == nil {
			t.Fatalf("key %q: %v, twice: %v", k, v, seen[k])
		}
		seen[k] = true
	}
	seen = map[string]bool{}
	used := map[int64]int64{}
	for _, x := range f.Tensors {
		if got, ok := f.Tensor(x.Name); seen[x.Name] || !ok || !reflect.DeepEqual(got, x) {
			t.Fatalf("tensor %q is not found as listed", x.Name)
		}
		seen[x.Name] = true
		if x.Offset < 0 || x.Bytes <= 0 || x.Offset+x.Bytes > size || x.Offset%f.Alignment != 0 {
			t.Fatalf("tensor %+v in %d bytes", x, size)
		}
		if x.Elements() <= 0 || x.Elements()/int64(x.Type.BlockSize())*int64(x.Type.BlockBytes()) != x.Bytes {
			t.Fatalf("tensor %+v has another size", x)
		}
		for at, n := range used {
			if x.Offset < at+n && at < x.Offset+x.Bytes {
				t.Fatalf("tensor %+v overlaps one at %d", x, at)
			}
		}
		used[x.Offset] = x.Bytes
	}
}

// rewrite writes a parsed file again, if Write can.
func rewrite(t *testing.T, f *File, b []byte) ([]byte, bool) {
	var kvs []KV
	for _, k := range f.Keys() {
		if v, _ := f.Value(k); k != alignmentKey {
			if _, nested := v.([]any); nested {
				return nil, false
			}
			kvs = append(kvs, KV{k, v})
		}
	}
	var outs []Out
	for _, x := range f.Tensors {
		outs = append(outs, Out{x.Name, x.Dims, x.Type, b[x.Offset:][:x.Bytes]})
	}
	return written(t, kvs, outs), true
}

// FuzzParse: any bytes are an error or a file that keeps its promises, and what
// is read can be written and read again to the same bytes.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := parse(b)
		if err != nil {
			return
		}
		checkFile(t, file, int64(len(b)))
		once, ok := rewrite(t, file, b)
		if !ok {
			return
		}
		again, err := parse(once)
		if err != nil {
			t.Fatalf("what was written does not parse: %v", err)
		}
		if twice, _ := rewrite(t, again, once); !bytes.Equal(once, twice) {
			t.Fatal("writing is not stable")
		}
	})
}
