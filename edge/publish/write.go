package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"paw/edge"
	"paw/models"
	"paw/server"
	"paw/store"
	"paw/store/digest"
	"paw/web/site"
)

// writer collects what is published. Objects are written at once, records last: whoever uploads in
// this order never names what is not there.
type writer struct {
	dir     string
	records map[string]string
	needs   map[string]string // SHA-256 of an interpreter → a program that runs on it
	bytes   int64
	objects map[string]bool
}

func create(dir string) (*writer, error) {
	if err := os.MkdirAll(filepath.Join(dir, "objects", filepath.FromSlash(edge.ObjectPrefix)), 0o755); err != nil {
		return nil, err
	}
	return &writer{dir: dir, records: map[string]string{}, needs: map[string]string{}, objects: map[string]bool{}}, nil
}

// object writes bytes under their digest.
func (w *writer) object(r io.Reader) (edge.Blob, error) {
	folder := filepath.Join(w.dir, "objects", filepath.FromSlash(edge.ObjectPrefix))
	f, err := os.CreateTemp(folder, ".tmp-*")
	if err != nil {
		return edge.Blob{}, err
	}
	defer os.Remove(f.Name()) // harmless once renamed
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), r)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return edge.Blob{}, err
	}
	d := digest.Of([32]byte(h.Sum(nil)))
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return edge.Blob{}, err
	}
	if !w.objects[d.String()] {
		w.objects[d.String()], w.bytes = true, w.bytes+n
	}
	return edge.Blob{SHA256: d.String(), Size: n}, os.Rename(f.Name(), filepath.Join(folder, d.String()))
}

func (w *writer) record(key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.records[key] = string(text)
	return nil
}

// site publishes the built site, each file in every encoding that it has.
func (w *writer) site(dist string) error {
	list := edge.Site{Files: map[string]map[string]edge.Blob{}}
	err := filepath.WalkDir(dist, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dist, path)
		if err != nil {
			return err
		}
		name, encoding := filepath.ToSlash(rel), ""
		for _, c := range site.Encodings {
			if plain, ok := strings.CutSuffix(name, c.Suffix); ok {
				name, encoding = plain, c.Name
			}
		}
		if served, ok := site.File("/" + name); name != site.Index && (!ok || served != name) {
			return nil // nobody can ask for it
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		blob, err := w.object(f)
		if err != nil {
			return err
		}
		if list.Files[name] == nil {
			list.Files[name] = map[string]edge.Blob{}
		}
		list.Files[name][encoding] = blob
		return nil
	})
	if err != nil {
		return err
	}
	if _, ok := list.Files[site.Index][""]; !ok {
		return fmt.Errorf("%s holds no built site: run make web, or give --site \"\" to publish none", dist)
	}
	return w.record(edge.SiteRecord, list)
}

// get asks the server's handler, by the name that runtimes' records carry for the edge's own.
func get(h http.Handler, path string) ([]byte, error) {
	r := httptest.NewRequest(http.MethodGet, edge.HostMark+path, nil)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		return nil, fmt.Errorf("%s: %d %s", path, answer.Code, answer.Body)
	}
	return answer.Body.Bytes(), nil
}

// answers publishes the programs of a data folder, and what does not depend on them.
func (w *writer) answers(h http.Handler) error {
	for key, path := range map[string]string{edge.InterpretersRecord: "/api/v1/interpreters", edge.CatalogueRecord: "/api/v1/catalogue"} {
		text, err := get(h, path)
		if err != nil {
			return err
		}
		w.records[key] = string(text)
	}
	for page := 1; ; page++ {
		text, err := get(h, "/api/v1/programs?per_page=100&page="+strconv.Itoa(page))
		if err != nil {
			return err
		}
		var list struct {
			Programs []struct {
				ID   string  `json:"program_id"`
				Slug *string `json:"slug"`
				Base string  `json:"base_sha256"`
			} `json:"programs"`
		}
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		if len(list.Programs) == 0 {
			return nil
		}
		for _, p := range list.Programs {
			if err := w.program(h, p.ID, p.Slug); err != nil {
				return err
			}
			w.needs[p.Base] = p.ID
		}
	}
}

func (w *writer) program(h http.Handler, id string, slug *string) error {
	info, err := get(h, "/api/v1/programs/"+id)
	if err != nil {
		return err
	}
	file, err := get(h, "/api/v1/programs/"+id+"/download")
	if err != nil {
		return err
	}
	if _, err := w.object(strings.NewReader(string(file))); err != nil {
		return err
	}
	key := edge.ProgramRecord(id)
	if _, ok := w.records[key]; ok {
		return fmt.Errorf("program %s is in the data folder and among the files: name it once", id)
	}
	w.records[key] = string(info)
	if slug == nil {
		return nil
	}
	versions, err := get(h, "/api/v1/programs/"+*slug+"/versions")
	if err != nil {
		return err
	}
	key = edge.SlugRecord((*slug)[strings.LastIndex(*slug, "/")+1:])
	if old, ok := w.records[key]; ok && old != string(versions) {
		return fmt.Errorf("slug %s is in the data folder and among the files: choose another for the file", *slug)
	}
	w.records[key] = string(versions)
	return nil
}

// models publishes interpreters' files, lists of chunks and manifests.
func (w *writer) models(list []server.Interpreter) error {
	own, done, err := folders("", nil)
	if err != nil {
		return err
	}
	defer done()
	h, err := server.Reader(server.Options{Dir: own[0], Interpreters: list, Log: note})
	if err != nil {
		return err
	}
	ids := []string{}
	for _, p := range models.Pins {
		ids = append(ids, p.ID)
	}
	for _, i := range list {
		if i.Embedded {
			ids = append(ids, i.ID)
		}
		chunks, err := get(h, "/models/"+i.SHA256+".chunks.json") // checks the whole file too
		if err != nil {
			return err
		}
		f, err := i.Open()
		if err != nil {
			return err
		}
		var m edge.Model
		if m.File, err = w.object(f); err == nil {
			m.Chunks, err = w.object(strings.NewReader(string(chunks)))
		}
		f.Close()
		if err != nil {
			return err
		}
		if err := w.record(edge.ModelRecord(i.SHA256), m); err != nil {
			return err
		}
		delete(w.needs, i.SHA256)
	}
	for _, id := range ids {
		text, err := get(h, "/api/v1/models/runtimes/"+id)
		if err != nil {
			return err
		}
		w.records[edge.RuntimeRecord(id)] = string(text)
	}
	return nil
}

// finish writes the records in the form of wrangler kv bulk put.
func (w *writer) finish() error {
	type pair struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	list := []pair{}
	for k, v := range w.records {
		list = append(list, pair{k, v})
	}
	slices.SortFunc(list, func(a, b pair) int { return strings.Compare(a.Key, b.Key) })
	text, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return err
	}
	if err := store.WriteFile(filepath.Join(w.dir, "records.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d objects, %d bytes, and %d records\n", w.dir, len(w.objects), w.bytes, len(list))
	for base, program := range w.needs {
		note("program %s needs the interpreter %.12s…, which is not published: add it with --model FILE", program, base)
	}
	return nil
}
