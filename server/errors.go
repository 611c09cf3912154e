package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"paw/compiler"
	"paw/compiler/pseudo"
	"paw/pawfile"
	"paw/rest"
	"paw/store"
)

// handler is an http.HandlerFunc that returns what went wrong.
type handler func(http.ResponseWriter, *http.Request) error

// The form of answers is that of package rest.
type Problem = rest.Problem

var (
	problem   = rest.NewProblem
	notFound  = rest.NotFound
	reply     = rest.Reply
	readable  = rest.Readable
	shareable = rest.Shareable
)

// notImplemented answers the endpoints of the official host that this one has not.
func notImplemented(http.ResponseWriter, *http.Request) error {
	return problem(http.StatusNotImplemented, "not_implemented",
		"this server compiles and keeps programs; it has no such endpoint: run programs in the page, with paw run or with the SDK")
}

// handle writes what a handler returns. A fault of ours shows no more than a number to ask for.
func (s *Server) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:12]
		w.Header().Set("X-Request-ID", id)
		defer func() {
			if e := recover(); e != nil {
				if e == http.ErrAbortHandler {
					panic(e)
				}
				s.o.Log("request %s: %v\n%s", id, e, debug.Stack())
				problem(http.StatusInternalServerError, "internal", "an internal fault").Write(w, id)
			}
		}()
		if err := h(w, r); err != nil {
			p := asProblem(err)
			if p.Status == http.StatusInternalServerError {
				s.o.Log("request %s: %s %s: %v", id, r.Method, r.URL.Path, err)
			}
			p.Write(w, id)
		}
	})
}

func asProblem(err error) *Problem {
	var (
		p       *Problem
		large   *http.MaxBytesError
		program *pawfile.Error
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &large):
		return problem(http.StatusRequestEntityTooLarge, "too_large", "the request is too large")
	case errors.Is(err, pseudo.ErrTooShort), errors.Is(err, pseudo.ErrTooLong), errors.Is(err, pseudo.ErrExample):
		return problem(http.StatusUnprocessableEntity, "invalid_spec", err.Error())
	case errors.As(err, &program):
		return problem(http.StatusUnprocessableEntity, "invalid_program", err.Error())
	case errors.Is(err, compiler.ErrUnsupported):
		return problem(http.StatusBadRequest, "unsupported", err.Error())
	case errors.Is(err, store.ErrFull):
		return problem(http.StatusInsufficientStorage, "disk_full", err.Error())
	case errors.Is(err, context.Canceled):
		return problem(http.StatusServiceUnavailable, "cancelled", "the request was cancelled")
	}
	return problem(http.StatusInternalServerError, "internal", "an internal fault; the server's log has more")
}

const maxJSON = 1 << 20

// bodyTime is how long a request body may take to arrive.
const bodyTime = time.Minute

// readBody reads at most limit bytes. The deadline is lifted afterwards, since a compilation is
// waited for longer than that.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, problem(http.StatusRequestTimeout, "too_slow", "the body did not arrive within a minute: send it again")
	}
	if err != nil {
		return nil, err
	}
	if err := control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	return data, nil
}

// read decodes a JSON body.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return problem(http.StatusUnsupportedMediaType, "not_json", "send JSON, with Content-Type: application/json")
	}
	text, err := readBody(w, r, maxJSON)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return problem(http.StatusBadRequest, "bad_json", "the body is no JSON of the expected form: "+err.Error())
	}
	return nil
}
