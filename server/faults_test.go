package server

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paw/compiler"
	"paw/pawfile"
)

// onDisk is the state that a crash at this moment would leave of a job.
func (f *fixture) onDisk(job string) State {
	f.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, "jobs", job+".json"))
	if err != nil {
		f.Fatal(err)
	}
	var j struct {
		State State `json:"status"`
	}
	if err := json.Unmarshal(text, &j); err != nil {
		f.Fatal(err)
	}
	return j.State
}

// stubborn does not end with its context: it waits until a test lets go.
type stubborn struct {
	*slow
	let chan struct{}
}

func (c stubborn) Compile(ctx context.Context, r compiler.Request, progress func(compiler.Event)) (*pawfile.Program, error) {
	c.begun <- r.Spec
	<-c.let
	return nil, context.Canceled
}

func TestCancelledJobIsCancelledOnDiskAtOnce(t *testing.T) {
	c := stubborn{newSlow(), make(chan struct{})}
	f := start(t, func(o *Options) {
		o.Compilers[0].Open = func(context.Context) (compiler.Compiler, error) { return c, nil }
	})
	defer close(c.let)
	job := f.want(202, "POST", "/api/v1/compile/async", goodSpec)["job_id"].(string)
	<-c.begun
	f.want(200, "DELETE", "/api/v1/compile/"+job, "")
	if state := f.onDisk(job); state != Cancelled {
		t.Errorf("the compiler still runs and the file says %s: a crash now would take the job up again", state)
	}
	// Asked for again while the first run has not ended, it is a new job, whose file the first leaves alone.
	f.want(202, "POST", "/api/v1/compile/async", goodSpec)
	c.let <- struct{}{}
	<-c.begun
	if state := f.onDisk(job); state.ended() {
		t.Errorf("the end of the cancelled run was noted as that of the new job: %s", state)
	}
}

func TestInterruptedJobStaysQueuedWhateverTheCompilerSays(t *testing.T) {
	f := start(t)
	job := f.want(202, "POST", "/api/v1/compile/async", goodSpec)["job_id"].(string)
	<-f.compiler.begun
	f.server.jobs.finish(f.server.jobs.find(job), os.ErrClosed, true)
	if state := f.onDisk(job); state != Queued {
		t.Errorf("the file says %s", state)
	}
}

func TestLineEndsDoNotChangeTheProgram(t *testing.T) {
	f := start(t)
	ids := map[string]bool{}
	for _, end := range []string{`\n`, `\r\n`, `\r`} {
		if len(ids) == 0 {
			f.compiler.release <- nil
		}
		a := f.want(200, "POST", "/api/v1/compile", `{"spec":"Is it urgent?`+end+`Answer with one of: yes, no.","compiler":"test"}`)
		ids[a["program_id"].(string)] = true
	}
	if len(ids) != 1 || len(f.compiler.begun) != 1 {
		t.Errorf("%d programs in %d compilations, want one", len(ids), len(f.compiler.begun))
	}
}

// faulty panics.
type faulty struct{ *slow }

func (faulty) Compile(context.Context, compiler.Request, func(compiler.Event)) (*pawfile.Program, error) {
	panic("a fault")
}

func TestPanickingCompilerFailsItsJobAlone(t *testing.T) {
	f := start(t, func(o *Options) {
		o.Compilers[0].Open = func(context.Context) (compiler.Compiler, error) { return faulty{newSlow()}, nil }
	})
	job := f.want(202, "POST", "/api/v1/compile/async", goodSpec)["job_id"].(string)
	last := ""
	for e := range f.sse(job) {
		last = e
	}
	if !strings.HasPrefix(last, "failed ") || !strings.Contains(last, "internal fault") || !strings.Contains(last, "compile again; if it fails") {
		t.Errorf("last event %s", last)
	}
	f.want(200, "GET", "/api/v1/health", "")
}

