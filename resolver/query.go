package resolver

import (
	"errors"
	"fmt"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// Pin is what a resolution writes.
type Pin string

const (
	// PinTag writes the tag; the zero value means the same.
	PinTag Pin = "tag"
	// PinDigest writes tag@digest.
	PinDigest Pin = "digest"
	// PinFollow writes tag@digest, and the digest that the tag has now where the tag
	// stays.
	PinFollow Pin = "follow"
)

func (p Pin) writesDigest() bool { return p == PinDigest || p == PinFollow }

// Query asks for one container.
type Query struct {
	// Repository is parsed: docker.io/library/nginx, host:port/path.
	Repository Repository
	// Tag is the base: what the resolution starts from. "" is none.
	Tag string
	// Digest is the base's digest, "" if it has none.
	Digest string
	Policy *policy.Policy
	Pin    Pin
	// Create is true if nothing runs yet: a Tag that the registry does not list is
	// then no reason to stay, since it could not be pulled.
	Create bool
	// Want are other tags that the list must know, or else it is read again
	// before it answers: the submitted tag, the target of a bump.
	Want []string
	// WantDigest is the digest that a bump names. Where another is known, the
	// registry is asked again.
	WantDigest string
	// Expected is the tag that the answer will likely move to, such as the target of a bump;
	// empty for none. Where the list has to be read, what the answer needs of that tag is read
	// beside it.
	Expected string
	// Credentials finds the credentials that come before the Resolver's own; nil
	// is none.
	Credentials Credentials
	// Since asks for a read that ended no earlier: a poll gives the moment at
	// which it began, and all of its queries share one read. The zero value
	// takes what is fresh enough.
	Since time.Time
	// Platforms are those that the image must run on; none is not asked about.
	Platforms []Platform
	// Mounted is true for what is mounted as a volume, and is not run: what comes after an
	// artefact may be another artefact.
	Mounted bool
	// Hold is the version that was left, and is not gone back to; the zero value
	// is none.
	Hold Hold
	// MinAge is how old an image must be before it is moved to; zero and less ask
	// for no age. It counts from the build's own date. If an image has no date that
	// can be true, it counts from when this Resolver first looked at the image, and
	// starts again with the process.
	MinAge time.Duration
	// Soaks are the places that a version has to have run in for long enough; none is
	// not asked about.
	Soaks []Soak
	// TellOthers asks what a stay passes over in other lines: Resolution.Others.
	// That looks at every line of the list, and is for what people read.
	TellOthers bool
	// TellDigest asks for the digest of a tag that the answer moves to, where Pin does
	// not write it.
	TellDigest bool
	// TellAsked asks for Resolution.Asked.
	TellAsked bool
	// Allow narrows the candidates further; nil allows all.
	Allow func(tag string) bool
	// Owner is for whom is asked, such as a namespace: the reads that are begun for one owner
	// leave places for those of others. The zero value has no bound but that of all reads.
	Owner string
	// Sharing is how many queries are asked for one workload, which have one bound
	// together on what the regular expressions of its policies take. The zero value is
	// one.
	Sharing int

	work  int         // steps of regular expressions times tags, so far
	ended func() bool // the time of the query has; nil is never
	used  Credential  // that of the last attempt
}

// maxWork bounds the steps of regular expressions times the tags that they are matched
// with, of all queries for one workload.
const maxWork = 50_000_000

// affords reports whether the query may match so many tags once more. The answer
// depends on the query and its list alone, so that a dry run gets the same.
func (q *Query) affords(tags int) bool {
	q.work += q.Policy.Steps() * tags
	return q.work <= maxWork/max(q.Sharing, 1)
}

// Resolution is the outcome.
type Resolution struct {
	// Tag is the chosen one, or the base where it stays.
	Tag string
	// Digest belongs to Tag; "" unless policy or pin need one.
	Digest string
	Reason policy.Reason
	// Stale: answered from what was known before, since the registry could not
	// be asked or its list is suspect.
	Stale bool
	// Err is why the answer is stale, or why the base was kept; nil otherwise.
	// It is a *registry.Error where a registry failed.
	Err error
	// Warning is what a person should hear beside the reason; "" if nothing.
	Warning string
	// Passed are the tags that were preferred and could not be taken, best
	// first; under a policy that goes by date, all that were looked at.
	Passed []Rejection
	// Others are higher tags of other lines, if nothing newer is in the base's own
	// and the query asked for them.
	Others policy.OtherLines
	// List is the number of the list that the answer is made of, if it needed nothing else
	// but what the chosen tag's image was built for: the same query has the same answer as
	// long as the list has this number. It is zero where digests, dates or soaks had a say,
	// and where the answer is stale, has a warning or passes tags over.
	List uint64
	// OldEnoughAt is when the first of the tags that were passed over for their age is
	// old enough; zero where none was.
	OldEnoughAt time.Time
	// Asked tells what the registry was asked with, if the query wants to know; nil where it
	// was not asked.
	Asked *Asked
}

// Why is the reason as a clause for people, with the tag that it is about.
func (r Resolution) Why() string {
	if r.Reason == StayHeld && len(r.Passed) > 0 {
		return r.Passed[0].Tag + " is held"
	}
	if others := r.Others.Text(); others != "" {
		return others
	}
	if r.Reason == StayTooYoung && !r.OldEnoughAt.IsZero() {
		return "newer tags are younger than minAge, the first of them until " + r.OldEnoughAt.UTC().Format(time.RFC3339)
	}
	text := Text(r.Reason)
	told := text != string(r.Reason) && r.Reason != StayNoPlatform && r.Reason != StayTooYoung && r.Reason != StayNotSoaked
	if told || len(r.Passed) == 0 {
		return text
	}
	why := r.Preferred()
	if registry.KindOf(r.Err) != "" {
		why += ": " + Summary(r.Err)
	}
	return why
}

// Preferred tells of the tag that the policy preferred to the answer, and why it
// could not be taken; "" where there is none.
func (r Resolution) Preferred() string {
	switch {
	case len(r.Passed) == 0, r.Reason == policy.BuiltLater, r.Reason == PinnedBuild, r.Reason.NothingNewer(), r.Reason == StayNoDate:
		return "" // a policy that goes by date looks at many
	}
	return r.Passed[0].Tag + ": " + r.Passed[0].Text
}

// Rejection is why a tag is not the answer, as a clause for people.
type Rejection struct {
	Tag, Text string
}

// Moved reports whether the resolution differs from the query's base.
func (r Resolution) Moved(q Query) bool {
	return r.Tag != q.Tag || r.Digest != "" && r.Digest != q.Digest
}

// Unavailable means that there is no answer: nothing is known of the
// repository, and it could not be read in time; or the query makes no sense.
type Unavailable struct { //nolint:errname // what it says of the repository
	Repository string
	Err        error
}

func (e *Unavailable) Error() string {
	return fmt.Sprintf("resolving %q: %v", e.Repository, e.Err)
}

// Unwrap returns the cause, a *registry.Error where a registry failed.
func (e *Unavailable) Unwrap() error { return e.Err }

var (
	errNoPolicy     = errors.New("query has no policy")
	errNoRepository = errors.New("query has no repository")
)

// ReadsRegistry reports whether the registry has a say in the answer. It has
// none where the policy cannot judge the tag at all.
func (q *Query) ReadsRegistry() bool {
	_, sure := withoutRegistry(q)
	return !sure
}

// needsDigest reports whether an answer that moves has its digest.
func (q *Query) needsDigest() bool { return q.TellDigest || q.Pin.writesDigest() }

func (q *Query) check() error {
	if q.Policy == nil {
		return errNoPolicy
	}
	if q.Repository == (Repository{}) {
		return errNoRepository
	}
	return nil
}
