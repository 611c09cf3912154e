package server

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"paw/pawfile"
	"paw/rest"
	"paw/store"
)

// Reader answers what everybody may read of a data folder: its public programs, o's interpreters, the
// catalogue. It changes nothing, so it may stand beside the server that the folder belongs to. What is
// published elsewhere (edge/publish) is what it answers.
func Reader(o Options) (http.Handler, error) {
	log := o.Log
	if log == nil {
		log = func(string, ...any) {}
	}
	o.Log = log
	for _, dir := range []string{"programs", "objects"} {
		if _, err := os.Stat(filepath.Join(o.Dir, dir)); err != nil {
			return nil, fmt.Errorf("server: %s is no data folder of paw serve: %w", o.Dir, err)
		}
	}
	objects, err := store.Open(filepath.Join(o.Dir, "objects"))
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	programs, err := openCatalogue(filepath.Join(o.Dir, "programs"), objects, log)
	if err != nil {
		return nil, err
	}
	for id, e := range programs.entries {
		if !e.Public {
			delete(programs.entries, id)
		}
	}
	s := &Server{o: o, programs: programs, models: newLibrary(o.Interpreters), jobs: &queue{}}
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /api/v1/programs":             s.list,
		"GET /api/v1/programs/{path...}":   s.program,
		"GET /api/v1/models/runtimes/{id}": s.runtime,
		"GET /api/v1/interpreters":         s.interpreters,
		"GET /api/v1/catalogue":            s.examples,
		"GET /models/{file}":               s.model,
	} {
		mux.Handle(pattern, s.handle(h))
	}
	return mux, nil
}

// Keep files a program's file in a data folder under a slug (none: ""), public. No server may be at
// work there.
func Keep(dir, slug string, data []byte) error {
	if slug != "" && !rest.ValidSlug(slug) {
		return change{Slug: &slug}.check()
	}
	p, err := pawfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	folder, err := own(dir)
	if err != nil {
		return err
	}
	defer folder.Release()
	objects, err := store.Open(filepath.Join(dir, "objects"))
	if err != nil {
		return err
	}
	c, err := openCatalogue(filepath.Join(dir, "programs"), objects, func(string, ...any) {})
	if err != nil {
		return err
	}
	e, err := c.put(p, data, change{})
	if err != nil {
		return err
	}
	public := true
	_, err = c.label(e.ID, change{Slug: &slug, Public: &public})
	return err
}
