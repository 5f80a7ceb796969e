#!/usr/bin/env bash
# client-go v0.37.2: a controller that goes over from tools/record to tools/events, as controller-runtime
# asks for (GetEventRecorder), loses some Events and multiplies others.
#
# Both recorders fold what repeats into one Event with a count. The old one compares the text, and not
# the version of the object; the new one the version, and not the text. So "updated to 1.1" and then
# "the registry answers 401" of one version of an object, by one reason and action, become the first
# text, twice, for as long as it goes on; the second stands nowhere. And one complaint about an object
# that changes meanwhile, if only in its status, is a new Event each time.
#
# Seen: the texts and counts below. The script fails if they change.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
	k8s.io/client-go v0.37.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
)

// fact is what is told of a version of the object.
type fact struct{ version, text string }

func main() {
	for _, c := range []struct {
		title string
		facts []fact
	}{
		{"two texts of one version", []fact{{"7", "updated to 1.1"}, {"7", "the registry answers 401"}}},
		{"one text of three versions", []fact{{"7", "the registry answers 401"}, {"8", "the registry answers 401"}, {"9", "the registry answers 401"}}},
	} {
		fmt.Println(c.title)
		fmt.Println("  tools/record:", byRecord(c.facts))
		fmt.Println("  tools/events:", byEvents(c.facts))
	}
}

func byRecord(facts []fact) []string {
	s := &store{}
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(recordSink{s})
	defer broadcaster.Shutdown()
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "updater"})
	for _, f := range facts {
		recorder.Event(pod(f.version), corev1.EventTypeNormal, "Update", f.text)
		time.Sleep(time.Second)
	}
	return s.all()
}

func byEvents(facts []fact) []string {
	s := &store{}
	broadcaster := events.NewBroadcaster(eventsSink{s})
	if err := broadcaster.StartRecordingToSinkWithContext(context.Background()); err != nil {
		panic(err)
	}
	defer broadcaster.Shutdown()
	recorder := broadcaster.NewRecorder(scheme.Scheme, "updater")
	for _, f := range facts {
		recorder.Eventf(pod(f.version), nil, corev1.EventTypeNormal, "Update", "Poll", "%s", f.text)
		time.Sleep(time.Second)
	}
	return s.all()
}

func pod(version string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "1", ResourceVersion: version}}
}

// store is the Events in the cluster.
type store struct {
	sync.Mutex
	names []string
	texts map[string]string
}

func (s *store) put(name, text string, count int32) {
	s.Lock()
	defer s.Unlock()
	if s.texts == nil {
		s.texts = map[string]string{}
	}
	if _, known := s.texts[name]; !known {
		s.names = append(s.names, name)
	}
	s.texts[name] = fmt.Sprintf("%q x%d", text, count)
}

func (s *store) all() []string {
	s.Lock()
	defer s.Unlock()
	var all []string
	for _, name := range s.names {
		all = append(all, s.texts[name])
	}
	return all
}

type recordSink struct{ *store }

func (s recordSink) put(e *corev1.Event) (*corev1.Event, error) {
	s.store.put(e.Name, e.Message, e.Count)
	return e, nil
}
func (s recordSink) Create(e *corev1.Event) (*corev1.Event, error)          { return s.put(e) }
func (s recordSink) Update(e *corev1.Event) (*corev1.Event, error)          { return s.put(e) }
func (s recordSink) Patch(e *corev1.Event, _ []byte) (*corev1.Event, error) { return s.put(e) }

type eventsSink struct{ *store }

func (s eventsSink) put(e *eventsv1.Event) (*eventsv1.Event, error) {
	count := int32(1)
	if e.Series != nil {
		count = e.Series.Count
	}
	s.store.put(e.Name, e.Note, count)
	return e, nil
}
func (s eventsSink) Create(_ context.Context, e *eventsv1.Event) (*eventsv1.Event, error) { return s.put(e) }
func (s eventsSink) Update(_ context.Context, e *eventsv1.Event) (*eventsv1.Event, error) { return s.put(e) }
func (s eventsSink) Patch(_ context.Context, e *eventsv1.Event, _ []byte) (*eventsv1.Event, error) { return s.put(e) }
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
two texts of one version
  tools/record: ["updated to 1.1" x1 "the registry answers 401" x1]
  tools/events: ["updated to 1.1" x2]
one text of three versions
  tools/record: ["the registry answers 401" x3]
  tools/events: ["the registry answers 401" x1 "the registry answers 401" x1 "the registry answers 401" x1]
EOF
