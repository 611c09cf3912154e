package jshost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Errors of a run.
var (
	// ErrExit says that the module ended with a code other than 0; it wrote why to Output.
	ErrExit = errors.New("jshost: the module ended")
	// ErrIdle says that the module waits for something that nobody will ever do.
	ErrIdle = errors.New("jshost: the module waits and no event can come")
)

// maxDepth bounds recursion through both sides, which would eat the host's stack.
const maxDepth = 500

// Module is a running GOOS=js module. All of it runs on one goroutine, the event loop; other
// goroutines reach it by post.
type Module struct {
	ctx     context.Context
	module  api.Module
	output  io.Writer
	global  *Object
	self    *Object // Go's own object in wasm_exec.js
	refs    *table
	events  *queue
	micro   []func() error
	depth   int // of calls into Go within calls of JavaScript
	pending int // promises and messages that other goroutines will settle

	timers     map[int32]*time.Timer
	lastTimer  int32
	start      time.Time
	exited     bool
	code       int32
	broken     error // why the module was left other than by its exit: it cannot go on
	uint8Array *Object
}

func newModule(ctx context.Context, output io.Writer) *Module {
	m := &Module{ctx: ctx, output: output, events: newQueue(), timers: map[int32]*time.Timer{}, start: time.Now()}
	m.uint8Array = &Object{properties: map[string]any{"prototype": object()}}
	m.uint8Array.construct = func(args []any) (any, error) {
		if len(args) == 0 {
			return m.bytes(nil), nil
		}
		if n := number(args[0]); n >= 0 && n <= 1<<30 {
			return m.bytes(make([]byte, int(n))), nil
		}
		if o, ok := args[0].(*Object); ok && o.kind == byteArray {
			return m.bytes(append([]byte{}, o.bytes...)), nil
		}
		return nil, thrown("Uint8Array of %v is not supported", args[0])
	}
	newObject := &Object{properties: map[string]any{}, construct: func([]any) (any, error) { return object(), nil }}
	newArray := &Object{properties: map[string]any{}, construct: func([]any) (any, error) { return list(nil), nil }}
	newError := &Object{properties: map[string]any{}, construct: func(args []any) (any, error) { return object("message", args[0]), nil }}
	// Package os asks for these constants and writes standard output through fs.write.
	fs := object("constants", object("O_WRONLY", -1.0, "O_RDWR", -1.0, "O_CREAT", -1.0, "O_TRUNC", -1.0, "O_APPEND", -1.0, "O_EXCL", -1.0, "O_DIRECTORY", -1.0),
		"write", callable(func(_ any, args []any) (any, error) {
			if len(args) != 6 {
				return nil, thrown("fs.write wants six arguments")
			}
			o, ok := args[1].(*Object)
			from, n := int(number(args[2])), int(number(args[3]))
			if !ok || from < 0 || n < 0 || from+n > len(o.bytes) {
				return nil, thrown("fs.write of bytes that are not there")
			}
			written, _ := m.output.Write(o.bytes[from : from+n])
			return callValue(args[5], undefined, []any{nil, float64(written)})
		}))
	m.global = object("Object", newObject, "Array", newArray, "Error", newError, "Uint8Array", m.uint8Array, "fs", fs, "path", object(),
		"process", object("pid", -1.0, "ppid", -1.0), "Date", newObject)
	m.self = object("_pendingEvent", nil)
	m.self.properties["_makeFuncWrapper"] = callable(func(_ any, args []any) (any, error) {
		id := args[0]
		return callable(func(this any, args []any) (any, error) {
			if m.depth >= maxDepth {
				return nil, thrown("too much recursion: %d calls into Go within each other", m.depth)
			}
			event := object("id", id, "this", this, "args", list(append([]any{}, args...)), "result", undefined)
			m.self.properties["_pendingEvent"] = event
			if err := m.resume(); err != nil {
				return nil, err
			}
			return event.properties["result"], nil
		}), nil
	})
	m.refs = newTable(m.global, m.self)
	return m
}

