package intent

import (
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
)

// Align returns the case as it would be if no other webhook had rewritten an image:
// repositories that stand for each other are the submitted one, and what is stored as
// a bare digest has the tag of the answer that it was made of. The rows are about
// versions, and not about where they are pulled from. The texts stay as they are
// written.
//
// The history tells what stands for what. It only ever makes another tag of the
// submitted repository of an answer: one that a writer has made up gives no more than
// writing that image.
func Align(c Case) Case {
	if c.aligned {
		return c
	}
	c.aligned, c.past, c.home, c.bare = true, c.State.Results, c.Submitted.Repository, c.Submitted.Tag == ""
	switch {
	case c.Stored == nil && c.bare && c.second():
		c.Submitted.Tag = c.lastTag()
		return c
	case c.Stored == nil, c.plain():
		return c
	}
	stored := *c.Stored
	if stored.Tag == "" {
		stored.Tag = c.State.TagOf(stored.Digest)
	}
	if c.Submitted.Tag == "" {
		c.Submitted.Tag = c.tagOfDigest(stored)
	}
	elsewhere := c.Submitted.Repository != stored.Repository
	one := c.mirrors(stored)
	if !slices.Contains(one, stored.Repository.String()) {
		one = c.joined(one, stored)
		c.anew = slices.Contains(one, stored.Repository.String())
	}
	if c.Source != nil && slices.Contains(one, c.Source.Repository.String()) {
		c.home = c.Source.Repository
	}
	under := func(i *Image) *Image {
		if i == nil || !slices.Contains(one, i.Repository.String()) {
			return i
		}
		image := *i
		image.Repository = c.Submitted.Repository
		return &image
	}
	c.Stored, c.Source, c.LastApplied, c.Applied = under(&stored), under(c.Source), under(c.LastApplied), under(c.Applied)
	c.past = c.aligning(one)
	if elsewhere && c.names() {
		submitted := c.Submitted
		c.Applied = &submitted
	}
	return c
}

// plain reports whether no other webhook has to do with the case.
func (c Case) plain() bool {
	return !c.bare && c.Stored.Tag != "" && len(c.State.Mirrors) == 0 && c.Submitted.Repository == c.Stored.Repository &&
		(c.Source == nil || c.Source.Repository == c.Stored.Repository) &&
		!slices.ContainsFunc(c.State.Results, func(p record.Past) bool { return p.Stored != "" })
}

// tagOfDigest is the tag of a bare digest that is submitted: where it is what is
// stored, or what became of this request's first answer, or comes back with its
// record, as an undo brings it. Any other is a writer's decision for one image.
func (c Case) tagOfDigest(stored Image) string {
	switch {
	case c.Submitted.Digest == stored.Digest, c.Untouched:
		return stored.Tag
	case c.second():
		return c.lastTag()
	case c.SubmittedRecord == nil, c.Method == Put, c.RecordCarried, c.Record != nil && *c.Record == *c.SubmittedRecord:
		return ""
	default:
		return c.SubmittedRecord.Tag
	}
}

// mirrors are the repositories that stand for the submitted one, itself among them:
// where an answer of one was stored as an image of the other. What is stored now
// counts too where it has the tag of the last answer: admission does not see what is
// rewritten after its last round.
func (c Case) mirrors(stored Image) []string {
	one := []string{c.Submitted.Repository.String()}
	var pairs [][2]string
	for _, m := range c.State.Mirrors {
		pairs = append(pairs, [2]string{m.Repository, m.Stored})
	}
	for i, p := range c.State.Results {
		if at, _, ok := p.StoredAs(); ok && at != p.Repository {
			pairs = append(pairs, [2]string{p.Repository, at})
		}
		result, _ := record.ParseResult(p.Result)
		if i == len(c.State.Results)-1 && result.Tag == stored.Tag && p.Repository != stored.Repository.String() {
			pairs = append(pairs, [2]string{p.Repository, stored.Repository.String()})
		}
	}
	for range pairs { // as many rounds as the longest chain can need
		for _, p := range pairs {
			switch first, second := slices.Contains(one, p[0]), slices.Contains(one, p[1]); {
			case first && !second:
				one = append(one, p[1])
			case second && !first:
				one = append(one, p[0])
			}
		}
	}
	return one
}

// joined adds the stored repository to those that stand for the submitted one where
// nothing but a prefix tells the submitted image from what is stored, or from the
// source: a webhook that rewrites images is new, or gone.
func (c *Case) joined(one []string, stored Image) []string {
	applied := c.Named != nil && c.LastApplied != nil && c.Named.Same(*c.LastApplied)
	switch {
	case c.Rules == nil || !c.SubmittedState.Equal(c.State):
		return one
	case c.Submitted.Tag == stored.Tag && c.rewritten():
	case c.Source == nil: // at first contact the manifest alone tells
		if !applied || !c.Named.Same(c.Submitted) || !prefixed(c.Submitted.Repository, stored.Repository) {
			return one
		}
	case applied && c.Named.Same(*c.Source) && c.Submitted.Result() == c.Source.Result():
	case applied && c.Named.Same(c.Submitted) && c.Rules.Moves(c.Submitted.Tag, stored.Tag):
		c.Source = c.LastApplied
	case c.Named == nil && c.Submitted.Tag == stored.Tag && prefixed(c.Submitted.Repository, stored.Repository):
		c.unsure = !c.byHand() // a person's is as written in either case
	default:
		return one
	}
	return append(one, stored.Repository.String())
}

// rewritten reports whether it is known that the writer has not written the submitted
// image: its fields are as they were, or its manifest names another one.
func (c Case) rewritten() bool {
	return c.Untouched || c.Named != nil && !c.Named.Same(c.Submitted)
}

// prefixed reports whether the path of one repository is that of the other, maybe with
// something before it, whatever their registries are.
func prefixed(a, b resolver.Repository) bool {
	first, second := "/"+a.Path(), "/"+b.Path()
	return strings.HasSuffix(first, second) || strings.HasSuffix(second, first)
}

// aligning are the results as they were stored, under the submitted repository where
// theirs stands for it.
func (c Case) aligning(one []string) []record.Past {
	all := make([]record.Past, len(c.State.Results))
	for i, p := range c.State.Results {
		answer := p
		if at, stored, ok := p.StoredAs(); ok && p.Stored != "" {
			if result, _ := record.ParseResult(p.Result); stored.Tag == "" {
				stored.Tag = result.Tag
			}
			p.Repository, p.Result = at, stored.String()
		}
		for _, p := range []*record.Past{&p, &answer} {
			if slices.Contains(one, p.Repository) {
				p.Repository = c.Submitted.Repository.String()
			}
		}
		if i == len(all)-1 && !c.Stored.is(p) && c.Stored.is(answer) {
			p = answer // no webhook has rewritten it again
		}
		all[i] = p
	}
	return all
}

// names reports whether the manifest names the version that is stored under another
// repository. The submitted image alone does not tell: it may be our own answer, seen
// again where another webhook is gone.
func (c Case) names() bool {
	manifest := c.Applies || c.Named != nil && c.Named.Same(c.Submitted)
	return manifest && c.Applied == nil && c.Source != nil && c.Submitted.Same(*c.Stored) && c.Submitted.Repository == c.home
}

// newest is the last result, as it was stored.
func (c Case) newest() (record.Past, bool) {
	if len(c.past) == 0 {
		return record.Past{}, false
	}
	return c.past[len(c.past)-1], true
}
