package page

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// updatesFresh is how long the list of updates answers.
const updatesFresh = 4 * time.Second

// updates are the moves that wait for approvals, or waited.
type updates struct {
	at  time.Time
	all []*proposal
	// absent: the cluster has no such objects. missing says why they could not be read.
	absent  bool
	missing string
}

// proposal is one update, as it is shown.
type proposal struct {
	*v1alpha1.ImageUpdate
	// From and To are versions with their digests; Lag is how far they are apart.
	From, To, Lag string
	words         string
}

func (a *Access) updates(ctx context.Context, now time.Time) *updates {
	list := &v1alpha1.ImageUpdateList{}
	err := a.Client.List(ctx, list, client.InNamespace(a.Namespace))
	switch found := (&updates{at: now}); {
	case meta.IsNoMatchError(err):
		found.absent = true
		return found
	case err != nil:
		found.missing = "Which updates wait for approvals is not known: " + shown(err.Error()) + "."
		return found
	default:
		for i := range list.Items {
			found.all = append(found.all, proposalOf(&list.Items[i]))
		}
		slices.SortFunc(found.all, byDeadline)
		return found
	}
}

func proposalOf(u *v1alpha1.ImageUpdate) *proposal {
	p := &proposal{ImageUpdate: u, From: versionOf(u.Spec.From), To: versionOf(u.Spec.To)}
	p.Lag, _ = lag(p.From, p.To)
	voters := make([]string, 0, len(u.Status.Voters))
	for _, voter := range u.Status.Voters {
		voters = append(voters, voter.Name)
	}
	p.words = strings.ToLower(strings.Join([]string{
		u.Namespace, u.Spec.WorkloadRef.Kind + "/" + u.Spec.WorkloadRef.Name, u.Spec.Container, u.Spec.Repository, p.From, p.To,
		u.Spec.Policy, u.Name, strings.Join(voters, "\x00"),
	}, "\x00"))
	return p
}

func versionOf(v v1alpha1.ImageVersion) string {
	return record.Result{Tag: v.Tag, Digest: v.Digest}.String()
}

// byDeadline puts those first that wait, and of them those that have the least time left.
func byDeadline(a, b *proposal) int {
	if a.Pending() != b.Pending() {
		if a.Pending() {
			return -1
		}
		return 1
	}
	order := voting.Deadline(a.ImageUpdate).Compare(voting.Deadline(b.ImageUpdate))
	if !a.Pending() {
		order = -order
	}
	return cmp.Or(order, cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// Pending reports whether people are waited for.
func (p *proposal) Pending() bool { return voting.PhaseOf(p.ImageUpdate) == v1alpha1.PhasePending }

// MayReopen reports whether a vote has the update voted on again.
func (p *proposal) MayReopen() bool { return voting.MayReopen(voting.PhaseOf(p.ImageUpdate)) }

// Phase is where the update stands.
func (p *proposal) Phase() string { return string(voting.PhaseOf(p.ImageUpdate)) }

// Deadline is until when votes count.
func (p *proposal) Deadline() time.Time { return voting.Deadline(p.ImageUpdate) }

// Value names the update in a form. With the UID it is no other of the same name.
func (p *proposal) Value() string { return p.Namespace + "/" + p.Name + "/" + string(p.UID) }

// key names the workload.
func (p *proposal) key() objectKey {
	return objectKey{p.Namespace, p.Spec.WorkloadRef.Kind, p.Spec.WorkloadRef.Name}
}

// Title is the update as a person calls it.
func (p *proposal) Title() string {
	return fmt.Sprintf("%s/%s %s %s", p.Namespace, p.Spec.WorkloadRef.Name, p.Spec.Container, version(p.To))
}

// same reports whether two lists show the same.
func (u *updates) same(other *updates) bool {
	return u.absent == other.absent && u.missing == other.missing && slices.EqualFunc(u.all, other.all, func(a, b *proposal) bool {
		return a.UID == b.UID && a.ResourceVersion == b.ResourceVersion
	})
}

// seal is a hash of what updates propose: who saw them and votes on all of them votes on
// nothing that came since.
func seal(all []*proposal) string {
	hash := sha256.New()
	for _, p := range all {
		_, _ = fmt.Fprintf(hash, "%s\n", p.Value())
	}
	return hex.EncodeToString(hash.Sum(nil))
}
