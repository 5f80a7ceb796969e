package resolver

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// key is what a list is kept for. A list that was read with one credential is
// never an answer for another.
type key struct {
	repository Repository
	credential string
}

// entry is the index of one key.
type entry struct {
	source[*policy.Index]
	list trustedList
	// saved is what an earlier process knew, until the entry is first used; ""
	// is nothing.
	saved string
	// asked are the tags that a read was made for, and when: once a tag and
	// FreshFor.
	asked map[string]time.Time
	// size is how many bytes the lists take, about; it is read without the lock.
	size atomic.Int64
}

// maxAsked bounds the tags that one entry is read again for within FreshFor:
// tags are input, each of these a request.
const maxAsked = 256

func newEntry() *entry {
	return &entry{
		list:  trustedList{absent: map[string]time.Time{}},
		asked: map[string]time.Time{},
	}
}

// view is what one resolution sees of an entry.
type view struct {
	index *policy.Index // nil if nothing is known
	// number is that of the list since which no other tags were read; zero for one that an
	// earlier process has read.
	number uint64
	// suspect: a later list was read and is not believed yet.
	suspect bool
	// lacks: the base is not in the index; confirmed: nor was it an interval
	// before.
	lacks, confirmed bool
	// err is why the index is older than asked for.
	err error
}

// view returns the index for a query, read again first where it must be.
func (r *Resolver) view(ctx context.Context, q *Query, credential Credential) view {
	k := key{q.Repository, credential.Identity()}
	e := r.lists.Get(k, func() *entry { return r.saved.entry(k) })
	if e.wake() {
		r.shed()
	}
	if seen, fresh := r.remembered(e, q); fresh {
		return seen
	}
	return r.renewed(ctx, e, q, credential)
}

// remembered returns the index if it answers the query without a read.
func (r *Resolver) remembered(e *entry, q *Query) (seen view, fresh bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.readAt.Before(q.Since) || r.needed(e, q, r.options.Now()) {
		return view{}, false
	}
	seen, known := r.seen(e, q)
	r.options.Metrics.looked(lookupList, false, known, nil)
	return seen, true
}

// needed reports whether what is known of an entry, which is locked, will not do.
func (r *Resolver) needed(e *entry, q *Query, now time.Time) bool {
	final := r.options.ReadOnce && !e.readAt.IsZero()
	return e.stale(now, r.options.FreshFor) || !final && e.misses(q, now, r.options.FreshFor)
}

// seen is what a query sees of an entry, which is locked.
func (r *Resolver) seen(e *entry, q *Query) (seen view, known bool) {
	known = e.list.index != nil
	if known {
		r.options.Metrics.aged(r.options.Now().Sub(e.list.at))
	}
	seen = view{index: e.list.index, number: e.list.number, suspect: e.list.pending != nil}
	seen.lacks, seen.confirmed = e.list.lacks(q.Tag, r.options.ConfirmAfter)
	return seen, known
}

// renewed returns the index once it is read, or cannot be.
func (r *Resolver) renewed(ctx context.Context, e *entry, q *Query, credential Credential) view {
	if r.expects(ctx, q) {
		r.beginDigest(ctx, q, q.Expected, credential, r.readsAhead(q, move))
	}
	seen, err := updateSource(ctx, &e.source, &r.options, demand[*policy.Index]{
		repository: q.Repository.String(),
		places:     r.reads.of(q.Owner),
		what:       lookupList,
		since:      q.Since,
		needed:     func(now time.Time) bool { return r.needed(e, q, now) },
		afterRead:  func(now time.Time) { e.noteMissing(q, now, r.options.FreshFor) },
		fetch: func(ctx context.Context) (*policy.Index, error) {
			tags, err := r.registry.Tags(ctx, q.Repository, credential)
			if err != nil {
				return nil, err
			}
			return e.indexOf(tags), nil
		},
		accept: func(ix *policy.Index, now time.Time) {
			known := e.list.index
			if !e.list.accept(ix, now, r.options.ConfirmAfter) {
				r.options.Metrics.suspected()
			}
			if e.list.index != known || e.list.number == 0 {
				e.list.number = r.numbers.Add(1)
			}
			e.size.Store(int64(e.list.size()))
			r.changes.Add(1)
			r.shed()
		},
	}, func() (view, bool) { return r.seen(e, q) })
	seen.err = err
	return seen
}

// indexOf returns the index of tags that were read: the one that is known where they are the
// same, as in most polls, without parsing them if their order is that of the index. The entry
// is not locked.
func (e *entry) indexOf(tags []string) *policy.Index {
	e.mu.Lock()
	known := e.list.index
	e.mu.Unlock()
	if known.Len() > 0 && slices.Equal(known.Tags(), tags) {
		return known
	}
	read := policy.NewIndex(tags)
	if known.Len() > 0 && slices.Equal(known.Tags(), read.Tags()) {
		return known
	}
	return read
}

// shed bounds what all lists take.
func (r *Resolver) shed() {
	r.lists.Shed(r.options.MaxBytes, func(e *entry) int { return int(e.size.Load()) })
}

// wake parses what an earlier process knew, and reports whether there was
// something to parse. It is not done where the entry is made, which all
// repositories would wait for.
func (e *entry) wake() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.saved == "" {
		return false
	}
	e.list.index, e.saved = policy.NewIndex(strings.Fields(e.saved)), ""
	e.size.Store(int64(e.list.size()))
	return true
}

// misses reports whether the entry lacks a tag that it was not read for lately.
func (e *entry) misses(q *Query, now time.Time, freshFor time.Duration) bool {
	return slices.ContainsFunc(q.Want, func(tag string) bool { return e.missing(tag, now, freshFor) }) ||
		e.missing(q.Tag, now, freshFor)
}

func (e *entry) missing(tag string, now time.Time, freshFor time.Duration) bool {
	if !policy.ValidTag(tag) || e.list.index != nil && e.list.index.Has(tag) {
		return false
	}
	if asked, ok := e.asked[tag]; ok {
		return now.Sub(asked) >= freshFor
	}
	return len(e.asked) < maxAsked
}

// noteMissing notes the tags that a read did not find.
func (e *entry) noteMissing(q *Query, now time.Time, freshFor time.Duration) {
	for tag, asked := range e.asked {
		if now.Sub(asked) >= freshFor {
			delete(e.asked, tag)
		}
	}
	for _, tag := range append([]string{q.Tag}, q.Want...) {
		if len(e.asked) < maxAsked && e.missing(tag, now, freshFor) {
			e.asked[tag] = now
		}
	}
}
