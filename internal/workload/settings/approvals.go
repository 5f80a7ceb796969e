package settings

import (
	"errors"
	"strconv"
	"time"
)

// CarryPatch has votes carry over to a higher patch release.
const CarryPatch = "patch"

// DefaultApprovalDeadline is how long a proposal waits for votes if the workload
// does not say otherwise, as with Keel.
const DefaultApprovalDeadline = 24 * time.Hour

const (
	maxVotes        = 100
	leastDeadline   = time.Second
	votesAllowed    = "the number of votes that a move needs, 0 for none, at most 100"
	deadlineAllowed = `hours such as "24", or a duration such as "90m" or "3d", of at least 1s and at most 366d`
)

// Approvals are what people are asked for before a move.
type Approvals struct {
	// Votes is how many a move needs; 0 is none.
	Votes int32
	// Deadline is how long a proposal waits for them. The default is
	// DefaultApprovalDeadline.
	Deadline time.Duration
	// Carry is CarryPatch, or empty where votes hold for one version alone.
	Carry string
}

func parseVotes(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 || n > maxVotes {
		return 0, errors.New("out of bounds")
	}
	return int32(n), nil
}

// parseDeadline reads whole hours, as Keel does, and durations.
func parseDeadline(text string) (time.Duration, error) {
	deadline, err := parseDuration(text)
	if hours, isNumber := strconv.ParseUint(text, 10, 16); isNumber == nil {
		deadline, err = time.Duration(hours)*time.Hour, nil
	}
	if err != nil || deadline < leastDeadline || deadline > mostAge {
		return 0, errors.New("out of bounds")
	}
	return deadline, nil
}

// readApprovals takes what people are asked for.
func (r *reader) readApprovals() {
	asked := &r.settings.rule.Approvals
	asked.Deadline = DefaultApprovalDeadline
	if v, ok := r.good(keyApprovals); ok {
		asked.Votes, _ = parseVotes(v)
	}
	if v, ok := r.good(keyApprovalDeadline); ok {
		asked.Deadline, _ = parseDeadline(v)
	}
	if v, ok := r.good(keyApprovalCarry); ok {
		asked.Carry = v
	}
}
