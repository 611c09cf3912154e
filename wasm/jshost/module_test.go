package jshost

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
)

// cache lets the tests compile each module once.
var cache = wazero.NewCompilationCache()

// build gives the wasm of one program of testdata.
func build(name string) func() ([]byte, error) {
	return sync.OnceValues(func() ([]byte, error) {
		dir, err := os.MkdirTemp("", "jshost-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		out := filepath.Join(dir, name+".wasm")
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, "./testdata/"+name)
		cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, errors.New(string(text))
		}
		return os.ReadFile(out)
	})
}

var semantics, hostile = build("semantics"), build("hostile")

// runProgram runs a program of testdata and returns what it printed.
func runProgram(t *testing.T, ctx context.Context, program func() ([]byte, error), end string) (string, *Module, error) {
	t.Helper()
	wasm, err := program()
	if err != nil {
		t.Fatal(err)
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(cache).WithCloseOnContextDone(true))
	defer r.Close(context.Background())
	compiled, err := r.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	m := newModule(ctx, &out)
	promised := func(settleWith func(func(any, error))) (any, error) {
		p, settle := m.promise()
		m.pending++
		time.AfterFunc(5*time.Millisecond, func() {
			m.post(func() error { m.pending--; settleWith(settle); return nil })
		})
		return p, nil
	}
	m.global.properties["test"] = object(
		"end", end,
		"echo", callable(func(_ any, a []any) (any, error) { return a[0], nil }),
		"callDouble", callable(func(_ any, a []any) (any, error) {
			return callValue(m.global.properties["double"], undefined, a)
		}),
		"later", callable(func(_ any, a []any) (any, error) { return promised(func(s func(any, error)) { s(a[0], nil) }) }),
		"fail", callable(func(any, []any) (any, error) {
			return promised(func(s func(any, error)) { s(nil, thrown("no such thing")) })
		}),
		"boom", callable(func(any, []any) (any, error) { return nil, thrown("boom") }),
		"toGo", callable(func(_ any, a []any) (any, error) { return toGo(a[0]) }),
		"soon", callable(func(_ any, a []any) (any, error) { return (&host{module: m}).yield(a) }),
		"fresh", callable(func(any, []any) (any, error) { return object(), nil }),
	)
	err = m.run(r, compiled, false)
	return out.String(), m, err
}

const printed = `hello wörld 42
nested 42
echo true
number true
number true
number true
number true
number true
number true
number true
nan true
types null undefined boolean undefined
promise done <nil>
rejected JavaScript error: no such thing
thrown JavaScript error: boom
no function true
no constructor true
bytes 4 4 [1 2 3 4] 3 4 true
list 3 a <number: 1> true
slept true
goroutines 2 1 0
`

func TestModuleSeesJavaScript(t *testing.T) {
	out, m, err := runProgram(t, context.Background(), semantics, "return")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out != printed {
		t.Errorf("printed\n%s\nwant\n%s", out, printed)
	}
	if n := len(m.refs.values); n > 5000 {
		t.Errorf("%d values are held for the module: finalised ones are not freed", n)
	}
}

func TestModuleEnds(t *testing.T) {
	for _, c := range []struct {
		end    string
		want   error
		prints string
	}{
		{"exit", ErrExit, "goroutines"},
		{"panic", ErrExit, "panic: the end"},
		{"hang", nil, ""}, // a deadlock: the runtime says so itself, or nobody is left to wake it
	} {
		t.Run(c.end, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), hanging)
			defer cancel()
			out, _, err := runProgram(t, ctx, semantics, c.end)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("ended with %v, want %v", err, c.want)
			}
			if !strings.Contains(out, c.prints) {
				t.Errorf("printed %q, want %q in it", out, c.prints)
			}
		})
	}
}

func TestContextEndsAModule(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := runProgram(t, ctx, semantics, "hang"); err == nil {
		t.Error("a cancelled run ended without an error")
	}
}
