#!/usr/bin/env bash
# controller-runtime v0.25.2: its priority queue, which is the default, forgets a time that a reconciler has
# asked for (RequeueAfter) when the object comes in meanwhile; client-go's workqueue v0.37.2 does not.
#
# An object that is to be looked at in an hour, and changes after a minute, is handed out after a minute
# and after an hour by client-go's queue, and after a minute alone by the other. Where the reconciler
# then has nothing to do and returns without a time, nobody looks an hour later: a poll of a registry,
# or the end of a window, is missed until the next change or resync. Of two times for one object the
# earlier counts in both, so that asking for a later one moves nothing.
#
# Seen: the table below, by a stopped clock. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	k8s.io/client-go v0.37.2
	sigs.k8s.io/controller-runtime v0.25.2
)
EOF
cat >queue_test.go <<'EOF'
package finding

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
)

type queue = workqueue.TypedRateLimitingInterface[string]

func TestRequeues(t *testing.T) {
	for _, c := range []struct {
		title string
		after func(queue)
	}{
		{"in an hour, and now", func(q queue) { q.Add("shop") }},
		{"in an hour, and in two hours", func(q queue) { q.AddAfter("shop", 2*time.Hour) }},
		{"in an hour, and in ten minutes", func(q queue) { q.AddAfter("shop", 10*time.Minute) }},
	} {
		fmt.Println(c.title)
		tell(t, "workqueue", c.after, func() queue {
			return workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
		})
		tell(t, "priority queue", c.after, func() queue { return priorityqueue.New[string]("shops") })
	}
}

func tell(t *testing.T, who string, after func(queue), open func() queue) {
	synctest.Test(t, func(*testing.T) {
		start, q, seen := time.Now(), open(), []string{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				item, ended := q.Get()
				if ended {
					return
				}
				seen = append(seen, time.Since(start).Round(time.Minute).String())
				q.Done(item)
			}
		}()
		q.AddAfter("shop", time.Hour)
		time.Sleep(time.Minute)
		after(q)
		time.Sleep(4 * time.Hour)
		q.ShutDown()
		<-done
		fmt.Printf("  %s: after %s\n", who, strings.Join(seen, ", "))
	})
}
EOF
go mod tidy >/dev/null 2>&1
go test -count=1 -v . | grep -v -e '^=== RUN' -e '^---' -e '^PASS' -e '^ok' | tee seen
diff seen - <<'EOF'
in an hour, and now
  workqueue: after 1m0s, 1h0m0s
  priority queue: after 1m0s
in an hour, and in two hours
  workqueue: after 1h0m0s
  priority queue: after 1h0m0s
in an hour, and in ten minutes
  workqueue: after 11m0s
  priority queue: after 11m0s
EOF
