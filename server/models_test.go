package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paw/models"
)

func TestModelsHaveRangesAndStrongTags(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 600_000) // 9.6 MB: three chunks
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f := start(t, func(o *Options) {
		o.Interpreters = []Interpreter{
			{ID: "m", Name: "M", Bytes: int64(len(data)), SHA256: digest, Open: FileInterpreter(path)},
			{ID: "absent", Name: "A", Bytes: 5, SHA256: baseDigest, Pull: "paw models pull absent"},
		}
	})
	url, tag := "/models/"+digest+".gguf", `"`+digest+`"`
	for name, c := range map[string]struct {
		headers []string
		status  int
		body    []byte
	}{
		"whole":         {nil, 200, data},
		"range":         {[]string{"Range: bytes=5-9"}, 206, data[5:10]},
		"tail":          {[]string{"Range: bytes=-3"}, 206, data[len(data)-3:]},
		"resume":        {[]string{"Range: bytes=9000000-", "If-Range: " + tag}, 206, data[9_000_000:]},
		"changed":       {[]string{"Range: bytes=5-9", `If-Range: "other"`}, 200, data},
		"beyond":        {[]string{"Range: bytes=99999999-"}, 416, nil},
		"known already": {[]string{"If-None-Match: " + tag}, 304, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := http.NewRequest("GET", f.URL+url, nil)
			for _, h := range c.headers {
				k, v, _ := bytes.Cut([]byte(h), []byte(": "))
				r.Header.Set(string(k), string(v))
			}
			a, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			body, _ := io.ReadAll(a.Body)
			if a.StatusCode != c.status || c.body != nil && !bytes.Equal(body, c.body) {
				t.Errorf("%d with %d bytes, want %d with %d", a.StatusCode, len(body), c.status, len(c.body))
			}
			if c.status == 200 && a.Header.Get("ETag") != tag {
				t.Errorf("tag %q", a.Header.Get("ETag"))
			}
		})
	}
	list := f.want(200, "GET", "/models/"+digest+".chunks.json", "")
	chunks := list["chunks"].([]any)
	if list["size"] != float64(len(data)) || list["sha256"] != digest || len(chunks) != 3 {
		t.Fatalf("chunk list %v", list)
	}
	last := sha256.Sum256(data[2*chunkSize:])
	if chunks[2] != hex.EncodeToString(last[:]) {
		t.Error("the last chunk has another digest")
	}
	offers := f.want(200, "GET", "/api/v1/interpreters", "")["interpreters"].([]any)
	if a := offers[1].(map[string]any); a["available"] != false || a["url"] != nil || a["pull"] != "paw models pull absent" {
		t.Errorf("an interpreter that is not here: %v", a)
	}
}

func TestChunkListOfADamagedFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(path, []byte("not those bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := start(t, func(o *Options) {
		o.Interpreters = []Interpreter{{ID: "m", Bytes: 15, SHA256: baseDigest, Open: FileInterpreter(path)}}
	})
	f.want(500, "GET", "/models/"+baseDigest+".chunks.json", "")
}

func TestManifestNamesTheSchemeOfTheClient(t *testing.T) {
	with := func(o *Options) {
		o.Interpreters = []Interpreter{{ID: models.MiniID, SHA256: baseDigest, Embedded: true}}
	}
	f := start(t, with)
	secure := httptest.NewTLSServer(f.server.Handler())
	defer secure.Close()
	for name, c := range map[string]struct{ url, forwarded, want string }{
		"plain":                     {f.URL, "", "http://"},
		"a proxy with TLS":          {f.URL, "https", "https://"},
		"two proxies":               {f.URL, "HTTPS, http", "https://"},
		"a proxy without TLS":       {f.URL, "http", "http://"},
		"plain, TLS further inside": {f.URL, "http, https", "http://"},
		"TLS of its own":            {secure.URL, "", "https://"},
		"rubbish":                   {f.URL, "javascript", "http://"},
	} {
		r, err := http.NewRequest("GET", c.url+"/api/v1/models/runtimes/"+models.MiniID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-Proto", c.forwarded)
		}
		a, err := secure.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(a.Body)
		a.Body.Close()
		if want := `"url":"` + c.want + r.Host + "/models/" + baseDigest + `.gguf"`; !strings.Contains(string(text), want) {
			t.Errorf("%s: no %s in %s", name, want, text)
		}
	}
}
