package models

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"sync"
)

// The mini travels in the binary: interpreter, tokenizer and model card (mini/README.md).
//
//go:embed mini
var mini embed.FS

// MiniID is the runtime id of the embedded interpreter.
const MiniID = "paw-mini-1"

// ErrNoMini says that this build carries no interpreter.
var ErrNoMini = errors.New("models: this build has no embedded interpreter: name one with --interpreter")

var loadMini = sync.OnceValues(func() ([]byte, error) {
	b, err := mini.ReadFile("mini/" + MiniID + ".gguf")
	if err != nil {
		return nil, ErrNoMini
	}
	return b, nil
})

var miniDigest = sync.OnceValue(func() string {
	b, err := loadMini()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
})

// Mini is the embedded interpreter's file and its SHA-256.
func Mini() (file *bytes.Reader, digest string, err error) {
	b, err := loadMini()
	if err != nil {
		return nil, "", err
	}
	return bytes.NewReader(b), miniDigest(), nil
}
