package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"paw/compiler"
	"paw/pawfile"
)

const (
	baseDigest = "3f16724f30dced185e7a9811e502994f61f60220b9e69cf413887c914a5817e0"
	goodSpec   = `{"spec":"Is it urgent? Answer with one of: yes, no.","compiler":"test"}`
)

// slow is a compiler that a test holds in its hands. The real ones are tested in their own rooms and
// by the whole binary in cmd/paw.
type slow struct {
	release chan error // each compile takes one: nil finishes it
	begun   chan string
}

func newSlow() *slow { return &slow{make(chan error, 100), make(chan string, 100)} }

func (*slow) Name() string     { return "test" }
func (*slow) Snapshot() string { return "test-1" }

func (c *slow) Compile(ctx context.Context, r compiler.Request, progress func(compiler.Event)) (*pawfile.Program, error) {
	c.begun <- r.Spec
	for i := range 3 {
		progress(compiler.Event{Stage: compiler.StageTrain, Step: i + 1, Total: 3, Loss: 3 - float64(i)})
	}
	select {
	case err := <-c.release:
		if err != nil {
			return nil, err
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	adapter := append([]byte("GGUF"), bytes.Repeat([]byte{7}, 2000)...)
	p := &pawfile.Program{Template: "x " + pawfile.Placeholder, PseudoProgram: "x", Adapter: adapter}
	p.Meta = pawfile.Meta{Version: 4, ProgramID: pawfile.ID(r.Spec, "test-1", baseDigest), Spec: r.Spec, Interpreter: "gpt2",
		CompilerSnapshot: "test-1", CompilerKind: "finetune_lora", RuntimeID: "r", BaseSHA256: baseDigest}
	return p, nil
}

type fixture struct {
	*testing.T
	*httptest.Server
	server   *Server
	compiler *slow
	dir      string
}

func options(dir string, c *slow) Options {
	return Options{
		Dir: dir, SyncWait: 5 * time.Second, MaxQueue: 2,
		Compilers: []Compiler{{Info: compiler.Info{Name: "test", Kind: "finetune_lora", RuntimeID: "r"}, BaseSHA256: baseDigest, Default: true,
			Open: func(context.Context) (compiler.Compiler, error) { return c, nil }}},
	}
}

func start(t *testing.T, change ...func(*Options)) *fixture {
	t.Helper()
	c := newSlow()
	o := options(t.TempDir(), c)
	for _, f := range change {
		f(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t, httptest.NewServer(s.Handler()), s, c, o.Dir}
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Server.Close()
		s.Close()
	})
	return f
}

// do sends a request; headers are "Name: value".
func (f *fixture) do(method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	f.Helper()
	r, err := http.NewRequest(method, f.URL+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		f.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		f.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		out = map[string]any{"text": string(text)}
	}
	return answer.StatusCode, out, answer.Header
}

// want fails unless a request has the status.
func (f *fixture) want(status int, method, path, body string, headers ...string) map[string]any {
	f.Helper()
	got, out, _ := f.do(method, path, body, headers...)
	if got != status {
		f.Fatalf("%s %s: %d %v, want %d", method, path, got, out, status)
	}
	return out
}

// compiled makes a program and returns its id.
func (f *fixture) compiled(body string) string {
	f.Helper()
	f.compiler.release <- nil
	return f.want(200, "POST", "/api/v1/compile", body)["program_id"].(string)
}
