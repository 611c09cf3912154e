package gguf

import (
	"bytes"
	"encoding/binary"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file and the fuzz corpus")

// draft is a file under construction, each number writable as one likes.
type draft struct{ b []byte }

func (d *draft) u8(v ...byte) *draft { d.b = append(d.b, v...); return d }
func (d *draft) u32(v uint32) *draft { d.b = binary.LittleEndian.AppendUint32(d.b, v); return d }
func (d *draft) u64(v uint64) *draft { d.b = binary.LittleEndian.AppendUint64(d.b, v); return d }
func (d *draft) text(s string) *draft {
	d.u64(uint64(len(s)))
	d.b = append(d.b, s...)
	return d
}

// header starts a version 3 file.
func header(tensors, pairs uint64) *draft {
	return (&draft{b: []byte(magic)}).u32(3).u64(tensors).u64(pairs)
}

// pair starts a metadata pair.
func (d *draft) pair(key string, k kind) *draft { return d.text(key).u32(uint32(k)) }

// tensor adds an entry.
func (d *draft) tensor(name string, t Type, offset uint64, dims ...uint64) *draft {
	d.text(name).u32(uint32(len(dims)))
	for _, n := range dims {
		d.u64(n)
	}
	return d.u32(uint32(t)).u64(offset)
}

// data pads to 32 and adds n bytes.
func (d *draft) data(n int) *draft {
	d.b = append(d.b, zeros[:padding(len(d.b))]...)
	d.b = append(d.b, make([]byte, n)...)
	return d
}

func parse(b []byte) (*File, error) { return Parse(bytes.NewReader(b), int64(len(b))) }

// samplePairs has a value of every kind.
func samplePairs() []KV {
	return []KV{
		{"general.architecture", "sample"}, {"empty", ""}, {"text", "ügly\x00\xff"},
		{"yes", true}, {"no", false},
		{"u8", uint8(200)}, {"i8", int8(-100)}, {"u16", uint16(60000)}, {"i16", int16(-30000)},
		{"u32", uint32(math.MaxUint32)}, {"i32", int32(math.MinInt32)}, {"u64", uint64(math.MaxUint64)}, {"i64", int64(math.MinInt64)},
		{"f32", float32(1.5)}, {"f64", math.Pi},
		{"a.text", []string{"", "one", "two and a bit"}}, {"a.bool", []bool{true, false}}, {"a.none", []string{}},
		{"a.u8", []uint8{1, 2}}, {"a.i8", []int8{-1}}, {"a.u16", []uint16{7}}, {"a.i16", []int16{-7}},
		{"a.u32", []uint32{1, 2, 3}}, {"a.i32", []int32{-1, 2}}, {"a.u64", []uint64{1}}, {"a.i64", []int64{-1}},
		{"a.f32", []float32{0.5, -2}}, {"a.f64", []float64{0.25}},
	}
}

func sampleTensors() []Out {
	ramp := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(i%37)/8 - 2
		}
		return x
	}
	return []Out{
		{"norm", []uint64{5}, F32, Encode(F32, nil, ramp(5))},
		{"half", []uint64{3, 2}, F16, Encode(F16, nil, ramp(6))},
		{"q8", []uint64{64, 3}, Q8_0, Encode(Q8_0, nil, ramp(192))},
		{"q4", []uint64{32, 2, 1, 2}, Q4_0, Encode(Q4_0, nil, ramp(128))},
		{"q4k", []uint64{256}, Q4_K, make([]byte, 144)},
		{"q6k", []uint64{256, 2}, Q6_K, make([]byte, 420)},
	}
}

func written(t testing.TB, kvs []KV, tensors []Out) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, kvs, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRoundTrip writes every kind of value and tensor and reads all of it back.
func TestRoundTrip(t *testing.T) {
	kvs, outs := samplePairs(), sampleTensors()
	b := written(t, kvs, outs)
	for _, version := range []byte{2, 3} {
		b[4] = version
		f, err := parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if f.Version != uint32(version) || f.Alignment != 32 {
			t.Errorf("version %d, alignment %d", f.Version, f.Alignment)
		}
		var keys []string
		for _, kv := range kvs {
			keys = append(keys, kv.Key)
			v, ok := f.Value(kv.Key)
			if !ok || !reflect.DeepEqual(v, kv.Value) {
				t.Errorf("%s = %#v, %v, want %#v", kv.Key, v, ok, kv.Value)
			}
		}
		if got := f.Keys(); !reflect.DeepEqual(got, keys) {
			t.Errorf("keys %q, want %q", got, keys)
		}
		if len(f.Tensors) != len(outs) {
			t.Fatalf("%d tensors, want %d", len(f.Tensors), len(outs))
		}
		for i, o := range outs {
			got, ok := f.Tensor(o.Name)
			if !ok || !reflect.DeepEqual(got, f.Tensors[i]) {
				t.Fatalf("tensor %s not found as listed", o.Name)
			}
			if got.Type != o.Type || !reflect.DeepEqual(got.Dims, o.Dims) || got.Elements()*int64(o.Type.BlockBytes()) != got.Bytes*int64(o.Type.BlockSize()) {
				t.Errorf("tensor %+v, want %v %v", got, o.Type, o.Dims)
			}
			if data := b[got.Offset:][:got.Bytes]; !bytes.Equal(data, o.Data) {
				t.Errorf("tensor %s has other bytes", o.Name)
			}
		}
	}
}

