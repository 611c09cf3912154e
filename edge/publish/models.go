package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"paw/models"
	"paw/server"
)

// interpreters are the embedded one and those of the files.
func interpreters(files []string) ([]server.Interpreter, error) {
	var out []server.Interpreter
	switch file, digest, err := models.Mini(); {
	case err == nil:
		out = append(out, server.Interpreter{
			ID: models.MiniID, Name: "PAW mini", Interpreter: models.MiniID, Bytes: file.Size(), SHA256: digest, Embedded: true,
			Licence: "CC BY 4.0", Source: "trained by this project",
			Open: func() (io.ReadSeekCloser, error) {
				again, _, err := models.Mini()
				return nopCloser{again}, err
			},
		})
	case !errors.Is(err, models.ErrNoMini):
		return nil, err
	}
	for _, path := range files {
		i, err := interpreter(path)
		if err != nil {
			return nil, fmt.Errorf("--model: %w", err)
		}
		out = append(out, i)
	}
	return out, nil
}

// interpreter knows a pinned model by its bytes; another is called as paw serve --model calls it.
func interpreter(path string) (server.Interpreter, error) {
	f, err := os.Open(path)
	if err != nil {
		return server.Interpreter{}, err
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return server.Interpreter{}, err
	}
	digest := hex.EncodeToString(h.Sum(nil))
	i := server.Interpreter{
		ID: "gguf-" + digest[:16], Name: filepath.Base(path), Interpreter: "gpt2", Bytes: size, SHA256: digest,
		Licence: "that of its file", Source: "a file of the publisher", Open: server.FileInterpreter(path),
	}
	if p, ok := models.ByDigest(digest); ok {
		i.ID, i.Name, i.Interpreter, i.Source = p.ID, p.Name, p.Interpreter, p.URL
		i.Licence = "not declared by its publisher; GPT-2 itself: MIT"
	}
	return i, nil
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }
