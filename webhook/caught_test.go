package webhook

import (
	"strings"
	"sync"
	"testing"
)

// Each container is resolved in a goroutine of its own, where nobody else
// recovers: the process would end, and with it every write to the cluster.
func TestPanicOfAGoroutineReachesWhoeverWaits(t *testing.T) {
	defer func() {
		fault, ok := recover().(*panicError)
		if !ok || !strings.Contains(fault.Error(), "the first") || !strings.Contains(newPanicError(fault).stack, "deep") {
			t.Errorf("recovered %v", fault)
		}
	}()
	var wait sync.WaitGroup
	var panicked panicCollector
	wait.Go(panicked.wrap(deep))
	wait.Wait()
	wait.Go(panicked.wrap(func() {}))
	wait.Go(panicked.wrap(func() { panic("the second") }))
	wait.Wait()
	panicked.rethrow()
	t.Error("nothing was raised")
}

func deep() { panic("the first") }
