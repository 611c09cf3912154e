package server

import (
	"errors"
	"strings"
	"testing"
)

// ready fails unless every way to ask for a job says that it has ended well.
func (f *fixture) ready(name, id string) {
	f.Helper()
	if j := f.want(200, "GET", "/api/v1/compile/"+id, ""); j["status"] != "ready" || j["percent"] != 100.0 || j["completed_at"] == nil || j["error"] != nil || j["program_id"] != id {
		f.Errorf("%s: job %v", name, j)
	}
	last := ""
	for e := range f.sse(id) {
		last = e
	}
	if last != `ready {"program_id":"`+id+`"}` {
		f.Errorf("%s: last event %q", name, last)
	}
	if a := f.want(409, "DELETE", "/api/v1/compile/"+id, ""); a["error"] != "ended" {
		f.Errorf("%s: cancelled: %v", name, a)
	}
}

// Whoever is told a job id can follow it to its end, also when the program came another way.
func TestAProgramThatIsHereIsAReadyJob(t *testing.T) {
	maker := start(t)
	id := maker.compiled(goodSpec)
	_, file, _ := maker.do("GET", "/api/v1/programs/"+id+"/download", "")
	handIn := func(f *fixture) {
		f.want(201, "POST", "/api/v1/programs", file["text"].(string), "Content-Type: application/zip")
	}
	for name, before := range map[string]func(f *fixture){
		"no job": func(*fixture) {},
		"a job that failed": func(f *fixture) {
			f.compiler.release <- errors.New("no")
			f.want(500, "POST", "/api/v1/compile", goodSpec)
		},
		"a job that was cancelled": func(f *fixture) {
			f.want(202, "POST", "/api/v1/compile/async", goodSpec)
			<-f.compiler.begun
			f.want(200, "DELETE", "/api/v1/compile/"+id, "")
			for range f.sse(id) {
			}
		},
		"a job that runs": func(f *fixture) {
			f.want(202, "POST", "/api/v1/compile/async", goodSpec)
			<-f.compiler.begun
		},
	} {
		f := start(t)
		before(f)
		handIn(f)
		if a := f.want(202, "POST", "/api/v1/compile/async", goodSpec); a["job_id"] != id || a["status"] != "ready" {
			t.Errorf("%s: asked again: %v", name, a)
		}
		f.ready(name, id)
	}
	forgotten := start(t)
	forgotten.compiled(goodSpec)
	forgotten.server.jobs.mu.Lock()
	delete(forgotten.server.jobs.jobs, id)
	forgotten.server.jobs.mu.Unlock()
	forgotten.ready("a forgotten job", id)
	start(t).want(404, "GET", "/api/v1/compile/"+id, "")
}

// A job is no promise of a program that was deleted: who still follows it is told to compile again.
func TestTheJobOfADeletedProgramIsGone(t *testing.T) {
	f := start(t)
	id := f.compiled(goodSpec)
	f.want(200, "DELETE", "/api/v1/programs/"+id, "")
	for _, ask := range [][2]string{{"GET", ""}, {"GET", "/events"}, {"DELETE", ""}} {
		if a := f.want(404, ask[0], "/api/v1/compile/"+id+ask[1], ""); !strings.Contains(a["message"].(string), "compile its description again") {
			t.Errorf("%v: %v", ask, a)
		}
	}
	if again := f.compiled(goodSpec); again != id {
		t.Errorf("compiled again: %s, want %s", again, id)
	}
	f.ready("compiled again", id)
}
