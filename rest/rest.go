// Package rest is what the doors that speak the REST API (docs/formats.md §6) have in common: the form
// of answers and errors, and the names of programs in paths. It knows no programs and keeps nothing.
package rest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Problem is an error with its HTTP status.
type Problem struct {
	Status  int
	Code    string // for programs
	Message string // for people
	Header  map[string]string
}

func (p *Problem) Error() string { return p.Message }

// NewProblem is a problem without headers.
func NewProblem(status int, code, message string) *Problem {
	return &Problem{Status: status, Code: code, Message: message}
}

// NotFound is the problem of a thing that is not there.
func NotFound(what string) *Problem {
	return NewProblem(http.StatusNotFound, "not_found", what+" not found")
}

// ofFile are headers of the answer that could not be given: a problem is neither compressed nor the part
// of a file, and has no name to be saved under.
var ofFile = []string{"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Length", "Content-Range", "Etag"}

// Write answers with the problem; id is what a user may ask about.
func (p *Problem) Write(w http.ResponseWriter, id string) {
	for _, name := range ofFile {
		w.Header().Del(name)
	}
	for k, v := range p.Header {
		w.Header().Set(k, v)
	}
	// The official SDK reads "detail" where others read "message".
	Reply(w, p.Status, map[string]any{"error": p.Code, "message": p.Message, "detail": p.Message, "request_id": id})
}

// Reply answers with JSON that nobody keeps.
func Reply(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	_ = err // the client is gone: nobody is left to tell
	return nil
}

// Guard sets what every answer starts with: no guessing of types, no referrer, no use by other origins.
func Guard(w http.ResponseWriter) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// Readable marks an answer that holds no secret, an error too, so that pages of any origin may read it: what
// part of a file it is, and its tag.
func Readable(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Content-Range, ETag")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// Shareable marks an answer that is readable and never changes.
func Shareable(w http.ResponseWriter) {
	Readable(w)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
}

// Preflight answers the question that a browser puts before a page of another origin asks for a part of a file, or
// whether it has changed; false, and nothing is answered, where the path is of no file. It is the same for files that
// are not there.
func Preflight(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, "/models/") && !strings.HasSuffix(r.URL.Path, "/download") {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD")
	h.Set("Access-Control-Allow-Headers", "Range, If-Range, If-None-Match")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return true
}
