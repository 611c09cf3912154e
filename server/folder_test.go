package server

import (
	"os"
	"path/filepath"
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
