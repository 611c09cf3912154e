package jshost

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/tetratelabs/wazero"
)

// ints are bytes as the table writes them.
func ints(list []byte) []int {
	out := make([]int, len(list))
	for i, b := range list {
		out[i] = int(b)
	}
	return out
}

// TestHostCases runs the table that web/test/host.test.mjs runs against web/src/host.ts.
func TestHostCases(t *testing.T) {
	text, err := os.ReadFile("testdata/hostcases.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Cases []struct {
			Name  string
			Steps []map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Cases) < 9 {
		t.Fatalf("%d cases, the table has more", len(table.Cases))
	}
	file := make([]byte, 256)
	for i := range file {
		file[i] = byte(i)
	}
	for _, c := range table.Cases {
		t.Run(c.Name, func(t *testing.T) {
			ctx := context.Background()
			r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(cache))
			defer r.Close(ctx)
			m := newModule(ctx, os.Stderr)
			h, err := newHost(ctx, m, r, func(map[string]any) {})
			if err != nil {
				t.Fatal(err)
			}
			h.sources = append(h.sources, source{bytes.NewReader(file), 256})
			o := h.object()
			for i, step := range c.Steps {
				runStep(t, m, o, i, step)
			}
		})
	}
}

func runStep(t *testing.T, m *Module, o *Object, i int, step map[string]json.RawMessage) {
	t.Helper()
	var fn string
	var args []any
	field(t, step["fn"], &fn)
	field(t, step["args"], &args)
	v, err := callValue(get(o, fn), o, args)
	if p, ok := v.(*Object); ok && err == nil && get(p, "then") != undefined {
		v, err = settle(t, m, p)
	}
	if step["error"] != nil {
		if err == nil {
			t.Errorf("step %d: %s%v gave %v, an error is wanted", i, fn, args, v)
		}
		return
	}
	if err != nil {
		t.Fatalf("step %d: %s%v: %v", i, fn, args, err)
	}
	if step["set"] != nil {
		var values []int
		field(t, step["set"], &values)
		for k, x := range values {
			setIndex(v.(*Object), int64(k), float64(x))
		}
	}
	for _, key := range []string{"bytes", "view"} {
		if step[key] == nil {
			continue
		}
		want := []int{}
		field(t, step[key], &want)
		if got := ints(v.(*Object).bytes); !reflect.DeepEqual(got, want) {
			t.Errorf("step %d: %s%v gave %v, want %v", i, fn, args, got, want)
		}
	}
	if step["want"] == nil {
		return
	}
	var want any
	field(t, step["want"], &want)
	if _, isABI := want.(map[string]any); isABI {
		if v.(float64) < 1 {
			t.Errorf("step %d: ABI version %v", i, v)
		}
		return
	}
	if got, err := toGo(v); err != nil || got != want {
		t.Errorf("step %d: %s%v gave %v (%v), want %v", i, fn, args, got, err, want)
	}
}

func field(t *testing.T, raw json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// turn runs one event.
func turn(t *testing.T, m *Module) {
	t.Helper()
	f, err := m.events.next(m.ctx)
	if err == nil {
		err = f()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// settle turns the event loop until a promise is settled.
func settle(t *testing.T, m *Module, p *Object) (v any, err error) {
	t.Helper()
	done := false
	keep := func(into func(any)) *Object {
		return callable(func(_ any, args []any) (any, error) { done = true; into(args[0]); return undefined, nil })
	}
	if _, e := callValue(get(p, "then"), p, []any{keep(func(x any) { v = x }), keep(func(x any) { err = &Exception{x} })}); e != nil {
		t.Fatal(e)
	}
	if done {
		t.Fatal("a promise was settled at once")
	}
	for !done {
		for _, f := range m.micro {
			if e := f(); e != nil {
				t.Fatal(e)
			}
		}
		m.micro = nil
		if !done {
			turn(t, m)
		}
	}
	return v, err
}

func TestYieldIsNotSynchronousAndEarlyMessagesAreKept(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(cache))
	defer r.Close(ctx)
	m := newModule(ctx, os.Stderr)
	h, err := newHost(ctx, m, r, func(map[string]any) {})
	if err != nil {
		t.Fatal(err)
	}
	o := h.object()
	var log []string
	note := func(name string) *Object {
		return callable(func(_ any, args []any) (any, error) {
			if len(args) > 0 {
				name = args[0].(*Object).properties["text"].(string)
			}
			log = append(log, name)
			return undefined, nil
		})
	}
	if _, err := callValue(get(o, "yield"), o, []any{note("yielded")}); err != nil {
		t.Fatal(err)
	}
	log = append(log, "after yield")
	turn(t, m)
	for _, text := range []string{"one", "two"} {
		if err := h.deliver(m.toJS(map[string]any{"text": text})); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := callValue(get(o, "listen"), o, []any{note("")}); err != nil {
		t.Fatal(err)
	}
	if err := h.deliver(m.toJS(map[string]any{"text": "three"})); err != nil {
		t.Fatal(err)
	}
	if want := []string{"after yield", "yielded", "one", "two", "three"}; !reflect.DeepEqual(log, want) {
		t.Errorf("order %v, want %v", log, want)
	}
}
