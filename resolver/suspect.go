package resolver

import (
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// trustedList is the list that answers are made of. Registries lose tags without a
// word: a proxy cache answers with the few that it holds, a storage fault with
// none. What looks like it must be seen twice, an interval apart.
type trustedList struct {
	index  *policy.Index // nil before the first
	at     time.Time     // when index was last read
	number uint64        // of the index, another one for other tags; zero before the first read

	pending      *policy.Index // the suspect one, if the last read gave one
	pendingSince time.Time

	// absent are base tags that the index lacks, and since which read.
	absent map[string]time.Time
}

// maxAbsent bounds the bases that are remembered: they are input.
const maxAbsent = 256

// accept takes a list that was read whole, and reports whether it is believed.
func (t *trustedList) accept(ix *policy.Index, now time.Time, interval time.Duration) bool {
	switch {
	case !t.suspects(ix):
	case t.pending == nil || !holds(ix, t.pending):
		t.pending, t.pendingSince = ix, now
		return false
	case now.Sub(t.pendingSince) < interval:
		t.pending = ix
		return false
	}
	t.index, t.at, t.pending = ix, now, nil
	for tag := range t.absent {
		if ix.Has(tag) {
			delete(t.absent, tag)
		}
	}
	return true
}

// perTag is what an index takes for a tag beside its text, measured over lists
// of a thousand.
const perTag = 56

// size is how many bytes are kept, about.
func (t *trustedList) size() int {
	size := 0
	for _, ix := range []*policy.Index{t.index, t.pending} {
		for _, tag := range ix.Tags() {
			size += len(tag) + perTag
		}
	}
	return size
}

// suspects reports an empty list, or one that lost half of the tags. What is
// empty already cannot shrink.
func (t *trustedList) suspects(ix *policy.Index) bool {
	if t.index == nil {
		return ix.Len() == 0
	}
	return t.index.Len() > 0 && 2*ix.Len() <= t.index.Len()
}

// holds reports whether a list has all that the one before had: two that agree,
// not one that goes on shrinking.
func holds(ix, before *policy.Index) bool {
	for _, tag := range before.Tags() {
		if !ix.Has(tag) {
			return false
		}
	}
	return true
}

// lacks reports whether the index lacks a base, and whether it did so in two
// reads an interval apart, neither of them empty or suspect.
func (t *trustedList) lacks(tag string, interval time.Duration) (lacks, confirmed bool) {
	if tag == "" || t.index == nil || t.index.Has(tag) {
		return false, false
	}
	if t.index.Len() == 0 {
		return true, false
	}
	since, ok := t.absent[tag]
	if !ok {
		if len(t.absent) >= maxAbsent {
			t.forgetOldest()
		}
		since = t.at
		t.absent[tag] = since
	}
	return true, t.at.Sub(since) >= interval
}

func (t *trustedList) forgetOldest() {
	var oldest string
	for tag, since := range t.absent {
		if oldest == "" || since.Before(t.absent[oldest]) {
			oldest = tag
		}
	}
	delete(t.absent, oldest)
}
