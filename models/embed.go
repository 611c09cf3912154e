package models

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"sync"
)

// The mini travels in the binary: interpreter, neural compiler (encoder and mapper), tokenizer and
// model card (mini/README.md).
//
//go:embed mini
var mini embed.FS

// MiniID is the runtime id of the embedded interpreter.
const MiniID = "paw-mini-7"

// Errors of a build that carries less.
var (
	ErrNoMini     = errors.New("models: this build has no embedded interpreter: name one with --interpreter")
	ErrNoCompiler = errors.New("models: this build has no embedded neural compiler: choose another with --compiler")
)

// file is an embedded file, hashed when it is first asked for.
type file struct {
	name    string
	missing error

	once   sync.Once
	bytes  []byte
	digest string
}

var (
	interpreter = file{name: MiniID + ".gguf", missing: ErrNoMini}
	encoder     = file{name: MiniID + ".encoder.gguf", missing: ErrNoCompiler}
	mapper      = file{name: MiniID + ".mapper.gguf", missing: ErrNoCompiler}
)

func (f *file) open() (*bytes.Reader, string, error) {
	f.once.Do(func() {
		b, err := mini.ReadFile("mini/" + f.name)
		if err != nil {
			return
		}
		sum := sha256.Sum256(b)
		f.bytes, f.digest = b, hex.EncodeToString(sum[:])
	})
	if f.bytes == nil {
		return nil, "", f.missing
	}
	return bytes.NewReader(f.bytes), f.digest, nil
}

// Mini is the embedded interpreter's file and its SHA-256.
func Mini() (file *bytes.Reader, digest string, err error) { return interpreter.open() }

// MiniCompiler is the embedded interpreter's neural compiler: the encoder's file, the mapper's, and
// a name for these weights.
func MiniCompiler() (encoderFile, mapperFile *bytes.Reader, snapshot string, err error) {
	encoderFile, a, err := encoder.open()
	if err != nil {
		return nil, nil, "", err
	}
	mapperFile, b, err := mapper.open()
	return encoderFile, mapperFile, a[:min(8, len(a))] + b[:min(8, len(b))], err
}
