package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"paw/compiler"
	"paw/compiler/finetune"
	"paw/compiler/neural"
	"paw/engine/simd"
	"paw/models"
	"paw/pawfile"
)

// The compilers of the embedded mini. The first is the default.
const (
	neuralCompiler = "paw-mini"        // one forward pass, and a few steps on the examples
	refineCompiler = "paw-mini-refine" // the same with a full training
	tuneCompiler   = "paw-ft-mini"     // gradient steps alone
)

// base is a loaded interpreter.
type base struct {
	finetune.Base
	file *os.File // nil for the embedded mini
}

func (b *base) Close() error {
	err := b.Engine.Close()
	if b.file != nil {
		err = errors.Join(err, b.file.Close())
	}
	return err
}

// openBase loads an interpreter: the embedded mini (""), a file, or a downloaded model by its id.
func openBase(ctx context.Context, name string, progress func(done, total int64)) (*base, error) {
	if name == "" || name == models.MiniID {
		file, digest, err := models.Mini()
		if err != nil {
			return nil, err
		}
		return load(ctx, &base{Base: finetune.Base{RuntimeID: models.MiniID, Interpreter: models.MiniID, SHA256: digest, Source: file}}, progress)
	}
	path, id, interpreter := name, "", "gpt2"
	if _, err := os.Stat(name); err != nil {
		library, err := models.Default()
		if err != nil {
			return nil, err
		}
		if path, err = library.Path(name); err != nil {
			if errors.Is(err, models.ErrUnknown) {
				return nil, misuse("%q is neither a file nor a known model", name)
			}
			if !runs(library.Interpreter(name)) {
				return nil, misuse("%s runs in pages only (engine wllama): choose another interpreter", name)
			}
			return nil, err
		}
		id = name
		interpreter = library.Interpreter(name)
	}
	return openFile(ctx, path, id, interpreter, progress)
}

