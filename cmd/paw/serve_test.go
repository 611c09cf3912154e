package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"paw/pawfile"
	"paw/server"
)

// TestServeChild is the server process of the tests below; on its own it does nothing.
func TestServeChild(t *testing.T) {
	args := os.Getenv("PAW_TEST_SERVE")
	if args == "" {
		return
	}
	os.Exit(execute(t.Context(), &console{os.Stdin, os.Stdout, os.Stderr}, strings.Split(args, "\n")))
}

type served struct {
	*exec.Cmd
	url string
}

// serve starts "paw serve" in a process of its own.
func serve(t *testing.T, data string, more ...string) *served {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestServeChild$")
	cmd.Env = append(os.Environ(), "PAW_HOME="+filepath.Join(data, "home"), "PAW_TEST_SERVE="+strings.Join(append([]string{"serve", "--addr", "127.0.0.1:0", "--data", data}, more...), "\n"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url := regexp.MustCompile(`http://\S+`).FindString(line)
	if err != nil || url == "" {
		t.Fatalf("the server said %q: %v", line, err)
	}
	return &served{cmd, url}
}

func call(t *testing.T, method, url, body string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, text
}

// A server that is killed in the middle of a compilation starts cleanly, finishes the job and keeps
// what was finished before.
func TestServeSurvivesKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes and compiles")
	}
	data := t.TempDir()
	var spec strings.Builder
	spec.WriteString("Decide whether a message is urgent.\nAnswer with one of: urgent, wait.\n")
	for i := range 12 {
		fmt.Fprintf(&spec, "Input: message number %d about the server\nOutput: %s\n", i, []string{"urgent", "wait"}[i%2])
	}
	body, err := json.Marshal(map[string]string{"spec": spec.String()})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, data)
	status, text := call(t, "POST", s.url+"/api/v1/compile", `{"spec":"Say yes or no.\nInput: a\nOutput: yes\n"}`)
	var first, second struct {
		ID string `json:"program_id"`
	}
	if err := json.Unmarshal(text, &first); err != nil || status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	for i, wait := range []time.Duration{0, 30 * time.Millisecond, 400 * time.Millisecond, 1200 * time.Millisecond} {
		if status, text := call(t, "POST", s.url+"/api/v1/compile/async", string(body)); status != 202 || json.Unmarshal(text, &second) != nil {
			t.Fatalf("%d %s", status, text)
		}
		time.Sleep(wait)
		s.Process.Kill()
		s.Wait()
		s = serve(t, data)
		if status, _ := call(t, "GET", s.url+"/api/v1/programs/"+first.ID+"/download", ""); status != 200 {
			t.Fatalf("kill %d: the finished program is gone: %d", i, status)
		}
	}
	for range 600 { // nobody asks again: the restarted server does it by itself
		status, text = call(t, "GET", s.url+"/api/v1/programs/"+second.ID+"/download", "")
		if status != 202 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if status != 200 {
		t.Fatalf("after the restart: %d %.200s", status, text)
	}
	p, err := pawfile.Read(strings.NewReader(string(text)), int64(len(text)))
	if err != nil || p.Meta.ProgramID != second.ID {
		t.Errorf("the program is torn: %v", err)
	}
}

func TestServeShowsThePage(t *testing.T) {
	s := serve(t, t.TempDir())
	a, err := http.Get(s.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != 200 || !strings.Contains(string(text), "<h1>") {
		t.Errorf("%d %.100s %v", a.StatusCode, text, err)
	}
	if p := a.Header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || !strings.Contains(p, "require-trusted-types-for 'script'") {
		t.Errorf("policy %q", p)
	}
}

func TestServeIsolatesWhenAsked(t *testing.T) {
	for _, more := range [][]string{nil, {"--isolate"}} {
		s := serve(t, t.TempDir(), more...)
		for _, path := range []string{"/", "/embed.html"} {
			a, err := http.Get(s.url + path)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			got := a.Header.Get("Cross-Origin-Opener-Policy") + " " + a.Header.Get("Cross-Origin-Embedder-Policy")
			if want := map[bool]string{true: "same-origin require-corp", false: " "}[more != nil]; got != want {
				t.Errorf("%s with %v: %q, want %q", path, more, got, want)
			}
		}
	}
}

// A second server changes nothing: neither on a port that is taken, nor on a folder that is in use.
func TestServeTwice(t *testing.T) {
	t.Setenv("PAW_HOME", t.TempDir())
	used, other := t.TempDir(), filepath.Join(t.TempDir(), "new")
	s := serve(t, used)
	if r := paw(t, "", "serve", "--addr", strings.TrimPrefix(s.url, "http://"), "--data", other); r.code != exitFailed || !strings.Contains(r.err, "--addr") {
		t.Errorf("on a port that is taken: %+v", r)
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("a server without a port made its folder")
	}
	if r := paw(t, "", "serve", "--addr", "127.0.0.1:0", "--data", used); r.code != exitFailed || !strings.Contains(r.err, "--data") || !strings.Contains(r.err, "another paw serve") {
		t.Errorf("on a folder that is in use: %+v", r)
	}
	s.Process.Kill()
	s.Wait()
	if status, _ := call(t, "GET", serve(t, used).url+"/api/v1/health", ""); status != 200 {
		t.Errorf("after the kill: %d", status)
	}
}

func TestServePrintsAnAddressThatOpens(t *testing.T) {
	for addr, want := range map[string]string{
		":0": "http://localhost:", "0.0.0.0:0": "http://localhost:", "[::]:0": "http://localhost:", "127.0.0.1:0": "http://127.0.0.1:",
	} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Logf("%s: %v", addr, err) // a machine without IPv6
			continue
		}
		l.Close()
		if got := address(l.Addr()); !strings.HasPrefix(got, want) || strings.HasPrefix(got, want+"0") {
			t.Errorf("%s: %q", addr, got)
		}
	}
}

// An interpreter that only pages run is offered without a compiler; a file that is none ends the start.
func TestOnlyWhatIsTrainedHereHasACompiler(t *testing.T) {
	tiny, write := tinyInterpreter(t), writing(t, t.TempDir())
	data, err := os.ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	other := write("other.gguf", bytes.Replace(data, []byte("gpt2"), []byte("bert"), 1)) // the first is the architecture
	var before, after server.Options
	if err := errors.Join(offer(&before, nil), offer(&after, []string{other, tiny})); err != nil {
		t.Fatal(err)
	}
	if i, c := len(after.Interpreters)-len(before.Interpreters), len(after.Compilers)-len(before.Compilers); i != 2 || c != 1 {
		t.Errorf("two files are %d interpreters and %d compilers more, want 2 and 1", i, c)
	}
	if err := offer(new(server.Options), []string{write("none.gguf", []byte("no GGUF at all"))}); err == nil || !strings.Contains(err.Error(), "none.gguf") {
		t.Errorf("no GGUF: %v", err)
	}
}
