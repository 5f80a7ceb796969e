package webhook_test

import (
	"net/http"
	"testing"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// restart gives the webhooks a resolver that knows nothing.
func (w *world) restart() {
	w.t.Helper()
	client, err := registry.New(registry.Options{Private: []string{w.host}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.serveWith(resolver.New(client, resolver.Options{}))
}

// An undo is somebody's answer to trouble. It must not wait for a registry, nor
// depend on one that has deleted the tag since.
func TestUndoAsksNoRegistry(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := newTale(t, w, "1.2.0")
	former := s.stored
	w.push("1.2.8")
	s.write("the updater's bump", "garboard-updater", bump("1.2.8"), "1.2.8", "", "c0: app:1.2.7 -> 1.2.8 (policy patch)")
	gone := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotFound) })
	w.fault.Store(&gone)
	w.restart()
	before := w.requests.Load()
	s.write("the undo", "", back(former), "1.2.7", "c0=1.2.8", "c0: app:1.2.8 -> 1.2.7 as written; 1.2.8 is held")
	if n := w.requests.Load() - before; n > 0 {
		t.Errorf("%d requests to the registry", n)
	}
}
