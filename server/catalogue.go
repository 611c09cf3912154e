package server

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"paw/pawfile"
	"paw/store"
)

// entry is what is known of a program without opening it.
type entry struct {
	ID          string    `json:"program_id"`
	SHA256      string    `json:"sha256"` // of the .paw file
	Bytes       int64     `json:"size_bytes"`
	Spec        string    `json:"spec"`
	Interpreter string    `json:"interpreter"`
	RuntimeID   string    `json:"runtime_id"`
	BaseSHA256  string    `json:"base_sha256"`
	Snapshot    string    `json:"compiler_snapshot"`
	Kind        string    `json:"compiler_kind"`
	Created     time.Time `json:"created_at"`
	Version     int       `json:"version,omitempty"` // of the slug
	labels
}

// catalogue files programs: their bytes in the store, an entry beside. The entry is written last, so
// an entry always has its bytes.
type catalogue struct {
	dir     string
	objects *store.Store

	mu      sync.Mutex
	entries map[string]*entry
}

func openCatalogue(dir string, objects *store.Store, log func(string, ...any)) (*catalogue, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	c := &catalogue{dir: dir, objects: objects, entries: map[string]*entry{}}
	names, err := recordsIn(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		var e entry
		if err == nil {
			err = json.Unmarshal(text, &e)
		}
		if err == nil && (!pawfile.ValidID(e.ID) || e.ID != strings.TrimSuffix(filepath.Base(name), ".json")) {
			err = errors.New("its name is not its program's")
		}
		if err == nil {
			var d store.Digest
			if d, err = store.ParseDigest(e.SHA256); err == nil && !objects.Has(d) {
				err = store.ErrNotFound
			}
		}
		if err != nil {
			log("program file %s is left aside: %v", name, err)
			continue
		}
		c.entries[e.ID] = &e
	}
	return c, nil
}

func (c *catalogue) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries[id] != nil
}

func (c *catalogue) entry(id string) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[id]; e != nil {
		return *e, true
	}
	return entry{}, false
}

// add keeps a program.
func (c *catalogue) add(p *pawfile.Program, l change) (entry, error) {
	data, err := p.Encode()
	if err != nil {
		return entry{}, err
	}
	return c.put(p, data, l)
}

// errTaken: downloads by id are cached for ever, so an id never changes its bytes.
var errTaken = problem(http.StatusConflict, "id_taken", "a program with this id and other bytes is here: delete it first")

// put keeps a program whose file is data.
func (c *catalogue) put(p *pawfile.Program, data []byte, l change) (entry, error) {
	c.mu.Lock() // from here on, so that remove cannot take the bytes before the entry is there
	defer c.mu.Unlock()
	digest, err := c.objects.Put(bytes.NewReader(data))
	if err != nil {
		return entry{}, err
	}
	m := p.Meta
	if old := c.entries[m.ProgramID]; old != nil && old.SHA256 != digest.String() {
		return *old, errors.Join(errTaken, c.drop(digest.String()))
	}
	e := &entry{
		ID: m.ProgramID, SHA256: digest.String(), Bytes: int64(len(data)), Spec: m.Spec, Interpreter: m.Interpreter, RuntimeID: m.RuntimeID,
		BaseSHA256: m.BaseSHA256, Snapshot: m.CompilerSnapshot, Kind: m.CompilerKind, Created: time.Now().UTC(),
	}
	if old := c.entries[e.ID]; old != nil {
		e.labels, e.Version, e.Created = old.labels, old.Version, old.Created
	}
	c.apply(e, l)
	return *e, c.save(e)
}

func (c *catalogue) save(e *entry) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := store.WriteFile(filepath.Join(c.dir, e.ID+".json"), text, 0o644); err != nil {
		return err
	}
	c.entries[e.ID] = e
	return nil
}

// label files a program anew.
func (c *catalogue) label(id string, l change) (entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.entries[id]
	if old == nil {
		return entry{}, notFound("the program is")
	}
	e := *old
	c.apply(&e, l)
	return e, c.save(&e)
}

// remove forgets a program and its bytes, unless another entry has the same.
func (c *catalogue) remove(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[id]
	if e == nil {
		return notFound("the program is")
	}
	if err := os.Remove(filepath.Join(c.dir, id+".json")); err != nil {
		return err
	}
	delete(c.entries, id)
	return c.drop(e.SHA256)
}

// drop removes bytes that no entry names. The catalogue is locked.
func (c *catalogue) drop(sha256 string) error {
	for _, e := range c.entries {
		if e.SHA256 == sha256 {
			return nil
		}
	}
	d, err := store.ParseDigest(sha256)
	if err != nil {
		return err
	}
	return c.objects.Remove(d)
}

// open is a program's file.
func (c *catalogue) open(e entry) (*os.File, error) {
	d, err := store.ParseDigest(e.SHA256)
	if err != nil {
		return nil, err
	}
	return c.objects.Get(d)
}

// all are the entries whose name, slug, tags or description hold every word of q, the newest first.
func (c *catalogue) all(q string) []entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []entry{}
	for _, e := range c.entries {
		text := strings.ToLower(strings.Join(append([]string{e.ID, e.Name, e.Slug, e.Spec}, e.Tags...), "\n"))
		if !slices.ContainsFunc(strings.Fields(strings.ToLower(q)), func(w string) bool { return !strings.Contains(text, w) }) {
			out = append(out, *e)
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID)) })
	return out
}

// slugged are the versions of a slug, the newest first.
func (c *catalogue) slugged(slug string) []entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []entry
	for _, e := range c.entries {
		if e.Slug == slug {
			out = append(out, *e)
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(b.Version, a.Version) })
	return out
}
