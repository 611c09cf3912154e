package pattern

import (
	"math"
	"unicode/utf8"
)

// node is a place in a match.
type node struct {
	class int16  // of the character that must come: its index, or fork or end
	next  uint16 // behind the character, or one way of a fork
	other uint16 // the other way of a fork
	rest  uint32 // cost of the shortest way to the end
}

const (
	fork = -1
	end  = -2

	// The cost of a way counts its bytes, and of ways with as many bytes those characters that cannot be seen.
	oneByte = 1 << 16
	never   = math.MaxUint32 // no way leads to the end
)

// builder writes the graph from the end to the start, so that what stands behind a node is known when it is
// added. The way back of a loop is never the shorter one, so costs are final at once.
type builder struct {
	*Pattern
	full bool
}

func (b *builder) add(n node) uint16 {
	switch n.class {
	case end:
	case fork:
		n.rest = min(b.nodes[n.next].rest, b.nodes[n.other].rest)
	default:
		n.rest = plus(b.nodes[n.next].rest, b.best[n.class].cost)
	}
	if len(b.nodes) == maxNodes {
		b.full = true
		return 0
	}
	b.nodes = append(b.nodes, n)
	return uint16(len(b.nodes) - 1)
}

func plus(a, b uint32) uint32 {
	if a == never || b == never {
		return never
	}
	return a + b
}

// cheapest is the best character of a class, and what it costs.
type cheapest struct {
	char rune
	cost uint32
}

// choose is the best character of c from lo to hi.
func (c class) choose(lo, hi rune) cheapest {
	if !c.meets(lo, hi) {
		return cheapest{cost: never}
	}
	char, printable := c.pick(lo, hi)
	out := cheapest{char, uint32(utf8.RuneLen(char)) * oneByte}
	if !printable {
		out.cost++
	}
	return out
}

// build writes a tree that goes on at next, and returns where it begins.
func (b *builder) build(t *tree, next uint16) uint16 {
	switch {
	case b.full:
	case t.kind == character:
		return b.add(node{class: int16(t.class), next: next})
	case t.kind == sequence:
		for i := len(t.parts) - 1; i >= 0; i-- {
			next = b.build(t.parts[i], next)
		}
	case t.kind == choice:
		way := b.build(t.parts[len(t.parts)-1], next)
		for i := len(t.parts) - 2; i >= 0; i-- {
			way = b.add(node{class: fork, next: b.build(t.parts[i], next), other: way})
		}
		return way
	case t.kind == repeat:
		return b.repeat(t, next)
	}
	return next
}

func (b *builder) repeat(t *tree, next uint16) uint16 {
	at, counted := next, t.min
	if t.max < 0 {
		loop := b.add(node{class: fork, next: next, other: next})
		at = b.build(t.parts[0], loop)
		b.nodes[loop].other = at
		if at == loop { // the part is empty
			return next
		}
		if counted == 0 {
			return loop
		}
		counted--
	}
	for range t.max - t.min {
		before := at
		if at = b.build(t.parts[0], at); at == before || b.full {
			return next
		}
		at = b.add(node{class: fork, next: at, other: next})
	}
	for range counted {
		before := at
		if at = b.build(t.parts[0], at); at == before || b.full {
			break
		}
	}
	return at
}
