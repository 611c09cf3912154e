package rest

import (
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseReference(t *testing.T) {
	id := "0123456789abcdef0123"
	for text, want := range map[string]Reference{
		id: {ID: id}, "urgent": {Slug: "urgent"}, "local/urgent": {Slug: "urgent"}, "local/urgent@v12": {Slug: "urgent", Version: 12}, "a1@v1": {Slug: "a1", Version: 1},
	} {
		if got, ok := ParseReference(text); !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, ok, want)
		}
	}
	for _, bad := range []string{
		"", "x", "-ab", "ab-", "Urgent", "other/urgent", "local/a/b", "../urgent", "local/..", "urgent@v0", "urgent@v-1", "urgent@v+1", "urgent@v", "urgent@v1@v2",
		"urgent@v99999999999999999999", "urgent\n", "urgent\x00", "ab%2fcd", strings.Repeat("z", 51), strings.Repeat("0", 65), strings.ToUpper(id),
	} {
		if got, ok := ParseReference(bad); ok {
			t.Errorf("%q is taken for %+v", bad, got)
		}
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"0123456789abcdef", "local/name@v3", "name", "../x", "a/b/c", "x@v", "x@v-1", "x@v99999999999999999999", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := ParseReference(text)
		if !ok {
			return
		}
		if (r.ID == "") == (r.Slug == "") || r.Version < 0 {
			t.Errorf("%q is read as %+v", text, r)
		}
		if r.ID+r.Slug != filepath.Base(r.ID+r.Slug) || r.ID+r.Slug == ".." {
			t.Errorf("%q is no plain name: %+v", text, r)
		}
	})
}

func TestProblemsSayWhatToDo(t *testing.T) {
	w := httptest.NewRecorder()
	p := NewProblem(503, "no_origin", "set it")
	p.Header = map[string]string{"Retry-After": "2"}
	for _, name := range []string{"Content-Encoding", "Content-Disposition", "ETag", "Accept-Ranges"} { // of the answer that failed
		w.Header().Set(name, "x")
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	p.Write(w, "r1")
	for name, want := range map[string]string{"Content-Encoding": "", "Content-Disposition": "", "ETag": "", "Accept-Ranges": "", "Access-Control-Allow-Origin": "*"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w.Code != 503 || got["detail"] != "set it" || got["message"] != "set it" || got["error"] != "no_origin" || got["request_id"] != "r1" || w.Header().Get("Retry-After") != "2" {
		t.Errorf("%d %v %v", w.Code, got, w.Header())
	}
}
