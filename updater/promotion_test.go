package updater

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
)

// shelf is a registry: what each tag points at.
type shelf map[string]string

func (s shelf) Tags(context.Context, resolver.Repository, resolver.Credential) ([]string, error) {
	var tags []string
	for tag := range s {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return tags, nil
}

func (s shelf) Digest(_ context.Context, _ resolver.Repository, tag string, _ resolver.Credential) (string, error) {
	return s[tag], nil
}

func (s shelf) Image(context.Context, resolver.Repository, string, resolver.Credential, bool) (registry.Image, error) {
	return registry.Image{}, nil
}

// digestOf is a digest that a letter stands for.
func digestOf(letter string) string { return "sha256:" + strings.Repeat(letter, 64) }

// stage is a Deployment of one container that has been healthy with a tag for a year.
func stage(t *testing.T, name, image string, annotations ...string) *unstructured.Unstructured {
	t.Helper()
	o := movedBefore(t, "apps/v1", "Deployment", 365*24*time.Hour, healthy3(4, noon.AddDate(-1, 0, 0)))
	o.SetNamespace("shop")
	o.SetName(name)
	o.SetUID("uid-of-" + types.UID(name))
	set(t, o, []any{map[string]any{"name": "c", "image": repository + ":" + image}}, "spec", "template", "spec", "containers")
	tag, _, _ := strings.Cut(image, "@")
	set(t, o, "c="+tag, "spec", "template", "metadata", "annotations", "garboard.dev/resolved")
	given := map[string]string{"garboard.dev/policy": "minor", "garboard.dev/pollSchedule": "@every 1m"}
	for _, annotation := range annotations {
		key, value, _ := strings.Cut(annotation, ": ")
		given["garboard.dev/"+key] = value
	}
	o.SetAnnotations(given)
	return o
}

// promoting is a bench whose registry has tags, with stages.
func promoting(t *testing.T, has shelf, stages ...*unstructured.Unstructured) *bench {
	t.Helper()
	b := newBench(t, move.Pace{}, stages...)
	b.resolver = resolver.New(has, resolver.Options{Now: b.clock.Now, FreshFor: time.Nanosecond})
	b.admits()
	return b
}

// passes lets time pass, minute by minute: each has its poll, its tries, and its
// controllers, which have new Pods ready within the minute.
func (b *bench) passes(t *testing.T, d time.Duration) {
	t.Helper()
	for range int(d / time.Minute) {
		b.minute(t)
	}
}

func (b *bench) minute(t *testing.T, unwell ...string) {
	t.Helper()
	if err := b.poller.Poll(t.Context(), repository); err != nil {
		t.Fatal(err)
	}
	for b.mover.Queue.Len() > 0 {
		b.mover.Work(t.Context())
	}
	b.clock.Step(time.Minute)
	for name, o := range b.objects {
		switch {
		case slices.Contains(unwell, name):
			b.status(t, o, strings.ReplaceAll(healthy(o, noon), "availableReplicas: 3", "availableReplicas: 2"))
		case o.GetGeneration() != unstructuredInt(o, "status", "observedGeneration"):
			b.status(t, o, healthy(o, b.clock.Now()))
		case unstructuredInt(o, "status", "availableReplicas") != unstructuredInt(o, "spec", "replicas"):
			b.status(t, o, healthy(o, noon.AddDate(-1, 0, 0)))
		}
		b.event(t, b.objects[name])
	}
	for b.mover.Queue.Len() > 0 {
		b.mover.Work(t.Context())
	}
}

// healthy is the status of a Deployment that has all the Pods that it is to have.
func healthy(o *unstructured.Unstructured, at time.Time) string {
	return strings.ReplaceAll(healthy3(int(o.GetGeneration()), at), "eplicas: 3", fmt.Sprintf("eplicas: %d", unstructuredInt(o, "spec", "replicas")))
}

func unstructuredInt(o *unstructured.Unstructured, path ...string) int64 {
	n, _, _ := unstructured.NestedInt64(o.Object, path...)
	return n
}

// wantTag fails unless a workload runs a tag.
func (b *bench) wantTag(t *testing.T, name, want string) {
	t.Helper()
	if got := strings.TrimPrefix(b.image(t, b.objects[name]), repository+":"); got != want {
		t.Errorf("%s: %s runs %s, want %s", b.clock.Now().Sub(noon), name, got, want)
	}
}

// wantWaits fails unless a workload waits at the gate, with a text.
func (b *bench) wantWaits(t *testing.T, name, newest, message string) {
	t.Helper()
	s := b.standing(t, name)
	if s.State != report.StatePending || s.Reason != report.WaitUpstream || s.Newest != newest || !strings.Contains(s.Message, message) {
		t.Errorf("%s: %s is %s (%s) before %s: %s\nwant NotSoaked before %s: …%s…", b.clock.Now().Sub(noon), name, s.State, s.Reason, s.Newest, s.Message, newest, message)
	}
}

const (
	afterDev     = "after: shop/deployment/dev for 1h"
	afterStaging = "after: shop/deployment/staging for 2h"
)

// What is pushed goes from stage to stage, each time after it has run long enough, and a
// version that one stage was rolled back from goes no further.
func TestVersionsGoFromStageToStage(t *testing.T) {
	has := shelf{"1.2.0": "sha256:a"}
	dev, staging := stage(t, "dev", "1.2.0"), stage(t, "staging", "1.2.0", afterDev)
	prod := stage(t, "prod", "1.2.0", afterStaging)
	b := promoting(t, has, dev, staging, prod)
	b.passes(t, 10*time.Minute)
	has["1.3.0"] = "sha256:b"
	b.passes(t, 2*time.Minute)
	b.wantTag(t, "dev", "1.3.0")
	b.wantTag(t, "staging", "1.2.0")
	b.wantWaits(t, "staging", "1.3.0", "shop/deployment/dev has been healthy with 1.3.0 since Sun 2026-01-04 12:11:00 UTC, and has to be for 1h, until Sun 2026-01-04 13:11:00 UTC")
	if got := b.standing(t, "staging").After; got != "shop/deployment/dev for 1h" {
		t.Errorf("it comes after %q", got)
	}
	if at := b.standing(t, "staging").Opens; !at.Equal(noon.Add(71 * time.Minute)) {
		t.Errorf("it opens at %s", at)
	}
	b.wantWaits(t, "prod", "1.3.0", "shop/deployment/staging runs 1.2.0")
	b.passes(t, 58*time.Minute)
	b.wantTag(t, "staging", "1.2.0")
	b.passes(t, 3*time.Minute)
	b.wantTag(t, "staging", "1.3.0")
	b.wantTag(t, "prod", "1.2.0")

	// Staging is rolled back in the middle of its time.
	b.passes(t, time.Hour)
	b.answer = takesBack(record.Record{"c": {Tag: "1.2.0"}})
	if err := b.answer(b.objects["staging"], false); err != nil {
		t.Fatal(err)
	}
	b.admits()
	b.status(t, staging, healthy3(int(b.objects["staging"].GetGeneration()), b.clock.Now()))
	b.event(t, b.objects["staging"])
	b.passes(t, 3*time.Hour)
	b.wantTag(t, "prod", "1.2.0")
	b.wantWaits(t, "prod", "1.3.0", "shop/deployment/staging was rolled back from 1.3.0")

	// The next one is good.
	has["1.3.1"] = "sha256:c"
	b.passes(t, 5*time.Hour)
	for _, name := range []string{"dev", "staging", "prod"} {
		b.wantTag(t, name, "1.3.1")
	}
}
