package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"paw/compiler"
	"paw/gguf"
	"paw/models"
	"paw/server"
	"paw/web"
)

const serveHelp = `Serves the page and the API. Programs and jobs are kept in the data folder and
survive a crash; a data folder has one paw serve at a time. Only this machine can
reach it unless --addr says otherwise; behind another name, add that name with
--host. Ctrl-C ends it; what is being compiled then starts again with the next serve.`

// texts are a flag that may be given more than once.
type texts []string

func (t *texts) String() string     { return fmt.Sprint(*t) }
func (t *texts) Set(v string) error { *t = append(*t, v); return nil }

func serveCommand(ctx context.Context, c *console, args []string) error {
	f := newTextFlags(c, "serve", "", serveHelp)
	addr := f.String("addr", "127.0.0.1:7717", "`address` to listen on, port 0 for a free one")
	data := f.String("data", "", "`folder` for programs and jobs (default: server in PAW_HOME, else paw/server in the user's configuration folder)")
	workers := f.Int("workers", 1, "compilations at once")
	isolate := f.Bool("isolate", false, "isolate pages from other origins (COOP and COEP), so that the kernel may use several threads")
	var files, hosts texts
	f.Var(&files, "model", "offer this GPT-2 GGUF `file` as an interpreter too; may be repeated")
	f.Var(&hosts, "host", "another `name` that this server answers to; may be repeated")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return misuse("unexpected argument %q", rest[0])
	}
	if *data == "" {
		if *data, err = dataFolder(); err != nil {
			return err
		}
	}
	o := server.Options{
		Dir: *data, Workers: *workers, Hosts: hosts, Version: version, Site: web.Handler(),
		Log: func(format string, a ...any) { fmt.Fprintf(c.err, format+"\n", a...) },
	}
	if *isolate {
		o.Site = web.Isolated()
	}
	if err := offer(&o, files); err != nil {
		return err
	}
	l, err := net.Listen("tcp", *addr) // before anything is touched, so that a taken port changes nothing
	if err != nil {
		return fmt.Errorf("%w: choose another address with --addr", err)
	}
	s, err := server.New(o)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	return errors.Join(answer(ctx, c, l, s.Handler()), s.Close())
}

// answer serves until ctx ends, and closes l.
func answer(ctx context.Context, c *console, l net.Listener, h http.Handler) error {
	// Requests end with ctx, so that pages which follow a compilation do not hold up the end.
	hs := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	fmt.Fprintf(c.out, "paw: listening on %s\n", address(l.Addr()))
	ended := make(chan error, 1)
	go func() { ended <- hs.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := hs.Shutdown(last); err != nil {
		return hs.Close()
	}
	return nil
}

// address is where a browser on this machine finds the server. Of all addresses the guard knows
// localhost for sure, and no browser opens http://[::].
func address(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok && t.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d (and on every address of this machine)", t.Port)
	}
	return "http://" + a.String()
}

func dataFolder() (string, error) {
	if home := os.Getenv("PAW_HOME"); home != "" {
		return filepath.Join(home, "server"), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", misuse("say where to keep programs: --data DIR (%v)", err)
	}
	return filepath.Join(dir, "paw", "server"), nil
}

// offer lists the interpreters of this machine and a compiler for each that can be compiled for.
func offer(o *server.Options, files []string) error {
	file, digest, err := models.Mini()
	if err != nil && !errors.Is(err, models.ErrNoMini) {
		return err
	}
	if err == nil {
		embedded := make([]byte, file.Size())
		if _, err := file.ReadAt(embedded, 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		o.Interpreters = append(o.Interpreters, server.Interpreter{
			ID: models.MiniID, Name: "PAW mini", Interpreter: models.MiniID, Bytes: file.Size(), SHA256: digest, Embedded: true,
			Licence: "CC BY 4.0", Source: "trained by this project",
			Open: func() (io.ReadSeekCloser, error) { return nopCloser{bytes.NewReader(embedded)}, nil },
		})
		for i, m := range miniCompilers {
			o.Compilers = append(o.Compilers, offered(m, models.MiniID, digest, "", i == 0))
		}
	}
	library, err := models.Default()
	if err != nil {
		return err
	}
	for _, m := range library.List() {
		if m.Embedded {
			continue
		}
		i := server.Interpreter{
			ID: m.ID, Name: m.Name, Interpreter: m.Interpreter, Bytes: m.Bytes, SHA256: m.SHA256,
			Licence: "not declared by its publisher; GPT-2 itself: MIT", Source: m.URL, Pull: "paw models pull " + m.ID,
		}
		if !runs(m.Interpreter) {
			continue // no engine of ours runs it yet
		}
		if m.Installed {
			i.Open = server.FileInterpreter(m.Path)
			o.Compilers = append(o.Compilers, offered(tuning(m.ID), m.ID, m.SHA256, m.Path, false))
		}
		o.Interpreters = append(o.Interpreters, i)
	}
	for _, path := range files {
		kind, err := architecture(path)
		if err != nil {
			return misuse("--model: %v", err)
		}
		d, size, err := digestOf(path)
		if err != nil {
			return misuse("--model: %v", err)
		}
		i := server.Interpreter{
			ID: "gguf-" + d[:16], Name: filepath.Base(path), Interpreter: "gpt2", Bytes: size, SHA256: d,
			Licence: "that of your file", Source: "a file on the server", Open: server.FileInterpreter(path),
		}
		if p, ok := models.ByDigest(d); ok {
			i.ID, i.Name, i.Interpreter = p.ID, p.Name, p.Interpreter
		}
		if at := slices.IndexFunc(o.Interpreters, func(x server.Interpreter) bool { return x.ID == i.ID }); at < 0 {
			o.Interpreters = append(o.Interpreters, i)
		} else if o.Interpreters[at].Open != nil {
			continue // downloaded, too
		} else {
			o.Interpreters[at] = i
		}
		if kind == "gpt2" { // others run in pages, with the engine wllama
			o.Compilers = append(o.Compilers, offered(tuning(i.ID), i.ID, d, path, false))
		}
	}
	if len(o.Compilers) == 0 {
		return fmt.Errorf("%w, or paw models pull gpt2-q8_0", models.ErrNoMini)
	}
	return nil
}

// architecture is what a GGUF says of itself: "gpt2" is trained here.
func architecture(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	file, err := gguf.Parse(f, info.Size())
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	name, _ := file.String("general.architecture")
	return name, nil
}

// offered is a compiler for one base. The base stays loaded from its first use on.
func offered(m making, id, digest, path string, isDefault bool) server.Compiler {
	return server.Compiler{
		Info:       compiler.Info{Name: m.name, Description: m.description, Kind: m.kind, RuntimeID: id},
		BaseSHA256: digest, Default: isDefault,
		Open: func(ctx context.Context) (compiler.Compiler, error) {
			ctx = context.WithoutCancel(ctx) // the next request wants it too
			var b *base
			var err error
			if path == "" {
				b, err = openBase(ctx, "", nil)
			} else {
				b, err = openFile(ctx, path, id, "gpt2", nil)
			}
			if err != nil {
				return nil, err
			}
			if b.SHA256 != digest {
				return nil, errors.Join(fmt.Errorf("%s has changed since the server started: restart it", path), b.Close())
			}
			c, err := m.open(b.Base)
			if err != nil {
				return nil, errors.Join(err, b.Close())
			}
			return c, nil
		},
	}
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }
