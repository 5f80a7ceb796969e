package cluster

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	// logsVariable names a folder that gets the logs of failed tests.
	logsVariable = "GARBOARD_CLUSTER_LOGS"
	stopLimit    = 30 * time.Second
)

// StartForTest is Start for one test: the cluster ends with it, a failed start
// fails it, and -short skips it. The default for o.Dir is a folder of the
// test. If the test fails and GARBOARD_CLUSTER_LOGS names a folder, the logs are
// copied there.
func StartForTest(tb testing.TB, o Options) *Cluster {
	tb.Helper()
	if testing.Short() {
		tb.Skip("starts a cluster")
	}
	if o.Dir == "" {
		o.Dir = tb.TempDir()
	}
	o.LessCollection = true
	c, err := Start(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		// tb.Context has ended by now.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), stopLimit)
		defer cancel()
		if err := c.Stop(ctx); err != nil {
			tb.Errorf("stopping the cluster: %v", err)
		}
		dir := os.Getenv(logsVariable)
		if !tb.Failed() || dir == "" {
			return
		}
		dir = filepath.Join(dir, strings.ReplaceAll(tb.Name(), "/", "_"))
		if err := c.Logs(dir); err != nil {
			tb.Errorf("copying the cluster's logs to %q: %v", dir, err)
		}
	})
	return c
}
