package pattern

import (
	"math/bits"
	"unicode/utf8"
)

// set of nodes.
type set [maxNodes / 64]uint64

// State is how far a text has come. It is a value: a copy goes its own way.
type State struct {
	pattern *Pattern
	live    set // all places the text can be at, forks among them; from each a way leads to the end

	// Of a character whose bytes have not all come:
	lo    rune // the lowest that it can be
	least rune // characters below are written with fewer bytes
	left  uint // bytes that are missing
}

// Start is the state of the empty text.
func (p *Pattern) Start() State {
	s := State{pattern: p}
	s.enter(p.start)
	return s
}

// enter adds a place and those that no character separates from it.
func (s *State) enter(at uint16) {
	stack := append(make([]uint16, 0, 32), at)
	for len(stack) > 0 {
		at = stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := &s.pattern.nodes[at]
		if n.rest == never || s.live[at/64]>>(at%64)&1 != 0 {
			continue
		}
		s.live[at/64] |= 1 << (at % 64)
		if n.class == fork {
			stack = append(stack, n.other, n.next)
		}
	}
}

// each calls f with all places, the latest added first, until f says no.
func (s *State) each(f func(at uint16, n *node) bool) {
	for w := s.pattern.words - 1; w >= 0; w-- {
		for word := s.live[w]; word != 0; {
			bit := 63 - bits.LeadingZeros64(word)
			word &^= 1 << bit
			at := uint16(w*64 + bit)
			if !f(at, &s.pattern.nodes[at]) {
				return
			}
		}
	}
}

// Feed goes on by more text, which may end inside a character. Not alive: no match begins like this, and the
// state is of no use any more.
func (s *State) Feed(text []byte) (alive bool) {
	for _, c := range text {
		if !s.feed(c) {
			return false
		}
	}
	return true
}

func (s *State) feed(c byte) bool {
	switch {
	case s.left > 0:
		if c&0xC0 != 0x80 {
			return false
		}
		s.left--
		s.lo |= rune(c&0x3F) << (6 * s.left)
	case c < utf8.RuneSelf:
		s.lo, s.least = rune(c), 0
	case c&0xE0 == 0xC0:
		s.lo, s.least, s.left = rune(c&0x1F)<<6, 0x80, 1
	case c&0xF0 == 0xE0:
		s.lo, s.least, s.left = rune(c&0x0F)<<12, 0x800, 2
	case c&0xF8 == 0xF0:
		s.lo, s.least, s.left = rune(c&0x07)<<18, 0x10000, 3
	default:
		return false
	}
	lo, hi := s.between()
	if lo > hi {
		return false
	}
	alive := false
	if s.left > 0 {
		s.each(func(_ uint16, n *node) bool {
			alive = n.class >= 0 && s.pattern.classes[n.class].meets(lo, hi)
			return !alive
		})
		return alive
	}
	before := *s
	s.live = set{}
	before.each(func(_ uint16, n *node) bool {
		if n.class >= 0 && s.pattern.classes[n.class].meets(lo, lo) {
			s.enter(n.next)
			alive = true
		}
		return true
	})
	return alive
}

// between are the characters that the bytes which have come can be.
func (s *State) between() (lo, hi rune) {
	return max(s.lo, s.least), s.lo | (1<<(6*s.left) - 1)
}

// Whole tells whether the text is a match as it stands.
func (s *State) Whole() bool { return s.left == 0 && s.live[0]&1 != 0 }

// Closed tells whether the text is a match and nothing can follow.
func (s *State) Closed() bool {
	open := false
	s.each(func(_ uint16, n *node) bool {
		open = n.class >= 0
		return !open
	})
	return s.Whole() && !open
}

// Rest is the shortest text that makes the text a match, always the same one: of texts of that length one with
// few characters that cannot be seen. It begins with what is missing of a character. The state must be alive.
func (s *State) Rest() string {
	var out []byte
	best, way, lo := uint32(never), uint16(0), rune(0)
	first, last := s.between()
	begun := map[int16]cheapest{} // of each class, for the character that has begun
	s.each(func(at uint16, n *node) bool {
		if s.left == 0 {
			if n.rest < best {
				best, way = n.rest, at
			}
			return true
		}
		if n.class < 0 {
			return true
		}
		c, known := begun[n.class]
		if !known {
			c = s.pattern.classes[n.class].choose(first, last)
			begun[n.class] = c
		}
		if cost := plus(s.pattern.nodes[n.next].rest, c.cost); cost < best {
			best, way, lo = cost, n.next, c.char
		}
		return true
	})
	if s.left > 0 {
		out = utf8.AppendRune(out, lo)
		out = out[len(out)-int(s.left):]
	}
	for {
		n := &s.pattern.nodes[way]
		switch {
		case n.class == end:
			return string(out)
		case n.class >= 0:
			out, way = utf8.AppendRune(out, s.pattern.best[n.class].char), n.next
		case s.pattern.nodes[n.other].rest < s.pattern.nodes[n.next].rest:
			way = n.other
		default:
			way = n.next
		}
	}
}
