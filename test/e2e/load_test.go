package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// load is writers that label the Deployment web, as fast as they can but while calm.
type load struct {
	s       *space
	stop    context.CancelFunc
	pace    *rate.Limiter // of all writers together
	writers sync.WaitGroup
	written atomic.Int64
	failed  atomic.Int64
}

func (s *space) load(writers int) *load {
	ctx, stop := context.WithCancel(s.t.Context())
	l := &load{s: s, stop: stop, pace: rate.NewLimiter(rate.Inf, 1)}
	for writer := range writers {
		l.writers.Go(func() {
			for n := 0; l.pace.Wait(ctx) == nil; n++ {
				patch := fmt.Appendf(nil, `{"metadata":{"labels":{"writer-%d":"%d"}}}`, writer, n)
				_, err := s.Client().AppsV1().Deployments(s.name).Patch(s.t.Context(), "web", types.MergePatchType, patch, metav1.PatchOptions{})
				if err != nil {
					l.failed.Add(1)
					s.t.Logf("write failed: %v", err)
				}
				l.written.Add(1)
			}
		})
	}
	return l
}

// atLeast waits for so many more writes.
func (l *load) atLeast(more int64) {
	l.s.t.Helper()
	before := l.written.Load()
	l.s.await(fmt.Sprintf("%d more writes", more), func(context.Context) error {
		if n := l.written.Load() - before; n < more {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
}

// calm has the writers write ten times a second during a wait in which most of the time
// nothing changes: as many as they can would take all of the machine that is left.
func (l *load) calm(wait func()) {
	l.s.t.Helper()
	l.pace.SetLimit(10)
	defer l.pace.SetLimit(rate.Inf)
	wait()
}

// end stops the writers; each write must have succeeded.
func (l *load) end() {
	l.s.t.Helper()
	l.stop()
	l.writers.Wait()
	if failed := l.failed.Load(); failed > 0 {
		l.s.t.Errorf("%d of %d writes failed", failed, l.written.Load())
	}
	l.s.t.Logf("%d writes", l.written.Load())
}
