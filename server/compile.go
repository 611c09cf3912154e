package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"paw/compiler"
	"paw/compiler/pseudo"
	"paw/pawfile"
	"paw/rest"
)

// compileRequest is the body of POST /compile.
type compileRequest struct {
	Spec     string `json:"spec"`
	Compiler string `json:"compiler"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	// Public is what the official SDK sends unasked. Programs stay private until somebody says
	// otherwise with PATCH.
	Public *bool    `json:"public"`
	Tags   []string `json:"tags"`
}

func (r compileRequest) labels() labels { return labels{Name: r.Name, Slug: r.Slug, Tags: r.Tags} }

// plan is a checked request: which compiler, which program it will make.
type plan struct {
	compileRequest
	chosen   *lazyCompiler
	snapshot string
	id       string
}

func (s *Server) plan(w http.ResponseWriter, r *http.Request) (*plan, error) {
	var p plan
	if err := read(w, r, &p.compileRequest); err != nil {
		return nil, err
	}
	spec, err := pseudo.Parse(p.Spec)
	if err != nil {
		return nil, err
	}
	p.Spec = spec.Text // what compilers hash: the same words with other line ends are the same program
	if err := p.labels().given().check(); err != nil {
		return nil, err
	}
	if p.chosen, err = s.compilerNamed(p.Compiler); err != nil {
		return nil, err
	}
	c, err := p.chosen.get(r.Context())
	if err != nil {
		return nil, problem(http.StatusServiceUnavailable, "compiler_unavailable", "compiler "+p.chosen.Name+": "+err.Error())
	}
	p.snapshot = c.Snapshot()
	p.id = pawfile.ID(p.Spec, p.snapshot, p.chosen.BaseSHA256)
	return &p, nil
}

// compilerNamed finds a compiler; without a name, or by the official names, the default.
func (s *Server) compilerNamed(name string) (*lazyCompiler, error) {
	if c := s.compilers[name]; c != nil {
		return c, nil
	}
	// The official SDK names its own compilers; theirs is "whatever this server has".
	if name == "" || strings.HasPrefix(name, "paw-4b") {
		for _, n := range s.order {
			if s.compilers[n].Default {
				return s.compilers[n], nil
			}
		}
		return s.compilers[s.order[0]], nil
	}
	return nil, problem(http.StatusBadRequest, "unknown_compiler", "there is no compiler "+strconv.Quote(name)+": use one of "+strings.Join(s.order, ", "))
}

// start returns the job of a plan, or nil when the program is there already.
func (s *Server) start(p *plan) (*job, error) {
	if s.programs.has(p.id) {
		return nil, s.relabel(p)
	}
	j, err := s.jobs.submit(p.id, p.Spec, p.chosen.Name, p.labels())
	if errors.Is(err, errFull) {
		full := problem(http.StatusTooManyRequests, "queue_full", "too many compilations are waiting: try again in a minute")
		full.Header = map[string]string{"Retry-After": "60"}
		return nil, full
	}
	if err == nil && s.programs.has(p.id) { // it was finished just now, perhaps without these labels
		err = s.relabel(p)
	}
	return j, err
}

// relabel files a program that is here under what a request names.
func (s *Server) relabel(p *plan) error {
	c := p.labels().given()
	if c == (change{}) {
		return nil
	}
	_, err := s.programs.label(p.id, c)
	return err
}

// answer is what compile endpoints say of a program that is ready or under way.
func (s *Server) answer(p *plan, j *job, started time.Time) (int, map[string]any) {
	a := map[string]any{
		"program_id": p.id, "job_id": p.id, "status": "ready", "slug": nil, "cached": j == nil,
		"compiler": p.chosen.Name, "compiler_snapshot": p.snapshot, "compiler_kind": p.chosen.Kind,
		"runtime_id": p.chosen.RuntimeID, "runtime_manifest_version": 1, "pseudo_program_strategy": "template",
		"timings": map[string]any{"total_ms": time.Since(started).Milliseconds()}, "error": nil, "version": nil, "version_action": nil,
	}
	if e, ok := s.programs.entry(p.id); ok {
		if e.Slug != "" {
			a["slug"], a["version"] = rest.Owner+"/"+e.Slug, e.Version
		}
		return http.StatusOK, a
	}
	now, _, place, _ := s.jobs.look(j, 0)
	a["status"] = now.State
	a["queue_position"], a["estimated_wait_s"] = place, place*20
	if now.State == Failed {
		a["error"] = now.Error
	}
	return http.StatusAccepted, a
}

// compile waits for the program for as long as clients are known to wait.
func (s *Server) compile(w http.ResponseWriter, r *http.Request) error {
	started := time.Now()
	p, err := s.plan(w, r)
	if err != nil {
		return err
	}
	j, err := s.start(p)
	if err != nil {
		return err
	}
	if j != nil {
		now := s.wait(r.Context(), j)
		switch now.State {
		case Failed:
			if now.TooLong {
				return problem(http.StatusUnprocessableEntity, "invalid_spec", now.Error)
			}
			return problem(http.StatusInternalServerError, "compile_failed", "the compilation failed: "+now.Error)
		case Cancelled:
			return problem(http.StatusConflict, "cancelled", "the compilation was cancelled")
		}
	}
	status, a := s.answer(p, j, started)
	if status == http.StatusAccepted {
		a["status"] = Compiling // the one word that clients of this endpoint know
		w.Header().Set("Retry-After", "2")
	}
	return reply(w, status, a)
}

// wait follows a job until it has ended, the client is gone or SyncWait is over.
func (s *Server) wait(ctx context.Context, j *job) job {
	limit := time.NewTimer(s.o.SyncWait)
	defer limit.Stop()
	for {
		now, _, _, changed := s.look(j, 0)
		if now.State.ended() {
			return now
		}
		select {
		case <-changed:
		case <-limit.C:
			return now
		case <-ctx.Done():
			return now
		}
	}
}

func (s *Server) compileAsync(w http.ResponseWriter, r *http.Request) error {
	started := time.Now()
	p, err := s.plan(w, r)
	if err != nil {
		return err
	}
	j, err := s.start(p)
	if err != nil {
		return err
	}
	_, a := s.answer(p, j, started)
	return reply(w, http.StatusAccepted, a)
}

func (s *Server) precheck(w http.ResponseWriter, r *http.Request) error {
	p, err := s.plan(w, r)
	if err != nil {
		return err
	}
	n := s.jobs.waiting()
	return reply(w, http.StatusOK, map[string]any{
		"cached": s.programs.has(p.id), "program_id": p.id, "compiler_snapshot": p.snapshot,
		"compiler_kind": p.chosen.Kind, "queue_length": n, "estimated_wait_s": n * 20,
	})
}

// work compiles one job after the other until ctx ends.
func (s *Server) work(ctx context.Context) {
	for {
		j, jctx := s.jobs.next(ctx)
		if j == nil {
			return
		}
		err := errAttempts
		if j.Attempts <= maxAttempts { // nobody else changes it while the job runs
			err = s.make(jctx, j)
		}
		interrupted := ctx.Err() != nil
		j.cancel()
		s.jobs.finish(j, err, interrupted)
	}
}

var errPanic = errors.New("an internal fault of the compiler; the server's log has more")

// make compiles a job and files the program.
func (s *Server) make(ctx context.Context, j *job) (err error) {
	// Without this a job that makes a compiler panic would end the server, and again at every start.
	defer func() {
		if e := recover(); e != nil {
			s.o.Log("job %s: %v\n%s", j.ID, e, debug.Stack())
			err = errPanic
		}
	}()
	chosen, err := s.compilerNamed(j.Compiler)
	if err != nil {
		return err
	}
	c, err := chosen.get(ctx)
	if err != nil {
		return err
	}
	p, err := c.Compile(ctx, compiler.Request{Spec: j.Spec}, func(e compiler.Event) { s.jobs.progress(j, e) })
	if err != nil {
		return err
	}
	if p.Meta.ProgramID != j.ID { // the compiler has changed since the job was filed
		p.Meta.ProgramID = j.ID
	}
	given := s.jobs.labels(j)
	_, err = s.programs.add(p, given.given())
	if errors.Is(err, errTaken) { // somebody handed it in meanwhile: readers keep what they have
		_, err = s.programs.label(j.ID, given.given())
	}
	// Requests that joined the job in this moment found no program to label.
	if late := s.jobs.labels(j); err == nil && !late.equal(given) {
		_, err = s.programs.label(j.ID, late.given())
	}
	return err
}

func (s *Server) job(w http.ResponseWriter, r *http.Request) error {
	j, err := s.jobOf(r)
	if err != nil {
		return err
	}
	now, events, place, _ := s.look(j, 0)
	percent := 0.0
	for _, e := range events {
		percent = max(percent, 100*e.Fraction())
	}
	if now.State == Ready {
		percent = 100
	}
	a := map[string]any{
		"job_id": now.ID, "program_id": now.ID, "status": now.State, "error": nil, "percent": percent,
		"queue_position": place, "created_at": now.Created, "completed_at": nil,
	}
	if now.Error != "" {
		a["error"] = now.Error
	}
	if now.State.ended() {
		a["completed_at"] = now.Completed
	}
	return reply(w, http.StatusOK, a)
}

func (s *Server) jobOf(r *http.Request) (*job, error) {
	id := r.PathValue("job")
	if j := s.jobs.find(id); j != nil {
		if now, _, _, _ := s.jobs.look(j, 0); now.State == Ready && !s.programs.has(id) {
			return nil, problem(http.StatusNotFound, "not_found", "the program of this job was deleted: compile its description again")
		}
		return j, nil
	}
	// Its program was handed in, or the job is so old that it was forgotten.
	if e, ok := s.programs.entry(id); ok {
		return &job{ID: id, State: Ready, Created: e.Created, Completed: e.Created, changed: make(chan struct{})}, nil
	}
	return nil, notFound("the job is")
}

// look is what clients are told of a job: it has ended well when its program is here, whoever made it
// and whatever became of the job itself.
func (s *Server) look(j *job, n int) (now job, events []compiler.Event, place int, changed <-chan struct{}) {
	e, here := s.programs.entry(j.ID) // first, so that no progress comes after the end
	now, events, place, changed = s.jobs.look(j, n)
	if here && now.State != Ready {
		now.State, now.Error, now.Hint, now.Completed, place = Ready, "", "", e.Created, 0
	}
	return now, events, place, changed
}

// cancel ends a compilation, also one that has begun.
func (s *Server) cancel(w http.ResponseWriter, r *http.Request) error {
	j, err := s.jobOf(r)
	if err != nil {
		return err
	}
	if now, _, _, _ := s.look(j, 0); now.State.ended() || !s.jobs.stop(j) {
		return problem(http.StatusConflict, "ended", "the compilation has ended already")
	}
	return reply(w, http.StatusOK, map[string]any{"job_id": j.ID, "status": Cancelled})
}

// events streams a job: all that has happened so far, then what happens, then its end.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	j, err := s.jobOf(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	send := func(event string, data any) error {
		text, err := json.Marshal(data)
		if err != nil {
			return err
		}
		_, err = w.Write([]byte("event: " + event + "\ndata: " + string(text) + "\n\n"))
		return errors.Join(err, out.Flush())
	}
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	seen, queuedAt := 0, -1
	for {
		now, fresh, place, changed := s.look(j, seen)
		if place > 0 && place != queuedAt {
			queuedAt = place
			err = send("queued", map[string]int{"position": place})
		}
		for _, e := range fresh {
			err = errors.Join(err, send("progress", progressEvent{e, e.Fraction()}))
		}
		seen = len(now.events)
		switch now.State {
		case Ready:
			err = errors.Join(err, send("ready", map[string]string{"program_id": now.ID}))
		case Failed:
			err = errors.Join(err, send("failed", map[string]string{"message": now.Error, "hint": now.Hint}))
		case Cancelled:
			err = errors.Join(err, send("cancelled", struct{}{}))
		}
		if err != nil || now.State.ended() {
			return nil // the client is gone, or everything is said
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return nil
		case <-beat.C:
			_, err = w.Write([]byte(": still here\n\n"))
			err = errors.Join(err, out.Flush())
		}
	}
}

type progressEvent struct {
	compiler.Event
	Fraction float64 `json:"fraction"`
}
