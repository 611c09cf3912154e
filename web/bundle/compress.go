package bundle

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"

	"github.com/andybalholm/brotli"
)

// patient is up to which size a file is worth the slowest compression; wllama.wasm would take half a minute.
const patient = 6 << 20

// compressed writes a file with its brotli and gzip forms beside it and returns the size of the
// brotli form. A large file that is there already with the same bytes is not compressed again.
func (b *Builder) compressed(name string, data []byte) (int, error) {
	path := filepath.Join(b.out, filepath.FromSlash(name))
	for _, n := range []string{name, name + ".br", name + ".gz"} {
		b.files[n] = true
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		if small, err := os.Stat(path + ".br"); err == nil {
			if _, err := os.Stat(path + ".gz"); err == nil {
				return int(small.Size()), nil
			}
		}
	}
	var br, gz bytes.Buffer
	quality := 11
	if len(data) > patient {
		quality = 9
	}
	w := brotli.NewWriterOptions(&br, brotli.WriterOptions{Quality: quality, LGWin: 24})
	if _, err := w.Write(data); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	z, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := z.Write(data); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	// The plain file comes last: it is what marks the other two as finished.
	for suffix, content := range map[string][]byte{".br": br.Bytes(), ".gz": gz.Bytes()} {
		if err := os.WriteFile(path+suffix, content, 0o644); err != nil {
			return 0, err
		}
	}
	return br.Len(), os.WriteFile(path, data, 0o644)
}
