package wllama

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"paw/engine"
	"paw/tokenizer"
)

// session is a list of tokens; the peer finds what it has of them in its cache.
type session struct {
	engine   *Engine
	prefix   *prefix
	tokens   []int32 // the prefix included
	capacity int     // positions, the prefix included
	closed   bool
}

// NewSession implements engine.Engine.
func (e *Engine) NewSession(ctx context.Context, p engine.Prefix, capacity int) (engine.Session, error) {
	own, ok := p.(*prefix)
	switch {
	case !ok || own.engine != e:
		return nil, engine.ErrForeign
	case own.closed:
		return nil, engine.ErrClosed
	case capacity < 1:
		return nil, fmt.Errorf("wllama: a session needs room for at least one token, not %d", capacity)
	}
	all := own.Len() + capacity
	if all > e.geometry.Context {
		return nil, &engine.ContextError{Need: all, Have: e.geometry.Context}
	}
	return &session{engine: e, prefix: own, tokens: slices.Clone(own.tokens), capacity: all}, ctx.Err()
}

func (s *session) Len() int { return len(s.tokens) }

func (s *session) Close() error { s.closed = true; return nil }

// Prefill implements engine.Session. The arithmetic happens with the next question.
func (s *session) Prefill(ctx context.Context, tokens []int32) error {
	if s.closed {
		return engine.ErrClosed
	}
	if err := engine.CheckTokens(tokens, s.engine.tokenizer.Size()); err != nil {
		return err
	}
	if need := len(s.tokens) + len(tokens); need > s.capacity {
		return &engine.ContextError{Need: need, Have: s.capacity}
	}
	s.tokens = append(s.tokens, tokens...)
	return ctx.Err()
}

// Truncate implements engine.Session.
func (s *session) Truncate(n int) error {
	if n < s.prefix.Len() || n > len(s.tokens) {
		return fmt.Errorf("wllama: truncate to %d: the session holds %d positions, %d of them prefix", n, len(s.tokens), s.prefix.Len())
	}
	s.tokens = s.tokens[:n]
	return nil
}

// ErrText says that llama.cpp, which takes text and no tokens, cannot be given a prompt. It happens where
// user input spells a control token (for Qwen3; for GPT-2 only beside characters that are no token of the
// vocabulary), and where a free text writes such characters.
var ErrText = errors.New("wllama: llama.cpp cannot be given this text token by token: leave out what looks like a control token, or use the engine paw")

// maxRows of one request; llama.cpp refuses more than some thousand.
const maxRows = 512

// lift is added to the logits of the rows that compete, so that top-k keeps them alone. It must be more
// than logits differ by and little enough to leave float32 its digits.
const lift = 100

// Score implements engine.Session: llama.cpp's own softmax over the rows.
func (s *session) Score(ctx context.Context, rows []int32) ([]float32, error) {
	if err := engine.CheckTokens(rows, s.engine.tokenizer.Size()); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("wllama: no rows to score")
	}
	// More rows than one request takes are scored in parts that share the best row so far.
	share := map[int32]float64{rows[0]: 1}
	best := rows[0]
	for rest := rows[1:]; len(rest) > 0; {
		n := min(len(rest), maxRows-1)
		part, err := s.softmax(ctx, append([]int32{best}, rest[:n]...))
		if err != nil {
			return nil, err
		}
		scale := share[best] / part[best]
		if part[best] == 0 { // the rows so far are nothing beside these
			clear(share)
			scale = 1
		}
		for _, row := range rest[:n] {
			share[row] = part[row] * scale
		}
		for _, row := range rest[:n] {
			if share[row] > share[best] {
				best = row
			}
		}
		rest = rest[n:]
	}
	sum := 0.0
	for _, row := range rows {
		sum += share[row]
	}
	out := make([]float32, len(rows))
	for i, row := range rows {
		out[i] = float32(share[row] / sum)
	}
	return out, nil
}

