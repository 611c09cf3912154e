package finetune

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"paw/compiler"
	"paw/engine"
)

// breaking is an engine that panics when a program is attached for the nth time.
type breaking struct {
	engine.Engine
	after atomic.Int32
}

func (e *breaking) Attach(ctx context.Context, src engine.Source) (engine.Adapter, error) {
	if e.after.Add(-1) < 0 {
		panic("a fault of the engine")
	}
	return e.Engine.Attach(ctx, src)
}

// A panic while a fold is asked reaches the caller of Compile, who can recover it: in the goroutine
// that asks it would end the process.
func TestPanicWhileAskingReachesTheCaller(t *testing.T) {
	for after := range folds {
		b := tinyBase(t, 1024)
		e := &breaking{Engine: b.Engine}
		e.after.Store(int32(after))
		b.Engine = e
		func() {
			defer func() {
				e := fmt.Sprint(recover())
				if !strings.Contains(e, "a fault of the engine") || !strings.Contains(e, "Attach") {
					t.Errorf("fold %d: recovered %s", after, e)
				}
			}()
			_, err := New("test", b).Compile(t.Context(), compiler.Request{Spec: exampleSpec(8), Steps: 2}, nil)
			t.Errorf("fold %d: compiled: %v", after, err)
		}()
	}
}