// A job that takes the process with it must not do so at every start for ever; one that is interrupted
// in good order, or unluckily a few times, goes on.
func TestAJobThatKillsTheServerIsGivenUp(t *testing.T) {
	f := start(t)
	id := f.want(202, "POST", "/api/v1/compile/async", goodSpec)["job_id"].(string)
	<-f.compiler.begun
	path := filepath.Join(f.dir, "jobs", id+".json")
	killed, err := os.ReadFile(path) // what a kill would leave now
	if err != nil {
		t.Fatal(err)
	}
	if err := f.server.Close(); err != nil {
		t.Fatal(err)
	}
	for starts := 2; starts <= maxAttempts+1; starts++ {
		if err := os.WriteFile(path, killed, 0o600); err != nil {
			t.Fatal(err)
		}
		c := newSlow()
		s, err := New(options(f.dir, c))
		if err != nil {
			t.Fatal(err)
		}
		if starts <= maxAttempts {
			<-c.begun
		} else {
			for now, _, _, changed := s.look(s.jobs.find(id), 0); !now.State.ended(); now, _, _, changed = s.look(s.jobs.find(id), 0) {
				<-changed
			}
			now, _, _, _ := s.look(s.jobs.find(id), 0)
			if now.State != Failed || !strings.Contains(now.Error, "ended 10 times") || now.Hint == "" || len(c.begun) != 0 {
				t.Errorf("after %d starts: %s %q %q", starts, now.State, now.Error, now.Hint)
			}
			j, err := s.jobs.submit(id, now.Spec, now.Compiler, labels{})
			if err != nil {
				t.Fatal(err)
			}
			<-c.begun
			if now, _, _, _ := s.look(j, 0); now.Attempts != 1 {
				t.Errorf("asked for again: attempt %d", now.Attempts)
			}
		}
		if killed, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInterruptionsAreNoAttempts(t *testing.T) {
	f := start(t)
	id := f.want(202, "POST", "/api/v1/compile/async", goodSpec)["job_id"].(string)
	<-f.compiler.begun
	if err := f.server.Close(); err != nil {
		t.Fatal(err)
	}
	for range maxAttempts + 2 {
		c := newSlow()
		s, err := New(options(f.dir, c))
		if err != nil {
			t.Fatal(err)
		}
		<-c.begun
		if now, _, _, _ := s.look(s.jobs.find(id), 0); now.Attempts != 1 {
			t.Errorf("%d attempts are noted", now.Attempts)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnIdNeverChangesItsBytes(t *testing.T) {
	f := start(t)
	id := f.compiled(goodSpec)
	status, answer, _ := f.do("GET", "/api/v1/programs/"+id+"/download", "")
	data := answer["text"].(string)
	p, err := pawfile.Read(strings.NewReader(data), int64(len(data)))
	if err != nil || status != 200 {
		t.Fatal(status, err)
	}
	zip := "Content-Type: application/zip"
	f.want(201, "POST", "/api/v1/programs", data, zip) // the same bytes again
	p.Adapter[500]++
	other, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if a := f.want(409, "POST", "/api/v1/programs", string(other), zip); a["error"] != "id_taken" {
		t.Errorf("answer %v", a)
	}
	if _, again, _ := f.do("GET", "/api/v1/programs/"+id+"/download", ""); again["text"] != data {
		t.Error("the bytes behind the id have changed")
	}
	if objects, err := f.server.programs.objects.List(); err != nil || len(objects) != 1 {
		t.Errorf("%d objects are kept (%v), want one: the refused file must leave nothing", len(objects), err)
	}
	// A compilation that ends after somebody has handed the program in is no failure.
	if err := f.server.programs.remove(id); err != nil {
		t.Fatal(err)
	}
	f.want(202, "POST", "/api/v1/compile/async", goodSpec)
	<-f.compiler.begun // of the first compilation
	<-f.compiler.begun
	f.want(201, "POST", "/api/v1/programs", string(other), zip)
	f.compiler.release <- nil
	last := ""
	for e := range f.sse(id) {
		last = e
	}
	if !strings.HasPrefix(last, "ready ") {
		t.Errorf("last event %s", last)
	}
	if _, kept, _ := f.do("GET", "/api/v1/programs/"+id+"/download", ""); kept["text"] != string(other) {
		t.Error("the bytes behind the id have changed")
	}
}

func TestEndpointsThatAreNotThere(t *testing.T) {
	f := start(t)
	for _, e := range []string{"POST infer", "POST program-imports", "PUT program-imports/x/weights", "POST programs/x/alias", "POST programs/x/vote",
		"POST programs/x/cases", "GET programs/x/cases", "GET programs/local/x/cases"} {
		method, path, _ := strings.Cut(e, " ")
		if a := f.want(501, method, "/api/v1/"+path, ""); a["error"] != "not_implemented" {
			t.Errorf("%s: %v", e, a)
		}
	}
}

func TestListByTagAndOrder(t *testing.T) {
	f := start(t)
	for _, p := range [][2]string{{"b", "x"}, {"c", "y"}, {"a", "x"}} {
		f.compiled(`{"spec":"Is it ` + p[0] + ` or not? Say yes or no.","compiler":"test","name":"` + p[0] + `","tags":["` + p[1] + `"]}`)
		time.Sleep(2 * time.Millisecond) // the order is that of the clock
	}
	for query, want := range map[string]string{"": "acb", "?sort=oldest": "bca", "?sort=name": "abc", "?tag=x": "ab", "?tag=x&sort=oldest": "ba", "?tag=z": ""} {
		got := ""
		for _, p := range f.want(200, "GET", "/api/v1/programs"+query, "")["programs"].([]any) {
			got += p.(map[string]any)["name"].(string)
		}
		if got != want {
			t.Errorf("%q gives %q, want %q", query, got, want)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	f := start(t)
	f.want(http.StatusRequestEntityTooLarge, "POST", "/api/v1/programs", strings.Repeat("x", pawfile.MaxArchive+1), "Content-Type: application/zip")
}
