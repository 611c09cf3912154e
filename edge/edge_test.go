package edge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"paw/rest"
	"paw/store/digest"
)

// memory is both stores; it counts what is asked of it.
type memory struct {
	records map[string]string
	objects map[string][]byte
	reads   []string
}

func (m *memory) object(data string) Blob {
	sum := sha256.Sum256([]byte(data))
	b := Blob{hex.EncodeToString(sum[:]), int64(len(data))}
	m.objects[b.SHA256] = []byte(data)
	return b
}

func (m *memory) put(t *testing.T, key string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	m.records[key] = string(text)
}

type asRecords struct{ *memory }

func (m asRecords) Get(_ context.Context, key string) ([]byte, error) {
	if text, ok := m.records[key]; ok {
		return []byte(text), nil
	}
	return nil, ErrMissing
}

type asObjects struct{ *memory }

func (m asObjects) Get(_ context.Context, d digest.Digest, offset, length int64) (io.ReadCloser, error) {
	m.reads = append(m.reads, d.String())
	data, ok := m.objects[d.String()]
	if !ok {
		return nil, ErrMissing
	}
	return io.NopCloser(bytes.NewReader(data[offset : offset+length])), nil
}

const (
	urgent = "0123456789abcdef0123"
	older  = "00000000000000000000"
	hidden = "ffffffffffffffffffff"
)

// published are stores with a site, two versions of a program and an interpreter.
func published(t *testing.T) (*memory, Model) {
	t.Helper()
	m := &memory{records: map[string]string{}, objects: map[string][]byte{}}
	m.put(t, SiteRecord, Site{map[string]map[string]Blob{
		"index.html":      {"": m.object("<html>"), "br": m.object("html by brotli")},
		"embed.html":      {"": m.object("<frame>")},
		"sdk/paw.js":      {"": m.object("sdk"), "gzip": m.object("sdk by gzip")},
		"assets/a-0.wasm": {"": m.object("\x00asm")},
	}})
	for _, id := range []string{urgent, older} {
		file := m.object("program " + id)
		m.put(t, ProgramRecord(id), map[string]any{"program_id": id, "slug": "local/urgent", "sha256": file.SHA256, "size_bytes": file.Size, "spec": "…"})
	}
	m.put(t, SlugRecord("urgent"), map[string]any{"slug": "local/urgent", "main_version": 2, "versions": []map[string]any{
		{"version": 2, "program_id": urgent}, {"version": 1, "program_id": older},
	}})
	model := Model{m.object(strings.Repeat("0123456789", 1000)), m.object(`{"chunks":[]}`)}
	m.put(t, ModelRecord(model.File.SHA256), model)
	m.put(t, InterpretersRecord, map[string]any{"interpreters": []map[string]any{{"id": "mini", "sha256": model.File.SHA256, "compilers": []string{}}}})
	m.put(t, CatalogueRecord, map[string]any{"programs": []string{}})
	m.put(t, RuntimeRecord("paw-mini-7"), map[string]any{"url": HostMark + "/models/x.gguf"})
	return m, model
}

type answer struct {
	*testing.T
	*http.Response
	body string
}

func ask(t *testing.T, h http.Handler, method, path string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, "https://edge.example"+path, nil)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{t, w.Result(), w.Body.String()}
}

func (a answer) want(status int, body string, headers ...string) {
	a.Helper()
	if a.StatusCode != status || body != "*" && a.body != body {
		a.Errorf("%d %.200q, want %d %.200q", a.StatusCode, a.body, status, body)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ":")
		if got := a.Response.Header.Get(name); got != strings.TrimSpace(value) {
			a.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestSite(t *testing.T) {
	m, _ := published(t)
	h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}})
	page := ask(t, h, "GET", "/", "Accept-Encoding: gzip", "Accept-Encoding:  br") // in pieces, as the host gives it
	page.want(200, "html by brotli", "Content-Encoding: br", "Content-Length: 14", "Cache-Control: no-cache", "Content-Type: text/html; charset=utf-8",
		"Vary: Accept-Encoding", "X-Content-Type-Options: nosniff", "Cross-Origin-Resource-Policy: same-origin")
	ask(t, h, "GET", "/").want(200, "<html>", "Content-Encoding:")
	ask(t, h, "GET", "/sdk/paw.js", "Accept-Encoding: br").want(200, "sdk", "Content-Encoding:", "Access-Control-Allow-Origin: *")
	ask(t, h, "GET", "/assets/a-0.wasm").want(200, "\x00asm", "Cache-Control: public, max-age=31536000, immutable")
	ask(t, h, "HEAD", "/assets/a-0.wasm").want(200, "", "Content-Length: 4")
	ask(t, h, "POST", "/").want(405, "*", "Allow: GET, HEAD")
	reads := len(m.reads)
	again := ask(t, h, "GET", "/", "Accept-Encoding: br", "If-None-Match: "+page.Response.Header.Get("ETag"))
	again.want(304, "", "Cache-Control: no-cache", "Content-Length:")
	if len(m.reads) != reads {
		t.Error("an unchanged page was read from the store")
	}
	ask(t, h, "GET", "/sdk/paw.js", "Range: bytes=0-0").want(200, "sdk")
	for _, path := range []string{"/index.html", "/sw.js", "/sdk/paw.js.gz", "/sdk/", "/%2e%2e/%2e%2e/etc/passwd", "/.git/config", "/assets%2Fa-0.wasm/x"} {
		ask(t, h, "GET", path).want(404, "*")
	}
}

