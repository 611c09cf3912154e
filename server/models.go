package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"paw/models"
	"paw/store"
)

// Interpreter is a base that pages may load from this server.
type Interpreter struct {
	ID          string // runtime id
	Name        string
	Interpreter string // meta.json's name for it
	Bytes       int64
	SHA256      string
	Licence     string
	Source      string // where it comes from, for people
	Embedded    bool
	Pull        string // the command that downloads it, when it is not here
	// Open gives its bytes; nil: it is not on this machine.
	Open func() (io.ReadSeekCloser, error)
}

// FileInterpreter opens an interpreter's file.
func FileInterpreter(path string) func() (io.ReadSeekCloser, error) {
	return func() (io.ReadSeekCloser, error) { return os.Open(path) }
}

// chunkSize is how many bytes of a model a page verifies at once.
const chunkSize = 4 << 20

// chunkList lets a page verify a model while it arrives.
type chunkList struct {
	Size   int64    `json:"size"`
	SHA256 string   `json:"sha256"`
	Chunk  int      `json:"chunk"`
	Chunks []string `json:"chunks"`
}

// library serves models by digest.
type library struct {
	list []Interpreter
	mu   sync.Mutex
	done map[string]*chunkList
}

func newLibrary(list []Interpreter) *library {
	return &library{list: list, done: map[string]*chunkList{}}
}

func (l *library) find(digest string) (Interpreter, bool) {
	for _, i := range l.list {
		if i.SHA256 == digest && i.Open != nil {
			return i, true
		}
	}
	return Interpreter{}, false
}

// chunks hashes a model once. The list is made only when the whole file has the digest that it is
// known by.
func (l *library) chunks(i Interpreter) (*chunkList, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.done[i.SHA256]; c != nil {
		return c, nil
	}
	f, err := i.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &chunkList{SHA256: i.SHA256, Chunk: chunkSize}
	whole, buffer := sha256.New(), make([]byte, chunkSize)
	for {
		n, err := io.ReadFull(f, buffer)
		if n > 0 {
			whole.Write(buffer[:n])
			part := sha256.Sum256(buffer[:n])
			c.Chunks = append(c.Chunks, hex.EncodeToString(part[:]))
			c.Size += int64(n)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if got := hex.EncodeToString(whole.Sum(nil)); got != i.SHA256 {
		return nil, fmt.Errorf("server: interpreter %s on disk has sha256 %.12s…, not %.12s…: download it again", i.ID, got, i.SHA256)
	}
	l.done[i.SHA256] = c
	return c, nil
}

// model serves {sha256}.gguf and {sha256}.chunks.json.
func (s *Server) model(w http.ResponseWriter, r *http.Request) error {
	readable(w)
	name := r.PathValue("file")
	digest, rest, _ := strings.Cut(name, ".")
	d, err := store.ParseDigest(digest)
	if err != nil {
		return notFound("the model is")
	}
	i, ok := s.models.find(d.String())
	if !ok {
		return notFound("the model is")
	}
	switch rest {
	case "chunks.json":
		c, err := s.models.chunks(i)
		if err != nil {
			return err
		}
		shareable(w)
		text := new(bytes.Buffer)
		fmt.Fprintf(text, `{"size":%d,"sha256":%q,"chunk":%d,"chunks":["%s"]}`, c.Size, c.SHA256, c.Chunk, strings.Join(c.Chunks, `","`))
		w.Header().Set("Content-Type", "application/json")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text.Bytes()))
		return nil
	case "gguf":
		f, err := i.Open()
		if err != nil {
			return err
		}
		defer f.Close()
		shareable(w)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("ETag", `"`+i.SHA256+`"`)
		http.ServeContent(w, r, "", time.Time{}, f)
		return nil
	}
	return notFound("the model is")
}

// interpreters is readable everywhere: a page that embeds a function may name one by its id.
func (s *Server) interpreters(w http.ResponseWriter, _ *http.Request) error {
	readable(w)
	out := []map[string]any{}
	for _, i := range s.models.list {
		compilers := []string{}
		for _, name := range s.order {
			if s.compilers[name].BaseSHA256 == i.SHA256 {
				compilers = append(compilers, name)
			}
		}
		entry := map[string]any{
			"id": i.ID, "name": i.Name, "interpreter": i.Interpreter, "size_bytes": i.Bytes, "sha256": i.SHA256,
			"licence": i.Licence, "source": i.Source, "embedded": i.Embedded, "available": i.Open != nil,
			"url": nil, "chunks_url": nil, "pull": nil, "compilers": compilers,
		}
		if i.Open != nil {
			entry["url"], entry["chunks_url"] = "/models/"+i.SHA256+".gguf", "/models/"+i.SHA256+".chunks.json"
		} else if i.Pull != "" {
			entry["pull"] = i.Pull
		}
		out = append(out, entry)
	}
	return reply(w, http.StatusOK, map[string]any{"interpreters": out})
}

func (s *Server) runtime(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	m, err := models.Manifest(id)
	if err != nil {
		return notFound("runtime")
	}
	// The embedded interpreter has no publisher but this server.
	for _, i := range s.models.list {
		if i.ID != id || !i.Embedded {
			continue
		}
		for _, at := range []**models.BaseModel{&m.LocalSDK.BaseModel, &m.JSSDK.BaseModel} {
			if *at != nil && (*at).URL == "" {
				own := **at
				own.URL = scheme(r) + "://" + r.Host + "/models/" + i.SHA256 + ".gguf"
				*at = &own
			}
		}
	}
	return reply(w, http.StatusOK, m)
}

// scheme is that by which the client came. A proxy that ends TLS says so; whoever lies about it only
// gets an address of no use.
func scheme(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",") // the client's own, where proxies stand in a row
	if r.TLS != nil || strings.EqualFold(strings.TrimSpace(first), "https") {
		return "https"
	}
	return "http"
}
