package registries

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/test/cluster"
)

// programs are the cluster's, which hold the registry; built once.
var programs = sync.OnceValues(func() (cluster.Binaries, error) { //nolint:gochecknoglobals // one build for all tests
	return cluster.Build(context.Background(), io.Discard)
})

// settings are what differs between the registries of the tests.
type read struct {
	// auth is the block of that name; certificate and key are paths, for TLS.
	auth, certificate, key string
	maxTags                int // of a page
}

// distribution starts a registry of its own and returns its address.
func distribution(t *testing.T, s read) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a registry")
	}
	binaries, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	port, err := cluster.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	config := "version: 0.1\nlog: {level: warn, accesslog: {disabled: true}}\nstorage: {inmemory: {}, delete: {enabled: true}}\n"
	if s.maxTags > 0 {
		config += fmt.Sprintf("tags: {maxtags: %d}\n", s.maxTags)
	}
	config += "http:\n  addr: " + address + "\n"
	if s.certificate != "" {
		config += fmt.Sprintf("  tls: {certificate: %s, key: %s}\n", s.certificate, s.key)
	}
	if s.auth != "" {
		config += "auth: " + s.auth + "\n"
	}
	if err := os.WriteFile(filepath.Join(folder, "registry.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	process, err := cluster.StartProgram(t.Context(), folder, "registry", binaries.Path("controlplane"),
		strings.Fields("OTEL_TRACES_EXPORTER=none OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none"),
		"registry", "serve", "registry.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill() })
	await(t, address, process)
	return address
}

// await waits until somebody listens.
func await(t *testing.T, address string, process *cluster.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ticker.C:
		case <-process.Done():
			log, _ := os.ReadFile(process.Log)
			t.Fatalf("the registry ended: %s", log)
		case <-ctx.Done():
			t.Fatalf("the registry does not listen: %v", err)
		}
	}
}