// TestGolden holds the written bytes fixed: two machines write the same file.
func TestGolden(t *testing.T) {
	got := written(t, samplePairs(), sampleTensors())
	name := filepath.Join("testdata", "sample.gguf")
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("Write gives %d bytes that differ from %s; -update if that is meant", len(got), name)
	}
}

func TestTypedValues(t *testing.T) {
	f, err := parse(written(t, samplePairs(), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key  string
		want uint64
		ok   bool
	}{{"u8", 200, true}, {"u16", 60000, true}, {"u32", math.MaxUint32, true}, {"u64", math.MaxUint64, true}, {"i8", 0, false},
		{"i64", 0, false}, {"f32", 0, false}, {"yes", 0, false}, {"text", 0, false}, {"a.u8", 0, false}, {"absent", 0, false}} {
		got, ok := f.Uint(c.key)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("Uint(%s) = %d, %v", c.key, got, ok)
		}
	}
	if v, ok := f.Float("f32"); !ok || v != 1.5 {
		t.Errorf("Float(f32) = %v, %v", v, ok)
	}
	if v, ok := f.Float("f64"); !ok || v != math.Pi {
		t.Errorf("Float(f64) = %v, %v", v, ok)
	}
	if _, ok := f.Float("u8"); ok {
		t.Error("Float of an integer")
	}
	if v, ok := f.Bool("yes"); !ok || !v {
		t.Errorf("Bool(yes) = %v, %v", v, ok)
	}
	if _, ok := f.Bool("u8"); ok {
		t.Error("Bool of an integer")
	}
	if v, ok := f.String("text"); !ok || v != "ügly\x00\xff" {
		t.Errorf("String(text) = %q, %v", v, ok)
	}
	if _, ok := f.String("u8"); ok {
		t.Error("String of an integer")
	}
	if v, ok := f.Strings("a.text"); !ok || len(v) != 3 || v[2] != "two and a bit" {
		t.Errorf("Strings(a.text) = %q, %v", v, ok)
	}
	if _, ok := f.Strings("a.u8"); ok {
		t.Error("Strings of integers")
	}
	for key, want := range map[string][]int64{"a.u8": {1, 2}, "a.i8": {-1}, "a.u16": {7}, "a.i16": {-7}, "a.u32": {1, 2, 3}, "a.i32": {-1, 2}, "a.u64": {1}, "a.i64": {-1}} {
		if v, ok := f.Ints(key); !ok || !reflect.DeepEqual(v, want) {
			t.Errorf("Ints(%s) = %v, %v", key, v, ok)
		}
	}
	for key, want := range map[string]any{"a.f32": []float32{0.5, -2}, "a.f64": []float64{0.25}} {
		if v, ok := f.Value(key); !ok || !reflect.DeepEqual(v, want) {
			t.Errorf("Value(%s) = %v, %v", key, v, ok)
		}
	}
	if n, ok := f.Len("a.text"); !ok || n != 3 {
		t.Errorf("Len(a.text) = %d, %v", n, ok)
	}
	if _, ok := f.Len("text"); ok {
		t.Error("Len of a string")
	}
	if _, ok := f.Tensor("absent"); ok {
		t.Error("a tensor that is not there")
	}
}

func TestNestedArrays(t *testing.T) {
	d := header(0, 1).pair("n", kindArray).u32(uint32(kindArray)).u64(2)
	d.u32(uint32(kindU8)).u64(2).u8(1, 2)
	d.u32(uint32(kindString)).u64(1).text("x")
	f, err := parse(d.b)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := f.Value("n")
	if want := []any{[]uint8{1, 2}, []string{"x"}}; !reflect.DeepEqual(v, want) {
		t.Errorf("%#v, want %#v", v, want)
	}
}

func TestAlignment(t *testing.T) {
	for _, a := range []uint32{8, 64, 4096} {
		d := header(2, 1).pair(alignmentKey, kindU32).u32(a)
		d.tensor("a", F32, 0, 1).tensor("b", F32, uint64(a), 1)
		for len(d.b)%int(a) != 0 {
			d.u8(0)
		}
		start := int64(len(d.b))
		d.b = append(d.b, make([]byte, a+4)...)
		f, err := parse(d.b)
		if err != nil {
			t.Fatalf("alignment %d: %v", a, err)
		}
		if b, _ := f.Tensor("b"); b.Offset != start+int64(a) || f.DataEnd() != b.Offset+4 {
			t.Errorf("alignment %d: b at %d, end %d, data at %d", a, b.Offset, f.DataEnd(), start)
		}
	}
}

// TestOrder: tensors may lie in any order and leave gaps.
func TestOrder(t *testing.T) {
	f, err := parse(header(3, 0).tensor("c", F32, 128, 1).tensor("a", F32, 0, 8).tensor("b", F32, 32, 1).data(132).b)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Tensors[0].Name + f.Tensors[1].Name + f.Tensors[2].Name; got != "cab" {
		t.Error("tensors are not in file order")
	}
}
