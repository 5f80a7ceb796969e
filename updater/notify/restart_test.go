package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/garboard-dev/garboard/updater/notify"
)

// memory is a store that outlives dispatchers.
type memory struct {
	mu    sync.Mutex
	data  []byte
	fails error
}

func (m *memory) Load(context.Context) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.data) == 0 {
		return nil, m.fails
	}
	return [][]byte{m.data}, m.fails
}

func (m *memory) Save(_ context.Context, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails != nil {
		return m.fails
	}
	m.data = data
	return nil
}

func (m *memory) has() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.data)
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails = err
}

func keeping(m *memory) func(*notify.Options) {
	return func(o *notify.Options) { o.Store = m }
}

// A process that is killed says nothing to anybody; what it has left in the
// store is what the next one knows.
func TestTheNextProcessSendsWhatWaits(t *testing.T) {
	in := newInbox(t, nil)
	settings := "- {name: ops, default: true, batch: 1h, url: " + in.url() + "}\n- {name: mine, batch: 1h, url: " + in.url() + "}"
	store := &memory{}
	killed := newWorld(t, settings, keeping(store))
	killed.dispatcher.Notify(moved("a"))
	killed.dispatcher.Notify(moved("b", func(n *notify.Notice) { n.Channels = []string{"ops", "mine"} }))
	eventually(t, "both in the store", func() bool {
		if killed.clock.HasWaiters() {
			killed.clock.Step(time.Second) // between two writes
		}
		return strings.Count(store.has(), `"notice"`) == 2
	})
	copied := &memory{data: []byte(store.has())} // as it was at that moment

	next := newWorld(t, settings, keeping(copied))
	next.dispatcher.Notify(moved("c"))
	eventually(t, "what is taken over", func() bool { return strings.Count(next.logged(), "going on with") == 2 })
	next.clock.Step(time.Hour)
	got := in.await(t, 2)
	if strings.HasPrefix(got[0], line("b")) {
		got[0], got[1] = got[1], got[0]
	}
	want := []string{strings.Join([]string{line("a"), line("b"), line("c")}, "\n"), line("b")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	next.wantCount("ops", "sent", 3)
	eventually(t, "an empty store", func() bool {
		if next.clock.HasWaiters() {
			next.clock.Step(time.Second)
		}
		return copied.has() == ""
	})
	if killed.count("ops", "sent") != 0 {
		t.Error("the first process sent: this test sees nothing")
	}
}

func TestAtTheEndWhatWaitsIsTriedOnce(t *testing.T) {
	in := newInbox(t, nil)
	store := &memory{}
	w := newWorld(t, "- {name: ops, default: true, batch: 1h, url: "+in.url()+"}", keeping(store))
	w.dispatcher.Notify(moved("a"))
	w.dispatcher.Notify(moved("b"))
	eventually(t, "the store", func() bool { return store.has() != "" })
	w.end()
	if diff := cmp.Diff([]string{line("a") + "\n" + line("b")}, in.got()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if store.has() != "" {
		t.Errorf("the store has %q, want nothing", store.has())
	}
}

// Programs that take a document for each notice take no two in one message.
func TestAtTheEndNoticesOfAChannelWithoutBatchesAreSentOneByOne(t *testing.T) {
	release := make(chan struct{})
	in := newInbox(t, func(n int) int {
		if n == 1 {
			<-release
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	w := newWorld(t, "- {name: ops, default: true, batch: 0s, url: "+in.url()+"}")
	w.dispatcher.Notify(moved("a"))
	in.await(t, 1)
	w.dispatcher.Notify(moved("b"))
	close(release)
	w.wantCount("ops", "retried", 1)
	w.end()
	if diff := cmp.Diff([]string{line("a"), line("a"), line("b")}, in.got()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// A service that does not answer must not hold up the end for long, nor lose
// what it has not taken.
func TestAtTheEndWhatCannotBeSentIsKept(t *testing.T) {
	for name, hangs := range map[string]bool{"the service fails": false, "the service hangs": true} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			in := newInbox(t, func(int) int {
				if hangs {
					<-release
				}
				return http.StatusInternalServerError
			})
			defer close(release)
			store := &memory{}
			w := newWorld(t, "- {name: ops, default: true, batch: 0s, url: "+in.url()+"}", keeping(store),
				func(o *notify.Options) { o.SendTimeout = 50 * time.Millisecond })
			w.dispatcher.Notify(moved("a"))
			in.await(t, 1)
			w.dispatcher.Notify(moved("b"))
			w.end()
			for _, want := range []string{`"name":"a"`, `"name":"b"`, `"channels":["ops"]`} {
				if !strings.Contains(store.has(), want) {
					t.Errorf("the store has %q, want %s in it", store.has(), want)
				}
			}
		})
	}
}

// The updater finishes what is in flight after the signal, and has news of it.
func TestTheEndWaitsForThoseWhoNotify(t *testing.T) {
	in := newInbox(t, nil)
	producers := make(chan struct{})
	w := newWorld(t, "- {name: ops, default: true, batch: 1h, url: "+in.url()+"}",
		func(o *notify.Options) { o.Producers = producers })
	ended := make(chan struct{})
	go func() {
		w.end()
		close(ended)
	}()
	eventually(t, "the wait for them", w.clock.HasWaiters)
	w.dispatcher.Notify(moved("late"))
	close(producers)
	<-ended
	if diff := cmp.Diff([]string{line("late")}, in.got()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// A write before the first read would erase what the process before has left.
func TestNothingIsWrittenBeforeTheStoreIsRead(t *testing.T) {
	in := newInbox(t, nil)
	store := &memory{data: []byte(`[{"channels":["ops"],"notice":{"level":"info","kind":"Deployment","namespace":"team","name":"left","text":"x","at":"2026-01-02T03:00:00Z"}}]`)}
	store.fail(errors.New("away"))
	w := newWorld(t, "- {name: ops, default: true, batch: 1m, url: "+in.url()+"}", keeping(store))
	w.dispatcher.Notify(moved("new"))
	eventually(t, "the first read", func() bool { return strings.Contains(w.logged(), "cannot be read yet") })
	store.fail(nil)
	eventually(t, "the second read", func() bool {
		if w.clock.HasWaiters() {
			w.clock.Step(10 * time.Second)
		}
		return len(in.got()) > 0
	})
	if got, want := strings.Join(in.got(), "\n"), "Deployment team/left: x"; !strings.Contains(got, want) {
		w.clock.Step(time.Minute)
		if got = strings.Join(in.await(t, 2), "\n"); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}

func TestWhatTheStoreHasIsNotTrusted(t *testing.T) {
	tests := map[string]struct {
		data string
		want []string
	}{
		"no JSON":                 {"{", []string{line("new")}},
		"a channel that is gone":  {`[{"channels":["gone"],"notice":{"level":"info","name":"x","at":"2026-01-02T03:00:00Z"}}]`, []string{line("new")}},
		"a level that is none":    {`[{"channels":["ops"],"notice":{"level":"loud","name":"x","at":"2026-01-02T03:00:00Z"}}]`, []string{line("new")}},
		"news of the day before":  {`[{"channels":["ops"],"notice":{"level":"info","name":"x","at":"2026-01-01T03:00:00Z"}}]`, []string{line("new")}},
		"a text of several lines": {`[{"channels":["ops"],"notice":{"level":"info","kind":"K","namespace":"n","name":"x","text":"a\n@here","at":"2026-01-02T03:00:00Z"}}]`, []string{"K n/x: a @\u200bhere\n" + line("new")}},
		"nothing":                 {"", []string{line("new")}},
		"a text of a million lines": {`[{"channels":["ops"],"notice":{"level":"info","kind":"K","namespace":"n","name":"x","text":"` + strings.Repeat("a", 1<<20) + `","at":"2026-01-02T03:00:00Z"}}]`,
			[]string{"K n/x: " + strings.Repeat("a", 511) + "…\n" + line("new")}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := newInbox(t, nil)
			store := &memory{data: []byte(test.data)}
			w := newWorld(t, "- {name: ops, default: true, batch: 1h, url: "+in.url()+"}", keeping(store))
			w.dispatcher.Notify(moved("new"))
			eventually(t, "a write", func() bool {
				if w.clock.HasWaiters() {
					w.clock.Step(time.Second) // between two writes
				}
				return strings.Contains(store.has(), `"name":"new"`)
			})
			w.step(time.Hour)
			if diff := cmp.Diff(test.want, in.await(t, 1)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// A ConfigMap holds a megabyte: the newest notices are kept, and the log says
// that others are not.
func TestTheStoreIsBounded(t *testing.T) {
	in := newInbox(t, nil)
	store := &memory{}
	w := newWorld(t, "- {name: ops, default: true, batch: 1h, url: "+in.url()+"}", keeping(store))
	for n := range 1000 {
		w.dispatcher.Notify(moved(fmt.Sprintf("web-%d", n), func(n *notify.Notice) { n.Text = strings.Repeat("x", 512) }))
	}
	eventually(t, "the store", func() bool {
		if w.clock.HasWaiters() {
			w.clock.Step(time.Second)
		}
		return strings.Contains(store.has(), `"name":"web-999"`)
	})
	if got := len(store.has()); got > 256<<10 {
		t.Errorf("the store has %d bytes, want 256 KiB at most", got)
	}
	if strings.Contains(store.has(), `"name":"web-0"`) {
		t.Error("the oldest is kept")
	}
	eventually(t, "the log", func() bool { // which is written after the store
		return strings.Contains(w.logged(), "more waits to be sent than can be kept")
	})
}

func TestWhatCannotBeKeptIsSaidAndTriedAgain(t *testing.T) {
	in := newInbox(t, nil)
	store := &memory{}
	w := newWorld(t, "- {name: ops, default: true, batch: 1h, url: "+in.url()+"}", keeping(store))
	w.dispatcher.Notify(moved("a"))
	eventually(t, "the first write", func() bool { return store.has() != "" })
	store.fail(errors.New("away"))
	w.dispatcher.Notify(moved("b"))
	eventually(t, "the failure", func() bool {
		if w.clock.HasWaiters() {
			w.clock.Step(time.Second)
		}
		return strings.Contains(w.logged(), "cannot be kept")
	})
	store.fail(nil)
	eventually(t, "the second write", func() bool {
		if w.clock.HasWaiters() {
			w.clock.Step(time.Second)
		}
		return strings.Contains(store.has(), `"name":"b"`)
	})
}

// On a real API server the end-to-end suite has the same.
func TestEachProcessHasItsKeyAndTakesOverThoseOfOthers(t *testing.T) {
	const namespace, name = "garboard", "garboard-notices"
	client := fake.NewClientset(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string]string{"a.json": `[1]`, "b.json": `[2]`},
	})
	store := &notify.ConfigMapStore{Client: client.CoreV1(), Namespace: namespace, Name: name, Key: "b.json"}
	got, err := store.Load(t.Context())
	must(t, err)
	if diff := cmp.Diff([][]byte{[]byte(`[1]`), []byte(`[2]`)}, got); diff != "" {
		t.Errorf("loaded (-want +got):\n%s", diff)
	}
	wants := func(want map[string]string) {
		t.Helper()
		object, err := client.CoreV1().ConfigMaps(namespace).Get(t.Context(), name, metav1.GetOptions{})
		must(t, err)
		if diff := cmp.Diff(want, object.Data, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("data (-want +got):\n%s", diff)
		}
	}
	must(t, store.Save(t.Context(), []byte(`[3]`)))
	wants(map[string]string{"b.json": `[3]`})
	other := &notify.ConfigMapStore{Client: client.CoreV1(), Namespace: namespace, Name: name, Key: "c.json"}
	must(t, other.Save(t.Context(), []byte(`[4]`))) // it has not loaded: others' keys are not its own
	wants(map[string]string{"b.json": `[3]`, "c.json": `[4]`})
	must(t, store.Save(t.Context(), nil))
	wants(map[string]string{"c.json": `[4]`})

	gone := &notify.ConfigMapStore{Client: client.CoreV1(), Namespace: namespace, Name: "gone", Key: "c.json"}
	if _, err := gone.Load(t.Context()); !apierrors.IsNotFound(err) {
		t.Errorf("got error %v, want one that says that there is none", err)
	}
	if err := gone.Save(t.Context(), nil); !apierrors.IsNotFound(err) {
		t.Errorf("got error %v, want one that says that there is none", err)
	}
}
