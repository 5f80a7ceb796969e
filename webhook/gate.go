package webhook

import (
	"strings"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
)

// DefaultUpdaterAccount is the updater's ServiceAccount of manifests/.
const DefaultUpdaterAccount = "system:serviceaccount:garboard:garboard-updater"

// within keeps a resolution to the target of the updater's bump. The tag is the
// resolver's to keep to. But the registry may have another image behind it by now
// than the one that the updater found to be old enough, and that one waits for its
// own turn.
func (o *Outcome) within(r resolver.Resolution) resolver.Resolution {
	base := record.Result{Tag: o.Answer.Image.Tag, Digest: o.baseDigest()}
	got := record.Result{Tag: r.Tag, Digest: r.Digest}
	if o.target == nil || got == base || got == *o.target {
		return r
	}
	r.Tag, r.Digest, r.Reason = base.Tag, base.Digest, resolver.StayOtherDigest
	return r
}

// Gates names the settings that make gates for a container: "minAge", "window" or
// "minAge with window"; empty for none.
func (o *Outcome) Gates() string {
	var set []string
	if o.Rule.MinAge > 0 {
		set = append(set, "minAge")
	}
	if o.Rule.Window != nil {
		set = append(set, "window")
	}
	return strings.Join(set, " with ")
}
