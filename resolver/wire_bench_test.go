package resolver

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// tagsOf is a list as an application that is built often has it: versions,
// variants, pre-releases, commits. It is the same each time.
func tagsOf(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	tags := make([]string, 0, n)
	for i := 0; len(tags) < n; i++ {
		version := fmt.Sprintf("%d.%d.%d", i/2000, i/40%50, i%40)
		tags = append(tags, version, version+"-alpine", fmt.Sprintf("v%s-rc.%d", version, i%4), fmt.Sprintf("%08x", random.Uint32()))
	}
	random.Shuffle(n, func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	return tags[:n]
}

// BenchmarkWireToIndex compares reading a list into an index with reading the
// same bytes and decoding their JSON. Compare the two within one run.
func BenchmarkWireToIndex(b *testing.B) {
	body, err := json.Marshal(map[string]any{"name": "team/app", "tags": tagsOf(10_000)})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/tags/list") {
			_, _ = w.Write(body)
		}
	}))
	b.Cleanup(server.Close)
	host := server.Listener.Addr().String()
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			resp, err := server.Client().Get(server.URL + "/v2/team/app/tags/list")
			if err != nil {
				b.Fatal(err)
			}
			read, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			var list struct{ Tags []string }
			if err != nil || json.Unmarshal(read, &list) != nil || len(list.Tags) != 10_000 {
				b.Fatal("no list")
			}
		}
	})
	b.Run("index", func(b *testing.B) {
		minor := parse(b, "minor")
		client, err := registry.New(registry.Options{Private: []string{"127.0.0.1"}, Rate: 1e9, Burst: 1 << 30})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			tags, err := client.Tags(b.Context(), repo(host+"/team/app"), Credential{})
			if err != nil {
				b.Fatal(err)
			}
			// What is only made when first asked for counts, too.
			ix := policy.NewIndex(tags)
			if ix.Len() != 10_000 || !minor.Select(ix, "0.0.0").Moved("0.0.0") {
				b.Fatal("no index")
			}
		}
	})
}

// BenchmarkMemory indexes a thousand repositories of a thousand tags, and tells
// what they take in memory.
func BenchmarkMemory(b *testing.B) {
	tags := tagsOf(1000)
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r := New(&script{}, Options{})
		for i := range 1000 {
			copied := make([]string, len(tags)) // as each list brings its own texts
			for j, tag := range tags {
				copied[j] = strings.Clone(tag)
			}
			r.registry.(*script).tags = copied
			q := Query{Repository: repo(fmt.Sprintf("example.com/app-%d", i)), Tag: "0.0.0", Policy: parse(b, "minor")}
			if _, err := r.Resolve(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
		runtime.KeepAlive(r)
	}
}
