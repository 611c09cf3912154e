package nn

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Parallel calls f over [0, n) in disjoint pieces, on up to GOMAXPROCS
// goroutines, the caller's among them, and returns when all are done. Pieces
// are handed out as goroutines become free, so f must not depend on how the
// range is cut. f may call Parallel; it must not panic.
func Parallel(n int, f func(lo, hi int)) { parallel(n, funcTask(f)) }

// task is what the pool runs. Hot callers implement it on a pooled struct, so
// that no closure is allocated.
type task interface{ run(lo, hi int) }

type funcTask func(lo, hi int)

func (f funcTask) run(lo, hi int) { f(lo, hi) }

// piecesPerWorker > 1 lets a free worker take over from one whose core is
// busy with something else.
const piecesPerWorker = 4

// job is one call of parallel. It is shared with the workers it was offered
// to; the last one to let go puts it back into the pool.
type job struct {
	t        task
	n, piece int
	next     atomic.Int64 // start of the next piece
	left     atomic.Int64 // elements not finished yet
	refs     atomic.Int32
	done     chan struct{} // receives one value per job
}

var (
	jobs    = sync.Pool{New: func() any { return &job{done: make(chan struct{}, 1)} }}
	queue   = make(chan *job, 64)
	workers atomic.Int32 // goroutines started; they live as long as the process
)

func parallel(n int, t task) {
	procs := runtime.GOMAXPROCS(0)
	if n <= 1 || procs == 1 {
		if n > 0 {
			t.run(0, n)
		}
		return
	}
	j := jobs.Get().(*job)
	j.t, j.n = t, n
	j.piece = max(1, (n+procs*piecesPerWorker-1)/(procs*piecesPerWorker))
	j.next.Store(0)
	j.left.Store(int64(n))
	pieces := (n + j.piece - 1) / j.piece
	j.refs.Store(1)
	offer(j, min(procs, pieces)-1)
	j.work()
	<-j.done
	j.release()
}

// offer wakes up to want sleeping workers. A full queue means that all of them
// have work: the caller then does this job alone.
func offer(j *job, want int) {
	for range want {
		j.refs.Add(1)
		select {
		case queue <- j:
		default:
			j.refs.Add(-1)
			return
		}
		for w := workers.Load(); int(w) < want; w = workers.Load() {
			if workers.CompareAndSwap(w, w+1) {
				go worker()
				break
			}
		}
	}
}

func worker() {
	for j := range queue {
		j.work()
		j.release()
	}
}

// work runs pieces until none is left. Whoever finishes the last one tells
// the caller, who may be waiting.
func (j *job) work() {
	for {
		lo := int(j.next.Add(int64(j.piece))) - j.piece
		if lo >= j.n {
			return
		}
		hi := min(lo+j.piece, j.n)
		j.t.run(lo, hi)
		if j.left.Add(int64(lo-hi)) == 0 {
			j.done <- struct{}{}
		}
	}
}

func (j *job) release() {
	if j.refs.Add(-1) == 0 {
		j.t = nil
		jobs.Put(j)
	}
}
