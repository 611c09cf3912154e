package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// recordsIn are the paths of the JSON files of a folder. The folder's own name may hold anything, also
// what a pattern of filepath.Glob would read as one.
func recordsIn(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	var out []string
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".json") && !strings.HasPrefix(f.Name(), ".") {
			out = append(out, filepath.Join(dir, f.Name()))
		}
	}
	return out, nil
}
