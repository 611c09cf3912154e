// Package store keeps files that must survive a crash: written to a temporary name, synced, renamed,
// and the directory synced. Store is a directory of objects named by their SHA-256. It promises that
// a reader sees a whole object or none, whatever moment the process dies. It knows no formats.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrFull says that the disk has no room.
var ErrFull = errors.New("store: not enough disk space")

// failpoint is called between the steps of a write; crash tests die there.
var failpoint = func(string) {}

// WriteFile writes path whole or not at all. An existing file is replaced.
func WriteFile(path string, data []byte, perm os.FileMode) error {
	return write(path, perm, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// Writable tells whether WriteFile could write path now: its folder is there and takes new files, and
// path itself is no folder, device or link: a file that is moved there would take its place. It leaves nothing behind.
func Writable(path string) error {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", path)
	} else if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s", dir)
	}
	f, err := os.CreateTemp(dir, temporary+"*")
	if err != nil {
		return fmt.Errorf("the folder %s takes no files: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

const temporary = ".paw-tmp-"

// Sweep removes what writes that a crash cut off have left in a folder and those below it. Nobody may be writing there.
func Sweep(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasPrefix(e.Name(), temporary) {
			return err
		}
		return os.Remove(path)
	})
}

func write(path string, perm os.FileMode, fill func(*os.File) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, temporary+"*")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	name := f.Name()
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(name)
			err = explain(path, err)
		}
	}()
	failpoint("created")
	if err = fill(f); err != nil {
		return err
	}
	failpoint("filled")
	if err = f.Chmod(perm); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	failpoint("synced")
	if err = f.Close(); err != nil {
		return err
	}
	if err = Rename(name, path); err != nil {
		return err
	}
	return nil
}

// Rename moves a finished, synced file to its name and syncs the directory.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	failpoint("renamed")
	return syncDir(filepath.Dir(to))
}

func explain(path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		free, _ := Free(filepath.Dir(path))
		return fmt.Errorf("%w: %s: %d bytes are free: make room and try again: %w", ErrFull, path, free, err)
	}
	return fmt.Errorf("store: writing %s: %w", path, err)
}

// Room fails when the disk of dir has less than need bytes free. Where that cannot be told, it
// does not fail.
func Room(dir string, need int64) error {
	free, err := Free(dir)
	if err != nil || free >= need {
		return nil
	}
	return fmt.Errorf("%w: %d MB are needed, %d MB are free in %s", ErrFull, (need+999_999)/1_000_000, free/1_000_000, dir)
}
