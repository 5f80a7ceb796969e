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
	var panicked caught
	wait.Go(panicked.in(deep))
	wait.Wait()
	wait.Go(panicked.in(func() {}))
	wait.Go(panicked.in(func() { panic("the second") }))
	wait.Wait()
	panicked.raise()
	t.Error("nothing was raised")
}

func deep() { panic("the first") }