func TestPrograms(t *testing.T) {
	m, _ := published(t)
	h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}})
	api := "/api/v1/programs/"
	for path, id := range map[string]string{
		"local/urgent": urgent, "local%2Furgent": urgent, "urgent": urgent, "urgent@v1": older, "local/urgent@v1": older, "local%2Furgent%40v1": older, older: older,
	} {
		a := ask(t, h, "GET", api+"resolve/"+path)
		a.want(200, `{"program_id":"`+id+`","slug":"local/urgent"}`+"\n", "Cache-Control: no-store")
		ask(t, h, "GET", api+path+"/download").want(200, "program "+id, "Content-Type: application/zip", "Access-Control-Allow-Origin: *",
			"Content-Disposition: attachment; filename=\""+id+".paw\"")
		ask(t, h, "GET", api+path).want(200, m.records[ProgramRecord(id)])
	}
	ask(t, h, "GET", api+"local/urgent/versions").want(200, m.records[SlugRecord("urgent")])
	byID := ask(t, h, "GET", api+urgent+"/download")
	byID.want(200, "*", "Cache-Control: public, max-age=31536000, immutable")
	tag := byID.Response.Header.Get("ETag")
	ask(t, h, "GET", api+urgent+"/download", "If-None-Match: \"x\"", "If-None-Match: "+tag).want(304, "", "ETag: "+tag)
	ask(t, h, "GET", api+"urgent/download").want(200, "*", "Cache-Control: no-cache")
	for _, path := range []string{
		hidden, hidden + "/download", "resolve/" + hidden, "resolve/urgent@v3", "resolve/urgent@v0", "resolve/other/urgent", "resolve/local/nothing",
		"resolve/..%2f..%2fsite", "resolve/local%2f..%2furgent", "..%2f..%2fx/download", "resolve/" + strings.Repeat("a", 9000), "resolve/%00", "versions", "x/versions", urgent + "/versions",
		"resolve/", "slug%2Furgent", "program%2F" + urgent, strings.ToUpper("0123456789abcdef0123"),
	} {
		ask(t, h, "GET", api+path).want(404, "*", "Content-Type: application/json")
	}
	ask(t, h, "PATCH", api+urgent).want(404, "*")
}

func TestModelsHaveRanges(t *testing.T) {
	m, model := published(t)
	h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}})
	path, tag := "/models/"+model.File.SHA256+".gguf", `"`+model.File.SHA256+`"`
	whole := string(m.objects[model.File.SHA256])
	ask(t, h, "GET", path).want(200, whole, "ETag: "+tag, "Accept-Ranges: bytes", "Content-Length: 10000", "Cache-Control: public, max-age=31536000, immutable", "Access-Control-Allow-Origin: *")
	ask(t, h, "HEAD", path).want(200, "", "Content-Length: 10000")
	ask(t, h, "GET", path, "Range: bytes=3-5").want(206, "345", "Content-Range: bytes 3-5/10000", "Content-Length: 3", "ETag: "+tag)
	ask(t, h, "GET", path, "Range: bytes=9998-").want(206, "89", "Content-Range: bytes 9998-9999/10000")
	ask(t, h, "GET", path, "Range: bytes=-1").want(206, "9")
	ask(t, h, "GET", path, "Range: bytes=9999-20000").want(206, "9")
	ask(t, h, "GET", path, "Range: bytes=10000-").want(416, "", "Content-Range: bytes */10000", "Cache-Control:")
	ask(t, h, "GET", path, "Range: bytes=5-3").want(416, "")
	ask(t, h, "GET", path, "Range: bytes=0-1", "Range: 4-5").want(200, whole) // several parts
	ask(t, h, "GET", path, "Range: bytes=0-1", "If-Range: "+tag).want(206, "01")
	ask(t, h, "GET", path, "Range: bytes=0-1", `If-Range: "other"`).want(200, whole)
	ask(t, h, "GET", path, "If-None-Match: "+tag, "Range: bytes=0-1").want(304, "")
	ask(t, h, "GET", path, `If-Match: "other"`).want(412, "")
	ask(t, h, "GET", "/models/"+model.File.SHA256+".chunks.json").want(200, `{"chunks":[]}`, "Content-Type: application/json", "Cache-Control: public, max-age=31536000, immutable")
	ask(t, h, "GET", "/api/v1/models/runtimes/paw-mini-7").want(200, `{"url":"https://edge.example/models/x.gguf"}`)
	ask(t, h, "GET", "/api/v1/interpreters").want(200, m.records[InterpretersRecord])
	ask(t, h, "GET", "/api/v1/catalogue").want(200, m.records[CatalogueRecord])
	for _, path := range []string{"/models/" + model.File.SHA256, "/models/" + model.File.SHA256 + ".GGUF", "/models/x.gguf", "/models/" + strings.ToUpper(model.File.SHA256) + ".gguf",
		"/models/" + model.Chunks.SHA256 + ".gguf", "/models/..%2f" + model.File.SHA256 + ".gguf", "/api/v1/models/runtimes/..%2fsite", "/api/v1/models/runtimes/none"} {
		ask(t, h, "GET", path).want(404, "*")
	}
}