// promise is an object with then, and the functions that settle it from the event loop.
func (m *Module) promise() (p *Object, settle func(v any, err error)) {
	var waiting []func() error
	var value any
	var failed error
	settled := false
	p = object()
	p.properties["then"] = callable(reaction(func(args []any) {
		react := func() error {
			if failed != nil {
				if len(args) > 1 {
					_, err := callValue(args[1], undefined, []any{exception(failed)})
					return err
				}
				return nil
			}
			_, err := callValue(args[0], undefined, []any{value})
			return err
		}
		if settled {
			m.micro = append(m.micro, react)
		} else {
			waiting = append(waiting, react)
		}
	}))
	return p, func(v any, err error) {
		if !settled {
			settled, value, failed = true, v, err
			m.micro = append(m.micro, waiting...)
		}
	}
}

func reaction(f func(args []any)) func(any, []any) (any, error) {
	return func(_ any, args []any) (any, error) {
		if len(args) == 0 {
			return nil, thrown("then wants a function")
		}
		f(args)
		return undefined, nil
	}
}

// post hands work to the event loop; it may be called from any goroutine.
func (m *Module) post(f func() error) { m.events.add(f) }

func (m *Module) stackPointer() (uint32, error) {
	r, err := m.module.ExportedFunction("getsp").Call(m.ctx)
	if err != nil {
		return 0, err
	}
	return uint32(r[0]), nil
}

// resume lets Go run until it waits again.
func (m *Module) resume() error {
	if m.over() {
		return m.left(nil)
	}
	m.depth++
	defer func() { m.depth-- }()
	// A function of wazero must not be called again before it returns, and handlers call each other:
	// so each call gets its own.
	_, err := m.module.ExportedFunction("resume").Call(m.ctx)
	return m.left(err)
}

// over tells whether the module has ended, well or not: none of its code may run any more.
func (m *Module) over() bool { return m.exited || m.broken != nil }

// left explains how the module was left. The innermost call knows best, so its word stays.
func (m *Module) left(err error) error {
	switch {
	case m.exited && m.code == 0:
		return nil
	case m.exited:
		return fmt.Errorf("%w with code %d", ErrExit, m.code)
	case m.broken == nil && err != nil && m.ctx.Err() != nil:
		m.broken = m.ctx.Err()
	case m.broken == nil && err != nil:
		m.broken = fmt.Errorf("jshost: the module broke: %w", err)
	}
	return m.broken
}

// run instantiates a compiled module and serves its events until it ends or ctx does. idle tells
// whether, with nothing in flight, an event may still come from outside.
func (m *Module) run(r wazero.Runtime, compiled wazero.CompiledModule, mayWait bool) (err error) {
	defer func() {
		for _, t := range m.timers {
			t.Stop()
		}
	}()
	b := r.NewHostModuleBuilder("gojs")
	m.imports(b)
	if _, err := b.Instantiate(m.ctx); err != nil {
		return fmt.Errorf("jshost: %w", err)
	}
	if m.module, err = r.InstantiateModule(m.ctx, compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions()); err != nil {
		return fmt.Errorf("jshost: %w", err)
	}
	// argv at 4096: the name "js", no environment.
	const argv = 4096
	copy(m.mem(argv, 8), "js\x00")
	m.set64(argv+8, argv)
	m.set64(argv+16, 0)
	m.set64(argv+24, 0)
	_, err = m.module.ExportedFunction("run").Call(m.ctx, 1, argv+8)
	if err := m.left(err); err != nil {
		return err
	}
	for {
		for len(m.micro) > 0 && !m.over() {
			f := m.micro[0]
			m.micro = m.micro[1:]
			if err := f(); err != nil {
				return err
			}
		}
		if m.over() {
			return m.left(nil)
		}
		if !mayWait && m.pending == 0 && len(m.timers) == 0 && m.events.empty() {
			return ErrIdle
		}
		f, err := m.events.next(m.ctx)
		if err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
}
