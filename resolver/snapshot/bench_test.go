package snapshot

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver"
)

// numbered lists many repositories that each have their own thousand tags:
// versions, variants, pre-releases and commits.
func numbered(repositories, tags int) resolver.Knowledge {
	k := resolver.Knowledge{Credentials: [][]string{{}}}
	for i := range repositories {
		var joined []byte
		for j := range tags / 4 {
			version := fmt.Sprintf("%d.%d.%d", i%7, j/40, j%40)
			joined = fmt.Appendf(joined, "%s %s-alpine v%s-rc.%d %08x ", version, version, version, j%4, uint32(i*tags+j)*2654435761)
		}
		k.Lists = append(k.Lists, resolver.KnownList{
			Repository: fmt.Sprintf("registry.example.com/team-%d/app-%d", i%20, i), Read: time.Now(), Tags: string(joined[:len(joined)-1]),
		})
	}
	return k
}

// BenchmarkSnapshot writes and loads a thousand repositories of a thousand tags.
func BenchmarkSnapshot(b *testing.B) {
	path := filepath.Join(b.TempDir(), "index")
	index := resolver.New(&away{tags: []string{"1.2.0"}}, resolver.Options{})
	must(b, index.Restore(numbered(1000, 1000)))
	for i := range 1000 { // parsed, as where it is in use
		learn(b, index, fmt.Sprintf("registry.example.com/team-%d/app-%d", i%20, i))
	}
	b.Run("write", func(b *testing.B) {
		defer reportCPU(b, cpu(b))
		for b.Loop() {
			known := index.Known()
			must(b, writeFile(path, &known))
		}
		info, err := os.Stat(path)
		must(b, err)
		b.ReportMetric(float64(info.Size())/1e6, "MB-file")
	})
	b.Run("load", func(b *testing.B) {
		defer reportCPU(b, cpu(b))
		for b.Loop() {
			fresh := resolver.New(&away{}, resolver.Options{})
			k, err := New(Options{Path: path, Index: fresh})
			must(b, err)
			if lists, err := k.Load(); lists != 1000 || err != nil {
				b.Fatal(lists, err)
			}
		}
	})
}

// cpu is the time that the process has computed. On a machine that others use,
// too, the time on the clock says little.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func reportCPU(b *testing.B, before time.Duration) {
	b.Helper()
	b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}
