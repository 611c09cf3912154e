package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var payload = func() []byte {
	b := make([]byte, 1<<20)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}()

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// hub serves the payload; each request may be spoiled first.
type hub struct {
	*httptest.Server
	requests atomic.Int32
	sent     atomic.Int64
	spoil    func(n int32, w http.ResponseWriter, r *http.Request) bool
}

type counter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (c counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

func newHub(t *testing.T, spoil func(n int32, w http.ResponseWriter, r *http.Request) bool) *hub {
	h := &hub{spoil: spoil}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := h.requests.Add(1)
		w.Header().Set("ETag", `"v1"`)
		w = counter{w, &h.sent}
		if h.spoil != nil && h.spoil(n, w, r) {
			return
		}
		http.ServeContent(w, r, "model.gguf", time.Time{}, bytes.NewReader(payload))
	}))
	t.Cleanup(h.Close)
	return h
}

func fast() *Fetcher {
	return New(Options{AllowLoopback: true, Backoff: time.Millisecond, Stall: 300 * time.Millisecond})
}

func (h *hub) request() Request {
	return Request{URL: h.URL + "/model.gguf", SHA256: digest(payload), Size: int64(len(payload))}
}

func check(t *testing.T, path string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, payload) {
		t.Errorf("the file is not the pinned one (%d bytes, %v)", len(b), err)
	}
	if _, err := os.Stat(path + ".part"); err == nil {
		t.Error("the partial file is still there")
	}
	if _, err := os.Stat(path + ".lock"); err == nil && runtime.GOOS != "windows" {
		t.Error("the lock is still there")
	}
}

// cut sends a part of what was asked for and breaks the connection.
func cut(w http.ResponseWriter, from, n int) {
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(payload)-1, len(payload)))
		w.Header().Set("Content-Length", fmt.Sprint(len(payload)-from))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		w.Header().Set("Content-Length", fmt.Sprint(len(payload)))
	}
	w.Write(payload[from : from+n])
	w.(counter).ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func offset(r *http.Request) int {
	var from int
	fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
	return from
}

func TestFetch(t *testing.T) {
	var progress []int64
	h := newHub(t, nil)
	r := h.request()
	r.Progress = func(done, total int64) {
		if total != r.Size {
			t.Errorf("progress of %d in all", total)
		}
		progress = append(progress, done)
	}
	path := filepath.Join(t.TempDir(), "sub", "model.gguf")
	for range 2 {
		if err := fast().Fetch(t.Context(), r, path); err != nil {
			t.Fatal(err)
		}
	}
	check(t, path)
	if n := h.requests.Load(); n != 1 {
		t.Errorf("%d requests for a file that was already there", n)
	}
	if len(progress) == 0 || progress[len(progress)-1] != r.Size {
		t.Errorf("progress %v", progress)
	}
}

func TestCutConnectionsAreResumed(t *testing.T) {
	for i := range 12 {
		at := i * len(payload) / 12
		h := newHub(t, func(n int32, w http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				cut(w, 0, at)
			}
			if at > 0 && r.Header.Get("If-Range") != `"v1"` {
				t.Errorf("resumed without If-Range")
			}
			return false
		})
		path := filepath.Join(t.TempDir(), "m")
		if err := fast().Fetch(t.Context(), h.request(), path); err != nil {
			t.Fatalf("cut at %d: %v", at, err)
		}
		check(t, path)
		if again := h.sent.Load() - int64(len(payload)); again > 128<<10 {
			t.Errorf("cut at %d: %d bytes were sent twice", at, again)
		}
	}
}

func TestManyCutsMakeProgress(t *testing.T) {
	h := newHub(t, func(_ int32, w http.ResponseWriter, r *http.Request) bool {
		if from := offset(r); from < len(payload)-70_000 {
			cut(w, from, 65_536)
		}
		return false
	})
	path := filepath.Join(t.TempDir(), "m")
	if err := fast().Fetch(t.Context(), h.request(), path); err != nil {
		t.Fatal(err)
	}
	check(t, path)
}

