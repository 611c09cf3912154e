// Package server is the HTTP door: compile jobs that survive a crash, programs by id and slug, the
// interpreters of this machine, and the site. Its API is that of Program-as-Weights, so the official
// SDK is a client (docs/formats.md §6), and a little more for the page. It promises that a finished
// program is never lost or torn, and that pages of other origins change nothing. It compiles nothing
// itself and does no maths: compilers are handed in.
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"paw/compiler"
	"paw/models"
	"paw/rest"
	"paw/store"
)

// Compiler is one way to compile that the server offers.
type Compiler struct {
	compiler.Info
	BaseSHA256 string // of the interpreter it compiles for
	Default    bool
	// Open loads it; called when it is first needed, and again after an error.
	Open func(context.Context) (compiler.Compiler, error)
}

// Options of New.
type Options struct {
	Dir          string // programs and jobs are kept here
	Compilers    []Compiler
	Interpreters []Interpreter
	Site         http.Handler  // everything that is not the API; nil: none
	Workers      int           // compilations at once; 0: one
	MaxQueue     int           // compilations that may wait; 0: 32
	SyncWait     time.Duration // how long POST /compile waits; 0: 100 s
	Hosts        []string      // names in the Host header that are allowed beside this machine's own
	Version      string
	Log          func(format string, args ...any) // faults that no client sees; nil: dropped
}

// Server answers requests. Handler may be called any number of times.
type Server struct {
	o         Options
	compilers map[string]*lazyCompiler
	order     []string
	jobs      *queue
	programs  *catalogue
	models    *library
	folder    *store.Lock // nobody else changes the data folder
	stop      context.CancelFunc
	workers   sync.WaitGroup
}

// lazyCompiler is opened once.
type lazyCompiler struct {
	Compiler
	mu   sync.Mutex
	open compiler.Compiler
}

func (l *lazyCompiler) get(ctx context.Context) (compiler.Compiler, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		c, err := l.Open(ctx)
		if err != nil {
			return nil, err
		}
		l.open = c
	}
	return l.open, nil
}

// New opens the data folder, takes up the jobs that a crash or shutdown left, and starts working.
// The folder is its own until Close: a second server there would know nothing of what this one files.
func New(o Options) (s *Server, err error) {
	if len(o.Compilers) == 0 {
		return nil, errors.New("server: at least one compiler is needed")
	}
	if o.SyncWait == 0 {
		o.SyncWait = 100 * time.Second
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	folder, err := own(o.Dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, folder.Release())
		}
	}()
	for _, part := range []string{"objects", "programs", "jobs"} {
		if err := store.Sweep(filepath.Join(o.Dir, part)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("server: %w", err)
		}
	}
	objects, err := store.Open(filepath.Join(o.Dir, "objects"))
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s = &Server{o: o, folder: folder, compilers: map[string]*lazyCompiler{}, models: newLibrary(o.Interpreters)}
	for _, c := range o.Compilers {
		s.compilers[c.Name] = &lazyCompiler{Compiler: c}
		s.order = append(s.order, c.Name)
	}
	if s.programs, err = openCatalogue(filepath.Join(o.Dir, "programs"), objects, o.Log); err != nil {
		return nil, err
	}
	if s.jobs, err = openQueue(filepath.Join(o.Dir, "jobs"), max(o.MaxQueue, 0), o.Log); err != nil {
		return nil, err
	}
	for _, j := range s.jobs.unfinished() {
		if s.programs.has(j.ID) { // the crash came between the program and the note of it
			if c := j.Labels.given(); c != (change{}) {
				if _, err = s.programs.label(j.ID, c); err != nil {
					return nil, err
				}
			}
			s.jobs.finish(j, nil, false)
			continue
		}
		s.jobs.enqueue(j)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	for range max(o.Workers, 1) {
		s.workers.Go(func() { s.work(ctx) })
	}
	return s, nil
}

// own takes a data folder, which is made when it is not there.
func own(dir string) (*store.Lock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	l, err := store.Acquire(filepath.Join(dir, "lock"))
	if errors.Is(err, store.ErrLocked) {
		return nil, fmt.Errorf("server: another paw serve uses the folder %s: end it, or choose another folder with --data: %w", dir, err)
	}
	return l, err
}

// Close cancels what is being compiled, which starts again with the next New, waits for it, and gives
// the data folder back.
func (s *Server) Close() error {
	s.jobs.close()
	s.stop()
	s.workers.Wait()
	return s.folder.Release()
}

// Handler is the API and the site behind their guards.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"POST /api/v1/compile":                   s.compile,
		"POST /api/v1/compile/precheck":          s.precheck,
		"POST /api/v1/compile/async":             s.compileAsync,
		"GET /api/v1/compile/{job}":              s.job,
		"DELETE /api/v1/compile/{job}":           s.cancel,
		"GET /api/v1/compile/{job}/events":       s.events,
		"GET /api/v1/programs":                   s.list,
		"POST /api/v1/programs":                  s.importProgram,
		"GET /api/v1/programs/resolve/{slug...}": s.resolve,
		"GET /api/v1/programs/{path...}":         s.program,
		"PATCH /api/v1/programs/{id}":            s.patch,
		"DELETE /api/v1/programs/{id}":           s.remove,
		"GET /api/v1/models/compilers":           s.listCompilers,
		"GET /api/v1/models/runtimes/{id}":       s.runtime,
		"GET /api/v1/interpreters":               s.interpreters,
		"GET /api/v1/catalogue":                  s.examples,
		"GET /api/v1/health":                     s.health,
		"GET /models/{file}":                     s.model,
		"OPTIONS /models/{file}":                 preflight,
		"OPTIONS /api/v1/programs/{path...}":     preflight,
	} {
		mux.Handle(pattern, s.handle(h))
	}
	for _, pattern := range []string{
		"POST /api/v1/infer", "POST /api/v1/program-imports", "/api/v1/program-imports/{rest...}",
		"POST /api/v1/programs/{id}/alias", "POST /api/v1/programs/{id}/vote", "POST /api/v1/programs/{id}/cases",
	} {
		mux.Handle(pattern, s.handle(notImplemented))
	}
	mux.Handle("/api/", s.handle(func(http.ResponseWriter, *http.Request) error { return errNoEndpoint }))
	if s.o.Site != nil {
		mux.Handle("/", s.o.Site)
	}
	return s.guard(mux)
}

var errNoEndpoint = problem(http.StatusNotFound, "not_found", "there is no such endpoint: see docs/formats.md §6")

// preflight lets pages of other origins go on with a download where it was cut.
func preflight(w http.ResponseWriter, r *http.Request) error {
	if !rest.Preflight(w, r) {
		return errNoEndpoint
	}
	return nil
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, map[string]any{"status": "ok", "version": s.o.Version, "queue_length": s.jobs.waiting()})
}

func (s *Server) listCompilers(w http.ResponseWriter, _ *http.Request) error {
	var out []map[string]any
	for _, name := range s.order {
		c := s.compilers[name]
		_, err := models.Manifest(c.RuntimeID) // official clients look for the interpreter there
		entry := map[string]any{
			"name": c.Name, "description": c.Description, "default": c.Default, "compiler_kind": c.Kind,
			"runtime_id": c.RuntimeID, "supports_local_sdk": err == nil, "latest_snapshot": nil, "base_sha256": c.BaseSHA256,
		}
		c.mu.Lock()
		if c.open != nil {
			entry["latest_snapshot"] = c.open.Snapshot()
		}
		c.mu.Unlock()
		out = append(out, entry)
	}
	return reply(w, http.StatusOK, map[string]any{"compilers": out})
}
