package server

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReaderShowsPublicProgramsOnlyAndWritesNothing(t *testing.T) {
	f := start(t)
	hidden := f.compiled(goodSpec)
	shown := f.compiled(strings.Replace(goodSpec, "urgent", "funny", 1))
	f.want(200, "PATCH", "/api/v1/programs/"+shown, `{"public":true,"slug":"funny"}`)
	f.want(200, "PATCH", "/api/v1/programs/"+hidden, `{"slug":"mine"}`)
	before := files(t, f.dir)
	h, err := Reader(Options{Dir: f.dir})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/api/v1/programs/" + shown: 200, "/api/v1/programs/" + shown + "/download": 200, "/api/v1/programs/local/funny/versions": 200,
		"/api/v1/programs/" + hidden: 404, "/api/v1/programs/" + hidden + "/download": 404, "/api/v1/programs/mine/versions": 404, "/api/v1/programs/mine": 404,
		"/api/v1/compile/" + hidden: 404,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
	if after := files(t, f.dir); after != before {
		t.Errorf("the folder changed:\n%s\nwas\n%s", after, before)
	}
	if _, err := Reader(Options{Dir: filepath.Join(f.dir, "nowhere")}); err == nil {
		t.Error("a folder that is not there was read")
	}
}

func TestKeepFilesPrograms(t *testing.T) {
	f := start(t)
	id := f.compiled(goodSpec)
	e, _ := f.server.programs.entry(id)
	file, err := f.server.programs.open(e)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Keep(dir, "../x", data); err == nil {
		t.Error("a hostile slug was taken")
	}
	if err := Keep(dir, "one", data[:100]); err == nil {
		t.Error("half a file was taken")
	}
	if err := Keep(dir, "one", data); err != nil {
		t.Fatal(err)
	}
	h, err := Reader(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/programs/local/one/download", nil))
	if w.Code != 200 || w.Body.String() != string(data) {
		t.Errorf("%d, %d bytes, want %d", w.Code, w.Body.Len(), len(data))
	}
}

// files lists a folder's files with sizes and times.
func files(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		b.WriteString(path + " " + i.ModTime().String() + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
