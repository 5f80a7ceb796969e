package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload"
)

// ledger holds what the API server stored against what the writers asked for.
// It is told by the watches and by the writers.
type ledger struct {
	mu     sync.Mutex
	faults []string
	// seen is the last that was seen of each Deployment, by UID.
	seen map[types.UID]sight
	// past are the lines that a fault tells what led to it by.
	past map[types.UID][]string
	// asks are the ways down that writers asked for, by Deployment.
	asks map[string][]*ask
	// revisions are the ReplicaSets of a Deployment, by what of their template
	// is not Garboard's.
	revisions map[types.UID]map[string]string

	moves, downs, sights, gaps int
}

type sight struct {
	version, tag int
	template     corev1.PodTemplateSpec
}

// ask is one way down. It holds for what is stored after one version of the
// object, up to the version at which the writer saw it done: 0 until then.
type ask struct {
	tag          int
	after, until int
}

func newLedger() *ledger {
	return &ledger{seen: map[types.UID]sight{}, past: map[types.UID][]string{}, asks: map[string][]*ask{}, revisions: map[types.UID]map[string]string{}}
}

// fault notes what must not be.
func (l *ledger) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(format, args...)
}

// note is fault for those who hold the lock.
func (l *ledger) note(format string, args ...any) {
	if len(l.faults) < 50 {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

// down says that a writer is about to ask for a tag, which may be below the one
// that is stored.
func (l *ledger) down(name string, tag, after int) *ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &ask{tag: tag, after: after}
	l.asks[name] = append(l.asks[name], a)
	return a
}

// done says that the ask is answered: what comes after this version of the
// object is not its doing.
func (l *ledger) done(a *ask, version int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.until = version
}

// deployment takes in a Deployment as it is stored. After a gap in the watch
// versions between may have been missed.
func (l *ledger) deployment(d *appsv1.Deployment, gap bool) {
	now := sight{version: versionOf(d.ResourceVersion), tag: tagOf(d.Spec.Template), template: *d.Spec.Template.DeepCopy()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sights++
	before, known := l.seen[d.UID]
	if known && now.version <= before.version {
		return
	}
	l.seen[d.UID] = now
	l.past[d.UID] = append(l.past[d.UID], line(d, gap))
	if left := d.Spec.Template.Annotations[workload.AnnotationBump]; left != "" {
		l.note("%s at version %d keeps the bump %q on its template", d.Name, now.version, left)
	}
	if !known {
		return
	}
	if now.tag > before.tag {
		l.moves++
	}
	if now.tag < before.tag {
		l.downs++
		if !l.asked(d.Name, before, now, gap) {
			l.note("%s went from 1.2.%d to 1.2.%d at version %d, and nobody asked for it:\n%s", d.Name, before.tag, now.tag, now.version, l.story(d))
		}
	}
	if !gap && text(now.template) != text(before.template) && foreign(now.template) == foreign(before.template) {
		l.note("%s rolled at version %d, and its template changed in our annotations alone: %v, before %v",
			d.Name, now.version, now.template.Annotations, before.template.Annotations)
	}
}

// asked reports whether a writer asked for the way down. In a gap the Deployment
// may have been lower still, and on its way up again.
func (l *ledger) asked(name string, before, now sight, gap bool) bool {
	return slices.ContainsFunc(l.asks[name], func(a *ask) bool {
		if gap {
			return a.tag <= now.tag && (a.until == 0 || a.until > before.version)
		}
		return a.tag == now.tag && a.after < now.version && (a.until == 0 || now.version <= a.until)
	})
}

// gap says that the watch was interrupted.
func (l *ledger) gap() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gaps++
}

// replicaSet takes in a revision. One that differs from another in nothing but
// our annotations was a rollout for nothing.
func (l *ledger) replicaSet(r *appsv1.ReplicaSet) {
	if len(r.OwnerReferences) == 0 {
		return
	}
	owner, template := r.OwnerReferences[0].UID, foreign(r.Spec.Template)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.revisions[owner] == nil {
		l.revisions[owner] = map[string]string{}
	}
	if other, ok := l.revisions[owner][template]; ok && other != r.Name {
		l.note("%s and %s differ in our annotations alone: %s", other, r.Name, text(r.Spec.Template))
	}
	l.revisions[owner][template] = r.Name
}

// found are the faults, and a line of what was looked at.
func (l *ledger) found() (faults []string, looked string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	revisions := 0
	for _, of := range l.revisions {
		revisions += len(of)
	}
	return l.faults, fmt.Sprintf("%d stored versions of %d Deployments and %d revisions seen, %d gaps; %d moves up, %d ways down that were asked for",
		l.sights, len(l.seen), revisions, l.gaps, l.moves, l.downs)
}

// foreign is the text of a template without what Garboard and the controllers
// write there, the image excepted.
func foreign(template corev1.PodTemplateSpec) string {
	stripped := *template.DeepCopy()
	maps.DeleteFunc(stripped.Annotations, func(key, _ string) bool {
		return key == workload.AnnotationRecord || key == workload.AnnotationBump
	})
	if len(stripped.Annotations) == 0 {
		stripped.Annotations = nil
	}
	delete(stripped.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return text(stripped)
}

func text(template corev1.PodTemplateSpec) string {
	data, err := json.Marshal(template)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// tagOf is N of the first container's 1.2.N.
func tagOf(template corev1.PodTemplateSpec) int {
	image := template.Spec.Containers[0].Image
	n, err := strconv.Atoi(image[strings.LastIndex(image, ".")+1:])
	if err != nil {
		return -1
	}
	return n
}

// versionOf reads a resourceVersion, which etcd counts up.
func versionOf(resourceVersion string) int {
	n, err := strconv.Atoi(resourceVersion)
	if err != nil {
		return -1
	}
	return n
}

// knows reports whether the watch has seen this version of the Deployment.
func (l *ledger) knows(d *appsv1.Deployment) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[d.UID].version >= versionOf(d.ResourceVersion)
}

// line tells of a stored version.
func line(d *appsv1.Deployment, gap bool) string {
	var last metav1.ManagedFieldsEntry
	for _, entry := range d.ManagedFields {
		if entry.Time != nil && (last.Time == nil || !entry.Time.Before(last.Time)) {
			last = entry
		}
	}
	return fmt.Sprintf("version %s: 1.2.%d by %s %s, applied %s with 1.2.%s, env %d, state %s, after a gap: %t",
		d.ResourceVersion, tagOf(d.Spec.Template), last.Manager, last.Operation, d.Labels["applied"], d.Labels["source"],
		envOf(d.Spec.Template), d.Annotations[workload.AnnotationState], gap)
}

// story is what is known of a Deployment.
func (l *ledger) story(d *appsv1.Deployment) string {
	lines := slices.Clone(l.past[d.UID])
	for _, a := range l.asks[d.Name] {
		lines = append(lines, fmt.Sprintf("asked for 1.2.%d from version %d to %d", a.tag, a.after, a.until))
	}
	return strings.Join(lines, "\n")
}
