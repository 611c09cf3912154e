package function

import (
	"context"
	"errors"
	"math"

	"paw/engine"
	"paw/tokenizer"
)

// text decodes greedily until a control token (EOS among them) or the limit. Only tokens are taken that the
// program's format allows, and what is missing at the limit is added. Where none of the likely tokens keeps the
// format, the shortest way goes on by one token, whose probability counts as 0.
func (f *Function) text(ctx context.Context, s engine.Session, limit int, filled bool, pieces *stream) (Answer, error) {
	t := f.engine.Tokenizer()
	var out []int32
	var text []byte
	var sum float64
	a := Answer{Stop: StopLimit}
	if filled {
		a.Stop = StopFilled
	}
	held := f.format
	for n := 1; ; n++ {
		best, err := next(ctx, t, s, held)
		if errors.Is(err, errNone) { // behind it the interpreter may know better again
			forced := t.Encode(held.rest())
			if len(forced) == 0 || !fits(t, held, forced[0]) {
				break
			}
			best, err = engine.Candidate{Token: forced[0]}, nil
		}
		if err != nil {
			return Answer{}, err
		}
		sum += float64(best.Prob)
		a.Confidence = sum / float64(n)
		if math.IsNaN(sum) { // no answer: Call says why
			return a, nil
		}
		if t.IsControl(best.Token) {
			a.Stop = StopEnd
			break
		}
		out = append(out, best.Token)
		text = append(text, t.Bytes(best.Token)...)
		if held, _ = held.feed(t.Bytes(best.Token)); held.closed() {
			a.Stop = StopEnd
			break
		}
		if len(out) == limit {
			break
		}
		if pieces.tell != nil {
			pieces.upTo(held.answer(settled(t.Decode(out))))
		}
		if err := s.Prefill(ctx, out[len(out)-1:]); err != nil {
			return Answer{}, err
		}
	}
	a.Tokens = len(out)
	a.Output = held.answer(tokenizer.Text(append(text, held.rest()...)))
	return a, nil
}

// errNone says that no token keeps the format, of those whose probabilities the engine tells.
var errNone = errors.New("function: no token keeps the format")

// few candidates are nearly always enough; an engine that does not tell all is asked for many.
const (
	few  = 16
	many = 512
)

// next is the likeliest token that keeps the format.
func next(ctx context.Context, t *tokenizer.Tokenizer, s engine.Session, held format) (engine.Candidate, error) {
	for _, k := range []int{1, few, many} {
		list, err := s.Top(ctx, k)
		if err != nil {
			return engine.Candidate{}, err
		}
		for _, c := range list {
			if fits(t, held, c.Token) {
				return c, nil
			}
		}
	}
	return engine.Candidate{}, errNone
}

// fits tells whether a text in the format can go on with a token, or end where it is a control token.
func fits(t *tokenizer.Tokenizer, held format, id int32) bool {
	if t.IsControl(id) {
		return held.whole()
	}
	_, ok := held.feed(t.Bytes(id))
	return ok
}
