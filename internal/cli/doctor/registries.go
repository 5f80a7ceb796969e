package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// registries asks the updater which of them have answered it, from where it runs and with
// the credentials that it has.
func (d *Doctor) registries(ctx context.Context) []Finding {
	if d.Status == nil {
		return []Finding{{Severity: Unknown, Message: "could not be looked at: the updater cannot be asked"}}
	}
	list, err := d.Status.List(ctx, "")
	if err != nil {
		f := unknownFinding("", err)
		f.Why = "Which registries answer is known to the updater alone."
		f.Mend = fmt.Sprintf("kubectl -n %s create rolebinding status-for-me --role=garboard-status --user=me@example.com (if you lack the right)", d.Namespace)
		return []Finding{f}
	}
	var findings []Finding
	if len(list.Unowned) > 0 {
		findings = append(findings, Finding{
			Severity: Warning, Message: fmt.Sprintf("the shards %v have no owner at the moment: what is known of their workloads is missing", list.Unowned),
			Why: "Their repositories are not watched.", Mend: fmt.Sprintf("kubectl -n %s get leases", d.Namespace),
		})
	}
	return append(findings, byRegistry(list.Items)...)
}

// registry is what is known of one: how many containers have images of it, and those that
// it gave no answer for.
type registry struct {
	containers int
	silent     []status.Item
}

func byRegistry(items []status.Item) []Finding {
	all := map[string]*registry{}
	for _, item := range items {
		host, _, _ := strings.Cut(item.Repository, "/")
		if all[host] == nil {
			all[host] = &registry{}
		}
		all[host].containers++
		if item.State == report.StateUnknown && item.LastCheck != nil {
			all[host].silent = append(all[host].silent, item)
		}
	}
	findings := make([]Finding, 0, len(all))
	for _, host := range slices.Sorted(maps.Keys(all)) {
		r := all[host]
		if len(r.silent) == 0 {
			findings = append(findings, okFinding(host, "answers for the images of %d containers", r.containers))
			continue
		}
		first := r.silent[0]
		findings = append(findings, Finding{
			Severity: Failure, Object: host,
			Message: fmt.Sprintf("does not answer for %d of %d containers; %s/%s: %s", len(r.silent), r.containers, first.Namespace, first.Name, strings.TrimSpace(first.Reason+" "+first.Message)),
			Why:     "Their images stay where they are.",
			Mend:    fmt.Sprintf("garboard registry check %s:%s", first.Repository, tagOf(first.Running)),
		})
	}
	return findings
}

func tagOf(running string) string {
	tag, _, _ := strings.Cut(running, "@")
	return tag
}
