package chat

import (
	"fmt"
	"strings"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/voting"
)

const (
	// maxPart bounds one name or version that others chose, and maxSentence a
	// sentence of an answer, in characters.
	maxPart     = 128
	maxSentence = 512
	// shortDigest is how many digits of a digest are shown.
	shortDigest = 12
)

// Summary says on one line what an update moves, and how the votes stand.
func Summary(u *v1alpha1.ImageUpdate) string {
	part := func(s string) string { return printable.OneLine(s, maxPart) }
	return fmt.Sprintf("%s %s: %s: %s %s -> %s, %s",
		part(u.Spec.WorkloadRef.Kind), part(u.Spec.WorkloadRef.Name), part(u.Spec.Container),
		part(u.Spec.Repository), part(version(u.Spec.From)), part(version(u.Spec.To)), votes(u))
}

// version is a tag, and the beginning of its digest.
func version(v v1alpha1.ImageVersion) string {
	digest := printable.Digest(v.Digest, shortDigest)
	switch {
	case v.Tag == "":
		return digest
	case digest == "":
		return v.Tag
	default:
		return v.Tag + " (" + digest + ")"
	}
}

// votes says how the votes stand, or how it ended.
func votes(u *v1alpha1.ImageUpdate) string {
	count := fmt.Sprintf("%d of %d approvals", u.Status.Approvals, u.Spec.VotesRequired)
	if u.Status.Phase == v1alpha1.PhasePending {
		return fmt.Sprintf("%s, until %s", count, voting.Deadline(u).UTC().Format("2006-01-02 15:04 MST"))
	}
	return fmt.Sprintf("%s (%s)", strings.ToLower(string(u.Status.Phase)), count)
}

// Voters says who voted how, one a line; empty if there is no vote.
func Voters(u *v1alpha1.ImageUpdate) string {
	lines := make([]string, 0, len(u.Status.Voters))
	for _, voter := range u.Status.Voters {
		line := printable.OneLine(voter.Name, maxPart) + ": " + strings.ToLower(string(voter.Verdict))
		if voter.Comment != "" {
			line += " (" + printable.OneLine(voter.Comment, maxPart) + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
