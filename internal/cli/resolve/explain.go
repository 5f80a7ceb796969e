package resolve

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook"
	"github.com/garboard-dev/garboard/webhook/offline"
)

// printExplanations says of every image why it moved or stayed, and of the tags that
// were not chosen why. The lists are known by now.
func printExplanations(ctx context.Context, r *resolver.Resolver, p *offline.Plan, out io.Writer) error {
	var text strings.Builder
	for _, w := range p.Workloads {
		for _, o := range w.Decision.Outcomes() {
			fmt.Fprintf(&text, "%s: %s: %s\n", w.Title, cmdline.Shown(o.Slot.Key()), verdictText(&o))
			if !listed(&o) {
				continue
			}
			rejected, err := r.Explain(ctx, o.Query, o.Resolution)
			if err != nil {
				return fmt.Errorf("explaining %s: %w", cmdline.Shown(o.Slot.Image), err)
			}
			writeRejections(&text, rejected)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// verdictText is what became of an image, in a clause.
func verdictText(o *webhook.Outcome) string {
	image := cmdline.Shown(o.Slot.Image)
	if o.Image != o.Slot.Image {
		image += " -> " + cmdline.Shown(o.Image)
	}
	switch {
	case !o.Rule.Governed():
		return image + " (not governed)"
	case o.Answer.Gated:
		return fmt.Sprintf("%s (as written: %s lets only the updater's bump through)", image, o.Gates())
	case !o.Answer.Resolve:
		return image + " (the manifest carries its answer)"
	}
	return fmt.Sprintf("%s (policy %s: %s)", image, cmdline.Shown(o.Rule.Policy.Name()), explainResolution(&o.Resolution))
}

// explainResolution is the reason of a resolution, with the tags of other lines that a stay
// passes over.
func explainResolution(r *resolver.Resolution) string {
	if others := r.Others.Text(); others != "" {
		return others
	}
	return resolver.Text(r.Reason)
}

// listed reports whether the answer came from a list of tags.
func listed(o *webhook.Outcome) bool {
	if !o.Answer.Resolve || o.Err != nil || o.Rule.Policy.FollowsSameTag(o.Answer.Image.Tag) {
		return false
	}
	switch o.Resolution.Reason {
	case policy.StayNever, policy.StayNotAVersion, policy.StayUnreadVersion, policy.StayFiltered, policy.StayNoCurrent, policy.StayNeedsRegistry:
		return false
	}
	return true
}

func writeRejections(text *strings.Builder, rejected []resolver.Rejection) {
	width := 0
	for _, r := range rejected {
		width = max(width, len(r.Tag))
	}
	for _, r := range rejected {
		fmt.Fprintf(text, "    %-*s  %s\n", width, r.Tag, r.Text)
	}
}
