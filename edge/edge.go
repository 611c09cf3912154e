// Package edge is the door at the edge of the network: it answers the site, published programs and
// interpreters from an object store and a store of small records, and hands compilations to a server
// of ours (PAW_ORIGIN). It promises the same bytes and headers as that server, never shows what was
// not published, and never asks the origin anything but what is listed here. It knows no cloud:
// edge/worker binds it to Cloudflare's, edge/publish fills the stores.
package edge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"

	"paw/rest"
	"paw/store/digest"
)

// ErrMissing says that a store has nothing under a name.
var ErrMissing = errors.New("edge: not there")

// Objects hold bytes named by their SHA-256, so that they never change.
type Objects interface {
	// Get gives length bytes from offset on. A body that is an io.WriterTo may hand its bytes to the
	// client by a shorter way.
	Get(ctx context.Context, d digest.Digest, offset, length int64) (io.ReadCloser, error)
}

// Records hold small texts that may change; layout.go says which.
type Records interface {
	Get(ctx context.Context, key string) ([]byte, error)
}

// Origin sends a request and follows no redirect.
type Origin interface {
	Do(*http.Request) (*http.Response, error)
}

// Options of Handler.
type Options struct {
	Objects   Objects
	Records   Records
	Origin    Origin
	OriginURL string                           // of a server of ours that compiles; "": there is none
	Log       func(format string, args ...any) // faults that no client sees; nil: dropped
}

type door struct {
	Options
	cross *http.CrossOriginProtection
}

// Handler is the site and the part of the REST API that the edge has.
func Handler(o Options) http.Handler {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	d := &door{o, http.NewCrossOriginProtection()}
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"POST /api/v1/compile":                   d.compile,
		"POST /api/v1/compile/precheck":          d.compile,
		"POST /api/v1/compile/async":             d.compile,
		"GET /api/v1/compile/{job}":              d.job,
		"DELETE /api/v1/compile/{job}":           d.job,
		"GET /api/v1/compile/{job}/events":       d.job,
		"GET /api/v1/models/compilers":           d.compilers,
		"GET /api/v1/programs/resolve/{slug...}": d.resolve,
		"GET /api/v1/programs":                   elsewhere, // else it would be sent to /programs/
		"GET /api/v1/programs/{path...}":         d.program,
		"GET /api/v1/models/runtimes/{id}":       d.runtime,
		"GET /api/v1/interpreters":               d.interpreters,
		"GET /api/v1/catalogue":                  d.catalogue,
		"GET /api/v1/health":                     health,
		"GET /models/{file}":                     d.model,
		"OPTIONS /models/{file}":                 preflight,
		"OPTIONS /api/v1/programs/{path...}":     preflight,
		"/api/":                                  elsewhere,
		"/":                                      d.file,
	} {
		mux.Handle(pattern, d.handle(h))
	}
	return mux
}

// handler is an http.HandlerFunc that returns what went wrong.
type handler func(http.ResponseWriter, *http.Request) error

// handle writes what a handler returns. A fault of ours shows no more than a number to ask for.
func (d *door) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:12]
		w.Header().Set("X-Request-ID", id)
		rest.Guard(w)
		defer func() {
			if e := recover(); e != nil { // a panic would take the client's answer with it
				d.Log("request %s: %v\n%s", id, e, debug.Stack())
				internal.Write(w, id)
			}
		}()
		err := h(w, r)
		if err == nil {
			return
		}
		var p *rest.Problem
		if !errors.As(err, &p) {
			d.Log("request %s: %s %s: %v", id, r.Method, r.URL.Path, err)
			p = internal
		}
		p.Write(w, id)
	})
}

var internal = rest.NewProblem(http.StatusInternalServerError, "internal", "an internal fault; the worker's log has more")

// elsewhere answers the endpoints that only a server has.
func elsewhere(http.ResponseWriter, *http.Request) error {
	return rest.NewProblem(http.StatusNotFound, "not_found",
		"there is no such endpoint at the edge: it has published programs and compilations (docs/edge.md); ask a paw serve for the rest")
}

// preflight lets pages of other origins go on with a download where it was cut.
func preflight(w http.ResponseWriter, r *http.Request) error {
	if !rest.Preflight(w, r) {
		return elsewhere(w, r)
	}
	return nil
}

func health(w http.ResponseWriter, _ *http.Request) error {
	return rest.Reply(w, http.StatusOK, map[string]any{"status": "ok"})
}

// record reads a record; what names the thing for people.
func (d *door) record(r *http.Request, key, what string) ([]byte, error) {
	text, err := d.Records.Get(r.Context(), key)
	if errors.Is(err, ErrMissing) {
		return nil, rest.NotFound(what)
	}
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return text, nil
}

// verbatim answers with a record as the publishing server gave it.
func verbatim(w http.ResponseWriter, r *http.Request, text []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodHead {
		_, err := w.Write(text)
		_ = err // the client is gone: nobody is left to tell
	}
	return nil
}
