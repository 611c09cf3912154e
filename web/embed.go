// Package web holds the built site and serves it: precompressed, immutable where a name holds a
// hash, under a strict content security policy. web/src has the sources, web/bundle builds them.
// It knows nothing of the API.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// dist is empty but for its placeholder until "make web" has run.
//
//go:embed dist
var dist embed.FS

// Policy is the content security policy of every page and script. Nothing but this origin is
// reached, and no string becomes markup or script (Trusted Types).
const Policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self' data:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types paw 'allow-duplicates'"

// framePolicy is that of embed.html, which any page may put into a frame.
var framePolicy = strings.Replace(Policy, "frame-ancestors 'none'", "frame-ancestors *", 1)

var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".wasm": "application/wasm",
	".svg":  "image/svg+xml",
	".json": "application/json",

	".webmanifest": "application/manifest+json",
}

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
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		switch {
		case name == "" && Built():
			name = "index.html"
		case name == "":
			name = "placeholder.html"
		case name == "embed.html":
		case types[path.Ext(name)] == "" || strings.HasSuffix(name, ".html"):
			http.NotFound(w, r)
			return
		}
		serve(w, r, name)
	})
}

func serve(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	encoding, suffix := negotiate(r.Header.Get("Accept-Encoding"))
	data, err := dist.ReadFile("dist/" + name + suffix)
	if err != nil {
		encoding = ""
		if data, err = dist.ReadFile("dist/" + name); err != nil {
			http.NotFound(w, r)
			return
		}
	}
	h.Set("Content-Type", types[path.Ext(name)])
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", Policy)
	h.Add("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch {
	case strings.HasPrefix(name, "assets/"):
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		fallthrough
	case strings.HasPrefix(name, "sdk/"): // for any page
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	case name == "embed.html":
		h.Set("Content-Security-Policy", framePolicy)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	sum := sha256.Sum256(data)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	h.Set("ETag", tag)
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		w.Write(data)
	}
}

// negotiate chooses the smallest form that the client takes.
func negotiate(accept string) (encoding, suffix string) {
	for _, form := range [][2]string{{"br", ".br"}, {"gzip", ".gz"}} {
		for part := range strings.SplitSeq(accept, ",") {
			name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
			if strings.EqualFold(strings.TrimSpace(name), form[0]) && strings.TrimSpace(q) != "q=0" {
				return form[0], form[1]
			}
		}
	}
	return "", ""
}
