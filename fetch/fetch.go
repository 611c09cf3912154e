// Package fetch is the one way in which files come from the network: pinned by size and SHA-256,
// resumable across processes, over public https only unless told otherwise. It promises that a
// finished file has the pinned bytes, that a broken download never spoils one, and that no redirect
// or DNS answer leads it to a private address. It knows no models.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"paw/store"
)

// Request names a file and what it must be.
type Request struct {
	URL      string
	SHA256   string // 64 hex digits, mandatory
	Size     int64  // bytes, mandatory
	Progress func(done, total int64)
}

// Errors. Every failed download is ErrFailed; the others say more.
var (
	ErrFailed    = errors.New("fetch: download failed")
	ErrDigest    = fmt.Errorf("%w: the bytes are not the pinned ones", ErrFailed)
	ErrForbidden = fmt.Errorf("%w: the address is not allowed", ErrFailed)
	ErrStalled   = fmt.Errorf("%w: nothing came for too long", ErrFailed)
)

// Options of a fetcher. The zero value is right for the public network.
type Options struct {
	AllowLoopback bool          // http and loopback addresses: tests, mirrors on this machine
	Attempts      int           // without progress before giving up; 0: 5
	Backoff       time.Duration // before the second attempt, doubled each time; 0: 500 ms
	Stall         time.Duration // longest silence of a server; 0: 30 s
}

// Fetcher downloads files. It is safe for concurrent use: of one path there is one download at a time
// on this machine, whoever runs it.
type Fetcher struct {
	options Options
	client  *http.Client
}

// New returns a fetcher.
func New(o Options) *Fetcher {
	if o.Attempts <= 0 {
		o.Attempts = 5
	}
	if o.Backoff <= 0 {
		o.Backoff = 500 * time.Millisecond
	}
	if o.Stall <= 0 {
		o.Stall = 30 * time.Second
	}
	return &Fetcher{options: o, client: newClient(o)}
}

// Fetch downloads r to path. What came of an earlier attempt (path + ".part") is resumed. A file that
// is already there with the right bytes is kept. While another process downloads to the same path,
// Fetch waits for it and tells its progress.
func (f *Fetcher) Fetch(ctx context.Context, r Request, path string) error {
	err := f.fetch(ctx, r, path)
	if err == nil || errors.Is(err, ErrFailed) || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrFailed, err)
}

func (f *Fetcher) fetch(ctx context.Context, r Request, path string) error {
	if _, err := store.ParseDigest(r.SHA256); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrFailed, r.URL, err)
	}
	if r.Size <= 0 {
		return fmt.Errorf("%w: %s has no pinned size", ErrFailed, r.URL)
	}
	if err := f.checkURL(r.URL); err != nil {
		return err
	}
	if right, _ := hasBytes(ctx, path, r); right || ctx.Err() != nil {
		return ctx.Err()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	d := &download{Fetcher: f, Request: r, part: path + ".part"}
	lock, err := d.alone(ctx, path)
	if err != nil {
		return err
	}
	defer lock.Release()
	if right, _ := hasBytes(ctx, path, r); right || ctx.Err() != nil { // the one that was waited for got it
		return ctx.Err()
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	defer d.file.Close()
	if err := store.Room(filepath.Dir(path), r.Size-d.done); err != nil {
		return err
	}
	if err := d.run(ctx); err != nil {
		return err
	}
	if got := hex.EncodeToString(d.sum.Sum(nil)); got != r.SHA256 {
		d.file.Close()
		return errors.Join(fmt.Errorf("%w: %s has SHA-256 %.16s…, %.16s… is pinned: try again or another mirror", ErrDigest, r.URL, got, r.SHA256), os.Remove(d.part))
	}
	if err := d.file.Sync(); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	if err := d.file.Close(); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	if err := store.Rename(d.part, path); err != nil {
		if right, _ := hasBytes(ctx, path, r); right { // whoever knew no lock was faster
			return nil
		}
		return fmt.Errorf("fetch: %w", err)
	}
	return nil
}

// alone waits until nobody else downloads to path: two at once would write to one partial file, and
// one of them to what the other has installed.
func (d *download) alone(ctx context.Context, path string) (*store.Lock, error) {
	for {
		lock, err := store.Acquire(path + ".lock")
		if !errors.Is(err, store.ErrLocked) {
			return lock, err
		}
		if info, err := os.Stat(d.part); err == nil {
			d.done = min(info.Size(), d.Size)
			d.tell(false)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(waiting):
		}
	}
}

// waiting is how long to wait before looking again whether another download has ended.
const waiting = 100 * time.Millisecond

func hasBytes(ctx context.Context, path string, r Request) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != r.Size {
		return false, err
	}
	h := sha256.New()
	_, err = io.Copy(h, until{ctx, f})
	return hex.EncodeToString(h.Sum(nil)) == r.SHA256, err
}

// until reads until the context ends.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}

// download is one file on its way.
type download struct {
	*Fetcher
	Request
	part  string
	file  *os.File
	sum   hash.Hash
	done  int64
	told  time.Time
	check string // strong validator of the server's version, for If-Range
}

// open continues a partial file: its bytes are hashed again, so that what is resumed is what was
// written.
func (d *download) open(ctx context.Context) error {
	f, err := os.OpenFile(d.part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	d.file, d.sum = f, sha256.New()
	if d.done, err = io.Copy(d.sum, until{ctx, f}); err != nil {
		return errors.Join(fmt.Errorf("fetch: %w", err), f.Close())
	}
	if d.done > d.Size {
		return d.restart()
	}
	return nil
}

func (d *download) restart() error {
	d.done, d.check = 0, ""
	d.sum.Reset()
	if err := d.file.Truncate(0); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	_, err := d.file.Seek(0, io.SeekStart)
	return err
}

// run attempts until the file is whole. Attempts that bring bytes do not count.
func (d *download) run(ctx context.Context) error {
	wait := d.options.Backoff
	for failures := 0; d.done < d.Size; {
		before := d.done
		err := d.attempt(ctx)
		if err == nil && d.done == d.Size {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var final *finalError
		if errors.As(err, &final) || errors.Is(err, ErrForbidden) || errors.Is(err, store.ErrFull) {
			return err
		}
		if d.done > before {
			failures, wait = 0, d.options.Backoff
		}
		if failures++; failures >= d.options.Attempts {
			return fmt.Errorf("%w: %s: gave up at %d of %d bytes; run it again to go on: %w", ErrFailed, d.URL, d.done, d.Size, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 10*time.Second)
	}
	d.tell(true)
	return nil
}

// finalError is one that another attempt cannot mend.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

func final(format string, args ...any) error {
	return &finalError{fmt.Errorf("%w: "+format, append([]any{ErrFailed}, args...)...)}
}
