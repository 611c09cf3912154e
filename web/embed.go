// Package web holds the built site and serves it as package web/site says: precompressed, immutable
// where a name holds a hash, under a strict content security policy. web/src has the sources,
// web/bundle builds them. It knows nothing of the API.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"paw/web/site"
)

// dist is empty but for its placeholder until "make web" has run.
//
//go:embed dist
var dist embed.FS

// Built tells whether this binary carries the site.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// Handler serves the site.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		name, ok := site.File(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		if name == site.Index && !Built() {
			name = "placeholder.html"
		}
		serve(w, r, name)
	})
}

// Isolated serves the same with cross-origin isolated pages.
func Isolated() http.Handler {
	pages := Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for k, v := range site.Isolation {
			w.Header().Set(k, v)
		}
		pages.ServeHTTP(w, r)
	})
}

func serve(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	encoding := site.Negotiate(r.Header.Get("Accept-Encoding"))
	data, err := dist.ReadFile("dist/" + name + encoding.Suffix)
	if err != nil {
		encoding = site.Encoding{}
		if data, err = dist.ReadFile("dist/" + name); err != nil {
			http.NotFound(w, r)
			return
		}
	}
	for k, v := range site.Headers(name) {
		h.Set(k, v)
	}
	sum := sha256.Sum256(data)
	tag := site.Tag(hex.EncodeToString(sum[:]))
	h.Set("ETag", tag)
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if encoding.Name != "" {
		h.Set("Content-Encoding", encoding.Name)
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		w.Write(data)
	}
}
