package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/garboard-dev/garboard/internal/voting/enforcement"
)

const whyVotes = "No vote counts: workloads that ask for approvals stay where they are."

// leaseOfChanges tells since when policies that were changed are as they are.
const leaseOfChanges = "lease/" + enforcement.LeaseName

// approvals looks at the definitions of updates and votes, and at the policies that votes
// rest on.
func (d *Doctor) approvals(ctx context.Context) []Finding {
	findings := d.definitions(ctx)
	policies := enforcement.Policies{
		Client: d.Kube.AdmissionregistrationV1(), Account: "system:serviceaccount:" + d.Namespace + ":" + updaterName,
		Leases: d.Kube.CoordinationV1().Leases(d.Namespace), ReadOnly: true,
	}
	state, err := policies.Look(ctx)
	switch fault := (*enforcement.Fault)(nil); {
	case err == nil && state.Changed:
		findings = append(findings, Finding{
			Severity: Note, Object: leaseOfChanges,
			Message: "the policies of votes were changed since they were made: votes from before " + state.Since.UTC().Format(time.RFC3339) + " do not count, and have to be cast again",
		})
	case err == nil:
	case errors.As(err, &fault) && fault.Object == leaseOfChanges:
		findings = append(findings, Finding{
			Severity: Warning, Object: fault.Object, Message: fault.Message, Why: "No vote counts until the updater has noted it, which it does within the hour, or as soon as a vote is to be counted.",
			Mend: fmt.Sprintf("kubectl -n %s logs deployment/%s --all-pods --tail=20", d.Namespace, updaterName),
		})
	case errors.As(err, &fault):
		findings = append(findings, Finding{Severity: Failure, Object: fault.Object, Message: fault.Message, Why: whyVotes, Mend: d.reinstall()})
	default:
		findings = append(findings, unknownFinding("", err))
	}
	return findings
}
