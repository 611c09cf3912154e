package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"paw/compiler"
	"paw/pawfile"
	"paw/store"
)

// State of a job.
type State string

// States. A job that a crash or shutdown interrupts is queued again.
const (
	Queued    State = "queued"
	Compiling State = "compiling"
	Ready     State = "ready"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

func (s State) ended() bool { return s == Ready || s == Failed || s == Cancelled }

// job is one compilation. Its id is that of the program it makes, so the same request is the same job.
// The exported fields are what a crash must not lose.
type job struct {
	ID        string    `json:"job_id"`
	Spec      string    `json:"spec"`
	Compiler  string    `json:"compiler"`
	State     State     `json:"status"`
	Error     string    `json:"error,omitempty"`
	Hint      string    `json:"hint,omitempty"`     // what to do about the error
	TooLong   bool      `json:"too_long,omitempty"` // the error: the description or an example does not fit the interpreter
	Labels    labels    `json:"labels"`             // what the program will be filed under
	Attempts  int       `json:"attempts,omitempty"` // starts that neither ended nor were interrupted: the process died
	Created   time.Time `json:"created_at"`
	Completed time.Time `json:"completed_at,omitzero"`

	events  []compiler.Event
	changed chan struct{} // closed and replaced at every change
	cancel  context.CancelFunc
	stopped bool // a person cancelled it
}

const (
	maxEvents  = 4096 // of a job, kept for pages that come late
	maxEnded   = 1000 // ended jobs that are remembered
	defaultMax = 32

	// maxAttempts bounds how often a job that takes the process with it is taken up again. A machine
	// may lose its power a few times for other reasons.
	maxAttempts = 10
)

var errAttempts = fmt.Errorf("the server ended %d times while this was compiled, without finishing it", maxAttempts)

var errFull = errors.New("server: too many compilations are waiting")

// queue holds jobs, in memory and on disk.
type queue struct {
	dir string
	max int
	log func(string, ...any)

	mu     sync.Mutex
	jobs   map[string]*job
	line   []*job
	wake   chan struct{} // holds a token while line may not be empty
	closed bool
}

func openQueue(dir string, most int, log func(string, ...any)) (*queue, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if most == 0 {
		most = defaultMax
	}
	q := &queue{dir: dir, max: most, log: log, jobs: map[string]*job{}, wake: make(chan struct{}, 1)}
	names, err := recordsIn(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		var j job
		if err == nil {
			err = json.Unmarshal(text, &j)
		}
		if err != nil || !pawfile.ValidID(j.ID) || j.ID != strings.TrimSuffix(filepath.Base(name), ".json") {
			log("job file %s is left aside: %v", name, err)
			continue
		}
		j.changed = make(chan struct{})
		q.jobs[j.ID] = &j
	}
	return q, nil
}

// unfinished are the jobs to take up again, the oldest first.
func (q *queue) unfinished() []*job {
	var out []*job
	for _, j := range q.jobs {
		if !j.State.ended() {
			out = append(out, j)
		}
	}
	slices.SortFunc(out, func(a, b *job) int { return a.Created.Compare(b.Created) })
	return out
}

// save writes a job; the queue is locked.
func (q *queue) save(j *job) error {
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	return store.WriteFile(filepath.Join(q.dir, j.ID+".json"), text, 0o600)
}

// announce wakes everybody who watches a job; the queue is locked.
func (j *job) announce() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// enqueue puts a job that is on disk into the line.
func (q *queue) enqueue(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.State = Queued
	q.line = append(q.line, j)
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// submit returns the job of an id, a new one when there is none or the last one failed. A job that is
// under way takes the new labels too. The job is on disk before it returns.
func (q *queue) submit(id, spec, compiler string, l labels) (*job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, problem(503, "closing", "the server is shutting down: try again soon")
	}
	if j := q.jobs[id]; j != nil && !j.State.ended() && !j.stopped {
		if both := j.Labels.with(l.given()); !both.equal(j.Labels) {
			old := j.Labels
			j.Labels = both
			if err := q.save(j); err != nil {
				j.Labels = old
				return nil, err
			}
		}
		return j, nil
	}
	if len(q.line) >= q.max {
		return nil, errFull
	}
	j := &job{ID: id, Spec: spec, Compiler: compiler, State: Queued, Labels: l, Created: time.Now().UTC(), changed: make(chan struct{})}
	if err := q.save(j); err != nil {
		return nil, err
	}
	q.jobs[id] = j
	q.line = append(q.line, j)
	q.signal()
	return j, nil
}

// next waits for a job and marks it as compiling; nil when ctx ends. That it was begun is on disk
// before it begins.
func (q *queue) next(ctx context.Context) (*job, context.Context) {
	for {
		q.mu.Lock()
		if len(q.line) > 0 && ctx.Err() == nil {
			j := q.line[0]
			q.line = q.line[1:]
			if len(q.line) > 0 {
				q.signal()
			}
			jctx, cancel := context.WithCancel(ctx)
			j.State, j.cancel, j.events = Compiling, cancel, nil
			j.Attempts++
			if err := q.save(j); err != nil {
				q.log("job %s: %v", j.ID, err)
			}
			j.announce()
			q.mu.Unlock()
			return j, jctx
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, nil
		case <-q.wake:
		}
	}
}

func (q *queue) progress(j *job, e compiler.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(j.events) < maxEvents {
		j.events = append(j.events, e)
	} else {
		j.events[maxEvents-1] = e
	}
	j.announce()
}

// finish notes how a job ended. A job that the end of the server interrupted stays queued on disk.
func (q *queue) finish(j *job, err error, interrupted bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case err == nil:
		j.State = Ready
	case j.stopped:
		j.State = Cancelled
	case interrupted: // whatever error the compiler made of it
		j.State = Queued
		j.Attempts--
		if q.jobs[j.ID] == j {
			if err := q.save(j); err != nil {
				q.log("job %s: %v", j.ID, err)
			}
		}
		j.announce()
		return
	default:
		j.State, j.Error, j.Hint = Failed, err.Error(), "change the description or its examples, then compile again"
		j.TooLong = errors.Is(err, compiler.ErrContext)
		if errors.Is(err, errPanic) {
			j.Hint = "compile again; if it fails again, report it"
		}
		if errors.Is(err, errAttempts) {
			j.Hint = "see why it ended (out of memory?), use fewer or shorter examples, then compile again"
		}
	}
	j.Completed = time.Now().UTC()
	if q.jobs[j.ID] == j { // else it was cancelled and asked for again: the file is the new job's
		if err := q.save(j); err != nil {
			q.log("job %s: %v", j.ID, err)
		}
	}
	j.announce()
	q.forget()
}

