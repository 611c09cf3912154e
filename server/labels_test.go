package server

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestARefusedPatchChangesNothing(t *testing.T) {
	f := start(t)
	id := f.compiled(strings.Replace(goodSpec, `{`, `{"name":"N","tags":["a","b"],`, 1))
	for _, body := range []string{
		`{"tags":["x",""]}`, `{"name":"M","tags":["x","y"],"slug":"../x"}`, `{"public":true,"name":"` + strings.Repeat("x", 201) + `"}`, `{"tags":["x"],"public":"yes"}`,
	} {
		if status, a, _ := f.do("PATCH", "/api/v1/programs/"+id, body); status != 422 && status != 400 {
			t.Errorf("%s: %d %v", body, status, a)
		}
	}
	f.want(200, "PATCH", "/api/v1/programs/"+id, `{"name":null,"tags":null,"slug":null,"public":null}`)
	if p := f.want(200, "GET", "/api/v1/programs/"+id, ""); fmt.Sprintf("%v %v %v %v", p["name"], p["tags"], p["public"], p["slug"]) != "N [a b] false <nil>" {
		t.Errorf("after refused changes: %v", p)
	}
}

// A change that arrives slowly must not bring back what another one ended meanwhile.
func TestAPatchChangesOnlyWhatItNames(t *testing.T) {
	f := start(t)
	id := f.compiled(goodSpec)
	f.want(200, "PATCH", "/api/v1/programs/"+id, `{"public":true,"tags":["a"]}`)
	body, write := io.Pipe()
	r, err := http.NewRequest("PATCH", f.URL+"/api/v1/programs/"+id, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	slow := make(chan error, 1)
	go func() {
		a, err := http.DefaultClient.Do(r)
		if err == nil {
			err = a.Body.Close()
		}
		slow <- err
	}()
	io.WriteString(write, `{"name":`)
	f.want(200, "PATCH", "/api/v1/programs/"+id, `{"public":false}`)
	io.WriteString(write, `"Late"}`)
	write.Close()
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
	if p := f.want(200, "GET", "/api/v1/programs/"+id, ""); fmt.Sprintf("%v %v %v", p["name"], p["public"], p["tags"]) != "Late false [a]" {
		t.Errorf("after two changes: %v", p)
	}
}

func TestPatchesAtOnceKeepEachOther(t *testing.T) {
	f := start(t)
	id := f.compiled(goodSpec)
	var all sync.WaitGroup
	for i := range 20 {
		for _, body := range []string{fmt.Sprintf(`{"name":"n%d"}`, i), fmt.Sprintf(`{"tags":["t%d","u"]}`, i), `{"public":true}`} {
			all.Go(func() { f.do("PATCH", "/api/v1/programs/"+id, body) })
		}
		all.Go(func() { f.do("GET", "/api/v1/programs", "") })
	}
	all.Wait()
	p := f.want(200, "GET", "/api/v1/programs/"+id, "")
	if name, _ := p["name"].(string); !strings.HasPrefix(name, "n") || len(p["tags"].([]any)) != 2 || p["public"] != true {
		t.Errorf("after many changes: %v", p)
	}
}

// What a slug means is the program that was last given it, also one that had it before.
func TestASlugGivenAgainMeansThatProgram(t *testing.T) {
	f := start(t)
	body := func(word string) string {
		return strings.Replace(strings.Replace(goodSpec, "urgent", word, 1), `{`, `{"slug":"colour",`, 1)
	}
	means := func(id string, version float64) {
		t.Helper()
		if got := f.want(200, "GET", "/api/v1/programs/resolve/colour", "")["program_id"]; got != id {
			t.Errorf("the slug means %v, want %s", got, id)
		}
		if v := f.want(200, "GET", "/api/v1/programs/colour/versions", ""); v["main_version"] != version {
			t.Errorf("versions %v, want %v as the main one", v, version)
		}
	}
	a, b := f.compiled(body("red")), f.compiled(body("blue"))
	means(b, 2)
	if again := f.want(200, "POST", "/api/v1/compile", body("red")); again["version"] != 3.0 || again["program_id"] != a || again["cached"] != true {
		t.Errorf("compiled again: %v", again)
	}
	means(a, 3)
	f.want(200, "POST", "/api/v1/compile", body("red"))
	means(a, 3)
	f.want(200, "PATCH", "/api/v1/programs/"+b, `{"name":"other things change no version"}`)
	means(a, 3)
	f.want(200, "PATCH", "/api/v1/programs/"+b, `{"slug":"colour"}`)
	means(b, 4)
}

// A request that joins a job under way is not asked for its labels in vain.
func TestARequestThatJoinsAJobBringsItsLabels(t *testing.T) {
	f := start(t)
	with := func(labels string) string { return strings.Replace(goodSpec, `{`, `{`+labels+`,`, 1) }
	id := f.want(202, "POST", "/api/v1/compile/async", with(`"name":"First","tags":["a"]`))["job_id"].(string)
	<-f.compiler.begun
	f.want(202, "POST", "/api/v1/compile/async", with(`"slug":"joined"`))
	f.want(202, "POST", "/api/v1/compile/async", with(`"tags":["b","c"]`))
	f.want(202, "POST", "/api/v1/compile/async", goodSpec)
	text, err := os.ReadFile(filepath.Join(f.dir, "jobs", id+".json"))
	if err != nil || !strings.Contains(string(text), `"labels":{"name":"First","slug":"joined","tags":["b","c"]}`) {
		t.Errorf("a crash would keep %s (%v)", text, err)
	}
	f.compiler.release <- nil
	for range f.sse(id) {
	}
	if p := f.want(200, "GET", "/api/v1/programs/"+id, ""); fmt.Sprintf("%v %v %v", p["name"], p["slug"], p["tags"]) != "First local/joined [b c]" {
		t.Errorf("program %v", p)
	}
}
