package store

import "golang.org/x/sys/windows"

// syncDir does nothing: Windows has no directory handle to flush, NTFS journals the rename.
func syncDir(string) error { return nil }

// Free is the number of bytes that this user can still write.
func Free(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, err
	}
	return int64(min(free, 1<<62)), nil
}