// digestOf is the SHA-256 and the size of a file.
func digestOf(path string) (digest string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, fmt.Errorf("reading %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// openFile loads a GGUF from disk. Its runtime id comes from its digest when it has no other.
func openFile(ctx context.Context, path, id, interpreter string, progress func(done, total int64)) (*base, error) {
	digest, size, err := digestOf(path)
	if err != nil {
		return nil, err
	}
	if library, err := models.Default(); err == nil { // without a folder for downloads there are none
		if err := library.Check(path, digest); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = "gguf-" + digest[:16]
	}
	b := &base{file: f, Base: finetune.Base{RuntimeID: id, Interpreter: interpreter, SHA256: digest, Source: io.NewSectionReader(f, 0, size)}}
	return load(ctx, b, progress)
}

func load(ctx context.Context, b *base, progress func(done, total int64)) (*base, error) {
	host, err := simd.NewWazeroHost(ctx)
	if err == nil {
		var e *simd.Engine
		if e, err = simd.Load(ctx, host, b.Source, progress); err == nil {
			b.Engine = e
			return b, nil
		}
	}
	if b.file != nil {
		err = errors.Join(err, b.file.Close())
	}
	return nil, err
}

// openBaseFor loads the interpreter that a program was compiled for.
func openBaseFor(ctx context.Context, p *pawfile.Program, name string, progress func(done, total int64)) (*base, error) {
	if name != "" {
		return openBase(ctx, name, progress)
	}
	want := p.Meta.BaseSHA256
	if _, digest, err := models.Mini(); err == nil && want == digest {
		return openBase(ctx, "", progress)
	}
	library, err := models.Default()
	if err != nil {
		return nil, err
	}
	if path, ok := library.FindDigest(want); ok {
		return openFile(ctx, path, p.Meta.RuntimeID, p.Meta.Interpreter, progress)
	}
	if want == "" { // made elsewhere: the runtime id is all there is
		if path, err := library.Path(p.Meta.RuntimeID); err == nil {
			return openFile(ctx, path, p.Meta.RuntimeID, p.Meta.Interpreter, progress)
		}
	}
	return nil, missing(library, &p.Meta)
}

// missing says what to do about a program whose interpreter is not here. What the program says of
// itself is quoted: nobody has vouched for it. A download is advised only when it will help.
func missing(l *models.Library, m *pawfile.Meta) error {
	needs := fmt.Sprintf("the program needs interpreter %q", m.RuntimeID)
	if m.BaseSHA256 != "" {
		needs += fmt.Sprintf(" (sha256 %.12q…)", m.BaseSHA256)
	}
	for _, p := range l.Pins {
		if p.SHA256 != m.BaseSHA256 && (m.BaseSHA256 != "" || p.ID != m.RuntimeID) {
			continue
		}
		if !runs(p.Interpreter) {
			return fmt.Errorf("%s, which runs in pages only (engine wllama): compile it again to run it here", needs)
		}
		return fmt.Errorf("%s, which is not here: paw models pull %s, or give its file with --interpreter FILE", needs, p.ID)
	}
	return fmt.Errorf("%s, which is not here: compile it again, or give its interpreter with --interpreter FILE", needs)
}

// runs tells whether the engine of this command loads a known model, by meta.json's name for it.
func runs(interpreter string) bool { return interpreter == "gpt2" || interpreter == models.MiniID }

// making describes a way to make programs, for lists of compilers.
type making struct {
	name, description, kind string
	neural                  bool
	effort                  finetune.Effort // of a neural one
}

// miniCompilers are the compilers of the embedded mini, the default first.
var miniCompilers = []making{
	{neuralCompiler, "makes an adapter from the description and touches it up on its examples, in a second, on this machine", "mapper_lora", true, finetune.Brief},
	{refineCompiler, "the same, then trains it on the description's examples for longer", "finetune_lora", true, finetune.Full},
	{tuneCompiler, trainedDescription, "finetune_lora", false, finetune.Full},
}

const trainedDescription = "trains an adapter on the description's examples, on this machine"

// makings are the compilers for a base.
func (b *base) makings() []making {
	if b.RuntimeID == models.MiniID {
		return miniCompilers
	}
	return []making{tuning(b.RuntimeID)}
}

// tuning is the compiler for a base that has no neural one.
func tuning(id string) making {
	return making{"paw-ft-" + id, trainedDescription, "finetune_lora", false, finetune.Full}
}

// open makes the compiler for a loaded base.
func (m making) open(b finetune.Base) (compiler.Compiler, error) {
	if !m.neural {
		return finetune.New(m.name, b), nil
	}
	encoder, mapper, snapshot, err := models.MiniCompiler()
	if err != nil {
		return nil, err
	}
	start, err := neural.Load(encoder, mapper, b.Engine.Geometry(), b.Engine.Tokenizer(), b.SHA256, snapshot)
	if err != nil {
		return nil, err
	}
	return finetune.NewFrom(m.name, b, start, m.effort), nil
}

// compilers are those that this machine has for a base.
func compilers(b *base) (*compiler.Registry, error) {
	var r compiler.Registry
	for _, m := range b.makings() {
		err := r.Add(compiler.Info{Name: m.name, Description: m.description, Kind: m.kind, RuntimeID: b.RuntimeID},
			func(context.Context) (compiler.Compiler, error) { return m.open(b.Base) })
		if err != nil {
			return nil, err
		}
	}
	return &r, nil
}

// openCompiler loads an interpreter and finds a compiler for it by name.
func openCompiler(ctx context.Context, interpreter, name string, show *progress) (*base, compiler.Compiler, error) {
	b, err := openBase(ctx, interpreter, show.bytes("loading the interpreter"))
	if err != nil {
		return nil, nil, err
	}
	r, err := compilers(b)
	if err != nil {
		return nil, nil, errors.Join(err, b.Close())
	}
	c, err := r.Open(ctx, name)
	if errors.Is(err, compiler.ErrUnknown) {
		err = misuse("%v", err)
	}
	if err != nil {
		return nil, nil, errors.Join(err, b.Close())
	}
	return b, c, nil
}
