package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"paw/fetch"
)

// hub is a fake model hub on loopback that redirects as the real one does.
func hub(t *testing.T, payload []byte) *httptest.Server {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/resolve/main/tiny.gguf"):
			http.Redirect(w, r, "/cdn/blob", http.StatusFound)
		case r.URL.Path == "/cdn/blob":
			w.Header().Set("ETag", `"x"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(payload))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func library(t *testing.T, mirror string, payload []byte) *Library {
	t.Setenv("PAW_HOME", t.TempDir())
	t.Setenv("PAW_MIRROR", mirror)
	l, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(payload)
	l.Pins = []Pin{{ID: "tiny", Interpreter: "gpt2", File: "tiny.gguf", URL: "https://hub.invalid/some/repo/resolve/main/tiny.gguf",
		Bytes: int64(len(payload)), SHA256: hex.EncodeToString(sum[:])}}
	return l
}

func TestPull(t *testing.T) {
	payload := bytes.Repeat([]byte("weights "), 10_000)
	l := library(t, hub(t, payload).URL, payload)
	if _, err := l.Path("tiny"); !errors.Is(err, ErrNotPulled) || !strings.Contains(err.Error(), "paw models pull tiny") {
		t.Errorf("before the download: %v", err)
	}
	var last int64
	path, err := l.Pull(t.Context(), "tiny", func(done, _ int64) { last = done })
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, payload) || last != int64(len(payload)) {
		t.Errorf("%d bytes, %v, progress %d", len(b), err, last)
	}
	if found, ok := l.FindDigest(l.Pins[0].SHA256); !ok || found != path {
		t.Errorf("by digest: %s %v", found, ok)
	}
	installed := 0
	for _, s := range l.List() {
		if s.ID == "tiny" && s.Installed && s.Path == path {
			installed++
		}
	}
	if installed != 1 {
		t.Errorf("list %+v", l.List())
	}
	sum := sha256.Sum256([]byte("another"))
	if err := l.Check(path, hex.EncodeToString(sum[:])); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "paw models pull tiny") {
		t.Errorf("a file with other bytes: %v", err)
	}
	if err := errors.Join(l.Check(path, l.Pins[0].SHA256), l.Check(path+"x", "")); err != nil {
		t.Error(err)
	}
	if l.Interpreter("tiny") != "gpt2" {
		t.Error("the interpreter's name is lost")
	}
}

func TestPullOfWrongBytesInstallsNothing(t *testing.T) {
	payload := bytes.Repeat([]byte("weights "), 1000)
	l := library(t, hub(t, bytes.ToUpper(payload)).URL, payload)
	if _, err := l.Pull(t.Context(), "tiny", nil); !errors.Is(err, fetch.ErrDigest) {
		t.Errorf("wrong bytes: %v", err)
	}
	if _, err := l.Path("tiny"); !errors.Is(err, ErrNotPulled) {
		t.Errorf("after wrong bytes: %v", err)
	}
}

func TestUnknownModelsAndMirrors(t *testing.T) {
	l := library(t, "nonsense", []byte("x"))
	if _, err := l.Pull(t.Context(), "../tiny", nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown model: %v", err)
	}
	if _, err := l.Pull(t.Context(), "tiny", nil); err == nil || !strings.Contains(err.Error(), "mirror") {
		t.Errorf("a mirror that is no address: %v", err)
	}
	if _, ok := l.FindDigest(""); ok {
		t.Error("no digest found a model")
	}
}

func TestPinsAreWellFormed(t *testing.T) {
	for _, p := range Pins {
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(p.SHA256) || p.Bytes < 1e8 || !strings.HasPrefix(p.URL, "https://") ||
			!strings.HasSuffix(p.URL, "/"+p.File) || p.Interpreter == "" {
			t.Errorf("pin %+v", p)
		}
	}
}
