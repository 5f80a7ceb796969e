package webhook_test

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/webhook"
)

// releases is what Helm's part answers.
type releases struct {
	keel       map[string]any
	repository string
	err        error
}

func (r *releases) Of(context.Context, string, *workload.Object) (settings.Release, error) {
	return settings.NewRelease(r.keel, func(string) (string, bool) { return r.repository, true }), r.err
}

// installed makes a manifest one that Helm installed from a release of the
// namespace; without a policy of its own, if that is none.
func installed(manifest, namespace string) string {
	manifest = strings.Replace(manifest, `"garboard.dev/policy":""`, `"note":""`, 1)
	return strings.Replace(manifest, `"annotations":{`, `"labels":{"app.kubernetes.io/managed-by":"Helm"},"annotations":{`+
		`"meta.helm.sh/release-name":"shop","meta.helm.sh/release-namespace":"`+namespace+`",`, 1)
}

// A release that cannot be read for a moment, as after a restart, is no policy that
// was taken away: what Garboard answered stays, and so does the source, until the
// manifest names another image.
func TestUnreadReleaseIsNoDowngrade(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7", "1.3.0")
	keel := map[string]any{"policy": "patch", "images": []any{map[string]any{"repository": "image.repository"}}}
	w.helm = releases{keel: keel, repository: w.host + "/app"}
	manifest := installed(w.deployment("", "1.2.0"), "on")
	stored, _ := w.mutate(write{object: manifest, manager: "helm"})
	own := func(policy string) string { return installed(w.deployment(policy, "1.2.0"), "on") }
	for name, test := range map[string]struct {
		object string
		images string
	}{
		"the same chart again":              {submit(t, stored, manifest), "1.2.7"},
		"a label":                           {strings.Replace(stored, `"labels":{`, `"labels":{"a":"b",`, 1), "1.2.7"},
		"another image":                     {submit(t, stored, installed(w.deployment("", "1.3.0"), "on")), "1.3.0"},
		"never, by the workload's own word": {submit(t, stored, own("never")), "1.2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			w.helm = releases{err: errors.New("unreadable")}
			after, _ := w.mutate(write{object: test.object, old: stored, manager: "helm"})
			if got := w.images(after); got != test.images {
				t.Errorf("images %q, want %q", got, test.images)
			}
			if was, is := parse(t, stored).StateText(), parse(t, after).StateText(); test.images == "1.2.7" && was != is {
				t.Errorf("state %s, want %s", is, was)
			}
		})
	}
}

// unaskedReleases are values that no request may have time to wait for.
type unaskedReleases struct{ t *testing.T }

func (u unaskedReleases) Of(ctx context.Context, _ string, _ *workload.Object) (settings.Release, error) {
	if ctx.Err() == nil {
		u.t.Error("there is time to ask the API server")
	}
	return settings.Release{}, errors.New("unreadable")
}

// Where requests are too many to wait for a registry, they must not wait for the
// API server either.
func TestOverTheLimitNobodyWaitsForARelease(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	known := namespaces{"on": workload.NamespaceOf("on", map[string]string{"garboard.dev/enabled": "true"}, nil)}
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: w.resolver})
	if err != nil {
		t.Fatal(err)
	}
	mux, arrived, release := http.NewServeMux(), make(chan struct{}), make(chan struct{})
	webhook.Register(muxer{mux}, &webhook.Mutate{Decider: decider, Namespaces: known, Releases: unaskedReleases{t}}, &webhook.Validate{Namespaces: known, Releases: unaskedReleases{t}})
	mux.HandleFunc("/held", func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	})
	s := serve(t, mux, webhook.Limits{InFlight: 1})
	go func() { _, _ = s.post("/held", strings.NewReader("x")) }()
	<-arrived
	defer close(release)
	for _, path := range []string{webhook.MutatePath, webhook.ValidatePath} {
		if response := s.review(path, write{object: installed(w.deployment("patch", "1.2.0"), "on")}.review()); !response.Allowed {
			t.Errorf("%s: %+v", path, response.Result)
		}
	}
}

// Values of a release are a source of policies, and no reason to refuse a write,
// whatever is in them and wherever.
func TestReleaseValues(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7", "1.3.0")
	images := []any{map[string]any{"repository": "image.repository"}}
	for name, test := range map[string]struct {
		namespace string
		keel      map[string]any
		err       error
		own       string // policy
		of        string // namespace of the release, where that is another one
		images    string
		warned    string
	}{
		"a policy of the release":                         {keel: map[string]any{"policy": "patch", "images": images}, images: "1.2.7"},
		"the workload's own before it":                    {keel: map[string]any{"policy": "patch", "images": images}, own: "minor", images: "1.3.0"},
		"a release of another namespace":                  {keel: map[string]any{"policy": "patch", "images": images}, of: "other", images: "1.2.0"},
		"a bad policy":                                    {keel: map[string]any{"policy": "mayor", "images": images}, images: "1.2.0", warned: `Helm value keel.policy: Invalid value: "mayor"`},
		"a bad policy where settings are enforced":        {namespace: "enforce", keel: map[string]any{"policy": "mayor", "images": images}, images: "1.2.0", warned: `Helm value keel.policy: Invalid value: "mayor"`},
		"a release that cannot be read":                   {err: errors.New("unreadable"), images: "1.2.0", warned: "unreadable"},
		"the last known values of one that cannot be":     {keel: map[string]any{"policy": "patch", "images": images}, err: errors.New("unreadable"), images: "1.2.7", warned: "unreadable"},
		"one that cannot be read, with settings enforced": {namespace: "enforce", err: errors.New("unreadable"), images: "1.2.0", warned: "unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			w.helm = releases{keel: test.keel, repository: w.host + "/app", err: test.err}
			namespace := cmp.Or(test.namespace, "on")
			in := write{object: installed(w.deployment(test.own, "1.2.0"), cmp.Or(test.of, namespace)), namespace: namespace}
			stored, _ := w.mutate(in)
			if got := w.images(stored); got != test.images {
				t.Errorf("images %q, want %q", got, test.images)
			}
			response := w.post(webhook.ValidatePath, in.review())
			warned := strings.Join(response.Warnings, "\n")
			if !response.Allowed || !strings.Contains(warned, test.warned) || test.warned == "" && warned != "" {
				t.Errorf("allowed %t, warned %q, want %q", response.Allowed, warned, test.warned)
			}
		})
	}
}
