// Package jshost runs GOOS=js modules without a browser: the imports of Go's JavaScript loader over a
// small object model under wazero, with promises, timers and one event loop. It promises what Go's
// runtime, fmt, time and the host object of paw.wasm need (docs/design.md, "The host object"), and a
// clear error for everything else. It is for tests and tools; it is no JavaScript engine.
package jshost

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
)

// Undefined is JavaScript's undefined; nil is null. Other values are float64, string, bool and *Object.
type Undefined struct{}

var undefined any = Undefined{}

// Object is a JavaScript object: properties, and at most one of a call, elements or bytes.
type Object struct {
	properties map[string]any
	call       func(this any, args []any) (any, error)
	construct  func(args []any) (any, error)
	elements   []any
	bytes      []byte
	kind       kind
	class      *Object // its constructor
}

type kind uint8

const (
	plain kind = iota
	array
	byteArray
)

// Exception is a thrown JavaScript value.
type Exception struct{ Value any }

func (e *Exception) Error() string {
	if m, ok := get(e.Value, "message").(string); ok {
		return m
	}
	return fmt.Sprint(e.Value)
}

func object(pairs ...any) *Object {
	o := &Object{properties: map[string]any{}}
	for i := 0; i < len(pairs); i += 2 {
		o.properties[pairs[i].(string)] = pairs[i+1]
	}
	return o
}

func callable(call func(this any, args []any) (any, error)) *Object {
	return &Object{properties: map[string]any{}, call: call}
}

func list(elements []any) *Object {
	return &Object{properties: map[string]any{}, elements: elements, kind: array}
}

// get is a property, undefined when there is none.
func get(v any, key string) any {
	o, ok := v.(*Object)
	if !ok {
		return undefined
	}
	if key == "length" || key == "byteLength" {
		switch o.kind {
		case byteArray:
			return float64(len(o.bytes))
		case array:
			return float64(len(o.elements))
		}
	}
	if p, ok := o.properties[key]; ok {
		return p
	}
	if o.class != nil {
		// One step, not a chain: a module may make a prototype its own descendant.
		if prototype, ok := o.class.properties["prototype"].(*Object); ok {
			if p, ok := prototype.properties[key]; ok {
				return p
			}
		}
	}
	return undefined
}

func callValue(f, this any, args []any) (any, error) {
	o, ok := f.(*Object)
	if !ok || o.call == nil {
		return nil, thrown("%v is not a function", f)
	}
	return o.call(this, args)
}

// thrown is an Error object as an exception.
func thrown(format string, args ...any) *Exception {
	return &Exception{object("message", fmt.Sprintf(format, args...))}
}

// exception is what JavaScript catches of a Go error.
func exception(err error) any {
	if e, ok := err.(*Exception); ok {
		return e.Value
	}
	return object("message", err.Error())
}

// number is a value as JavaScript's number, NaN when it is none.
func number(v any) float64 {
	if f, ok := v.(float64); ok {
		return f
	}
	return math.NaN()
}

// toJS makes values of Go plain JavaScript ones: maps and slices become objects, []byte a Uint8Array.
func (m *Module) toJS(v any) any {
	switch x := v.(type) {
	case nil, float64, string, bool, *Object, Undefined:
		return x
	case []byte:
		return m.bytes(x)
	case map[string]any:
		o := object()
		for k, e := range x {
			o.properties[k] = m.toJS(e)
		}
		return o
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanInt():
		return float64(r.Int())
	case r.CanUint():
		return float64(r.Uint())
	case r.CanFloat():
		return r.Float()
	case r.Kind() == reflect.Slice:
		out := make([]any, r.Len())
		for i := range out {
			out[i] = m.toJS(r.Index(i).Interface())
		}
		return list(out)
	}
	return undefined
}

// Bounds of a value that leaves the module: objects may hold themselves.
const (
	maxNesting = 64
	maxValues  = 1 << 20
)

// toGo is the reverse of toJS; bytes are copied. Functions and other properties of arrays are dropped.
func toGo(v any) (any, error) {
	values := 0
	var convert func(v any, nesting int) (any, error)
	convert = func(v any, nesting int) (any, error) {
		if values++; values > maxValues {
			return nil, thrown("a message of more than %d values", maxValues)
		}
		if nesting > maxNesting {
			return nil, thrown("a message is nested deeper than %d", maxNesting)
		}
		o, ok := v.(*Object)
		switch {
		case v == undefined, ok && o.call != nil:
			return nil, nil
		case !ok:
			return v, nil
		case o.kind == byteArray:
			return bytes.Clone(o.bytes), nil
		case o.kind == array:
			out := make([]any, len(o.elements))
			for i, e := range o.elements {
				var err error
				if out[i], err = convert(e, nesting+1); err != nil {
					return nil, err
				}
			}
			return out, nil
		}
		out := map[string]any{}
		for k, e := range o.properties {
			g, err := convert(e, nesting+1)
			if err != nil {
				return nil, err
			}
			out[k] = g
		}
		return out, nil
	}
	return convert(v, 0)
}

func (m *Module) bytes(b []byte) *Object {
	return &Object{properties: map[string]any{}, bytes: b, kind: byteArray, class: m.uint8Array}
}
