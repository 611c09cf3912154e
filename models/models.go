// Package models knows the interpreters that programs are compiled for: the embedded mini, and pins
// of the official files that a user may download. It promises that a download has the pinned bytes;
// whoever reads one later computes its digest and asks Check. It loads and runs none of them.
package models

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"paw/fetch"
)

// Pin is a file that we know by its digest, taken from its publisher.
type Pin struct {
	ID          string `json:"id"` // runtime id
	Name        string `json:"name"`
	Interpreter string `json:"interpreter"` // meta.json's name for it
	URL         string `json:"url"`
	File        string `json:"file"`
	Bytes       int64  `json:"bytes"`
	SHA256      string `json:"sha256"`
}

// Pins of the official interpreters (docs/formats.md §3).
var Pins = []Pin{
	{
		ID: "gpt2-q8_0", Name: "GPT-2 124M (Q8_0)", Interpreter: "gpt2", File: "gpt2-q8_0.gguf",
		URL:   "https://huggingface.co/programasweights/GPT2-GGUF-Q8_0/resolve/main/gpt2-q8_0.gguf",
		Bytes: 139_804_832, SHA256: "0aa260efb2cce9def922e0546b88ad731cf1a68554db73fa2d4a0949cfa958c5",
	},
	{
		ID: "qwen3-0.6b-q6_k", Name: "Qwen3 0.6B (Q6_K)", Interpreter: "Qwen/Qwen3-0.6B", File: "qwen3-0.6b-q6_k.gguf",
		URL:   "https://huggingface.co/programasweights/Qwen3-0.6B-GGUF-Q6_K/resolve/main/qwen3-0.6b-q6_k.gguf",
		Bytes: 622_733_120, SHA256: "9a16ed5cacba959e63b62e2b6840c3eca2b51c3c3e51d31367ef8e4aafeae33c",
	},
}

// ByDigest is the official interpreter whose file has this SHA-256.
func ByDigest(sha256 string) (Pin, bool) {
	for _, p := range Pins {
		if p.SHA256 == sha256 {
			return p, true
		}
	}
	return Pin{}, false
}

// Errors that callers tell apart.
var (
	ErrUnknown   = errors.New("models: unknown model")
	ErrNotPulled = errors.New("models: not downloaded yet")
	ErrDamaged   = errors.New("models: the file has changed since it was downloaded")
)

// Library is the folder of downloaded models.
type Library struct {
	Dir     string
	Pins    []Pin
	Mirror  string // scheme and host that replace those of the pins; may be on this machine
	Fetcher *fetch.Fetcher
}

// Default is the user's library: $PAW_HOME/models or the cache folder, $PAW_MIRROR as mirror.
func Default() (*Library, error) {
	home := os.Getenv("PAW_HOME")
	if home == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("models: no folder for downloads: set PAW_HOME: %w", err)
		}
		home = filepath.Join(cache, "paw")
	}
	mirror := os.Getenv("PAW_MIRROR")
	return &Library{
		Dir: filepath.Join(home, "models"), Pins: Pins, Mirror: mirror,
		Fetcher: fetch.New(fetch.Options{AllowLoopback: mirror != ""}),
	}, nil
}

// Status of a model on this machine.
type Status struct {
	Pin
	Installed bool   `json:"installed"`
	Embedded  bool   `json:"embedded,omitempty"`
	Path      string `json:"path,omitempty"`
}

// List is every known model, the embedded mini first.
func (l *Library) List() []Status {
	var out []Status
	if file, digest, err := Mini(); err == nil {
		out = append(out, Status{Pin: Pin{ID: MiniID, Name: "PAW mini", Interpreter: MiniID, Bytes: file.Size(), SHA256: digest},
			Installed: true, Embedded: true, Path: "(embedded)"})
	}
	for _, p := range l.Pins {
		s := Status{Pin: p}
		if path, err := l.Path(p.ID); err == nil {
			s.Installed, s.Path = true, path
		}
		out = append(out, s)
	}
	return out
}

func (l *Library) pin(id string) (Pin, error) {
	for _, p := range l.Pins {
		if p.ID == id {
			return p, nil
		}
	}
	return Pin{}, fmt.Errorf("%w %q: paw models list shows those that can be had", ErrUnknown, id)
}

// Path of a downloaded model. A file of another size is not it.
func (l *Library) Path(id string) (string, error) {
	p, err := l.pin(id)
	if err != nil {
		return "", err
	}
	path := filepath.Join(l.Dir, p.File)
	if info, err := os.Stat(path); err != nil || info.Size() != p.Bytes {
		return "", fmt.Errorf("%w: paw models pull %s (%.0f MB)", ErrNotPulled, id, float64(p.Bytes)/1e6)
	}
	return path, nil
}

// Check compares the digest of a file with the pin of the model that is kept under this path, if one is.
func (l *Library) Check(path, sha256 string) error {
	for _, p := range l.Pins {
		if path == filepath.Join(l.Dir, p.File) && sha256 != p.SHA256 {
			return fmt.Errorf("%w: %s: paw models pull %s", ErrDamaged, path, p.ID)
		}
	}
	return nil
}

// Interpreter is meta.json's name of a known model.
func (l *Library) Interpreter(id string) string {
	p, err := l.pin(id)
	if err != nil {
		return id
	}
	return p.Interpreter
}

// FindDigest is the path of a downloaded model by its SHA-256.
func (l *Library) FindDigest(sha256 string) (string, bool) {
	for _, p := range l.Pins {
		if p.SHA256 == sha256 {
			path, err := l.Path(p.ID)
			return path, err == nil
		}
	}
	return "", false
}

// Pull downloads a model, or finds it already there, and returns its path.
func (l *Library) Pull(ctx context.Context, id string, progress func(done, total int64)) (string, error) {
	p, err := l.pin(id)
	if err != nil {
		return "", err
	}
	from := p.URL
	if l.Mirror != "" {
		if from, err = mirrored(p.URL, l.Mirror); err != nil {
			return "", err
		}
	}
	path := filepath.Join(l.Dir, p.File)
	r := fetch.Request{URL: from, SHA256: p.SHA256, Size: p.Bytes, Progress: progress}
	return path, l.Fetcher.Fetch(ctx, r, path)
}

// mirrored is an address with another scheme and host.
func mirrored(address, mirror string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("models: %w", err)
	}
	m, err := url.Parse(mirror)
	if err != nil || m.Host == "" {
		return "", fmt.Errorf("models: the mirror %q: an address such as https://mirror.example is needed", mirror)
	}
	u.Scheme, u.Host = m.Scheme, m.Host
	return u.String(), nil
}