func TestPagesOfOtherOriginsReadErrorsAndAskForParts(t *testing.T) {
	m, model := published(t)
	h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}})
	readable := []string{"Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: Content-Range, ETag", "Cross-Origin-Resource-Policy: cross-origin"}
	gguf, download := "/models/"+model.File.SHA256+".gguf", "/api/v1/programs/"+hidden+"/download"
	ask(t, h, "GET", gguf, "Range: bytes=3-5").want(206, "345", readable...)
	ask(t, h, "GET", "/api/v1/interpreters").want(200, "*", append(readable, "Cache-Control: no-store")...)
	for _, path := range []string{"/models/" + model.Chunks.SHA256 + ".gguf", download} {
		ask(t, h, "GET", path).want(404, "*", append(readable, "Cache-Control: no-store")...)
	}
	ask(t, h, "GET", "/api/v1/programs/nothing/download").want(404, "*", "Access-Control-Allow-Origin:")
	for _, path := range []string{gguf, download} {
		ask(t, h, "OPTIONS", path).want(204, "", "Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: GET, HEAD", "Access-Control-Allow-Headers: Range, If-Range, If-None-Match")
	}
	ask(t, h, "OPTIONS", "/api/v1/programs/"+hidden).want(404, "*", "Access-Control-Allow-Origin:")
}

func TestFaultsTellClientsLittle(t *testing.T) {
	m, model := published(t)
	var log strings.Builder
	h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}, Log: func(f string, a ...any) { fmt.Fprintf(&log, f, a...) }})
	delete(m.objects, model.File.SHA256)
	ask(t, h, "GET", "/models/"+model.File.SHA256+".gguf").want(500, "*", "Cache-Control: no-store", "ETag:", "Accept-Ranges:")
	page := m.object("html by brotli").SHA256
	kept := m.objects[page]
	delete(m.objects, page)
	ask(t, h, "GET", "/", "Accept-Encoding: br").want(500, "*", "Content-Encoding:", "ETag:", "Cache-Control: no-store")
	m.objects[page] = kept
	delete(m.objects, m.object("program "+urgent).SHA256)
	ask(t, h, "GET", "/api/v1/programs/"+urgent+"/download").want(500, "*", "Content-Disposition:", "ETag:", "Access-Control-Allow-Origin: *")
	m.records[SiteRecord] = `{"files":{"index.html":{"":{"sha256":"../../x","size":3}}}}`
	ask(t, h, "GET", "/").want(500, "*")
	m.records[SiteRecord] = `{`
	ask(t, h, "GET", "/").want(500, "*")
	delete(m.records, SiteRecord)
	if a := ask(t, h, "GET", "/"); a.StatusCode != 404 || !strings.Contains(a.body, "edge/publish") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	m.records[ProgramRecord(urgent)] = m.records[ProgramRecord(older)]
	ask(t, h, "GET", "/api/v1/programs/"+urgent).want(500, "*")
	m.put(t, ModelRecord(model.File.SHA256), Model{model.Chunks, model.Chunks})
	ask(t, h, "GET", "/models/"+model.File.SHA256+".gguf").want(500, "*")
	if log.Len() == 0 {
		t.Error("nothing was logged")
	}
	unbound := rest.NewProblem(503, "not_bound", "add it")
	h = Handler(Options{Records: failing{unbound}, Objects: asObjects{m}})
	ask(t, h, "GET", "/").want(503, "*")
	h = Handler(Options{Records: failing{nil}, Objects: asObjects{m}})
	ask(t, h, "GET", "/").want(500, "*")
}

// failing records fail, or panic without an error.
type failing struct{ err error }

func (f failing) Get(context.Context, string) ([]byte, error) {
	if f.err == nil {
		panic(errors.New("a fault"))
	}
	return nil, f.err
}
