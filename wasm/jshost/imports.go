package jshost

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// imports defines the module "gojs". Every import gets the stack pointer: arguments lie behind it,
// results go behind them, as in lib/wasm/wasm_exec.js of the Go toolchain.
func (m *Module) imports(b wazero.HostModuleBuilder) {
	define := func(name string, f func(sp uint32)) {
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, module api.Module, stack []uint64) {
			m.module = module
			// Leaves the module; left knows why. A handler that ended the module returns here first:
			// without this, the code that called it would go on in a module that has ended.
			if m.ctx.Err() != nil {
				panic(m.ctx.Err())
			}
			if f(uint32(stack[0])); m.over() {
				panic(fault{"the module has ended"})
			}
		}), []api.ValueType{api.ValueTypeI32}, nil).Export(name)
	}
	m.runtimeImports(define)
	m.valueImports(define)
}

func (m *Module) runtimeImports(define func(string, func(sp uint32))) {
	define("runtime.wasmExit", func(sp uint32) {
		m.exited, m.code = true, int32(m.u32(sp+8))
		// the wrapper in imports leaves the module
	})
	define("runtime.wasmWrite", func(sp uint32) {
		m.output.Write(m.mem(uint32(m.u64(sp+16)), m.u32(sp+24)))
	})
	define("runtime.resetMemoryDataView", func(uint32) {})
	define("runtime.nanotime1", func(sp uint32) { m.set64(sp+8, uint64(time.Since(m.start)+time.Second)) })
	define("runtime.walltime", func(sp uint32) {
		now := time.Now()
		m.set64(sp+8, uint64(now.Unix()))
		m.set32(sp+16, uint32(now.Nanosecond()))
	})
	define("runtime.scheduleTimeoutEvent", func(sp uint32) {
		m.lastTimer++
		id := m.lastTimer
		delay := time.Duration(int64(m.u64(sp+8))) * time.Millisecond
		m.timers[id] = time.AfterFunc(delay, func() {
			m.post(func() error {
				if m.timers[id] == nil {
					return nil
				}
				// Go clears the timer that it is woken for; woken too early, it would wait for ever.
				for m.timers[id] != nil && !m.over() {
					if err := m.resume(); err != nil {
						return err
					}
				}
				return nil
			})
		})
		m.set32(sp+16, uint32(id))
	})
	define("runtime.clearTimeoutEvent", func(sp uint32) {
		id := int32(m.u32(sp + 8))
		if t := m.timers[id]; t != nil {
			t.Stop()
			delete(m.timers, id)
		}
	})
	define("runtime.getRandomData", func(sp uint32) { rand.Read(m.slice(sp + 8)) })
	define("debug", func(sp uint32) { fmt.Fprintln(m.output, "debug", sp) })
}

