//go:build !windows

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the kernel's lock on an open file, which ends with the file or the process.
func lock(f *os.File) error {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrLocked
		case err == unix.EINTR:
		default:
			return err
		}
	}
}

// release removes the file while it is still locked, so that nobody locks one that is about to go
// without noticing (Acquire looks).
func release(f *os.File, path string) error {
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil // the folder is gone as a whole
	}
	return errors.Join(err, f.Close())
}