func TestServersThatMisbehave(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(n int32, w http.ResponseWriter, r *http.Request) bool
		err   error // nil: the file arrives all the same
		left  bool  // a partial file may stay, to be resumed
	}{
		"200 to a range": {func(n int32, w http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				cut(w, 0, 300_000)
			}
			r.Header.Del("Range")
			return false
		}, nil, false},
		"416 to a range": {func(n int32, w http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				cut(w, 0, 300_000)
			}
			if n == 2 {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			}
			return n == 2
		}, nil, false},
		"another range": {func(n int32, w http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				cut(w, 0, 300_000)
			}
			if n == 2 {
				cut(w, 100, 1000)
			}
			return false
		}, nil, false},
		"busy twice": {func(n int32, w http.ResponseWriter, _ *http.Request) bool {
			if n < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return n < 3
		}, nil, false},
		"stall": {func(n int32, w http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				w.Header().Set("Content-Length", fmt.Sprint(len(payload)))
				w.Write(payload[:5000])
				w.(counter).ResponseWriter.(http.Flusher).Flush()
				<-r.Context().Done()
			}
			return n == 1
		}, nil, false},
		"redirect": {func(_ int32, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/model.gguf" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return true
			}
			return false
		}, nil, false},
		"endless redirects": {func(_ int32, w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
			return true
		}, ErrFailed, true},
		"redirect to a private address": {func(_ int32, w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
			return true
		}, ErrForbidden, true},
		"redirect to a file": {func(_ int32, w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
			return true
		}, ErrForbidden, true},
		"wrong bytes": {func(_ int32, w http.ResponseWriter, _ *http.Request) bool {
			b := bytes.Clone(payload)
			b[77]++
			w.Write(b)
			return true
		}, ErrDigest, false},
		"too many bytes": {func(_ int32, w http.ResponseWriter, _ *http.Request) bool {
			w.(counter).ResponseWriter.(http.Flusher).Flush() // no length
			w.Write(append(bytes.Clone(payload), 1))
			return true
		}, ErrFailed, true},
		"another size": {func(_ int32, w http.ResponseWriter, _ *http.Request) bool {
			w.Write([]byte("hello"))
			return true
		}, ErrFailed, true},
		"not found": {func(_ int32, w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusNotFound)
			return true
		}, ErrFailed, true},
		"always cut": {func(_ int32, w http.ResponseWriter, _ *http.Request) bool {
			panic(http.ErrAbortHandler)
		}, ErrFailed, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t, c.spoil)
			path := filepath.Join(t.TempDir(), "m")
			err := fast().Fetch(t.Context(), h.request(), path)
			if c.err == nil {
				if err != nil {
					t.Fatal(err)
				}
				check(t, path)
				return
			}
			if !errors.Is(err, c.err) || !errors.Is(err, ErrFailed) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("a failed download left a file under its final name")
			}
			if _, err := os.Stat(path + ".part"); err == nil && !c.left {
				t.Error("wrong bytes were kept")
			}
		})
	}
}

func TestCancelThenResumeInAnotherProcess(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := newHub(t, func(n int32, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(payload)))
			w.Write(payload[:400_000])
			w.(counter).ResponseWriter.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond)
			cancel()
			<-r.Context().Done()
		}
		return n == 1
	})
	path := filepath.Join(t.TempDir(), "m")
	if err := fast().Fetch(ctx, h.request(), path); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled download: %v", err)
	}
	if err := fast().Fetch(t.Context(), h.request(), path); err != nil {
		t.Fatal(err)
	}
	check(t, path)
	if sent := h.sent.Load(); sent > int64(len(payload))+128<<10 {
		t.Errorf("%d bytes were sent for a file of %d", sent, len(payload))
	}
}

func TestRequestsWithoutPins(t *testing.T) {
	h := newHub(t, nil)
	good := h.request()
	for name, r := range map[string]Request{
		"no digest": {URL: good.URL, Size: good.Size},
		"no size":   {URL: good.URL, SHA256: good.SHA256},
		"a path":    {URL: good.URL, SHA256: "../" + good.SHA256[3:], Size: good.Size},
	} {
		if err := fast().Fetch(t.Context(), r, filepath.Join(t.TempDir(), "m")); !errors.Is(err, ErrFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h.requests.Load() != 0 {
		t.Error("the server was asked all the same")
	}
}

func TestForbiddenAddresses(t *testing.T) {
	for _, a := range []string{"127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
		"255.255.255.255", "::1", "::", "fc00::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "64:ff9b::a00:1%eth0", "fec0::1%1"} {
		if public(netip.MustParseAddr(a)) {
			t.Errorf("%s was taken for a public address", a)
		}
	}
	for _, a := range []string{"1.1.1.1", "8.8.8.8", "2606:4700::1111"} {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s was taken for a private address", a)
		}
	}
	// The check is made on the address that is dialled, so a name that resolves to this machine fails.
	h := newHub(t, nil)
	strict := New(Options{Backoff: time.Millisecond})
	r := h.request()
	r.URL = strings.Replace(r.URL, "http://127.0.0.1", "https://localhost", 1)
	if err := strict.Fetch(t.Context(), r, filepath.Join(t.TempDir(), "m")); !errors.Is(err, ErrForbidden) {
		t.Errorf("a name for this machine: %v", err)
	}
	for _, u := range []string{"http://example.com/x", "ftp://example.com/x", "file:///etc/passwd", "https://user:secret@example.com/x", "https:///x", "::"} {
		r.URL = u
		err := strict.Fetch(t.Context(), r, filepath.Join(t.TempDir(), "m"))
		if !errors.Is(err, ErrForbidden) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", u, err)
		}
	}
	if h.requests.Load() != 0 {
		t.Error("a forbidden address was asked")
	}
}

// Also what goes wrong on this machine is a failed download, and a context ends the reading of files.
func TestFetchFailsHere(t *testing.T) {
	h := newHub(t, nil)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, payload, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := fast().Fetch(t.Context(), h.request(), filepath.Join(file, "m")); !errors.Is(err, ErrFailed) {
		t.Errorf("a file where the folder should be: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fast().Fetch(ctx, h.request(), file); !errors.Is(err, context.Canceled) || errors.Is(err, ErrFailed) {
		t.Errorf("cancelled while the file is read: %v", err)
	}
	if err := fast().Fetch(t.Context(), h.request(), file); err != nil || h.requests.Load() != 0 {
		t.Errorf("a file that is there: %v, %d requests", err, h.requests.Load())
	}
}
