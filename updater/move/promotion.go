package move

import (
	"context"
	"slices"
	"sync"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// promotions knows which workloads come after which.
type promotions struct {
	mu sync.Mutex
	// ties are those of the workloads that come after others, rest the workloads that
	// come after one.
	ties map[watched.Key]Ties
	rest map[watched.Key]map[watched.Key]bool
	// upstreams are the keys of what a workload comes after.
	upstreams map[watched.Key][]watched.Key
}

func newPromotions() *promotions {
	return &promotions{
		ties: map[watched.Key]Ties{}, rest: map[watched.Key]map[watched.Key]bool{}, upstreams: map[watched.Key][]watched.Key{},
	}
}

// put notes what a workload comes after: upstreams are the keys of ties.After.
func (p *promotions) put(key watched.Key, ties Ties, upstreams []watched.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, upstream := range p.upstreams[key] {
		delete(p.rest[upstream], key)
		if len(p.rest[upstream]) == 0 {
			delete(p.rest, upstream)
		}
	}
	delete(p.upstreams, key)
	delete(p.ties, key)
	if len(upstreams) == 0 {
		return
	}
	p.ties[key], p.upstreams[key] = ties, upstreams
	for _, upstream := range upstreams {
		if p.rest[upstream] == nil {
			p.rest[upstream] = map[watched.Key]bool{}
		}
		p.rest[upstream][key] = true
	}
}

// first reports whether a workload comes before others.
func (p *promotions) first(key watched.Key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.rest[key]) > 0
}

// after are the workloads that come after one, with their ties.
func (p *promotions) after(key watched.Key) map[watched.Key]Ties {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := make(map[watched.Key]Ties, len(p.rest[key]))
	for follower := range p.rest[key] {
		rest[follower] = p.ties[follower]
	}
	return rest
}

// upstreamsOf are the keys of the workloads that come first; of those of kinds that are
// not followed there is none.
func (s *Mover) upstreamsOf(after []settings.After) []watched.Key {
	var keys []watched.Key
	for _, a := range after {
		if key, ok := s.upstream(a.Upstream); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// upstream is the key of a workload that comes first.
func (s *Mover) upstream(u settings.Upstream) (key watched.Key, ok bool) {
	kind, ok := u.KindIn(s.Workloads.Kinds.Rolling())
	if !ok {
		return key, false
	}
	return watched.NewKey(kind.GroupVersionKind, u.Namespace, u.Name), true
}

// soaked takes in how a workload is that comes before others: their moves are tried
// again, and their repositories are read when what it runs will have soaked for them.
func (s *Mover) soaked(key watched.Key, o *workload.Object, h rollout.Health) {
	since, changed := s.soaks.see(key, o, h, s.Clock.Now())
	for follower, ties := range s.promotions.after(key) {
		s.retry(follower)
		for _, a := range ties.After {
			at := since.Add(a.For)
			if upstream, ok := s.upstream(a.Upstream); !changed || since.IsZero() || !ok || upstream != key || at.Before(s.Clock.Now()) {
				continue
			}
			for _, repository := range ties.Repositories {
				s.RepollAt(repository, at)
			}
		}
	}
}

// Soaks returns what has run where a container's versions have to run first; none where
// it comes after no other workload.
func (s *Mover) Soaks(ctx context.Context, key watched.Key, rule *settings.Rule, repository string) []resolver.Soak {
	if len(rule.After) == 0 {
		return nil
	}
	all := make([]resolver.Soak, len(rule.After))
	for i, a := range rule.After {
		all[i] = s.soakOf(ctx, key, a, rule, repository)
	}
	return all
}

// soakOf is what has run in one workload that comes first.
func (s *Mover) soakOf(ctx context.Context, key watched.Key, a settings.After, rule *settings.Rule, repository string) resolver.Soak {
	soak := resolver.Soak{Where: a.String()}
	upstream, ok := s.upstream(a.Upstream)
	if !ok {
		soak.Otherwise = "is of a kind that the updater does not follow"
		return soak
	}
	// Of what has not opted in nothing is told, not even whether it is there.
	if namespace, err := s.Workloads.Namespace(ctx, a.Namespace); err != nil || !namespace.Enabled() {
		soak.Otherwise = "is in a namespace that is not there or has not opted in"
		return soak
	}
	w, ok := s.Workloads.Governed(ctx, upstream)
	if !ok {
		soak.Otherwise = "is not there"
		return soak
	}
	self := settings.UpstreamOf(key.GVK().GroupKind(), key.Namespace, key.Name)
	if circle := settings.Circle(self, rule.After, func(u settings.Upstream) []settings.After { return s.afterOf(ctx, u) }); circle != nil {
		soak.Otherwise = "waits for this workload in turn, a circle: " + settings.CircleText(circle)
		return soak
	}
	s.fill(ctx, &soak, upstream, w, a, repository)
	return soak
}

// afterOf is what a workload comes after itself.
func (s *Mover) afterOf(ctx context.Context, u settings.Upstream) []settings.After {
	key, ok := s.upstream(u)
	if !ok {
		return nil
	}
	if w, ok := s.Workloads.Governed(ctx, key); ok {
		return w.Settings.After()
	}
	return nil
}

// fill adds what a governed workload runs, and ran, of a repository.
func (s *Mover) fill(ctx context.Context, soak *resolver.Soak, upstream watched.Key, w watched.Workload, a settings.After, repository string) {
	now, uses := runsOf(w.Object)[repository]
	containers := slices.DeleteFunc(w.Containers(), func(c watched.Container) bool { return c.Reference.Repository.String() != repository })
	switch {
	case !uses:
		soak.Otherwise = "has no image of " + repository
		return
	case len(containers) == 0:
		soak.Otherwise = "is not governed: it has no policy for " + repository
		return
	case now.mixed:
		soak.Otherwise = "runs several versions of " + repository
		return
	}
	h := rollout.Read(w.Stored)
	since := s.healthySince(ctx, upstream, w.Stored, w.Object, h)
	runs := containers[0].Running
	soak.Otherwise = "runs " + runs.Tag
	current := resolver.Soaking{Tag: runs.Tag, Digest: runs.Digest}
	current.Why, current.SoakedAt = s.notYet(since, h, a, runs)
	soak.Versions = append(soak.Versions, current)
	past, left := s.soaks.ran(upstream, repository, a.For)
	for _, held := range []resolver.Soaking{{Tag: now.held.Tag, Digest: now.held.Digest}, {Tag: left.Tag, Digest: left.Digest}} {
		if held.Tag != "" && (held.Tag != runs.Tag || held.Digest != runs.Digest) {
			held.Left, held.Why = true, "was rolled back from "+held.Tag
			soak.Versions = append(soak.Versions, held)
		}
	}
	for _, result := range past {
		higher, ordered := containers[0].Rule.Policy.Compare(result.Tag, runs.Tag)
		if ordered && higher > 0 || now.held.Tag == result.Tag && now.held.Agrees(result) {
			continue
		}
		soak.Versions = append(soak.Versions, resolver.Soaking{Tag: result.Tag, Digest: result.Digest})
	}
}

// Ties are what binds a workload to others.
type Ties struct {
	// Canary is its place in a set whose first goes ahead.
	Canary settings.Canary
	// After are the workloads that have to run a version first, of all Repositories
	// that it uses.
	After        []settings.After
	Repositories []string
}
