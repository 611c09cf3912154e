package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"paw/store/digest"
)

// Digest is a SHA-256 in 64 lower-case hex digits. Paths are built from parsed digests only.
type Digest = digest.Digest

// Errors that callers tell apart.
var (
	ErrDigest   = digest.ErrMalformed
	ErrNotFound = errors.New("store: no such object")
)

// ParseDigest reads 64 hex digits.
func ParseDigest(s string) (Digest, error) { return digest.Parse(s) }

// Store is a directory of objects.
type Store struct{ dir string }

// Open makes the directory when it is not there.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "objects"), 0o755); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &Store{dir}, nil
}

// Path of an object, there or not.
func (s *Store) Path(d Digest) string {
	return filepath.Join(s.dir, "objects", d.String()[:2], d.String())
}

// Has tells whether an object is there.
func (s *Store) Has(d Digest) bool {
	info, err := os.Stat(s.Path(d))
	return err == nil && info.Mode().IsRegular()
}

// Get opens an object.
func (s *Store) Get(d Digest) (*os.File, error) {
	f, err := os.Open(s.Path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, d)
	}
	return f, err
}

// Put stores what r holds and returns its name. Storing the same bytes again changes nothing.
func (s *Store) Put(r io.Reader) (Digest, error) {
	h := sha256.New()
	objects := filepath.Join(s.dir, "objects")
	f, err := os.CreateTemp(objects, temporary+"*")
	if err != nil {
		return Digest{}, fmt.Errorf("store: %w", err)
	}
	defer os.Remove(f.Name()) // harmless once renamed
	failpoint("created")
	_, err = io.Copy(io.MultiWriter(f, h), r)
	failpoint("filled")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return Digest{}, explain(f.Name(), err)
	}
	failpoint("synced")
	d := digest.Of([32]byte(h.Sum(nil)))
	if s.Has(d) {
		return d, nil
	}
	if err := os.MkdirAll(filepath.Dir(s.Path(d)), 0o755); err != nil {
		return Digest{}, fmt.Errorf("store: %w", err)
	}
	if err := Rename(f.Name(), s.Path(d)); err != nil {
		return Digest{}, explain(s.Path(d), err)
	}
	return d, syncDir(objects)
}

// Remove forgets an object.
func (s *Store) Remove(d Digest) error {
	err := os.Remove(s.Path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNotFound, d)
	}
	return err
}

// List is the names of all objects, in order.
func (s *Store) List() ([]Digest, error) {
	var out []Digest
	err := s.walk(func(path string, name string) error {
		if d, err := ParseDigest(name); err == nil && path == s.Path(d) {
			out = append(out, d)
		}
		return nil
	})
	return out, err
}

func (s *Store) walk(f func(path, name string) error) error {
	return filepath.WalkDir(filepath.Join(s.dir, "objects"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return f(path, e.Name())
	})
}

// Check is what Fsck found.
type Check struct {
	Objects   int      `json:"objects"`   // whole ones
	Leftovers []string `json:"leftovers"` // of writes that a crash cut off
	Damaged   []string `json:"damaged"`   // whose bytes do not have their name's digest
	Strangers []string `json:"strangers"` // files that are no objects; never touched
}

// Clean tells whether nothing was wrong.
func (c Check) Clean() bool { return len(c.Leftovers)+len(c.Damaged)+len(c.Strangers) == 0 }

// Fsck reads every object. With repair, leftovers are removed and damaged objects set aside
// (renamed to *.damaged beside the objects), so that they can be stored again.
func (s *Store) Fsck(repair bool) (Check, error) {
	var c Check
	err := s.walk(func(path, name string) error {
		if strings.HasPrefix(name, temporary) {
			c.Leftovers = append(c.Leftovers, path)
			if repair {
				return os.Remove(path)
			}
			return nil
		}
		d, err := ParseDigest(name)
		if err != nil || path != s.Path(d) {
			c.Strangers = append(c.Strangers, path)
			return nil
		}
		same, err := hasDigest(path, d)
		if err != nil {
			return err
		}
		if same {
			c.Objects++
			return nil
		}
		c.Damaged = append(c.Damaged, path)
		if repair {
			return Rename(path, filepath.Join(s.dir, name+".damaged"))
		}
		return nil
	})
	return c, err
}

func hasDigest(path string, d Digest) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false, err
	}
	return digest.Of([32]byte(h.Sum(nil))) == d, nil
}
