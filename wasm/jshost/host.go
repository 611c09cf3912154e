package jshost

import (
	"context"
	"fmt"
	"io"
	"math"

	"paw/wasm/kernel"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// host is the host object of paw.wasm over an instance of the kernel (docs/design.md, "The host
// object"); web/src/host.ts is the same for browsers.
type host struct {
	module    *Module
	kernel    api.Module
	functions map[string]api.Function
	sources   []source
	handler   any   // Go's listener
	early     []any // messages that came before it
	out       func(map[string]any)
}

type source struct {
	io.ReaderAt
	size int64
}

func newHost(ctx context.Context, m *Module, r wazero.Runtime, out func(map[string]any)) (*host, error) {
	k, err := r.InstantiateWithConfig(ctx, kernel.Wasm, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("jshost: kernel.wasm: %w", err)
	}
	return &host{module: m, kernel: k, functions: map[string]api.Function{}, out: out}, nil
}

// object is what the module sees.
func (h *host) object() *Object {
	o := object()
	for name, f := range map[string]func(args []any) (any, error){
		"kernelCall": h.kernelCall, "kernelGrow": h.kernelGrow, "kernelBytes": h.kernelBytes, "readBase": h.readBase,
		"fillKernel": h.fillKernel, "yield": h.yield, "listen": h.listen, "post": h.post,
	} {
		call := callable(func(_ any, args []any) (any, error) { return f(args) })
		call.properties["bind"] = callable(func(any, []any) (any, error) { return call, nil })
		o.properties[name] = call
	}
	return o
}

func argument(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return undefined
}

// whole is an unsigned 32-bit argument.
func whole(args []any, i int, what string) (uint32, error) {
	f := number(argument(args, i))
	if !(f >= 0 && f <= math.MaxUint32) || f != math.Trunc(f) {
		return 0, thrown("%s %v is no unsigned 32-bit integer", what, argument(args, i))
	}
	return uint32(f), nil
}

func (h *host) kernelCall(args []any) (any, error) {
	name, _ := argument(args, 0).(string)
	f := h.functions[name]
	if f == nil { // in order of use: see engine/simd/wazero.go
		if f = h.kernel.ExportedFunction(name); f == nil {
			return nil, thrown("the kernel has no function %s", name)
		}
		h.functions[name] = f
	}
	var stack [8]uint64
	for i := 1; i < len(args) && i <= len(stack); i++ {
		a, err := whole(args, i, "argument")
		if err != nil {
			return nil, err
		}
		stack[i-1] = uint64(a)
	}
	if err := f.CallWithStack(context.WithoutCancel(h.module.ctx), stack[:]); err != nil {
		return nil, thrown("kernel %s: %v", name, err)
	}
	return float64(uint32(stack[0])), nil
}

func (h *host) kernelGrow(args []any) (any, error) {
	size, err := whole(args, 0, "size")
	if err != nil {
		return nil, err
	}
	have := uint64(h.kernel.Memory().Size())
	if uint64(size) <= have {
		return true, nil
	}
	_, ok := h.kernel.Memory().Grow(uint32((uint64(size) - have + 65535) / 65536))
	return ok, nil
}

func (h *host) view(args []any, at, n int) ([]byte, error) {
	address, err := whole(args, at, "address")
	if err != nil {
		return nil, err
	}
	length, err := whole(args, n, "length")
	if err != nil {
		return nil, err
	}
	b, ok := h.kernel.Memory().Read(address, length)
	if !ok {
		return nil, thrown("%d bytes at %d lie outside the kernel's memory", length, address)
	}
	return b, nil
}

func (h *host) kernelBytes(args []any) (any, error) {
	b, err := h.view(args, 0, 1)
	if err != nil {
		return nil, err
	}
	return h.module.bytes(b), nil
}

// read fills p from a source.
func (h *host) read(args []any, p func(n int64) ([]byte, error), n int) (any, error) {
	id, err := whole(args, 0, "source")
	if err != nil || int(id) >= len(h.sources) {
		return nil, thrown("there is no source %v", argument(args, 0))
	}
	s, offset, length := h.sources[id], number(argument(args, 1)), number(argument(args, n))
	if !(offset >= 0 && length >= 0 && offset+length <= float64(s.size)) || offset != math.Trunc(offset) || length != math.Trunc(length) {
		return nil, thrown("%v bytes at %v lie outside a file of %d", argument(args, n), argument(args, 1), s.size)
	}
	b, err := p(int64(length))
	if err != nil {
		return nil, err
	}
	if got, err := s.ReadAt(b, int64(offset)); got < len(b) {
		return nil, thrown("the file ended after %d of %d bytes: %v", got, len(b), err)
	}
	return h.module.bytes(b), nil
}

// settled is a promise that the next turn of the event loop settles.
func (h *host) settled(work func() (any, error)) (any, error) {
	p, settle := h.module.promise()
	h.module.pending++
	h.module.post(func() error {
		h.module.pending--
		settle(work())
		return nil
	})
	return p, nil
}

func (h *host) readBase(args []any) (any, error) {
	return h.settled(func() (any, error) {
		return h.read(args, func(n int64) ([]byte, error) { return make([]byte, n), nil }, 2)
	})
}

func (h *host) fillKernel(args []any) (any, error) {
	return h.settled(func() (any, error) {
		_, err := h.read(args, func(int64) ([]byte, error) { return h.view(args, 2, 3) }, 3)
		return undefined, err
	})
}

func (h *host) yield(args []any) (any, error) {
	h.module.pending++
	h.module.post(func() error {
		h.module.pending--
		_, err := callValue(argument(args, 0), undefined, nil)
		return err
	})
	return undefined, nil
}

func (h *host) listen(args []any) (any, error) {
	h.handler = argument(args, 0)
	early := h.early
	h.early = nil
	for _, message := range early {
		if _, err := callValue(h.handler, undefined, []any{message}); err != nil {
			return nil, err
		}
	}
	return undefined, nil
}

func (h *host) post(args []any) (any, error) {
	v, err := toGo(argument(args, 0))
	if err != nil {
		return nil, err
	}
	message, ok := v.(map[string]any)
	if !ok {
		return nil, thrown("post wants an object")
	}
	h.out(message)
	return undefined, nil
}

// deliver hands a message to the module, or keeps it until the module listens.
func (h *host) deliver(message any) error {
	if h.handler == nil {
		h.early = append(h.early, message)
		return nil
	}
	_, err := callValue(h.handler, undefined, []any{message})
	return err
}