// softmax is one request of Score.
func (s *session) softmax(ctx context.Context, rows []int32) (map[int32]float64, error) {
	t := s.engine.tokenizer
	ask, err := s.request()
	if err != nil {
		return nil, err
	}
	ask.Temperature, ask.Sampled = 1, true
	ask.Samplers = []string{"top_k", "temperature"}
	for _, row := range rows {
		ask.LogitBias = append(ask.LogitBias, [2]float32{float32(row), lift})
	}
	// llama.cpp fails on a text that ends within a character. Then a whole word is lifted so far above
	// the rows that it is chosen in their place, and is taken out of the shares again.
	stand := int32(-1)
	if cut(t, rows) {
		if stand, err = standIn(t, rows); err != nil {
			return nil, err
		}
		ask.LogitBias = append(ask.LogitBias, [2]float32{float32(stand), lift + 50})
	}
	ask.Count, ask.TopK = len(ask.LogitBias), len(ask.LogitBias)
	ask.Grammar = s.grammar(ask, append(slices.Clone(rows), stand))
	r, err := s.ask(ctx, ask)
	if err != nil {
		return nil, err
	}
	found := map[int32]float64{}
	for i, token := range r.Tokens {
		found[token] = r.Numbers[i]
	}
	for _, row := range rows {
		if _, ok := found[row]; !ok {
			return nil, fmt.Errorf("wllama: llama.cpp tells nothing of token %d", row)
		}
	}
	return found, nil
}

// Top implements engine.Session. The end of the text is chosen whatever is likely, because llama.cpp fails
// on a text that ends within a character; what is told are the probabilities before choosing.
func (s *session) Top(ctx context.Context, k int) ([]engine.Candidate, error) {
	k = min(k, s.engine.tokenizer.Size(), maxRows)
	if k < 1 {
		return nil, fmt.Errorf("wllama: top %d: ask for at least one candidate", k)
	}
	ask, err := s.request()
	if err != nil {
		return nil, err
	}
	ask.Samplers, ask.TopK, ask.Count = []string{"top_k"}, 1, k
	ask.LogitBias = [][2]float32{{float32(s.engine.tokenizer.EOS()), 1000}}
	ask.Grammar = s.grammar(ask, nil)
	r, err := s.ask(ctx, ask)
	if err != nil {
		return nil, err
	}
	out := make([]engine.Candidate, len(r.Tokens))
	for i := range out {
		out[i] = engine.Candidate{Token: r.Tokens[i], LogProb: float32(r.Numbers[i]), Prob: float32(math.Exp(r.Numbers[i]))}
	}
	if len(out) == 0 {
		return nil, errors.New("wllama: llama.cpp tells no probabilities")
	}
	return out, nil
}

// LogProbs implements engine.Session: llama.cpp tells at most some thousand.
func (s *session) LogProbs(context.Context, []float32) error {
	return fmt.Errorf("wllama: all log-probabilities at once: %w", errors.ErrUnsupported)
}

// request words the session's tokens: as a text where llama.cpp reads that text as the same tokens, and
// what is behind as a grammar that forces them one by one.
func (s *session) request() (Request, error) {
	if s.closed {
		return Request{}, engine.ErrClosed
	}
	if len(s.tokens) == 0 {
		return Request{}, engine.ErrNoHidden
	}
	t := s.engine.tokenizer
	text, n := readable(t, s.tokens, s.prefix.Len())
	r := Request{Prompt: text, Cache: true, read: n, forced: s.tokens[n:]}
	if n == 0 || !forcible(t, r.forced) {
		if r.Prompt, r.read = joined(t, s.tokens); r.read == 0 {
			return r, ErrText
		}
		r.forced = nil
	}
	r.MaxTokens = len(r.forced) + 1
	return r, nil
}

func (s *session) ask(ctx context.Context, r Request) (Reply, error) {
	a, err := s.engine.peer.Complete(ctx, s.prefix.number, r)
	if err != nil {
		return a, err
	}
	if a.Prompt != r.read {
		return a, fmt.Errorf("wllama: llama.cpp reads the prompt as %d tokens, %d are meant: the engine paw reads it right", a.Prompt, r.read)
	}
	return a, nil
}

