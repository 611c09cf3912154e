package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paw/compiler"
)

func TestCompileWaitsAndAnswersReady(t *testing.T) {
	f := start(t)
	f.compiler.release <- nil
	a := f.want(200, "POST", "/api/v1/compile", goodSpec)
	if a["status"] != "ready" || a["compiler_snapshot"] != "test-1" || a["cached"] != false || a["runtime_id"] != "r" {
		t.Errorf("answer %v", a)
	}
	again := f.want(200, "POST", "/api/v1/compile", goodSpec)
	if again["cached"] != true || again["program_id"] != a["program_id"] {
		t.Errorf("the same request again: %v", again)
	}
	p := f.want(200, "GET", "/api/v1/programs/"+a["program_id"].(string), "")
	if p["public"] != false || p["spec"] != "Is it urgent? Answer with one of: yes, no." {
		t.Errorf("program %v", p)
	}
}

func TestSlowCompileAnswers202UntilReady(t *testing.T) {
	f := start(t, func(o *Options) { o.SyncWait = 20 * time.Millisecond })
	a := f.want(202, "POST", "/api/v1/compile", goodSpec)
	id := a["program_id"].(string)
	if a["status"] != "compiling" {
		t.Errorf("answer %v", a)
	}
	status, _, header := f.do("GET", "/api/v1/programs/"+id+"/download", "")
	if status != 202 || header.Get("Retry-After") == "" {
		t.Errorf("download meanwhile: %d %v", status, header)
	}
	f.compiler.release <- nil
	for range 200 {
		if status, _, header = f.do("GET", "/api/v1/programs/"+id+"/download", ""); status == 200 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if status != 200 || header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(header.Get("Cache-Control"), "immutable") {
		t.Errorf("download at last: %d %v", status, header)
	}
}

func TestDroppedClientDoesNotCancel(t *testing.T) {
	f := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, "POST", f.URL+"/api/v1/compile", strings.NewReader(goodSpec))
	r.Header.Set("Content-Type", "application/json")
	gone := make(chan error, 1)
	go func() { _, err := http.DefaultClient.Do(r); gone <- err }()
	<-f.compiler.begun
	cancel()
	if err := <-gone; err == nil {
		t.Fatal("the request was answered")
	}
	f.compiler.release <- nil
	if a := f.want(200, "POST", "/api/v1/compile", goodSpec); a["status"] != "ready" {
		t.Errorf("after the client had gone: %v", a)
	}
	if n := len(f.compiler.begun); n != 0 {
		t.Errorf("it was compiled %d times more", n)
	}
}

// sse reads events as "name data" lines until the stream ends.
func (f *fixture) sse(job string) <-chan string {
	out := make(chan string, 100)
	answer, err := http.Get(f.URL + "/api/v1/compile/" + job + "/events")
	if err != nil {
		f.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		f.Errorf("events have type %q", kind)
	}
	go func() {
		defer close(out)
		defer answer.Body.Close()
		name := ""
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if n, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = n
			} else if d, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out <- name + " " + d
			}
		}
	}()
	return out
}

func TestEventsAreReplayedThenLive(t *testing.T) {
	f := start(t)
	job := f.want(202, "POST", "/api/v1/compile/async", goodSpec)["job_id"].(string)
	<-f.compiler.begun
	live := f.sse(job)
	for i := range 3 {
		if e := <-live; !strings.HasPrefix(e, "progress ") || !strings.Contains(e, `"loss":`) {
			t.Errorf("event %d: %s", i, e)
		}
	}
	f.compiler.release <- nil
	if e := <-live; !strings.HasPrefix(e, "ready ") {
		t.Errorf("last event %s", e)
	}
	if e, more := <-live; more {
		t.Errorf("after the end: %s", e)
	}
	var late []string
	for e := range f.sse(job) {
		late = append(late, e)
	}
	if len(late) != 4 || !strings.HasPrefix(late[3], "ready ") {
		t.Errorf("a late page sees %q", late)
	}
	if j := f.want(200, "GET", "/api/v1/compile/"+job, ""); j["status"] != "ready" || j["percent"] != 100.0 || j["completed_at"] == nil {
		t.Errorf("job %v", j)
	}
}

