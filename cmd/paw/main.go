// Command paw compiles English descriptions into small programs and runs them on this machine.
// This package parses arguments, opens files and prints; every capability lives in a room below.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes, documented in README.md.
const (
	exitOK        = 0
	exitFailed    = 1   // the work failed
	exitUsage     = 2   // the command line is wrong
	exitBadFile   = 3   // a program, model or case file is damaged or does not fit the interpreter
	exitTooLong   = 4   // the input does not fit the interpreter's positions
	exitDownload  = 5   // a download failed or had the wrong bytes
	exitCancelled = 130 // interrupted
)

type command struct {
	name, args, summary string
	run                 func(ctx context.Context, c *console, args []string) error
}

func commands() []command {
	return []command{
		{"compile", "(--spec TEXT | --spec-file F) --out X.paw", "turn a description into a program", compileCommand},
		{"run", "X.paw [INPUT | -]", "answer an input, or each line of standard input with -", runCommand},
		{"eval", "FILE.jsonl", "compile every spec of a file and count right answers on its cases", evalCommand},
		{"inspect", "X.paw | X.gguf", "show what a file holds", inspectCommand},
		{"serve", "", "serve the page and the API on this machine", serveCommand},
		{"models", "list | pull ID", "list interpreters, download one", modelsCommand},
		{"bench", "[make-model DIR]", "measure this machine, or write a random 124M model", benchCommand},
		{"version", "", "print the version", versionCommand},
	}
}

// console is where a command talks: results to out, progress and warnings to err.
type console struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once, as everywhere
	code := execute(ctx, &console{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, c *console, args []string) int {
	if len(args) == 0 {
		usage(c.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(c.out)
		return exitOK
	case "-version", "--version":
		args[0] = "version"
	}
	for _, cmd := range commands() {
		if cmd.name != args[0] {
			continue
		}
		err := cmd.run(ctx, c, args[1:])
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		if err != nil {
			fmt.Fprintf(c.err, "paw %s: %s\n", cmd.name, visible(err.Error()))
		}
		return exitCode(ctx, err)
	}
	fmt.Fprintf(c.err, "paw: there is no command %q\n\n", args[0])
	usage(c.err)
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "paw: describe a function in plain English, compile it, run it on your machine.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  paw %-8s %-42s %s\n", c.name, c.args, c.summary)
	}
	fmt.Fprint(w, "\nEvery command takes --help, every one but serve --json. Try:\n\n"+
		"  paw compile --spec 'Is this message urgent? Return ONLY one of: urgent, wait' --out urgent.paw\n"+
		"  paw run urgent.paw 'the server room is on fire'\n")
}
