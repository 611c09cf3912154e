package function

import (
	"context"
	"errors"
	"strings"

	"paw/engine"
	"paw/tokenizer"
)

// text decodes greedily until a control token (EOS among them) or the limit. Where the program declares JSON,
// only tokens are taken that can still become it, and what is missing at the limit is added.
func (f *Function) text(ctx context.Context, s engine.Session, limit int, filled bool, pieces *stream) (Answer, error) {
	t := f.engine.Tokenizer()
	var out []int32
	var sum float64
	a := Answer{Stop: StopLimit}
	if filled {
		a.Stop = StopFilled
	}
	var format *jsonText
	if f.json {
		format = &jsonText{}
	}
	for n := 1; ; n++ {
		best, err := next(ctx, t, s, format)
		if errors.Is(err, errNone) {
			break
		}
		if err != nil {
			return Answer{}, err
		}
		sum += float64(best.Prob)
		a.Confidence = sum / float64(n)
		if t.IsControl(best.Token) {
			a.Stop = StopEnd
			break
		}
		out = append(out, best.Token)
		if format != nil {
			if format.feed(t.Bytes(best.Token)); format.closed() {
				a.Stop = StopEnd
				break
			}
		}
		if len(out) == limit {
			break
		}
		if pieces.tell != nil {
			pieces.upTo(settled(t.Decode(out)))
		}
		if err := s.Prefill(ctx, out[len(out)-1:]); err != nil {
			return Answer{}, err
		}
	}
	a.Tokens = len(out)
	a.Output = strings.TrimSpace(t.Decode(out))
	if format != nil {
		a.Output += format.rest()
	}
	return a, nil
}

// errNone says that no token keeps the format, of those whose probabilities the engine tells.
var errNone = errors.New("function: no token keeps the format")

// few candidates are nearly always enough; an engine that does not tell all is asked for many.
const (
	few  = 16
	many = 512
)

// next is the likeliest token that keeps the format (nil: any).
func next(ctx context.Context, t *tokenizer.Tokenizer, s engine.Session, format *jsonText) (engine.Candidate, error) {
	list, err := s.Top(ctx, 1)
	if err != nil {
		return engine.Candidate{}, err
	}
	if format == nil || fits(t, format, list[0].Token) {
		return list[0], nil
	}
	for _, k := range []int{few, many} {
		if list, err = s.Top(ctx, k); err != nil {
			return engine.Candidate{}, err
		}
		for _, c := range list {
			if fits(t, format, c.Token) {
				return c, nil
			}
		}
	}
	return engine.Candidate{}, errNone
}

// fits tells whether a text in the format can go on with a token, or end where it is a control token.
func fits(t *tokenizer.Tokenizer, format *jsonText, id int32) bool {
	if t.IsControl(id) {
		return format.whole()
	}
	after := *format
	text := t.Bytes(id)
	return len(text) > 0 && after.feed(text)
}
