package site

import (
	"strings"
	"testing"
)

func TestPathsNameFilesOfTheSiteOnly(t *testing.T) {
	for path, want := range map[string]string{
		"/": "index.html", "": "index.html", "/embed.html": "embed.html", "/sdk/paw.js": "sdk/paw.js", "/assets/a-0.wasm": "assets/a-0.wasm",
		"/a/../sw.js": "sw.js", "/../../sw.js": "sw.js", "//sw.js": "sw.js",
		"/index.html": "", "/placeholder.html": "", "/x.html": "", "/sw.js.br": "", "/etc/passwd": "", "/.git/config": "", "/a.gguf": "",
	} {
		name, ok := File(path)
		if ok != (want != "") || ok && name != want {
			t.Errorf("%q names %q, %v; want %q", path, name, ok, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	for name, want := range map[string][3]string{ // cache, resource policy, any origin
		"index.html":       {"no-cache", "same-origin", ""},
		"sw.js":            {"no-cache", "same-origin", ""},
		"sdk/paw.js":       {"no-cache", "cross-origin", "*"},
		"assets/a-0.js":    {"public, max-age=31536000, immutable", "cross-origin", "*"},
		"embed.html":       {"no-cache", "cross-origin", ""},
		"sdk-assets/x.css": {"no-cache", "same-origin", ""},
	} {
		h := Headers(name)
		if got := [3]string{h["Cache-Control"], h["Cross-Origin-Resource-Policy"], h["Access-Control-Allow-Origin"]}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if framed := strings.Contains(h["Content-Security-Policy"], "frame-ancestors *"); framed != (name == "embed.html") {
			t.Errorf("%s: policy %s", name, h["Content-Security-Policy"])
		}
		if embedder := h["Cross-Origin-Embedder-Policy"]; (embedder == "require-corp") != strings.HasPrefix(name, "assets/") {
			t.Errorf("%s: embedder policy %q", name, embedder)
		}
	}
}

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]string{
		"": "", "identity": "", "gzip": "gzip", "gzip, br": "br", "gzip,deflate, br;q=0.5": "br", "br;q=0, gzip": "gzip", "BR": "br", "brr": "",
	} {
		if got := Negotiate(accept); got.Name != want {
			t.Errorf("%q: %q, want %q", accept, got.Name, want)
		}
	}
}
