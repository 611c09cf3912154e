package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"paw/arch"
	"paw/gguf"
	"paw/pawfile"
)

const inspectHelp = `Shows what a program or model file holds, after checking it as a loader would.`

type inspectedProgram struct {
	Kind          string        `json:"kind"` // "program"
	Meta          *pawfile.Meta `json:"meta"`
	Template      string        `json:"prompt_template"`
	PseudoProgram string        `json:"pseudo_program,omitempty"`
	Adapter       inspectedGGUF `json:"adapter"`
}

type inspectedGGUF struct {
	Kind     string            `json:"kind"` // "model", "adapter" or "gguf"
	Bytes    int64             `json:"bytes"`
	Version  uint32            `json:"version"`
	Geometry *arch.Geometry    `json:"geometry,omitempty"`
	Metadata map[string]any    `json:"metadata"`
	Tensors  []inspectedTensor `json:"tensors"`
	Problem  string            `json:"problem,omitempty"`
}

type inspectedTensor struct {
	Name   string   `json:"name"`
	Dims   []uint64 `json:"dims"`
	Type   string   `json:"type"`
	Offset int64    `json:"offset"`
	Bytes  int64    `json:"bytes"`
}

func inspectCommand(_ context.Context, c *console, args []string) error {
	f := newFlags(c, "inspect", "X.paw | X.gguf", inspectHelp)
	tensors := f.Bool("tensors", false, "list every tensor")
	c = &console{c.in, plain{c.out}, c.err} // whoever made the file has a say in what is printed
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return misuse("name one file")
	}
	file, err := os.Open(rest[0])
	if err != nil {
		return misuse("%v", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	var magic [4]byte
	if _, err := file.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(magic[:]) == "GGUF" {
		g, err := inspectGGUF(file, info.Size())
		if err != nil {
			return err
		}
		if *f.json {
			return printJSON(c.out, g)
		}
		g.print(c.out, *tensors)
		return nil
	}
	p, err := pawfile.Read(file, info.Size())
	if err != nil {
		return err
	}
	a, err := inspectGGUF(p.AdapterReader(), int64(len(p.Adapter)))
	if err != nil {
		return err
	}
	if *f.json {
		return printJSON(c.out, inspectedProgram{"program", &p.Meta, p.Template, p.PseudoProgram, *a})
	}
	fmt.Fprintf(c.out, "program %s\n  interpreter  %s (%s)\n  compiler     %s\n", p.Meta.ProgramID, p.Meta.Interpreter, p.Meta.RuntimeID, p.Meta.CompilerSnapshot)
	if len(p.Meta.Labels) > 0 {
		fmt.Fprintf(c.out, "  labels       %s\n", strings.Join(p.Meta.Labels, ", "))
	}
	fmt.Fprintf(c.out, "\nprompt:\n%s\n\nadapter:\n", indent(p.Template))
	a.print(c.out, *tensors)
	r, err := reportOf(p)
	if err == nil && r != nil {
		fmt.Fprintf(c.out, "\nreport:\n%s", r)
	}
	return err
}

func indent(s string) string { return "  | " + strings.ReplaceAll(s, "\n", "\n  | ") }

func inspectGGUF(r io.ReaderAt, size int64) (*inspectedGGUF, error) {
	f, err := gguf.Parse(r, size)
	if err != nil {
		return nil, err
	}
	out := &inspectedGGUF{Kind: "gguf", Bytes: size, Version: f.Version, Metadata: map[string]any{}}
	if kind, ok := f.String("general.type"); ok {
		out.Kind = kind
	}
	if out.Kind == "model" {
		g, err := arch.FromGGUF(f)
		if err != nil {
			out.Problem = err.Error()
		} else {
			out.Geometry = &g
		}
	}
	for _, k := range f.Keys() {
		v, _ := f.Value(k)
		if n, isArray := f.Len(k); isArray {
			v = fmt.Sprintf("%d values", n)
		}
		out.Metadata[k] = v
	}
	for _, t := range f.Tensors {
		out.Tensors = append(out.Tensors, inspectedTensor{t.Name, t.Dims, t.Type.String(), t.Offset, t.Bytes})
	}
	return out, nil
}

func (g *inspectedGGUF) print(w io.Writer, tensors bool) {
	fmt.Fprintf(w, "  GGUF version %d, %s, %.1f MB, %d tensors\n", g.Version, g.Kind, float64(g.Bytes)/1e6, len(g.Tensors))
	if q := g.Geometry; q != nil {
		fmt.Fprintf(w, "  %s: %d layers, width %d, %d heads, ffn %d, vocabulary %d, context %d\n", q.Arch, q.Layers, q.Width, q.Heads, q.FFN, q.Vocab, q.Context)
	}
	if g.Problem != "" {
		fmt.Fprintf(w, "  does not load: %s\n", g.Problem)
	}
	count, bytes := map[string]int{}, map[string]int64{}
	for _, t := range g.Tensors {
		count[t.Type]++
		bytes[t.Type] += t.Bytes
		if tensors {
			fmt.Fprintf(w, "    %-40s %-6s %v\n", t.Name, t.Type, t.Dims)
		}
	}
	for _, name := range []string{"F32", "F16", "Q8_0", "Q4_0", "Q4_K", "Q6_K"} {
		if count[name] > 0 {
			fmt.Fprintf(w, "  %-5s %4d tensors %8.2f MB\n", name, count[name], float64(bytes[name])/1e6)
		}
	}
}
