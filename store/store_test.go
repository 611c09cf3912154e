package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMain lets the test binary be a process that dies at a failpoint.
func TestMain(m *testing.M) {
	if path := os.Getenv("PAW_STORE_LOCK"); path != "" {
		hold(path)
	}
	if point := os.Getenv("PAW_STORE_DIE"); point != "" {
		die(point, os.Getenv("PAW_STORE_DIR"))
	}
	os.Exit(m.Run())
}

func die(point, dir string) {
	failpoint = func(at string) {
		if at == point {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				self.Kill() // SIGKILL: nothing deferred runs
			}
			select {}
		}
	}
	payload := []byte(os.Getenv("PAW_STORE_DATA"))
	put := func() error {
		s, err := Open(dir)
		if err == nil {
			_, err = s.Put(bytes.NewReader(payload))
		}
		return err
	}
	file := func() error { return WriteFile(filepath.Join(dir, "file"), payload, 0o644) }
	// Both writers pass the same points; the first of them dies there.
	first, second := put, file
	if os.Getenv("PAW_STORE_FIRST") == "file" {
		first, second = file, put
	}
	err := first()
	if err == nil {
		err = second()
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestPutGetListRemove(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // storing twice changes nothing
		d, err := s.Put(strings.NewReader("hello"))
		if err != nil || d.String() != digestOf([]byte("hello")) {
			t.Fatalf("put: %v %v", d, err)
		}
	}
	list, err := s.List()
	if err != nil || len(list) != 1 || !s.Has(list[0]) {
		t.Fatalf("list %v, %v", list, err)
	}
	f, err := s.Get(list[0])
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := s.Remove(list[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(list[0]); !errors.Is(err, ErrNotFound) {
		t.Errorf("get after remove: %v", err)
	}
	if err := s.Remove(list[0]); !errors.Is(err, ErrNotFound) {
		t.Errorf("remove twice: %v", err)
	}
}

func TestParseDigest(t *testing.T) {
	good := strings.Repeat("0a", 32)
	if d, err := ParseDigest(good); err != nil || d.String() != good {
		t.Errorf("a digest: %v, %v", d, err)
	}
	for _, bad := range []string{"", "../../etc/passwd", good[:63], good + "0", strings.ToUpper(good), good[:62] + "/.", good[:63] + "\n", good + "\n"} {
		if _, err := ParseDigest(bad); !errors.Is(err, ErrDigest) {
			t.Errorf("%q was taken for a digest", bad)
		}
	}
}

func TestFsck(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	good, _ := s.Put(strings.NewReader("good"))
	bad, _ := s.Put(strings.NewReader("bad"))
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(s.Path(bad), "b!d")
	write(filepath.Join(dir, "objects", temporary+"1"), "half")
	write(filepath.Join(dir, "objects", "README"), "mine")
	c, err := s.Fsck(false)
	if err != nil || c.Objects != 1 || len(c.Damaged) != 1 || len(c.Leftovers) != 1 || len(c.Strangers) != 1 {
		t.Fatalf("check %+v, %v", c, err)
	}
	if _, err := s.Fsck(true); err != nil {
		t.Fatal(err)
	}
	c, err = s.Fsck(false)
	if err != nil || c.Objects != 1 || len(c.Damaged)+len(c.Leftovers) != 0 || len(c.Strangers) != 1 || !s.Has(good) || s.Has(bad) {
		t.Errorf("after repair: %+v, %v", c, err)
	}
	if _, err := s.Put(strings.NewReader("bad")); err != nil || !s.Has(bad) {
		t.Errorf("storing a damaged object again: %v", err)
	}
}

// Killed between any two steps of a write, the store holds the object whole or not at all, and the
// file is the old one or the new one.
func TestKilledWritesTearNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	file, stored := "", map[string]bool{}
	points := []string{"created", "filled", "synced", "renamed", "none"}
	killed := 0
	for i := range 160 {
		data := strings.Repeat(fmt.Sprintf("%d,", r.IntN(50)), 1+r.IntN(5000))
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PAW_STORE_DIE="+points[i%len(points)], "PAW_STORE_DIR="+dir, "PAW_STORE_DATA="+data,
			"PAW_STORE_FIRST="+[]string{"put", "file"}[i/len(points)%2])
		finished := cmd.Run() == nil
		if !finished {
			killed++
		}
		if finished {
			stored[digestOf([]byte(data))] = true
		}
		b, err := os.ReadFile(filepath.Join(dir, "file"))
		if got := string(b); err == nil && got != file && got != data {
			t.Fatalf("killed at %s: the file is neither the old nor the new one", points[i%len(points)])
		} else if finished && got != data {
			t.Fatal("a finished write was lost")
		} else {
			file = got
		}
		c, err := s.Fsck(true)
		if err != nil || len(c.Damaged) > 0 {
			t.Fatalf("killed at %s: %+v, %v", points[i%len(points)], c, err)
		}
		for d := range stored {
			if parsed, _ := ParseDigest(d); !s.Has(parsed) {
				t.Fatalf("killed at %s: a finished object was lost", points[i%len(points)])
			}
		}
	}
	if killed < 100 {
		t.Errorf("only %d writers were killed", killed)
	}
}

// A file system of 256 KB that really fills up; needs root on Linux, as CI has.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("mounting a tiny file system needs root on Linux")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no tmpfs here: %v: %s", err, out)
	}
	defer exec.Command("umount", dir).Run()
	path := filepath.Join(dir, "x")
	if err := WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(path, make([]byte, 1<<20), 0o644)
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "make room") {
		t.Errorf("writing 1 MB: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("the old file is now %q, %v", b, err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(bytes.NewReader(make([]byte, 1<<20))); !errors.Is(err, ErrFull) {
		t.Errorf("storing 1 MB: %v", err)
	}
	if c, err := s.Fsck(false); err != nil || !c.Clean() {
		t.Errorf("after a full disk: %+v, %v", c, err)
	}
	if err := Room(dir, 1<<30); !errors.Is(err, ErrFull) {
		t.Errorf("room for 1 GB: %v", err)
	}
	if err := Room(dir, 10); err != nil {
		t.Errorf("room for 10 bytes: %v", err)
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	file, closed := filepath.Join(dir, "file"), filepath.Join(dir, "closed")
	if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Mkdir(closed, 0o500)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "new"):     "",
		file:                          "",
		dir:                           "is a folder",
		filepath.Join(dir, "no", "x"): "no folder",
		filepath.Join(file, "x"):      "no folder",
		filepath.Join(dir, "no") + string(filepath.Separator): "no folder",
		filepath.Join(closed, "x"):                            "takes no files",
	} {
		if strings.HasPrefix(path, closed) && (runtime.GOOS == "windows" || os.Geteuid() == 0) {
			continue // there, or for root, the folder is not closed
		}
		err := Writable(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if link := filepath.Join(closed, "..", "link"); os.Symlink(file, link) == nil { // Windows wants a right for it
		if err := Writable(link); err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("a link: %v", err)
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("it leaves %v (%v)", left, err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "objects", "ab")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	left, kept := []string{filepath.Join(dir, temporary+"1"), filepath.Join(below, temporary+"2")}, filepath.Join(below, "object")
	for _, path := range append(left, kept) {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}