func (m *Module) valueImports(define func(string, func(sp uint32))) {
	define("syscall/js.finalizeRef", func(sp uint32) { m.refs.release(m.u32(sp + 8)) })
	define("syscall/js.stringVal", func(sp uint32) { m.store(sp+24, m.str(sp+8)) })
	define("syscall/js.valueGet", func(sp uint32) { m.store(sp+32, get(m.load(sp+8), m.str(sp+16))) })
	define("syscall/js.valueSet", func(sp uint32) { m.object(sp + 8).properties[m.str(sp+16)] = m.load(sp + 32) })
	define("syscall/js.valueDelete", func(sp uint32) { delete(m.object(sp+8).properties, m.str(sp+16)) })
	define("syscall/js.valueIndex", func(sp uint32) { m.store(sp+24, index(m.load(sp+8), int64(m.u64(sp+16)))) })
	define("syscall/js.valueSetIndex", func(sp uint32) { setIndex(m.object(sp+8), int64(m.u64(sp+16)), m.load(sp+24)) })
	define("syscall/js.valueCall", func(sp uint32) {
		this := m.load(sp + 8)
		v, err := callValue(get(this, m.str(sp+16)), this, m.loadAll(sp+32))
		m.result(56, v, err)
	})
	define("syscall/js.valueInvoke", func(sp uint32) {
		v, err := callValue(m.load(sp+8), undefined, m.loadAll(sp+16))
		m.result(40, v, err)
	})
	define("syscall/js.valueNew", func(sp uint32) {
		o, _ := m.load(sp + 8).(*Object)
		if o == nil || o.construct == nil {
			m.result(40, nil, thrown("not a constructor"))
			return
		}
		v, err := o.construct(m.loadAll(sp + 16))
		m.result(40, v, err)
	})
	define("syscall/js.valueLength", func(sp uint32) {
		n, _ := get(m.load(sp+8), "length").(float64)
		m.set64(sp+16, uint64(n))
	})
	define("syscall/js.valuePrepareString", func(sp uint32) {
		text, ok := m.load(sp + 8).(string)
		if !ok {
			text = fmt.Sprint(m.load(sp + 8))
		}
		m.store(sp+16, m.bytes([]byte(text)))
		m.set64(sp+24, uint64(len(text)))
	})
	define("syscall/js.valueLoadString", func(sp uint32) { copy(m.slice(sp+16), m.object(sp+8).bytes) })
	define("syscall/js.valueInstanceOf", func(sp uint32) {
		o, ok := m.load(sp + 8).(*Object)
		c, isObject := m.load(sp + 16).(*Object)
		m.setBool(sp+24, ok && isObject && o.class == c)
	})
	define("syscall/js.copyBytesToGo", func(sp uint32) {
		from, ok := m.load(sp + 32).(*Object)
		if ok = ok && from.kind == byteArray; ok {
			m.set64(sp+40, uint64(copy(m.slice(sp+8), from.bytes)))
		}
		m.setBool(sp+48, ok)
	})
	define("syscall/js.copyBytesToJS", func(sp uint32) {
		to, ok := m.load(sp + 8).(*Object)
		if ok = ok && to.kind == byteArray; ok {
			m.set64(sp+40, uint64(copy(to.bytes, m.slice(sp+16))))
		}
		m.setBool(sp+48, ok)
	})
}

// object is the value at an address, which must be an object.
func (m *Module) object(at uint32) *Object {
	o, ok := m.load(at).(*Object)
	if !ok {
		panic(fault{fmt.Sprintf("%v is no object", m.load(at))})
	}
	return o
}

func index(v any, i int64) any {
	o, _ := v.(*Object)
	switch {
	case o == nil || i < 0:
	case o.kind == byteArray && i < int64(len(o.bytes)):
		return float64(o.bytes[i])
	case o.kind == array && i < int64(len(o.elements)):
		return o.elements[i]
	}
	return undefined
}

func setIndex(o *Object, i int64, v any) {
	switch {
	case o.kind == byteArray && i >= 0 && i < int64(len(o.bytes)):
		o.bytes[i] = byte(int64(number(v)))
	case o.kind == array && i >= 0 && i < 1<<20:
		for int64(len(o.elements)) <= i {
			o.elements = append(o.elements, undefined)
		}
		o.elements[i] = v
	case o.kind == byteArray: // as in JavaScript, nothing happens
	default:
		panic(fault{fmt.Sprintf("element %d of this object cannot be set: only arrays of up to 2^20 elements and byte arrays have them", i)})
	}
}

// result stores what a call gave behind the stack pointer, which the call may have moved: the value,
// then whether it is one or an exception.
func (m *Module) result(offset uint32, v any, err error) {
	if m.over() {
		return
	}
	sp, spErr := m.stackPointer()
	if spErr != nil {
		panic(fault{spErr.Error()})
	}
	if err != nil {
		v = exception(err)
	}
	m.store(sp+offset, v)
	m.setBool(sp+offset+8, err == nil)
}
