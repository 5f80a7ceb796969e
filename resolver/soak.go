package resolver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// Soak is another place that a version has to run in first, for long enough.
type Soak struct {
	// Where names the place, for people.
	Where string
	// Versions are those that run there, or ran there and were left for a higher one.
	Versions []Soaking
	// Otherwise is why no other version has run there, as a clause about the place.
	Otherwise string
}

// Soaking is a version that runs in a place.
type Soaking struct {
	// Tag and Digest are what runs. The digest is empty where it is not known.
	Tag, Digest string
	// Why is the reason that it has not run for long enough, as a clause about the
	// place; empty where it has.
	Why string
	// Left is true of a version that the place was rolled back from.
	Left bool
	// SoakedAt is when it will have, if nothing comes between; the zero time where
	// something else has to happen first.
	SoakedAt time.Time
}

// Judge tells why a version has not run there for long enough, and when it will have; why
// is empty where it has. exact asks for the very image: a tag alone does not do. Without a
// digest the tag alone is judged.
func (s Soak) Judge(tag, digest string, exact bool) (why string, soakedAt time.Time) {
	why = s.Where + " " + s.Otherwise
	for _, v := range s.Versions {
		if v.Tag != tag {
			continue
		}
		switch {
		case digest == "" || v.Digest == digest || v.Digest == "" && (v.Left || !exact):
			if v.Why == "" {
				return "", time.Time{}
			}
			why, soakedAt = s.Where+" "+v.Why, v.SoakedAt
		case !soakedAt.IsZero(): // another image of the tag is on its way
		case v.Digest == "":
			why = fmt.Sprintf("%s runs %s without its digest, which is what has to agree: set pin: digest there", s.Where, tag)
		default:
			why = fmt.Sprintf("%s ran another image under %s than the one that the tag leads to by now", s.Where, tag)
		}
	}
	return why, soakedAt
}

// soakCondition wants a tag that has run elsewhere for long enough.
type soakCondition struct{}

func (soakCondition) cost(q *Query, _ kind) cost {
	if len(q.Soaks) == 0 {
		return notAsked
	}
	return costsNothing
}

func (soakCondition) judge(_ context.Context, q *Query, c *candidate) *rejection {
	return q.soaked(c.tag, "", false)
}

func (soakCondition) reason() policy.Reason { return StayNotSoaked }

// soakDigestCondition wants the very image that has run elsewhere, where that is known or
// the answer is about digests.
type soakDigestCondition struct{}

func (soakDigestCondition) cost(q *Query, k kind) cost {
	if len(q.Soaks) == 0 || !q.soaksExactly(k) && !q.knowsSoakedDigest() {
		return notAsked
	}
	return costsDigest
}

func (soakDigestCondition) judge(_ context.Context, q *Query, c *candidate) *rejection {
	return q.soaked(c.tag, c.digest, q.soaksExactly(c.kind))
}

func (soakDigestCondition) reason() policy.Reason { return StayNotSoaked }

// soaksExactly reports whether the answer is an image by its digest.
func (q *Query) soaksExactly(k kind) bool {
	return k != move || q.Pin.writesDigest() || q.Policy.FollowsSameTag(q.Tag)
}

func (q *Query) knowsSoakedDigest() bool {
	for i := range q.Soaks {
		for _, v := range q.Soaks[i].Versions {
			if v.Digest != "" {
				return true
			}
		}
	}
	return false
}

// soaked asks all places about a version.
func (q *Query) soaked(tag, digest string, exact bool) *rejection {
	var whys []string
	for i := range q.Soaks {
		if why, _ := q.Soaks[i].Judge(tag, digest, exact); why != "" {
			whys = append(whys, why)
		}
	}
	if len(whys) == 0 {
		return nil
	}
	return &rejection{text: strings.Join(whys, "; ")}
}