func TestCancel(t *testing.T) {
	f := start(t)
	running := f.want(202, "POST", "/api/v1/compile/async", goodSpec)["job_id"].(string)
	<-f.compiler.begun
	waiting := f.want(202, "POST", "/api/v1/compile/async", strings.Replace(goodSpec, "urgent", "nice", 1))["job_id"].(string)
	events := f.sse(running)
	f.want(200, "DELETE", "/api/v1/compile/"+waiting, "")
	f.want(200, "DELETE", "/api/v1/compile/"+running, "")
	last := ""
	for e := range events {
		last = e
	}
	if last != "cancelled {}" {
		t.Errorf("last event %q", last)
	}
	for _, id := range []string{running, waiting} {
		if j := f.want(200, "GET", "/api/v1/compile/"+id, ""); j["status"] != "cancelled" {
			t.Errorf("job %v", j)
		}
		f.want(409, "DELETE", "/api/v1/compile/"+id, "")
	}
	f.compiler.release <- nil // a cancelled request may be asked again
	f.want(200, "POST", "/api/v1/compile", goodSpec)
}

func TestFailureIsTold(t *testing.T) {
	f := start(t)
	f.compiler.release <- errors.New("no examples to train on")
	a := f.want(500, "POST", "/api/v1/compile", goodSpec)
	if !strings.Contains(a["message"].(string), "no examples to train on") {
		t.Errorf("answer %v", a)
	}
}

// What does not fit the interpreter is the request's fault, not the server's.
func TestAnExampleThatIsTooLongIsTheRequestsFault(t *testing.T) {
	f := start(t)
	f.compiler.release <- fmt.Errorf("example 1: %w", compiler.ErrContext)
	a := f.want(422, "POST", "/api/v1/compile", goodSpec)
	if !strings.Contains(a["message"].(string), "example 1") {
		t.Errorf("answer %v", a)
	}
}

