package jshost

import (
	"context"
	"sync"
)

// queue holds events for the event loop, in order and without a limit: the loop itself adds to it, so
// adding must never wait.
type queue struct {
	mu     sync.Mutex
	events []func() error
	added  chan struct{} // holds one token when events may not be empty
}

func newQueue() *queue { return &queue{added: make(chan struct{}, 1)} }

func (q *queue) add(f func() error) {
	q.mu.Lock()
	q.events = append(q.events, f)
	q.mu.Unlock()
	select {
	case q.added <- struct{}{}:
	default: // the loop is already told
	}
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.events) == 0
}

// next waits for an event.
func (q *queue) next(ctx context.Context) (func() error, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		q.mu.Lock()
		if len(q.events) > 0 {
			f := q.events[0]
			q.events[0] = nil // what ran may be collected
			q.events = q.events[1:]
			q.mu.Unlock()
			return f, nil
		}
		q.mu.Unlock()
		select {
		case <-q.added:
		case <-ctx.Done():
		}
	}
}
