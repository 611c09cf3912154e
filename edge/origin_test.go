package edge

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// straight is an Origin that speaks HTTP.
type straight struct{}

func (straight) Do(r *http.Request) (*http.Response, error) {
	return http.DefaultTransport.RoundTrip(r)
}

// behind starts an origin that tells what it was asked.
func behind(t *testing.T) (*httptest.Server, *[]string) {
	t.Helper()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, fmt.Sprintf("%s %s %s", r.Method, r.URL.Path, body))
		for _, name := range []string{"Cookie", "Origin", "Sec-Fetch-Site", "Te", "Keep-Alive", "X-Custom", "Proxy-Authorization", "Upgrade"} {
			if r.Header.Get(name) != "" {
				t.Errorf("the origin was sent %s: %s", name, r.Header.Get(name))
			}
		}
		h := w.Header()
		h.Set("Connection", "X-Secret")
		h.Set("X-Secret", "1")
		h.Set("Set-Cookie", "a=b")
		h.Set("Access-Control-Expose-Headers", "Content-Range, ETag")
		h.Set("Retry-After", "2")
		h.Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/compilers"):
			io.WriteString(w, `{"compilers":[{"name":"paw-mini","base_sha256":"`+r.Header.Get("X-Api-Key")+`"}]}`)
		case strings.HasSuffix(r.URL.Path, "/events"):
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		default:
			w.WriteHeader(202)
			io.WriteString(w, `{"ok":1}`)
		}
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

func post(h http.Handler, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "https://edge.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestCompilationsGoToTheOrigin(t *testing.T) {
	m, _ := published(t)
	s, asked := behind(t)
	h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}, Origin: straight{}, OriginURL: s.URL + "/"})
	for _, path := range []string{"", "/async", "/precheck"} {
		w := post(h, "/api/v1/compile"+path, `{"spec":"…"}`, "Cookie: a=b", "Te: trailers", "X-Custom: 1", "Origin: https://edge.example", "Sec-Fetch-Site: same-origin")
		if w.Code != 202 || w.Body.String() != `{"ok":1}` || w.Header().Get("Retry-After") != "2" {
			t.Errorf("%s: %d %s %v", path, w.Code, w.Body, w.Header())
		}
		for _, name := range []string{"Connection", "X-Secret", "Set-Cookie", "Date"} {
			if w.Header().Get(name) != "" {
				t.Errorf("%s: the client was sent %s", path, name)
			}
		}
	}
	if w := post(h, "/api/v1/compile/async", `{"spec":"…","slug":"urgent","name":"<b>","tags":["x"],"Compiler":"paw-mini","public":true,"Slug":"y"}`); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, body := range []string{"x", "[1]", `{"spec":"…","slug":"a"`} { // no JSON object: the origin refuses it
		if w := post(h, "/api/v1/compile", body); w.Code != 202 {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
	ask(t, h, "GET", "/api/v1/compile/"+hidden).want(202, `{"ok":1}`)
	ask(t, h, "DELETE", "/api/v1/compile/"+hidden).want(202, `{"ok":1}`)
	ask(t, h, "GET", "/api/v1/compile/"+hidden+"/events").want(502, "*") // it redirects
	ask(t, h, "GET", "/api/v1/programs/"+hidden+"/download").want(202, `{"ok":1}`, "Access-Control-Expose-Headers: Content-Range, ETag")
	ask(t, h, "GET", "/api/v1/programs/resolve/"+hidden).want(202, `{"ok":1}`)
	want := []string{
		`POST /api/v1/compile {"spec":"…"}`, `POST /api/v1/compile/async {"spec":"…"}`, `POST /api/v1/compile/precheck {"spec":"…"}`,
		`POST /api/v1/compile/async {"spec":"…","compiler":"paw-mini"}`, // strangers name nothing at the origin
		"POST /api/v1/compile x", "POST /api/v1/compile [1]", `POST /api/v1/compile {"spec":"…","slug":"a"`,
		"GET /api/v1/compile/" + hidden + " ", "DELETE /api/v1/compile/" + hidden + " ", "GET /api/v1/compile/" + hidden + "/events ",
		"GET /api/v1/programs/" + hidden + "/download ", "GET /api/v1/programs/resolve/" + hidden + " ",
	}
	if got := strings.Join(*asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the origin was asked\n%s", got)
	}
}

func TestOriginIsAskedNothingElse(t *testing.T) {
	m, _ := published(t)
	s, asked := behind(t)
	h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}, Origin: straight{}, OriginURL: s.URL})
	for _, path := range []string{"/api/v1/programs", "/api/v1/programs/local/secret", "/api/v1/programs/resolve/secret", "/api/v1/programs/secret/download", "/api/v1/programs/secret/versions",
		"/api/v1/compile/..%2fprograms", "/api/v1/compile/x", "/api/v1/compile/" + hidden + "%2fprograms", "/api/v1/compile/" + hidden + "%3fq=1", "/api/v1/programs/" + hidden + "%2fx", "/api/v1/infer"} {
		ask(t, h, "GET", path).want(404, "*")
	}
	for _, header := range []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"} {
		if w := post(h, "/api/v1/compile", "{}", header); w.Code != 403 {
			t.Errorf("%s: %d %s", header, w.Code, w.Body)
		}
		ask(t, h, "DELETE", "/api/v1/compile/"+hidden, header).want(403, "*")
	}
	if w := post(h, "/api/v1/compile", strings.Repeat("x", maxBody+1)); w.Code != 413 {
		t.Errorf("%d", w.Code)
	}
	if w := post(h, "/api/v1/programs", "{}"); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
	if len(*asked) > 0 {
		t.Errorf("the origin was asked %v", *asked)
	}
}

func TestInterpretersNameTheOriginsCompilers(t *testing.T) {
	m, model := published(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"compilers":[{"name":"paw-mini","base_sha256":"`+model.File.SHA256+`"},{"name":"other","base_sha256":"0"}]}`)
	}))
	defer s.Close()
	h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}, Origin: straight{}, OriginURL: s.URL})
	ask(t, h, "GET", "/api/v1/interpreters").want(200, `{"interpreters":[{"compilers":["paw-mini"],"id":"mini","sha256":"`+model.File.SHA256+`"}]}`+"\n")
	ask(t, h, "GET", "/api/v1/models/compilers").want(200, "*")
	s.Close()
	ask(t, h, "GET", "/api/v1/interpreters").want(200, "*")
	ask(t, h, "GET", "/api/v1/models/compilers").want(502, "*")
}

type dead struct{}

func (dead) Do(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }

func TestOriginsThatAreNone(t *testing.T) {
	m, _ := published(t)
	for address, want := range map[string]string{
		"": "no_origin", "paw.example.org": "bad_origin", "ftp://x": "bad_origin", "https://u:p@x": "bad_origin", "https://x/api": "bad_origin", "https://x?y": "bad_origin",
		"https://x": "origin_unreachable",
	} {
		h := Handler(Options{Objects: asObjects{m}, Records: asRecords{m}, Origin: dead{}, OriginURL: address})
		w := post(h, "/api/v1/compile", "{}")
		if !strings.Contains(w.Body.String(), `"`+want+`"`) || !strings.Contains(w.Body.String(), "PAW_ORIGIN") || strings.Contains(w.Body.String(), "no route") {
			t.Errorf("%q: %d %s, want %s", address, w.Code, w.Body, want)
		}
	}
}