// forget drops the oldest ended jobs; their programs stay. The queue is locked.
func (q *queue) forget() {
	var ended []*job
	for _, j := range q.jobs {
		if j.State.ended() {
			ended = append(ended, j)
		}
	}
	if len(ended) <= maxEnded {
		return
	}
	slices.SortFunc(ended, func(a, b *job) int { return a.Completed.Compare(b.Completed) })
	for _, j := range ended[:len(ended)-maxEnded] {
		delete(q.jobs, j.ID)
		if err := os.Remove(filepath.Join(q.dir, j.ID+".json")); err != nil {
			q.log("job %s: %v", j.ID, err)
		}
	}
}

// stop cancels a job; false when it has ended already.
func (q *queue) stop(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if j.State.ended() {
		return false
	}
	if j.State == Compiling {
		if !j.stopped && q.jobs[j.ID] == j { // on disk at once: a crash must not take it up again
			ended := *j
			ended.State, ended.Completed = Cancelled, time.Now().UTC()
			if err := q.save(&ended); err != nil {
				q.log("job %s: %v", j.ID, err)
			}
		}
		j.stopped = true
		j.cancel()
		return true
	}
	j.stopped = true
	q.line = slices.DeleteFunc(q.line, func(o *job) bool { return o == j })
	j.State, j.Completed = Cancelled, time.Now().UTC()
	if err := q.save(j); err != nil {
		q.log("job %s: %v", j.ID, err)
	}
	j.announce()
	return true
}

// labels are those that a job's program is to have by now.
func (q *queue) labels(j *job) labels {
	q.mu.Lock()
	defer q.mu.Unlock()
	return j.Labels
}

func (q *queue) find(id string) *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.jobs[id]
}

// look is a copy of a job as it is now, the events from n on, its place in the line (1: the next)
// and a channel that is closed at the next change.
func (q *queue) look(j *job, n int) (now job, events []compiler.Event, place int, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n > len(j.events) {
		n = 0 // it was started again
	}
	return *j, slices.Clone(j.events[n:]), slices.Index(q.line, j) + 1, j.changed
}

func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.line)
}

// close takes no more jobs; what runs is cancelled by its context.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
}