// grammar forces the tokens that the prompt leaves over, and then lets one of the rows follow, or the end.
func (s *session) grammar(r Request, rows []int32) string {
	if len(r.forced) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("root ::=")
	for _, t := range r.forced {
		fmt.Fprintf(&b, " <[%d]>", t)
	}
	if len(rows) > 0 {
		var next []string
		for _, t := range rows {
			switch {
			case t == s.engine.tokenizer.EOS():
				next = append(next, `""`) // where a grammar may end, the end of the text may come
			case t >= 0:
				next = append(next, fmt.Sprintf("<[%d]>", t))
			}
		}
		b.WriteString(" (" + strings.Join(next, " | ") + ")")
	}
	return b.String()
}

// cut tells whether a row ends within a character.
func cut(t *tokenizer.Tokenizer, rows []int32) bool {
	return slices.ContainsFunc(rows, func(row int32) bool { return row != t.EOS() && !utf8.Valid(t.Bytes(row)) })
}

// forcible tells whether a grammar can force tokens: none may cut a character or end the text.
func forcible(t *tokenizer.Tokenizer, tokens []int32) bool {
	return !slices.Contains(tokens, t.EOS()) && !cut(t, tokens)
}

// joined is the whole text of tokens, where llama.cpp reads it as other tokens but no other control
// tokens: only words at a seam are cut otherwise than our kernel cuts them. This is how Qwen3 programs get
// an empty input, as their template goes on with a token that ends texts.
func joined(t *tokenizer.Tokenizer, tokens []int32) (text string, n int) {
	text = textOf(t, tokens)
	got := t.EncodeTemplate(text)
	if !utf8.ValidString(text) || !slices.Equal(special(t, got), special(t, tokens)) {
		return "", 0
	}
	return text, len(got)
}

// special are the tokens that plain text does not give, in their order.
func special(t *tokenizer.Tokenizer, tokens []int32) (out []int32) {
	for _, id := range tokens {
		if b := t.Bytes(id); utf8.Valid(b) && len(t.Encode(string(b))) != 1 {
			out = append(out, id)
		}
	}
	return out
}

// standIn is a whole word that is none of the rows, long enough to end any character before it.
func standIn(t *tokenizer.Tokenizer, rows []int32) (int32, error) {
	for id := range int32(t.Size()) {
		b := t.Bytes(id)
		letters := len(b) >= 4 && !t.IsControl(id) && !slices.ContainsFunc(b, func(c byte) bool { return c|0x20 < 'a' || c|0x20 > 'z' })
		if letters && !slices.Contains(rows, id) {
			return id, nil
		}
	}
	return 0, errors.New("wllama: the vocabulary has no plain word: use the engine paw")
}

// readable is the longest text found that llama.cpp, which recognises control tokens everywhere, reads
// as the first n of the tokens. User input that spells a control token, or a seam that another cut would
// join, ends it; at worst it is the prefix, which was read from a text in the same way.
func readable(t *tokenizer.Tokenizer, tokens []int32, prefix int) (text string, n int) {
	n = len(tokens)
	for range 8 {
		text = textOf(t, tokens[:n])
		got := t.EncodeTemplate(text)
		if utf8.ValidString(text) && slices.Equal(got, tokens[:n]) {
			return text, n
		}
		same := 0
		for same < min(len(got), n-1) && got[same] == tokens[same] {
			same++
		}
		if n = same; n <= prefix {
			break
		}
	}
	text = textOf(t, tokens[:prefix])
	if utf8.ValidString(text) && slices.Equal(t.EncodeTemplate(text), tokens[:prefix]) {
		return text, prefix
	}
	return "", 0
}

func textOf(t *tokenizer.Tokenizer, tokens []int32) string {
	var b strings.Builder
	for _, id := range tokens {
		b.Write(t.Bytes(id))
	}
	return b.String()
}
