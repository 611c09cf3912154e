//go:build js

// Command worker is package edge as a Cloudflare Worker: objects in R2, records in KV, the origin by
// fetch. It holds no rule of its own. A worker starts this program once for every request.
package main

import (
	"fmt"
	"net/http"
	"os"
	"syscall/js"

	"paw/edge"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
)

// Names of the worker's bindings and variables, as wrangler.toml gives them (docs/edge.md).
const (
	objectsBinding = "PAW_OBJECTS" // R2 bucket
	recordsBinding = "PAW_RECORDS" // KV namespace
	originVariable = "PAW_ORIGIN"
)

func main() {
	h := edge.Handler(edge.Options{
		Objects: openObjects(), Records: openRecords(), Origin: newOrigin(), OriginURL: variable(originVariable),
		Log: func(format string, a ...any) { fmt.Fprintf(os.Stderr, format+"\n", a...) },
	})
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = r.URL.Host // what the client really reached, whatever the header says
		h.ServeHTTP(w, r)
		if raw, ok := w.(rawWriter); ok && r.Method == http.MethodHead {
			raw.WriteRawJSBody(js.Null()) // a stream that stays shorter than Content-Length would be a fault
		}
	}))
}

// rawWriter is a ResponseWriter of syumai/workers: it takes a ReadableStream that then never passes
// through Go.
type rawWriter interface{ WriteRawJSBody(body js.Value) }

// variable is a text variable of the worker, "" when it is not set.
func variable(name string) string {
	v := cloudflare.GetBinding(name)
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}
