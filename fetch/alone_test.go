package fetch

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paw/store"
)

// Several at once, as several processes would be: each byte comes once, and the installed file is
// never written to again.
func TestTogetherTheyDownloadOnce(t *testing.T) {
	h := newHub(t, func(n int32, w http.ResponseWriter, r *http.Request) bool {
		if n <= 3 {
			cut(w, offset(r), len(payload)/5)
		}
		return false
	})
	path := filepath.Join(t.TempDir(), "m")
	var all sync.WaitGroup
	var told atomic.Int64
	for range 6 {
		all.Go(func() {
			r := h.request()
			r.Progress = func(done, total int64) { told.Add(1) }
			if err := fast().Fetch(t.Context(), r, path); err != nil {
				t.Error(err)
			}
			if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, payload) {
				t.Errorf("told that it is there, it has %d bytes (%v)", len(b), err)
			}
		})
	}
	all.Wait()
	check(t, path)
	if n := h.requests.Load(); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
	if told.Load() == 0 {
		t.Error("no progress was told")
	}
}

func TestWaitingForAnotherDownload(t *testing.T) {
	h := newHub(t, nil)
	path := filepath.Join(t.TempDir(), "m")
	other, err := store.Acquire(path + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".part", payload[:1000], 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := h.request()
	seen := make(chan int64, 100)
	r.Progress = func(done, _ int64) { seen <- done }
	ended := make(chan error, 1)
	go func() { ended <- fast().Fetch(ctx, r, path) }()
	if done := <-seen; done != 1000 {
		t.Errorf("it tells %d bytes of the other's progress", done)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted while it waits: %v", err)
	}
	if n := h.requests.Load(); n != 0 {
		t.Errorf("%d requests beside the other download", n)
	}
	// The other one gives up (its lock also ends with its process): what it left is gone on with.
	go func() { ended <- fast().Fetch(t.Context(), h.request(), path) }()
	time.Sleep(20 * time.Millisecond)
	if err := other.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	check(t, path)
	if again := h.sent.Load() - int64(len(payload)); again > 0 {
		t.Errorf("%d bytes were sent twice", again)
	}
}

// A process of an older version knows no lock: what it has installed counts.
func TestInstalledBySomebodyElse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not let an open file go")
	}
	path := filepath.Join(t.TempDir(), "m")
	h := newHub(t, func(_ int32, w http.ResponseWriter, _ *http.Request) bool {
		if err := errors.Join(os.WriteFile(path, payload, 0o644), os.Remove(path+".part")); err != nil {
			t.Error(err)
		}
		return false
	})
	if err := fast().Fetch(t.Context(), h.request(), path); err != nil {
		t.Fatal(err)
	}
	check(t, path)
}