func TestRestartTakesUpJobs(t *testing.T) {
	f := start(t)
	job := f.want(202, "POST", "/api/v1/compile/async", goodSpec)["job_id"].(string)
	<-f.compiler.begun
	f.want(202, "POST", "/api/v1/compile/async", strings.Replace(goodSpec, "urgent", "nice", 1))
	if err := f.server.Close(); err != nil {
		t.Fatal(err)
	}
	f.want(503, "POST", "/api/v1/compile/async", strings.Replace(goodSpec, "urgent", "new", 1))
	// What a crash leaves beside: half-written files and rubbish.
	os.WriteFile(filepath.Join(f.dir, "jobs", "0123456789abcdef0123.json"), []byte(`{"job_id":"0123`), 0o600)
	os.WriteFile(filepath.Join(f.dir, "programs", "0123456789abcdef0123.json"), []byte(`{}`), 0o600)

	c := newSlow()
	c.release <- nil
	c.release <- nil
	s, err := New(options(f.dir, c))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 400 {
		if s.programs.has(job) && len(s.programs.all("")) == 2 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if n := len(s.programs.all("")); n != 2 {
		t.Errorf("%d programs after the restart, want 2", n)
	}
}

func TestFullQueue(t *testing.T) {
	f := start(t)
	spec := func(i string) string { return strings.Replace(goodSpec, "urgent", "urgent"+i, 1) }
	f.want(202, "POST", "/api/v1/compile/async", spec("0"))
	<-f.compiler.begun
	f.want(202, "POST", "/api/v1/compile/async", spec("1"))
	f.want(202, "POST", "/api/v1/compile/async", spec("2"))
	f.want(202, "POST", "/api/v1/compile/async", spec("2")) // the same job takes no new place
	status, a, header := f.do("POST", "/api/v1/compile/async", spec("3"))
	if status != 429 || header.Get("Retry-After") == "" || a["error"] != "queue_full" {
		t.Errorf("%d %v %v", status, a, header)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	f := start(t, func(o *Options) { o.Hosts = []string{"paw.example", "Box.:7717", "[2001:db8::1]:7717"} })
	for name, c := range map[string]struct {
		status             int
		method, path, body string
		headers            []string
	}{
		"short spec":            {422, "POST", "/api/v1/compile", `{"spec":"x"}`, nil},
		"broken JSON":           {400, "POST", "/api/v1/compile", `{"spec":`, nil},
		"unknown compiler":      {400, "POST", "/api/v1/compile", `{"spec":"Is it urgent or not?","compiler":"magic"}`, nil},
		"bad slug":              {422, "POST", "/api/v1/compile", `{"spec":"Is it urgent or not?","slug":"../x"}`, nil},
		"form":                  {415, "POST", "/api/v1/compile", "spec=x", []string{"Content-Type: application/x-www-form-urlencoded"}},
		"text":                  {415, "POST", "/api/v1/compile", goodSpec, []string{"Content-Type: text/plain"}},
		"too large":             {413, "POST", "/api/v1/compile", `{"spec":"` + strings.Repeat("x", 2<<20) + `"}`, nil},
		"other origin":          {403, "POST", "/api/v1/compile", goodSpec, []string{"Origin: http://evil.example"}},
		"cross-site fetch":      {403, "POST", "/api/v1/compile", goodSpec, []string{"Sec-Fetch-Site: cross-site"}},
		"delete cross-site":     {403, "DELETE", "/api/v1/programs/0123456789abcdef", "", []string{"Sec-Fetch-Site: same-site"}},
		"rebound name":          {421, "GET", "/api/v1/health", "", []string{"Host: evil.example"}},
		"rebound name, port":    {421, "GET", "/api/v1/programs", "", []string{"Host: evil.example:80"}},
		"another address":       {421, "GET", "/api/v1/health", "", []string{"Host: 192.0.2.1"}},
		"allowed name":          {200, "GET", "/api/v1/health", "", []string{"Host: paw.example:8080"}},
		"allowed with a port":   {200, "GET", "/api/v1/health", "", []string{"Host: box:9"}},
		"allowed, no port":      {200, "GET", "/api/v1/health", "", []string{"Host: BOX"}},
		"allowed address":       {200, "GET", "/api/v1/health", "", []string{"Host: [2001:db8::1]:80"}},
		"loopback name":         {200, "GET", "/api/v1/health", "", []string{"Host: localhost:9"}},
		"loopback v6":           {200, "GET", "/api/v1/health", "", []string{"Host: [::1]:9"}},
		"unknown endpoint":      {404, "GET", "/api/v1/nothing", "", nil},
		"unknown job":           {404, "GET", "/api/v1/compile/0123456789abcdef0123", "", nil},
		"traversal id":          {404, "GET", "/api/v1/programs/..%2f..%2fetc%2fpasswd/download", "", nil},
		"traversal slug":        {404, "GET", "/api/v1/programs/resolve/..%2fx", "", nil},
		"slug of somebody":      {404, "GET", "/api/v1/programs/resolve/other/name", "", nil},
		"bad version":           {404, "GET", "/api/v1/programs/resolve/name@v0", "", nil},
		"traversal model":       {404, "GET", "/models/..%2fjobs", "", nil},
		"unknown model":         {404, "GET", "/models/" + baseDigest + ".gguf", "", nil},
		"import of rubbish":     {422, "POST", "/api/v1/programs", "PK rubbish", []string{"Content-Type: application/zip"}},
		"import without a type": {415, "POST", "/api/v1/programs", "PK rubbish", nil},
	} {
		t.Run(name, func(t *testing.T) {
			status, a, header := f.do(c.method, c.path, c.body, c.headers...)
			if status != c.status {
				t.Errorf("%d %v, want %d", status, a, c.status)
			}
			if status >= 400 && (a["message"] == nil || a["message"] == "" || a["detail"] != a["message"] || a["request_id"] == nil) {
				t.Errorf("the error says too little: %v", a)
			}
			if header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", header)
			}
		})
	}
	if n := len(f.compiler.begun); n != 0 {
		t.Errorf("%d refused requests were compiled", n)
	}
}

func TestSlugsAndVersions(t *testing.T) {
	f := start(t)
	with := func(word, extra string) string {
		return strings.Replace(strings.Replace(goodSpec, "urgent", word, 1), `{`, `{`+extra+`,`, 1)
	}
	a := f.compiled(with("red", `"slug":"colour"`))
	b := f.compiled(with("blue", `"slug":"colour","name":"Blue"`))
	for ref, id := range map[string]string{"colour": b, "local/colour": b, "local%2Fcolour": b, "colour@v1": a, "local/colour@v2": b, a: a} {
		if got := f.want(200, "GET", "/api/v1/programs/resolve/"+ref, "")["program_id"]; got != id {
			t.Errorf("%s is %v, want %s", ref, got, id)
		}
	}
	f.want(404, "GET", "/api/v1/programs/resolve/colour@v3", "")
	if v := f.want(200, "GET", "/api/v1/programs/colour/versions", ""); v["main_version"] != 2.0 || len(v["versions"].([]any)) != 2 {
		t.Errorf("versions %v", v)
	}
	if p := f.want(200, "PATCH", "/api/v1/programs/"+a, `{"slug":"red","public":true}`); p["slug"] != "local/red" || p["version"] != 1.0 || p["public"] != true {
		t.Errorf("patched %v", p)
	}
	if p := f.want(200, "PATCH", "/api/v1/programs/"+b, `{"tags":["x"]}`); p["name"] != "Blue" || p["slug"] != "local/colour" {
		t.Errorf("a patch changed what it did not name: %v", p)
	}
	if l := f.want(200, "GET", "/api/v1/programs?q=blue&per_page=1", ""); l["total"] != 1.0 {
		t.Errorf("list %v", l)
	}
	f.want(200, "DELETE", "/api/v1/programs/"+a, "")
	f.want(404, "GET", "/api/v1/programs/"+a+"/download", "")
	// A program that was downloaded may be handed in again.
	_, body, _ := f.do("GET", "/api/v1/programs/"+b+"/download", "")
	f.want(200, "DELETE", "/api/v1/programs/"+b, "")
	f.want(201, "POST", "/api/v1/programs", body["text"].(string), "Content-Type: application/zip")
	f.want(200, "GET", "/api/v1/programs/"+b+"/download", "")
}

func TestOfficialCompilerNamesMeanTheDefault(t *testing.T) {
	f := start(t)
	f.compiled(strings.Replace(goodSpec, `"test"`, `"paw-4b-gpt2"`, 1))
	c := f.want(200, "GET", "/api/v1/models/compilers", "")["compilers"].([]any)
	if len(c) != 1 || c[0].(map[string]any)["latest_snapshot"] != "test-1" {
		t.Errorf("compilers %v", c)
	}
}

func TestCompilerThatDoesNotOpen(t *testing.T) {
	f := start(t, func(o *Options) {
		o.Compilers[0].Open = func(context.Context) (compiler.Compiler, error) { return nil, errors.New("the file is gone") }
	})
	if a := f.want(503, "POST", "/api/v1/compile", goodSpec); !strings.Contains(a["message"].(string), "the file is gone") {
		t.Errorf("answer %v", a)
	}
}

// The advice must work when it is followed to the letter.
func TestTheAdviceForAnUnknownNameWorks(t *testing.T) {
	a := start(t).want(421, "GET", "/api/v1/health", "", "Host: box.example:7717")
	_, advice, ok := strings.Cut(a["message"].(string), "--host ")
	if !ok || strings.Contains(a["message"].(string), ":7717") {
		t.Fatalf("message %q", a["message"])
	}
	f := start(t, func(o *Options) { o.Hosts = []string{advice} })
	f.want(200, "GET", "/api/v1/health", "", "Host: box.example:7717")
}

// What a killed server left half written is gone when the next one starts.
func TestLeftoversAreSwept(t *testing.T) {
	var left string
	start(t, func(o *Options) {
		left = filepath.Join(o.Dir, "objects", "objects", ".paw-tmp-1")
		if err := os.MkdirAll(filepath.Dir(left), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", left, err)
	}
}
