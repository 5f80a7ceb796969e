package webhook_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/webhook"
)

// stored is an API server that has workloads, each with what it comes after. Their names
// are namespace/name.
type stored struct {
	client.Reader
	after map[string]string
	reads int
	// stuck: it answers when nobody waits any more.
	stuck bool
}

func (s *stored) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	s.reads++
	if s.stuck {
		<-ctx.Done()
		return ctx.Err()
	}
	after, ok := s.after[key.String()]
	if !ok {
		return errors.New("it is not there, or may not be read")
	}
	into.SetNamespace(key.Namespace)
	into.SetName(key.Name)
	into.SetAnnotations(map[string]string{"garboard.dev/policy": "minor", "garboard.dev/after": after})
	return nil
}

func TestCirclesAreRefusedWithTheNames(t *testing.T) {
	opted := map[string]string{"garboard.dev/enabled": "true"}
	const path = "metadata.annotations[garboard.dev/after]: Invalid value: "
	circle := `: a circle: on/deployment/shop after staging/deployment/shop after on/deployment/shop; allowed: workloads that do not come after this one`
	for name, test := range map[string]struct {
		after, before string // before: it is stored with that
		standard      string // of the namespace
		others        map[string]string
		refused       string
		warned        string
		reads         int
	}{
		"each comes after the other":   {after: "staging for 1h", others: map[string]string{"staging/shop": "on for 1h"}, refused: path + `"staging for 1h"` + circle, reads: 1},
		"a chain":                      {after: "staging for 1h", others: map[string]string{"staging/shop": "dev for 1h", "dev/shop": ""}, reads: 2},
		"what comes first is gone":     {after: "staging for 1h", reads: 1},
		"it has not opted in":          {after: "off for 1h", others: map[string]string{"off/shop": "on for 1h"}},
		"it is stored already":         {after: "staging for 1h", before: "staging for 1h", others: map[string]string{"staging/shop": "on for 1h"}},
		"it was another":               {after: "staging for 1h", before: "dev for 1h", others: map[string]string{"staging/shop": "on for 1h"}, refused: path + `"staging for 1h"` + circle, reads: 1},
		"the namespace's default does": {standard: "staging for 1h", others: map[string]string{"staging/shop": "on for 1h"}, warned: "namespace default " + path + `"staging for 1h": a circle: on/deployment/sh…`, reads: 1},
		"a kind that is not known": {
			after: "staging/cloneset.apps.kruise.io/shop for 1h", refused: path + `"staging/cloneset.apps.kruise.io/shop for 1h": unknown kind in staging/cloneset.apps.kruise.io/shop; known: deployment, statefulset, daemonset, cronjob`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			known := namespaces{
				"on":      workload.NamespaceOf("on", opted, map[string]string{"garboard.dev/after": test.standard}),
				"staging": workload.NamespaceOf("staging", opted, nil), "dev": workload.NamespaceOf("dev", opted, nil), "off": workload.NamespaceOf("off", nil, nil),
			}
			if test.standard == "" {
				known["on"] = workload.NamespaceOf("on", opted, nil)
			}
			server := &stored{after: test.others}
			w := newWorld(t)
			w.namespaces, w.upstreams = known, &webhook.LiveUpstreams{Live: server, Namespaces: known}
			w.serveWith(w.resolver)
			manifest := func(after string) *judged {
				annotations := map[string]string{"garboard.dev/policy": "minor"}
				if after != "" {
					annotations["garboard.dev/after"] = after
				}
				return &judged{annotations: annotations, web: "1.0.0"}
			}
			var before *judged
			if test.before != "" {
				before = manifest(test.before)
			}
			got := w.judge("on", *manifest(test.after), before)
			if got.refused != test.refused || got.warned != test.warned {
				t.Errorf("refused %q, warned %q\nwant %q, %q", got.refused, got.warned, test.refused, test.warned)
			}
			if server.reads != test.reads {
				t.Errorf("%d workloads were read, want %d", server.reads, test.reads)
			}
		})
	}
}

// A list is as long as its writer likes, and each may name eight others: what is read for
// one request has an end.
func TestSearchForACircleHasAnEnd(t *testing.T) {
	opted := namespaces{}
	others := map[string]string{}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			name := string(a) + string(b)
			opted[name] = workload.NamespaceOf(name, map[string]string{"garboard.dev/enabled": "true"}, nil)
			var next []string
			for i := range 8 {
				next = append(next, string(b)+string('a'+(a-'a'+rune(i+1)*3)%26)+" for 1h")
			}
			others[name+"/shop"] = strings.Join(next, ",")
		}
	}
	server := &stored{after: others}
	upstreams := &webhook.LiveUpstreams{Live: server, Namespaces: opted}
	self := settings.UpstreamOf(workload.StandardKinds().All()[0].GroupKind(), "on", "shop")
	first := upstreams.After(t.Context(), settings.UpstreamOf(self.Kind, "aa", "shop"))
	if len(first) == 0 {
		t.Fatal("nothing comes before it")
	}
	settings.Circle(self, first, func(u settings.Upstream) []settings.After { return upstreams.After(t.Context(), u) })
	if server.reads > 33 {
		t.Errorf("%d workloads were read", server.reads)
	}
}

// An API server that does not answer must not keep the writer waiting, nor refuse.
func TestSearchForACircleDoesNotWaitForLong(t *testing.T) {
	opted := map[string]string{"garboard.dev/enabled": "true"}
	known := namespaces{"on": workload.NamespaceOf("on", opted, nil), "staging": workload.NamespaceOf("staging", opted, nil)}
	w := newWorld(t)
	w.namespaces, w.upstreams = known, &webhook.LiveUpstreams{Live: &stored{stuck: true}, Namespaces: known}
	w.serveWith(w.resolver)
	done := make(chan verdict, 1)
	go func() {
		done <- w.judge("on", judged{annotations: map[string]string{"garboard.dev/policy": "minor", "garboard.dev/after": "staging for 1h"}, web: "1.0.0"}, nil)
	}()
	select {
	case got := <-done:
		if got.refused != "" {
			t.Errorf("refused %q", got.refused)
		}
	case <-time.After(30 * time.Second):
		t.Error("the request is not answered")
	}
}
