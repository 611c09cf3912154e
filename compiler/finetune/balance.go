package finetune

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"paw/function"
	"paw/pawfile"
)

// neutral are short texts of many kinds. No label should win on all of them: where one does, the program
// prefers its name, and the weights of the labels take that preference back ("contextual calibration",
// Zhao et al. 2021, with texts in the place of content-free words).
var neutral = []string{
	"I want to know when the shop opens",
	"The screen of my phone is broken",
	"Play some music, please",
	"How much does it cost to send 2 parcels?",
	"That was the best meal I ever had!",
	"What is the weather like in Paris",
	"please cancel my order",
	"The meeting was moved to Friday at 10:30",
	"He lost his job last week",
	"Can you help me with my account?",
	"The dog ran across the street.",
	"Remind me to call my mother at five",
	"This is terrible, I will never come back",
	"where can I find a good book",
	"The train to London is late again",
	"She bought a new car for 12,000 dollars",
	"ERROR: could not open file /var/log/app.log",
	"2024-03-15 service started",
	"anna.smith@example.com",
	"Thank you so much for your help",
	"help, it is urgent, nothing works any more",
	"apple",
	"to make something better than it was before",
	"x = 42",
}

// strength of the correction: 1 takes the whole preference back, 0 none of it. A long training on examples
// has learned part of the balance from them. (On 30 development programs: 59.4 % right with none, 60.3 % with
// half of it after a full training; on 100 without training 44.8 % with none, 45.8 % with half, 47.4 % with all,
// and after a brief one 66.5 % with half, 67.3 % with all.)
// Larger interpreters were not measured, and their answers cost a quarter of a second each.
func (j *job) strength(trained bool) float64 {
	switch {
	case j.raw || j.base.Engine.Geometry().Width > smallWidth:
		return 0
	case trained && j.effort == Full:
		return 0.5
	}
	return 1
}

// balance weighs a program's labels against what it prefers whatever it is asked. a is the program's adapter.
func (j *job) balance(ctx context.Context, p *pawfile.Program, a *Adapter, trained bool) error {
	strength := j.strength(trained)
	if len(p.Meta.Labels) < 2 || strength == 0 {
		return nil
	}
	mean, err := j.preferences(ctx, p, a)
	if mean == nil || err != nil {
		return err
	}
	weights := make([]float64, len(mean))
	for i, m := range mean {
		weights[i] = math.Pow(max(m, 1e-4), -strength)
	}
	p.Meta.Calibration = &pawfile.Calibration{Weights: rounded(weights)}
	return nil
}

// preferences are the mean shares of a program's labels over the neutral texts; nil where they are not all scored when it
// is called, or where its prompt leaves no room. The trainer computes all texts at once behind one prompt, several times as
// fast as one call after the other.
func (j *job) preferences(ctx context.Context, p *pawfile.Program, a *Adapter) ([]float64, error) {
	tok := j.base.Engine.Tokenizer()
	choices, err := function.NewChoices(tok, p)
	if err != nil {
		return nil, fmt.Errorf("finetune: balance: %w", err)
	}
	if !choices.Whole() {
		return nil, nil
	}
	prompt, branches := function.NewPrompt(tok, p.Prefix(), p.Suffix()), choices.Branches()
	var questions []Question
	for _, text := range neutral {
		input := prompt.Input(text)
		for _, b := range branches {
			q := append(input[:len(input):len(input)], b.Path...)
			if len(prompt.Before)+len(q) >= j.base.Engine.Geometry().Context {
				return nil, nil
			}
			questions = append(questions, Question{q, b.Next})
		}
	}
	m, err := j.weights()
	if err != nil {
		return nil, err
	}
	if a, err = a.Rounded(); err != nil { // as the program's file has it
		return nil, err
	}
	next, err := m.NextProbabilities(ctx, prompt.Before, questions, a)
	if err != nil {
		return nil, fmt.Errorf("finetune: balance: %w", err)
	}
	mean := make([]float64, len(p.Meta.Labels))
	for ; len(next) > 0; next = next[len(branches):] {
		for i, share := range choices.Probabilities(next[:len(branches)]) {
			mean[i] += float64(share / float64(len(neutral)))
		}
	}
	return mean, nil
}

// temper sets the temperature of a program. Its weights were found at 1: they are tempered too.
func temper(p *pawfile.Program, t float32) {
	c := &pawfile.Calibration{Temperature: t}
	if old := p.Meta.Calibration; old != nil && len(old.Weights) > 0 {
		weights := make([]float64, len(old.Weights))
		for i, w := range old.Weights {
			weights[i] = math.Pow(float64(w), 1/float64(t))
		}
		c.Weights = rounded(weights)
	}
	p.Meta.Calibration = c
}

// rounded scales weights to a largest of 1 and rounds them to four digits, so that the last bits of a sum
// do not reach a file.
func rounded(weights []float64) []float32 {
	top := 0.0
	for _, w := range weights {
		top = max(top, w)
	}
	out := make([]float32, len(weights))
	for i, w := range weights {
		x, _ := strconv.ParseFloat(strconv.FormatFloat(max(w/top, 1e-5), 'g', 4, 64), 32)
		out[i] = float32(x)
	}
	return out
}
