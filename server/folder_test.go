package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder's name is no pattern: programs and jobs are found again whatever it holds.
func TestRestartInAFolderWithAnyName(t *testing.T) {
	for _, name := range []string{"paw [test]", "what?", "[a-", `back\slash*`} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Skip(err) // Windows knows fewer names
			}
			f := start(t, func(o *Options) { o.Dir = dir })
			id := f.compiled(goodSpec)
			if err := f.server.Close(); err != nil {
				t.Fatal(err)
			}
			s, err := New(options(dir, newSlow()))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if !s.programs.has(id) || s.jobs.find(id) == nil {
				t.Errorf("program %v, job %v", s.programs.has(id), s.jobs.find(id))
			}
		})
	}
}

// Two servers on one folder would each know half of it.
func TestAFolderHasOneServer(t *testing.T) {
	f := start(t)
	id := f.compiled(goodSpec)
	second := options(f.dir, newSlow())
	if _, err := New(second); err == nil || !strings.Contains(err.Error(), "another paw serve") || !strings.Contains(err.Error(), "--data") || !strings.Contains(err.Error(), f.dir) {
		t.Errorf("a second server: %v", err)
	}
	_, file, _ := f.do("GET", "/api/v1/programs/"+id+"/download", "")
	if err := Keep(f.dir, "", []byte(file["text"].(string))); err == nil || !strings.Contains(err.Error(), "another paw serve") {
		t.Errorf("a file was kept in the folder of a running server: %v", err)
	}
	if _, err := Reader(second); err != nil {
		t.Errorf("reading beside it: %v", err)
	}
	for range 2 {
		if err := f.server.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(second)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	defer s.Close()
	if !s.programs.has(id) {
		t.Error("the program is gone")
	}
}

// A server that could not start keeps nobody out.
func TestAFailedStartGivesTheFolderBack(t *testing.T) {
	dir := t.TempDir()
	stands := filepath.Join(dir, "jobs")
	if err := os.WriteFile(stands, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := New(options(dir, newSlow())); err == nil {
		s.Close()
		t.Fatal("it started with a file in place of its folder")
	}
	if err := os.Remove(stands); err != nil {
		t.Fatal(err)
	}
	s, err := New(options(dir, newSlow()))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}
