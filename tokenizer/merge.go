package tokenizer

import "container/heap"

// shortWord is the length up to which scanning for the best pair beats a heap.
const shortWord = 24

// word appends the tokens of one word: its bytes, neighbours merged by rank, leftmost first.
func (t *Tokenizer) word(out []int32, w string) []int32 {
	start := len(out)
	for i := range len(w) {
		out = append(out, t.initial[w[i]])
	}
	ids := out[start:]
	if len(ids) > shortWord {
		return append(out[:start], t.mergeLong(ids)...)
	}
	for len(ids) > 1 {
		best, at := merge{rank: 1<<31 - 1}, -1
		for i := range len(ids) - 1 {
			if m, ok := t.pairs[[2]int32{ids[i], ids[i+1]}]; ok && m.rank < best.rank {
				best, at = m, i
			}
		}
		if at < 0 {
			break
		}
		ids[at] = best.id
		ids = append(ids[:at+1], ids[at+2:]...)
	}
	return out[:start+len(ids)]
}

// mergeLong does the same in O(n log n) with a heap of candidate pairs over a linked list.
func (t *Tokenizer) mergeLong(ids []int32) []int32 {
	n := len(ids)
	prev, next := make([]int, n), make([]int, n)
	var h candidates
	push := func(i int) {
		if j := next[i]; j < n {
			if m, ok := t.pairs[[2]int32{ids[i], ids[j]}]; ok {
				heap.Push(&h, candidate{m.rank, i, ids[i], ids[j], m.id})
			}
		}
	}
	for i := range ids {
		prev[i], next[i] = i-1, i+1
	}
	for i := range ids {
		push(i)
	}
	for h.Len() > 0 {
		c := heap.Pop(&h).(candidate)
		j := next[c.at]
		if ids[c.at] != c.left || j >= n || ids[j] != c.right {
			continue // one of the two has been merged since
		}
		ids[c.at], ids[j] = c.id, -1
		next[c.at] = next[j]
		if next[j] < n {
			prev[next[j]] = c.at
		}
		if p := prev[c.at]; p >= 0 {
			push(p)
		}
		push(c.at)
	}
	out := ids[:0]
	for _, id := range ids {
		if id >= 0 {
			out = append(out, id)
		}
	}
	return out
}

type candidate struct {
	rank            int32
	at              int
	left, right, id int32
}

type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].at < c[j].at
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	old := *c
	x := old[len(old)-1]
	*c = old[:len(old)-1]
	return x
}
