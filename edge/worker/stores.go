//go:build js

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"syscall/js"

	"paw/edge"
	"paw/rest"
	"paw/store/digest"

	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/kv"
)

// unbound is the answer of a worker that was deployed without one of its stores.
func unbound(name, kind string) error {
	return rest.NewProblem(503, "not_bound", fmt.Sprintf("the worker has no %s called %s: add it to wrangler.toml (docs/edge.md)", kind, name))
}

// records are a KV namespace.
type records struct{ space *kv.Namespace }

func openRecords() records {
	space, err := kv.NewNamespace(recordsBinding)
	if err != nil {
		return records{}
	}
	return records{space}
}

func (r records) Get(_ context.Context, key string) ([]byte, error) {
	if r.space == nil {
		return nil, unbound(recordsBinding, "KV namespace")
	}
	text, err := r.space.GetString(key, nil)
	if err != nil {
		return nil, err
	}
	if text == js.Null().String() { // how the package says that there is nothing; records are JSON objects
		return nil, edge.ErrMissing
	}
	return []byte(text), nil
}

// objects are an R2 bucket. Its package reads whole objects only, so the binding is called here.
type objects struct{ bucket js.Value }

func openObjects() objects { return objects{cloudflare.GetBinding(objectsBinding)} }

func (o objects) Get(ctx context.Context, d digest.Digest, offset, length int64) (io.ReadCloser, error) {
	if o.bucket.IsUndefined() {
		return nil, unbound(objectsBinding, "R2 bucket")
	}
	part := map[string]any{"range": map[string]any{"offset": offset, "length": length}}
	v, err := await(ctx, o.bucket.Call("get", edge.ObjectPrefix+d.String(), part))
	if err != nil {
		return nil, err
	}
	if v.IsNull() {
		return nil, edge.ErrMissing
	}
	return &object{v: v}, nil
}

// object is the part of an R2 object that was asked for.
type object struct {
	v    js.Value
	data *bytes.Reader // once it is read here
}

// WriteTo hands the stream over, so that an interpreter of a hundred megabytes costs the worker no
// time and no memory.
func (o *object) WriteTo(w io.Writer) (int64, error) {
	if raw, ok := w.(rawWriter); ok {
		raw.WriteRawJSBody(o.v.Get("body"))
		return 0, nil
	}
	return io.Copy(w, struct{ io.Reader }{o})
}

func (o *object) Read(p []byte) (int, error) {
	if o.data == nil {
		v, err := await(context.Background(), o.v.Call("arrayBuffer"))
		if err != nil {
			return 0, err
		}
		in := js.Global().Get("Uint8Array").New(v)
		data := make([]byte, in.Length())
		js.CopyBytesToGo(data, in)
		o.data = bytes.NewReader(data)
	}
	return o.data.Read(p)
}

func (*object) Close() error { return nil }

// await waits for a promise.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type end struct {
		v   js.Value
		err error
	}
	ended := make(chan end, 1)
	done := js.FuncOf(func(_ js.Value, args []js.Value) any { ended <- end{v: args[0]}; return nil })
	failed := js.FuncOf(func(_ js.Value, args []js.Value) any {
		ended <- end{err: errors.New(args[0].Call("toString").String())}
		return nil
	})
	defer done.Release()
	defer failed.Release()
	promise.Call("then", done, failed)
	select {
	case e := <-ended:
		return e.v, e.err
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}
