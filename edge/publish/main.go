// Command publish writes what the edge serves into a folder: objects/ for R2, records.json for KV. Run
// it from the module's root, after make web:
//
//	go run ./edge/publish --out build/publish [--data DIR] [--model F.gguf]... [[SLUG=]X.paw]...
//
// Programs are those of the data folder that are public, and the named files. Answers are asked of
// package server, so that the edge gives the same. docs/edge.md says how to upload.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"paw/server"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

// many are a flag that may be given more than once.
type many []string

func (m *many) String() string     { return strings.Join(*m, " ") }
func (m *many) Set(v string) error { *m = append(*m, v); return nil }

func run(args []string) error {
	f := flag.NewFlagSet("publish", flag.ContinueOnError)
	out := f.String("out", "", "`folder` to write; an existing one is added to")
	dist := f.String("site", "web/dist", "the built site; \"\" for none")
	data := f.String("data", "", "data `folder` of a paw serve, whose public programs are published")
	var files many
	f.Var(&files, "model", "publish this interpreter's GGUF `file` too; may be repeated")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *out == "" {
		return errors.New("say where to write: --out DIR")
	}
	w, err := create(*out)
	if err != nil {
		return err
	}
	if *dist != "" {
		if err := w.site(*dist); err != nil {
			return err
		}
	}
	offered, err := interpreters(files)
	if err != nil {
		return err
	}
	folders, done, err := folders(*data, f.Args())
	if err != nil {
		return err
	}
	defer done()
	for _, dir := range folders {
		h, err := server.Reader(server.Options{Dir: dir, Interpreters: offered, Log: note})
		if err != nil {
			return err
		}
		if err := w.answers(h); err != nil {
			return err
		}
	}
	if err := w.models(offered); err != nil {
		return err
	}
	return w.finish()
}

func note(format string, a ...any) { fmt.Fprintf(os.Stderr, "publish: "+format+"\n", a...) }

// folders are the data folders to read: the user's, and one made of the named files.
func folders(data string, files []string) (dirs []string, done func(), err error) {
	if data != "" {
		dirs = append(dirs, data)
	}
	own, err := os.MkdirTemp("", "paw-publish-")
	if err != nil {
		return nil, nil, err
	}
	done = func() { os.RemoveAll(own) }
	for _, dir := range []string{"programs", "objects"} {
		if err := os.Mkdir(filepath.Join(own, dir), 0o755); err != nil {
			done()
			return nil, nil, err
		}
	}
	for _, arg := range files {
		slug, path, named := strings.Cut(arg, "=")
		if !named {
			slug, path = "", arg
		}
		text, err := os.ReadFile(path)
		if err == nil {
			err = server.Keep(own, slug, text)
		}
		if err != nil {
			done()
			return nil, nil, fmt.Errorf("%s: %w", arg, err)
		}
	}
	return append(dirs, own), done, nil
}
