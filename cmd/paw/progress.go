package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"paw/compiler"
)

// progress shows what a long command is doing: one line that rewrites itself on a terminal, one
// line a stage elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	last     time.Time
	stage    string          // of the line on a terminal
	told     map[string]bool // stages, elsewhere
	width    int
}

func newProgress(c *console) *progress {
	return &progress{w: c.err, terminal: isTerminal(c.err), last: time.Now(), told: map[string]bool{}}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show prints a line, at most ten times a second on a terminal and only on a new stage elsewhere.
func (p *progress) show(stage, line string) {
	if !p.terminal {
		if !p.told[stage] { // folds are trained side by side: their stages take turns
			fmt.Fprintln(p.w, stage)
			p.told[stage] = true
		}
		return
	}
	if stage == p.stage && time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.stage, p.last = stage, time.Now()
	fmt.Fprintf(p.w, "\r%-*s", p.width, line)
	p.width = len(line)
}

// done clears the line.
func (p *progress) done() {
	if p.terminal && p.width > 0 {
		fmt.Fprintf(p.w, "\r%-*s\r", p.width, "")
		p.width = 0
	}
}

func (p *progress) compile(e compiler.Event) {
	stage := string(e.Stage)
	if e.Parts > 1 {
		stage = fmt.Sprintf("%s, part %d of %d", stage, e.Part, e.Parts)
	}
	line := stage
	if e.Total > 0 {
		line = fmt.Sprintf("%s: step %d of %d, loss %.3f", stage, e.Step, e.Total, e.Loss)
	} else if e.Message != "" {
		line = stage + ": " + e.Message
	}
	p.show(stage, line)
}

func (p *progress) bytes(what string) func(done, total int64) {
	return func(done, total int64) {
		p.show(what, fmt.Sprintf("%s: %.1f of %.1f MB (%d %%)", what, float64(done)/1e6, float64(total)/1e6, 100*done/max(total, 1)))
	}
}
