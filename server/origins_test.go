package server

import (
	"net/http"
	"strings"
	"testing"
)

// stranger asks as a page of another origin and tells what its browser would let it read.
func (f *fixture) stranger(method, path string) (status int, readable bool, h http.Header) {
	f.Helper()
	status, _, h = f.do(method, path, "", "Origin: https://elsewhere.example", "Sec-Fetch-Site: cross-site")
	readable = h.Get("Access-Control-Allow-Origin") == "*" && h.Get("Cross-Origin-Resource-Policy") == "cross-origin"
	return status, readable, h
}

func TestPagesOfOtherOriginsReadAnswersAndErrorsButNoPrivateSlugs(t *testing.T) {
	f := start(t)
	id := f.compiled(strings.Replace(goodSpec, `{`, `{"slug":"secret",`, 1))
	known := f.compiled(strings.Replace(strings.Replace(goodSpec, "urgent", "red", 1), `{`, `{"slug":"known",`, 1))
	f.want(200, "PATCH", "/api/v1/programs/"+known, `{"public":true}`)
	running := f.want(202, "POST", "/api/v1/compile/async", strings.Replace(goodSpec, "urgent", "blue", 1))["job_id"].(string)
	defer func() { f.compiler.release <- nil }()
	programs := "/api/v1/programs/"
	for path, want := range map[string]struct {
		status   int
		readable bool
		keep     string
	}{
		programs + id + "/download":                {200, true, "public, max-age=31536000, immutable"},
		programs + running + "/download":           {202, true, "no-store"},
		programs + "ffffffffffffffffffff/download": {404, true, "no-store"},
		programs + "known/download":                {200, true, "no-cache"},
		programs + "secret/download":               {200, false, "private, no-cache"},
		programs + "local/secret/download":         {200, false, "private, no-cache"},
		programs + "nothing/download":              {404, false, "no-store"},
		programs + id:                              {200, false, "no-store"},
		"/models/" + baseDigest + ".gguf":          {404, true, "no-store"},
		"/models/" + baseDigest + ".chunks.json":   {404, true, "no-store"},
		"/api/v1/interpreters":                     {200, true, "no-store"},
		"/api/v1/programs":                         {200, false, "no-store"},
		"/api/v1/compile/" + running:               {200, false, "no-store"},
	} {
		status, readable, h := f.stranger("GET", path)
		if status != want.status || readable != want.readable || h.Get("Cache-Control") != want.keep {
			t.Errorf("%s: %d, readable %v, %q, want %v", path, status, readable, h.Get("Cache-Control"), want)
		}
	}
	// What is missing and what is private look the same.
	_, _, missing := f.stranger("GET", programs+"nothing/download")
	_, _, private := f.stranger("GET", programs+"secret/download")
	for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Cross-Origin-Resource-Policy"} {
		if missing.Get(name) != private.Get(name) {
			t.Errorf("%s tells a private slug: %q, %q", name, missing.Get(name), private.Get(name))
		}
	}
}

func TestPagesOfOtherOriginsMayAskForParts(t *testing.T) {
	f := start(t)
	for _, path := range []string{"/models/" + baseDigest + ".gguf", "/api/v1/programs/0123456789abcdef0123/download", "/api/v1/programs/local/secret/download"} {
		status, _, h := f.stranger("OPTIONS", path)
		if status != 204 || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Methods") != "GET, HEAD" ||
			h.Get("Access-Control-Allow-Headers") != "Range, If-Range, If-None-Match" || h.Get("Access-Control-Max-Age") == "" {
			t.Errorf("%s: %d %v", path, status, h)
		}
	}
	for _, path := range []string{"/api/v1/programs/0123456789abcdef0123", "/api/v1/compile/async"} {
		if status, _, h := f.stranger("OPTIONS", path); status != 404 || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", path, status, h)
		}
	}
}
