package server

import (
	"fmt"
	"io"
	"net/http"
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
