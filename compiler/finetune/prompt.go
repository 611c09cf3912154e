package finetune

import (
	"strings"

	"paw/compiler/pseudo"
	"paw/function"
	"paw/pawfile"
)

// Training sees exactly the segments that function.Call sees.

// targetPrefix makes targets natural word tokens; runtimes strip it.
const targetPrefix = " "

func (j *job) count(s string) int { return len(j.base.Engine.Tokenizer().EncodeTemplate(s)) }

// pseudoProgram shows as many of the examples as fit.
func (j *job) pseudoProgram(shown []pseudo.Example) string {
	return j.spec.PseudoProgram(shown, j.count)
}

// prompt tokenises the template that shows some examples.
func (j *job) prompt(shown []pseudo.Example) function.Prompt {
	before, after, _ := strings.Cut(pseudo.Template(j.pseudoProgram(shown)), pawfile.Placeholder)
	return function.NewPrompt(j.base.Engine.Tokenizer(), before, after)
}

func (j *job) target(output string) []int32 {
	return function.Target(j.base.Engine.Tokenizer(), targetPrefix, output)
}
