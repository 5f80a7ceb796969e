package webhook

import (
	"strings"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
)

// DefaultUpdaterAccount is the updater's ServiceAccount of manifests/.
const DefaultUpdaterAccount = "system:serviceaccount:garboard:garboard-updater"

// limitToBumpTarget keeps a resolution to the target of the updater's bump. The tag is the
// resolver's to keep to. But the registry may have another image behind it by now
// than the one that the updater found to be old enough, and that one waits for its
// own turn.
func (o *Outcome) limitToBumpTarget(r resolver.Resolution) resolver.Resolution {
	base := record.Result{Tag: o.Answer.Image.Tag, Digest: o.baseDigest()}
	got := record.Result{Tag: r.Tag, Digest: r.Digest}
	if o.target == nil || got == base || got == *o.target {
		return r
	}
	r.Tag, r.Digest, r.Reason = base.Tag, base.Digest, resolver.StayOtherDigest
	return r
}

// Gates names the gates of a container that bind every writer: "minAge", "approvals" or
// "minAge with window"; empty for none.
func (o *Outcome) Gates() string {
	var set []string
	for _, gate := range o.Rule.Gates() {
		if gate.BindsWriters() {
			set = append(set, string(gate))
		}
	}
	return strings.Join(set, " with ")
}
