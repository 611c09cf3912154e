package main

import (
	"context"
	"fmt"

	"paw/models"
)

const modelsHelp = `list: the known interpreters, and which are here (qwen3-0.6b-q6_k runs in pages only,
with the engine wllama).
pull ID: downloads one, resumable and checked against its SHA-256.
They are kept in PAW_HOME/models (default: paw/models in the user's cache folder).
PAW_MIRROR names a server to get them from instead, such as https://mirror.example.`

func modelsCommand(ctx context.Context, c *console, args []string) error {
	f := newFlags(c, "models", "list | pull ID", modelsHelp)
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	library, err := models.Default()
	if err != nil {
		return err
	}
	switch {
	case len(rest) == 1 && rest[0] == "list":
		list := library.List()
		if *f.json {
			return printJSON(c.out, map[string]any{"models": list})
		}
		for _, m := range list {
			state := "not downloaded"
			if m.Installed {
				state = m.Path
			}
			fmt.Fprintf(c.out, "%-18s %8.1f MB  %s\n", m.ID, float64(m.Bytes)/1e6, state)
		}
		return nil
	case len(rest) == 2 && rest[0] == "pull":
		show := newProgress(c)
		path, err := library.Pull(ctx, rest[1], show.bytes("downloading "+rest[1]))
		show.done()
		if err != nil {
			return err
		}
		if *f.json {
			return printJSON(c.out, map[string]string{"id": rest[1], "path": path})
		}
		fmt.Fprintln(c.out, path)
		return nil
	}
	return misuse("say list or pull ID")
}
