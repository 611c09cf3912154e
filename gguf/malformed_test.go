package gguf

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// malformed has one fault per file. Half is a half filled with data.
func malformed() []struct {
	name string
	b    []byte
	want error
} {
	const huge = math.MaxUint64
	one := func() *draft { return header(1, 0) }
	type c = struct {
		name string
		b    []byte
		want error
	}
	return []c{
		{"empty file", nil, ErrMagic},
		{"magic cut short", []byte("GGU"), ErrMagic},
		{"wrong magic", append([]byte("FUGU"), header(0, 0).b[4:]...), ErrMagic},
		{"version missing", []byte(magic), ErrTruncated},
		{"version 0", (&draft{b: []byte(magic)}).u32(0).u64(0).u64(0).b, ErrVersion},
		{"version 1", (&draft{b: []byte(magic)}).u32(1).u64(0).u64(0).b, ErrVersion},
		{"version of the future", (&draft{b: []byte(magic)}).u32(4).u64(0).u64(0).b, ErrVersion},
		{"big endian", (&draft{b: []byte(magic)}).u32(3 << 24).u64(0).u64(0).b, ErrVersion},
		{"counts missing", (&draft{b: []byte(magic)}).u32(3).b, ErrTruncated},
		{"pairs beyond the file", header(0, huge).b, ErrLimit},
		{"one pair too many", header(0, 2).pair("k", kindU8).u8(1).b, ErrLimit},
		{"tensors beyond the file", header(huge, 0).b, ErrLimit},
		{"one tensor too many", header(2, 0).tensor("t", F32, 0, 1).data(32).b, ErrLimit},

		{"empty key", header(0, 1).pair("", kindU32).u32(1).b, ErrName},
		{"key length overflows", header(0, 1).u64(huge).u32(4).u32(4).b, ErrName},
		{"key beyond the file", header(0, 1).u64(60000).u8(make([]byte, 16)...).b, ErrTruncated},
		{"key too long", header(0, 1).pair(strings.Repeat("k", 65536), kindU8).u8(1).b, ErrName},
		{"value type unknown", header(0, 1).pair("k", 13).u32(0).b, ErrType},
		{"value type huge", header(0, 1).pair("k", math.MaxUint32).u32(0).b, ErrType},
		{"value missing", header(0, 1).pair("key", kindU64).b, ErrTruncated},
		{"value cut short", header(0, 1).pair("k", kindU64).u32(1).b, ErrTruncated},
		{"bool is 2", header(0, 1).pair("k", kindBool).u8(2).b, ErrValue},
		{"bool in an array is 2", header(0, 1).pair("k", kindArray).u32(uint32(kindBool)).u64(3).u8(1, 0, 2).b, ErrValue},
		{"string length overflows", header(0, 1).pair("k", kindString).u64(huge).b, ErrTruncated},
		{"string one byte short", header(0, 1).pair("k", kindString).u64(4).u8(1, 2, 3).b, ErrTruncated},
		{"duplicate key", header(0, 3).pair("k", kindU8).u8(1).pair("j", kindU8).u8(1).pair("k", kindU8).u8(2).b, ErrDuplicate},

		{"array type unknown", header(0, 1).pair("k", kindArray).u32(99).u64(0).b, ErrType},
		{"array of numbers beyond the file", header(0, 1).pair("k", kindArray).u32(uint32(kindF64)).u64(huge/8 + 1).b, ErrLimit},
		{"array of strings beyond the file", header(0, 1).pair("k", kindArray).u32(uint32(kindString)).u64(1 << 60).b, ErrLimit},
		{"array of bools beyond the file", header(0, 1).pair("k", kindArray).u32(uint32(kindBool)).u64(1 << 40).b, ErrLimit},
		{"array of arrays beyond the file", header(0, 1).pair("k", kindArray).u32(uint32(kindArray)).u64(2).u32(0).u64(0).b, ErrLimit},
		{"array nested without end", nested(4096), ErrLimit},
		{"array nested 5 deep", nested(5), ErrLimit},
		{"string in an array beyond the file", header(0, 1).pair("k", kindArray).u32(uint32(kindString)).u64(1).u64(huge).b, ErrTruncated},

		{"alignment 0", header(0, 1).pair(alignmentKey, kindU32).u32(0).b, ErrAlignment},
		{"alignment 1", header(0, 1).pair(alignmentKey, kindU32).u32(1).b, ErrAlignment},
		{"alignment 13", header(0, 1).pair(alignmentKey, kindU32).u32(13).b, ErrAlignment},
		{"alignment 48", header(0, 1).pair(alignmentKey, kindU32).u32(48).b, ErrAlignment},
		{"alignment huge", header(0, 1).pair(alignmentKey, kindU32).u32(1 << 31).b, ErrAlignment},
		{"alignment is a string", header(0, 1).pair(alignmentKey, kindString).text("32").b, ErrAlignment},

		{"tensor without a name", one().tensor("", F32, 0, 1).data(32).b, ErrName},
		{"tensor name too long", one().tensor(strings.Repeat("n", 64), F32, 0, 1).data(32).b, ErrName},
		{"tensor name length overflows", one().u64(huge).data(64).b, ErrName},
		{"no dimensions", one().tensor("t", F32, 0).data(32).b, ErrShape},
		{"five dimensions", one().tensor("t", F32, 0, 1, 1, 1, 1, 1).data(32).b, ErrShape},
		{"dimension 0", one().tensor("t", F32, 0, 4, 0).data(32).b, ErrShape},
		{"dimension -1", one().tensor("t", F32, 0, huge).data(32).b, ErrOverflow},
		{"dimensions overflow int64", one().tensor("t", F32, 0, 1<<33, 1<<33).data(32).b, ErrOverflow},
		{"dimensions wrap to 1", one().tensor("t", F32, 0, 1<<32, 1<<32).data(32).b, ErrOverflow},
		{"dimensions wrap twice", one().tensor("t", F32, 0, 1<<63, 2, 1<<63, 2).data(32).b, ErrOverflow},
		{"bytes overflow", one().tensor("t", F32, 0, 1<<62).data(32).b, ErrOverflow},
		{"block width 31", one().tensor("t", Q8_0, 0, 31).data(64).b, ErrShape},
		{"rows are half blocks", one().tensor("t", Q4_0, 0, 16, 2).data(64).b, ErrShape},
		{"k-quant width 128", one().tensor("t", Q4_K, 0, 128).data(256).b, ErrShape},
		{"tensor type unknown", one().tensor("t", 13, 0, 256).data(256).b, ErrType},
		{"tensor type huge", one().tensor("t", math.MaxUint32, 0, 32).data(64).b, ErrType},
		{"offset not aligned", one().tensor("t", F32, 4, 1).data(64).b, ErrAlignment},
		{"offset overflows", one().tensor("t", F32, huge-31, 1).data(64).b, ErrOverflow},
		{"offset plus start overflows", one().tensor("t", F32, math.MaxInt64-31, 1).data(64).b, ErrExtent},
		{"offset at the end", one().tensor("t", F32, 32, 1).data(32).b, ErrExtent},
		{"data one byte short", one().tensor("t", F32, 0, 8).data(31).b, ErrExtent},
		{"no data", one().tensor("t", F32, 0, 1).data(0).b, ErrExtent},
		{"size plus offset overflows", one().tensor("t", F32, 1<<62, 1<<60).data(32).b, ErrExtent},
		{"entry cut short", one().tensor("a name of some length", F32, 0, 1, 1, 1, 1).b[:90], ErrTruncated},
		{"duplicate tensor", header(2, 0).tensor("t", F32, 0, 1).tensor("t", F32, 32, 1).data(64).b, ErrDuplicate},
		{"tensors share data", header(2, 0).tensor("a", F32, 0, 1).tensor("b", F32, 0, 1).data(64).b, ErrExtent},
		{"tensors overlap", header(2, 0).tensor("a", F32, 32, 1).tensor("b", F32, 0, 9).data(64).b, ErrExtent},
	}
}

