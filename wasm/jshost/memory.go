package jshost

import (
	"fmt"
	"math"
)

// fault is a broken promise of the module, such as a pointer outside its memory: it ends the run.
type fault struct{ message string }

func (f fault) Error() string { return "jshost: " + f.message }

func (m *Module) mem(at, n uint32) []byte {
	b, ok := m.module.Memory().Read(at, n)
	if !ok {
		panic(fault{fmt.Sprintf("the module points outside its memory: %d bytes at %#x", n, at)})
	}
	return b
}

func (m *Module) u32(at uint32) uint32 {
	v, ok := m.module.Memory().ReadUint32Le(at)
	if !ok {
		panic(fault{fmt.Sprintf("the module points outside its memory: %#x", at)})
	}
	return v
}

func (m *Module) u64(at uint32) uint64 {
	return uint64(m.u32(at)) | uint64(m.u32(at+4))<<32
}

func (m *Module) set32(at, v uint32) {
	if !m.module.Memory().WriteUint32Le(at, v) {
		panic(fault{fmt.Sprintf("the module points outside its memory: %#x", at)})
	}
}

func (m *Module) set64(at uint32, v uint64) {
	m.set32(at, uint32(v))
	m.set32(at+4, uint32(v>>32))
}

func (m *Module) setBool(at uint32, v bool) {
	b := byte(0)
	if v {
		b = 1
	}
	m.mem(at, 1)[0] = b
}

// header is the pointer and length of a Go slice or string at an address; size is that of an element.
// Go's integers are 64 bits wide here and its memory is not.
func (m *Module) header(at uint32, size uint64) (pointer, n uint32) {
	p, length := m.u64(at), m.u64(at+8)
	if p > math.MaxUint32 || length > math.MaxUint32/size {
		panic(fault{fmt.Sprintf("the module points outside its memory: %d elements at %#x", length, p)})
	}
	return uint32(p), uint32(length)
}

// slice is the bytes of a Go slice or string whose header lies at an address.
func (m *Module) slice(at uint32) []byte { return m.mem(m.header(at, 1)) }

func (m *Module) str(at uint32) string { return string(m.slice(at)) }

// References: a JavaScript value is 8 bytes in Go's memory. A number is itself; everything else is a
// NaN with the value's index in its low half (lib/wasm/wasm_exec.js).
const (
	nanHead     = 0x7FF80000
	flagObject  = 1
	flagString  = 2
	flagCall    = 4
	refNaN      = 0
	refZero     = 1
	refNull     = 2
	refTrue     = 3
	refFalse    = 4
	refGlobal   = 5
	refGo       = 6
	permanently = math.MaxInt32
)

// table holds the values that Go refers to.
type table struct {
	values []any
	counts []int32
	ids    map[any]uint32
	free   []uint32
}

func newTable(global, self *Object) *table {
	t := &table{values: []any{math.NaN(), 0.0, nil, true, false, global, self}, ids: map[any]uint32{global: refGlobal, self: refGo}}
	t.counts = make([]int32, len(t.values))
	for i := range t.counts {
		t.counts[i] = permanently
	}
	return t
}

func (t *table) id(v any) uint32 {
	id, known := t.ids[v]
	if !known {
		if n := len(t.free); n > 0 {
			id, t.free = t.free[n-1], t.free[:n-1]
		} else {
			id = uint32(len(t.values))
			t.values, t.counts = append(t.values, nil), append(t.counts, 0)
		}
		t.values[id], t.counts[id], t.ids[v] = v, 0, id
	}
	if t.counts[id] < permanently {
		t.counts[id]++
	}
	return id
}

func (t *table) release(id uint32) {
	if int(id) >= len(t.values) || t.counts[id] == permanently {
		return
	}
	if t.counts[id]--; t.counts[id] == 0 {
		delete(t.ids, t.values[id])
		t.values[id] = nil
		t.free = append(t.free, id)
	}
}

// load is the value at an address.
func (m *Module) load(at uint32) any {
	f := math.Float64frombits(m.u64(at))
	switch {
	case f == 0:
		return undefined
	case !math.IsNaN(f):
		return f
	}
	id := m.u32(at)
	if int(id) >= len(m.refs.values) {
		panic(fault{fmt.Sprintf("the module names a value %d that it was never given", id)})
	}
	return m.refs.values[id]
}

func (m *Module) loadAll(at uint32) []any {
	from, n := m.header(at, 8)
	m.mem(from, 8*n)
	out := make([]any, n)
	for i := range out {
		out[i] = m.load(from + 8*uint32(i))
	}
	return out
}

// store writes a value to an address.
func (m *Module) store(at uint32, v any) {
	id, flag := uint32(0), uint32(0)
	switch x := v.(type) {
	case Undefined:
		m.set64(at, 0)
		return
	case float64:
		if x != 0 && !math.IsNaN(x) {
			m.set64(at, math.Float64bits(x))
			return
		}
		if id = refNaN; x == 0 {
			id = refZero
		}
	case nil:
		id = refNull
	case bool:
		if id = refFalse; x {
			id = refTrue
		}
	case string:
		id, flag = m.refs.id(x), flagString
	case *Object:
		if id, flag = m.refs.id(x), flagObject; x.call != nil || x.construct != nil {
			flag = flagCall
		}
	default:
		panic(fault{fmt.Sprintf("a value of Go type %T has no JavaScript form", v)})
	}
	m.set32(at, id)
	m.set32(at+4, nanHead|flag)
}
