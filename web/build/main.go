// Command build writes the web site into web/dist, from where package web embeds it. Run it from
// the module's root: go run ./web/build
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"paw/web/bundle"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == "--tests" {
		return bundle.Tests(ctx, ".", args[1])
	}
	if len(args) == 2 && args[0] == "--npm" {
		return bundle.NPM(ctx, ".", "web/dist", args[1])
	}
	if len(args) > 0 {
		return fmt.Errorf("usage: go run ./web/build [--tests DIR | --npm DIR]")
	}
	assets, err := bundle.Build(ctx, ".", "web/dist")
	if err != nil {
		return err
	}
	for _, name := range []string{"paw.wasm", "kernel.wasm", "kernel-relaxed.wasm", "kernel-threads.wasm", "kernel-threads-relaxed.wasm", "worker.js", "thread.js", "page.js", "style.css"} {
		fmt.Printf("%-27s %8d bytes, %7d by brotli\n", name, assets[name].Bytes, assets[name].Brotli)
	}
	if a, ok := assets["wllama.wasm"]; ok {
		fmt.Printf("%-12s %8d bytes, %7d by brotli, loaded when the engine is chosen\n", "wllama.wasm", a.Bytes, a.Brotli)
	} else {
		fmt.Println("without the engine wllama: make wllama web adds it")
	}
	return nil
}
