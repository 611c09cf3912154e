package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// ErrLocked says that somebody else holds a lock: another process, or another Acquire of this one.
var ErrLocked = errors.New("store: locked by somebody else")

// Lock is held by one holder at a time on this machine, until Release or the end of the process,
// however it ends.
type Lock struct {
	path string
	file *os.File
	once sync.Once
	err  error
}

// Acquire takes the lock that a file stands for; the file is made when it is not there and holds
// nothing. It does not wait. On a file system that knows no locks, nobody is kept out.
func Acquire(path string) (*Lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if err := lock(f); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			f.Close()
			if errors.Is(err, ErrLocked) {
				return nil, fmt.Errorf("%w: %s", ErrLocked, path)
			}
			return nil, fmt.Errorf("store: locking %s: %w", path, err)
		}
		// The last holder may have removed the file meanwhile: a lock on one that is gone keeps nobody out.
		ours, err := f.Stat()
		if err == nil {
			var there os.FileInfo
			if there, err = os.Stat(path); err == nil && os.SameFile(ours, there) {
				return &Lock{path: path, file: f}, nil
			}
		}
		f.Close()
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("store: %w", err)
		}
	}
}

// Release lets others take the lock. Releasing it again does nothing.
func (l *Lock) Release() error {
	l.once.Do(func() { l.err = release(l.file, l.path) })
	return l.err
}
