package move

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload"
)

// trustFor is how long the outcome of one dry run stands for others.
const trustFor = time.Hour

// trust remembers where a bump needs no dry run of its own. A dry run costs as much as
// the bump, both webhooks included, and shows two things:
//
//   - Admission moves an image. A bump that has no dry run has workload.AnnotationOnlyIfMoved
//     instead: the API server refuses it if admission is away, or moves nothing.
//   - No other webhook puts the image back. Which webhooks are called follows from the
//     namespace and the kind, so that one dry run a namespace and kind shows it for an hour,
//     unless a bump there ends otherwise. Webhooks may select by labels as well: a workload
//     whose own bump moved nothing keeps its dry run until an hour after the last such one.
type trust struct {
	mu      sync.Mutex
	until   map[chain]time.Time
	doubted map[types.UID]time.Time
}

// chain names the webhooks that are called for a workload.
type chain struct {
	namespace string
	kind      schema.GroupKind
}

func chainOf(o *workload.Object) chain { return chain{o.Namespace(), o.Kind.GroupKind()} }

func newTrust() *trust {
	return &trust{until: map[chain]time.Time{}, doubted: map[types.UID]time.Time{}}
}

// holds reports whether a dry run has shown lately what a bump of a workload would show.
func (t *trust) holds(c chain, workload types.UID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Before(t.until[c]) && !now.Before(t.doubted[workload])
}

// doubt notes a bump that moved nothing.
func (t *trust) doubt(workload types.UID, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.doubted, func(_ types.UID, until time.Time) bool { return !now.Before(until) })
	t.doubted[workload] = now.Add(trustFor)
}

// gain notes a bump that did what its dry run had shown.
func (t *trust) gain(c chain, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// No namespace that is gone is kept.
	maps.DeleteFunc(t.until, func(_ chain, until time.Time) bool { return !now.Before(until) })
	t.until[c] = now.Add(trustFor)
}

// lose notes a bump that ended otherwise.
func (t *trust) lose(c chain) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.until, c)
}

// leftByAdmission reports whether the API server refuses a bump because admission has not
// taken AnnotationOnlyIfMoved off.
func leftByAdmission(err error) bool {
	var refused apierrors.APIStatus
	if !errors.As(err, &refused) || refused.Status().Reason != metav1.StatusReasonInvalid || refused.Status().Details == nil {
		return false
	}
	return slices.ContainsFunc(refused.Status().Details.Causes, func(cause metav1.StatusCause) bool {
		return cause.Field == "metadata.annotations" && strings.Contains(cause.Message, workload.AnnotationOnlyIfMoved)
	})
}
