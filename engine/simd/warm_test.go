package simd

import (
	"context"
	"errors"
	"testing"
)

func TestWarmLeavesNothingBehind(t *testing.T) {
	e, _ := smallEngine(t)
	before := e.MemoryInUse()
	if err := e.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Warm(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if have := e.MemoryInUse(); have != before {
		t.Errorf("%d bytes are in use, %d were before", have, before)
	}
}
