package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the kernel's lock on an open file, which ends with the file or the process.
func lock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrLocked
	}
	return err
}

// release leaves the file: Windows keeps open ones, and once it is closed it may be the next holder's.
func release(f *os.File, _ string) error { return f.Close() }
