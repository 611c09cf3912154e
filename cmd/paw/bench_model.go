package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"paw/gguf"
	"paw/models/random"
	"paw/pawfile"
	"paw/store"
	"paw/tokenizer/gpt2"
)

// randomPrograms is how many programs make-model writes: as many as a page may well have at once.
const randomPrograms = 10

// makeModel writes an interpreter of GPT-2's size, an adapter for it, and programs, all with random weights.
func makeModel(c *console, dir string, asJSON bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	t, err := gpt2.Tokenizer()
	if err != nil {
		return err
	}
	g := random.GPT2Small()
	var b bytes.Buffer
	if err := random.Base(&b, g, t, random.Options{Seed: 1, Type: gguf.Q8_0}); err != nil {
		return err
	}
	sum := sha256.Sum256(b.Bytes())
	var written []string
	write := func(name string, data []byte) error {
		written = append(written, filepath.Join(dir, name))
		return store.WriteFile(filepath.Join(dir, name), data, 0o644)
	}
	if err := write("gpt2-random-q8_0.gguf", b.Bytes()); err != nil {
		return err
	}
	for i := range randomPrograms {
		var adapter bytes.Buffer
		if err := random.Adapter(&adapter, g, 64, uint64(i+1)); err != nil {
			return err
		}
		if i == 0 {
			if err := write("adapter-random.gguf", adapter.Bytes()); err != nil {
				return err
			}
		}
		file, err := randomProgram(i, hex.EncodeToString(sum[:]), adapter.Bytes()).Encode()
		if err != nil {
			return err
		}
		if err := write(fmt.Sprintf("program-%d.paw", i), file); err != nil {
			return err
		}
	}
	if asJSON {
		return printJSON(c.out, map[string]any{"base": written[0], "adapter": written[1], "programs": written[2:]})
	}
	for _, name := range written {
		fmt.Fprintln(c.out, name)
	}
	return nil
}

// randomProgram chooses between four labels behind a text of about 250 tokens. Its answers mean nothing.
func randomProgram(i int, base string, adapter []byte) *pawfile.Program {
	space := " "
	examples := strings.Repeat("Input: the water runs down the wall of the old house\nOutput: later today\n\n", 11)
	text := fmt.Sprintf("[PSEUDO_PROGRAM]\nTask: number %d, when should this be done?\nLabels: now, later, never, always\n\n%s[END_PSEUDO_PROGRAM]", i, examples)
	return &pawfile.Program{
		Meta: pawfile.Meta{
			Version: 4, ProgramID: fmt.Sprintf("%020x", i+1), Spec: fmt.Sprintf("Random program %d", i), Interpreter: "gpt2", CompilerSnapshot: "random",
			CompilerKind: "finetune_lora", RuntimeID: "gpt2-random-q8_0", LoraRank: 64, LoraAlpha: 64, BaseSHA256: base,
			Labels: []string{"now", "later", "never", "always"}, TargetPrefix: &space,
		},
		Template:      text + "\n\n[INPUT]\n" + pawfile.Placeholder + "\n[END_INPUT]",
		PseudoProgram: text,
		Adapter:       adapter,
	}
}
