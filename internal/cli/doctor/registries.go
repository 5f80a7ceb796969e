package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/internal/printable"
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
	counted, err := d.readCounts(ctx)
	switch {
	case err != nil:
		f := unknownFinding("", err)
		f.Why = "Limits of registries, and what became of notices and pushes, are known to the updater alone."
		findings = append(findings, f)
	case d.Metrics == nil:
		findings = append(findings, Finding{Severity: Note, Message: "limits of registries, and what became of notices and pushes, were not looked at: --updater-url leads to the status alone"})
	}
	traffic := counted.Traffic(d.Now())
	findings = append(findings, d.byRegistry(list.Items, traffic)...)
	return append(findings, d.anonymous(ctx, list.Items, traffic)...)
}

// registry is what is known of one: how many containers have images of it, and those that
// it gave no answer for.
type registry struct {
	containers int
	first      status.Item
	silent     []status.Item
	// asked counts the containers by what the registry was asked with for them.
	asked map[string]int
}

func (d *Doctor) byRegistry(items []status.Item, traffic map[string]status.Traffic) []Finding {
	all := map[string]*registry{}
	for _, item := range items {
		host, _, _ := strings.Cut(item.Repository, "/")
		if all[host] == nil {
			all[host] = &registry{first: item, asked: map[string]int{}}
		}
		all[host].containers++
		if item.Asked != nil {
			all[host].asked[askedWith(item.Asked)]++
		}
		if item.State == report.StateUnknown && item.LastCheck != nil {
			all[host].silent = append(all[host].silent, item)
		}
	}
	findings := make([]Finding, 0, len(all))
	for _, host := range slices.Sorted(maps.Keys(all)) {
		r := all[host]
		if len(r.silent) == 0 {
			findings = append(findings, r.answers(host, traffic[host]))
			continue
		}
		first := r.silent[0]
		findings = append(findings, Finding{
			Severity: Failure, Object: host,
			Message: fmt.Sprintf("does not answer for %d of %d containers; %s/%s: %s", len(r.silent), r.containers, first.Namespace, first.Name, strings.TrimSpace(first.Reason+" "+first.Message)) + r.credentials(),
			Why:     "Their images stay where they are.",
			Mend:    fmt.Sprintf("garboard registry check %s:%s", first.Repository, tagOf(first.Running)),
		})
	}
	logs := fmt.Sprintf("kubectl -n %s logs deployment/%s --all-pods (docs/registries-config.md tells where mirrors are named)", d.Namespace, updaterName)
	for _, host := range slices.Sorted(maps.Keys(traffic)) {
		if f, ok := troubled(host, traffic[host], ""); ok && all[host] == nil {
			f.Why, f.Mend = "No image names this host: it is a mirror of a registry, or issues its tokens.", logs
			findings = append(findings, f)
		}
	}
	return findings
}

// answers is the finding for a registry that has answered for all its images.
func (r *registry) answers(host string, t status.Traffic) Finding {
	check := fmt.Sprintf("garboard registry check %s:%s", r.first.Repository, tagOf(r.first.Running))
	if f, ok := troubled(host, t, check); ok {
		return f
	}
	message := fmt.Sprintf("answers for the images of %s", printable.Count(r.containers, "container"))
	if t.Remaining != nil {
		message += fmt.Sprintf("; its limit leaves %s", printable.Count(*t.Remaining, "request"))
	}
	return okFinding(host, "%s%s", message, r.credentials())
}

// troubled is the finding for a host that has failed or asked for a pause; ok is false for
// others. check is what tells more of it.
func troubled(host string, t status.Traffic, check string) (f Finding, ok bool) {
	switch {
	case t.CircuitOpen:
		return Finding{
			Severity: Failure, Object: host, Message: "has failed several times in a row, and is asked again only now and then",
			Why: "Its images stay where they are.", Mend: check,
		}, true
	case t.PausedUntil != nil:
		return Finding{
			Severity: Warning, Object: host, Message: "has asked for a pause until " + t.PausedUntil.UTC().Format(time.RFC3339),
			Why: "Its limit is used up: until then its images stay where they are.", Mend: check + " (tells the credential and the limit; a longer pollMinimum takes fewer requests: docs/registries-config.md)",
		}, true
	default:
		return Finding{}, false
	}
}

func tagOf(running string) string {
	tag, _, _ := strings.Cut(running, "@")
	return tag
}
