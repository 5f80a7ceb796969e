package workload

import "strings"

const (
	// AnnotationChangeCause is what `kubectl rollout history` shows of a revision:
	// the controllers copy it from the workload when they make one.
	AnnotationChangeCause = "kubernetes.io/change-cause"
	// CausePrefix marks a cause as ours.
	CausePrefix = "garboard: "
	// maxCause bounds the cause that is looked into, for each container: one that we
	// write tells of five.
	maxCause = 4 << 10
)

// ChangeCause returns the object's change cause; empty without one.
func (o *Object) ChangeCause() string { return Text(o.Annotations()[AnnotationChangeCause]) }

// MovedByUpdater reports whether the change cause says that the updater's last
// move was one of the container. Every writer may write it, so that it is no more than
// a hint.
func (o *Object) MovedByUpdater(container string) bool {
	causes, ours := strings.CutPrefix(o.ChangeCause(), CausePrefix)
	if !ours || len(causes) > maxCause {
		return false
	}
	for cause := range strings.SplitSeq(causes, ", ") {
		if strings.HasPrefix(cause, container+" ") || strings.HasPrefix(cause, "and ") {
			return true
		}
	}
	return false
}
