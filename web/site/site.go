// Package site says how the built site is served, whoever serves it: which path names which file,
// with which headers, in which encodings. It holds no file and imports no HTTP.
package site

import (
	"path"
	"strings"
)

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

// Isolation are headers with which a page is cross-origin isolated, as threads need. Such a page shows nothing of
// other origins that does not allow it, and shares no window with them.
var Isolation = map[string]string{
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
}

// Index is the file of "/".
const Index = "index.html"

// File is the file that a URL's path names; false when no path may name it.
func File(urlPath string) (string, bool) {
	name := strings.TrimPrefix(path.Clean("/"+urlPath), "/")
	switch {
	case name == "":
		return Index, true
	case name == "embed.html":
		return name, true
	}
	return name, types[path.Ext(name)] != "" && !strings.HasSuffix(name, ".html")
}

// Headers are those of a file's answer, as it is and in every encoding.
func Headers(name string) map[string]string {
	h := map[string]string{
		"Content-Type":                 types[path.Ext(name)],
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Content-Security-Policy":      Policy,
		"Vary":                         "Accept-Encoding",
		"Cache-Control":                "no-cache",
		"Cross-Origin-Resource-Policy": "same-origin",
	}
	switch {
	case strings.HasPrefix(name, "assets/"): // their names hold their hash
		h["Cache-Control"] = "public, max-age=31536000, immutable"
		// An isolated page starts only workers that ask for the same; others do not mind. It is sent always, because
		// browsers keep these files, headers included.
		h["Cross-Origin-Embedder-Policy"] = Isolation["Cross-Origin-Embedder-Policy"]
		fallthrough
	case strings.HasPrefix(name, "sdk/"): // for any page
		h["Access-Control-Allow-Origin"] = "*"
		h["Cross-Origin-Resource-Policy"] = "cross-origin"
	case name == "embed.html":
		h["Content-Security-Policy"] = framePolicy
		h["Cross-Origin-Resource-Policy"] = "cross-origin"
	}
	return h
}

// Tag is the entity tag of bytes with this SHA-256 in hex.
func Tag(sha256 string) string { return `"` + sha256[:32] + `"` }

// Encoding is a compressed form of a file and what its name ends with.
type Encoding struct{ Name, Suffix string }

// Encodings from the smallest form on.
var Encodings = []Encoding{{"br", ".br"}, {"gzip", ".gz"}}

// Negotiate chooses the smallest form that the client takes; the zero Encoding is the file itself.
func Negotiate(accept string) Encoding {
	for _, form := range Encodings {
		for part := range strings.SplitSeq(accept, ",") {
			name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
			if strings.EqualFold(strings.TrimSpace(name), form.Name) && strings.TrimSpace(q) != "q=0" {
				return form
			}
		}
	}
	return Encoding{}
}