// nested is an array in an array and so on, deep ones in all.
func nested(deep int) []byte {
	d := header(0, 1).pair("k", kindArray)
	for range deep - 1 {
		d.u32(uint32(kindArray)).u64(1)
	}
	return d.u32(uint32(kindU8)).u64(0).b
}

func TestMalformed(t *testing.T) {
	for _, c := range malformed() {
		t.Run(c.name, func(t *testing.T) {
			f, err := parse(c.b)
			var e *Error
			if !errors.Is(err, c.want) || !errors.As(err, &e) || f != nil {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if e.Hint == "" || e.Offset < 0 && e.Name == "" {
				t.Errorf("%v has no place or no hint", err)
			}
		})
	}
	if *update {
		dir := filepath.Join("testdata", "fuzz", "FuzzParse")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		seeds := malformed()
		seeds = append(seeds, struct {
			name string
			b    []byte
			want error
		}{"sample", written(t, samplePairs(), sampleTensors()), nil})
		for _, c := range seeds {
			if len(c.b) > 4096 {
				continue
			}
			seed := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", c.b)
			name := strings.ReplaceAll(c.name, " ", "-")
			if err := os.WriteFile(filepath.Join(dir, name), []byte(seed), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestTruncated cuts a good file at every byte: only the padding may go.
func TestTruncated(t *testing.T) {
	b := written(t, samplePairs(), sampleTensors())
	f, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := parse(b[:n]); (err == nil) != (int64(n) >= f.DataEnd()) {
			t.Fatalf("cut to %d of %d bytes (data ends at %d): %v", n, len(b), f.DataEnd(), err)
		}
	}
}

// TestBitFlips flips every bit of a good header: an error or a file that holds
// its promises, never a panic.
func TestBitFlips(t *testing.T) {
	b := written(t, samplePairs(), sampleTensors())
	f, _ := parse(b)
	for i := range int(f.Tensors[0].Offset) {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if f, err := parse(b); err == nil {
				checkFile(t, f, int64(len(b)))
			}
			b[i] ^= 1 << bit
		}
	}
}

// TestAllocation measures the files that cost the most memory per byte.
func TestAllocation(t *testing.T) {
	const size = 1 << 20
	fill := func(d *draft) []byte { return append(d.b, make([]byte, size-len(d.b))...) }
	pairs := header(0, (size-24)/minPair)
	for len(pairs.b)+minPair <= size {
		pairs.pair("k", kindU8).u8(0)
	}
	const n = (size - 24) / (minTensor + 8)
	tensors := header(n-8, 1).pair(alignmentKey, kindU32).u32(8)
	for i := range uint64(n - 8) {
		tensors.tensor("t", F32, 8*i, 1)
	}
	strs := header(0, 1).pair("k", kindArray).u32(uint32(kindString)).u64((size - 64) / 8)
	arrays := header(0, 1).pair("k", kindArray).u32(uint32(kindArray)).u64((size - 64) / 12)
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"smallest pairs", fill(pairs)}, {"smallest tensors", fill(tensors)}, {"empty strings", fill(strs)}, {"empty arrays", fill(arrays)},
		{"claimed pairs", fill(header(0, (size-24)/minPair))}, {"claimed tensors", fill(header(n, 0))},
		{"one long string", fill(header(0, 1).pair("k", kindString).u64(size - 100))},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parse(c.b)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 2*size+window {
			t.Errorf("%s: %d bytes allocated for %d (%v)", c.name, used, size, err)
		} else {
			t.Logf("%s: %.2f × the file (%v)", c.name, float64(used)/size, err)
		}
	}
}

// shrinking loses its second half after the first read, as a file may that
// another process truncates.
type shrinking struct {
	b     []byte
	reads int
}

func (s *shrinking) ReadAt(p []byte, at int64) (int, error) {
	b := s.b
	if s.reads++; s.reads > 1 {
		b = b[:len(b)/2]
	}
	if at >= int64(len(b)) {
		return 0, errors.New("gone")
	}
	n := copy(p, b[at:])
	if n < len(p) {
		return n, errors.New("gone")
	}
	return n, nil
}

func TestReadErrors(t *testing.T) {
	b := written(t, samplePairs(), nil)
	if _, err := Parse(&shrinking{b: b}, int64(len(b))); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("the reader's error is lost: %v", err)
	}
	if _, err := Parse(&shrinking{}, -1); !errors.Is(err, ErrOverflow) {
		t.Errorf("negative size: %v", err)
	}
}

// changing serves other bytes from the second read on: what was checked is not
// what is kept, so the copy must be checked too.
type changing struct{ first, then []byte }

func (c *changing) ReadAt(p []byte, at int64) (int, error) {
	n := copy(p, c.first[at:])
	c.first = c.then
	return n, nil
}

func TestFileChangesWhileRead(t *testing.T) {
	a := header(0, 1).pair("k", kindString).text("0123456789").b
	b := header(0, 1).pair("k", kindString).u64(1 << 40).u8(make([]byte, 10)...).b
	if _, err := Parse(&changing{a, b}, int64(len(a))); !errors.Is(err, ErrTruncated) {
		t.Errorf("got %v", err)
	}
}

// A file that cannot be read is not called something else.
func TestReadErrorIsKept(t *testing.T) {
	broken := errors.New("input/output error")
	if _, err := Parse(readerAt(func([]byte, int64) (int, error) { return 0, broken }), 4096); !errors.Is(err, broken) || errors.Is(err, ErrMagic) {
		t.Error(err)
	}
}

type readerAt func(p []byte, at int64) (int, error)

func (f readerAt) ReadAt(p []byte, at int64) (int, error) { return f(p, at) }
