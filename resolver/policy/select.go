package policy

// Selection is the outcome of a policy for one container. Tag is the tag that
// was chosen, the current one where it stays, and empty where nothing was
// chosen and there is no current tag.
type Selection struct {
	Tag    string
	Reason Reason
}

// Moved reports whether the selection leaves the current tag.
func (s Selection) Moved(current string) bool { return s.Tag != "" && s.Tag != current }

// Select chooses among the tags of an index. An empty current tag is an absent
// one. A current tag that the index lacks is still what the choice is compared
// with. A policy that goes by date stays: see ByDate and Candidates.
func (p *Policy) Select(ix *Index, current string) Selection {
	return p.SelectWithin(ix, current, nil)
}

// SelectWithin is Select over the tags for which allow is true. The current tag
// stays without being asked about. A nil allow is true for every tag.
func (p *Policy) SelectWithin(ix *Index, current string, allow func(tag string) bool) Selection {
	return p.SelectUntil(nil, ix, current, allow)
}

// SelectUntil is SelectWithin that stays, as StayOutOfTime, once ended is true. It is
// asked every few tags that a regular expression is matched with, which may take as
// long as a request. A nil ended is never true.
func (p *Policy) SelectUntil(ended func() bool, ix *Index, current string, allow func(tag string) bool) Selection {
	view, whole := ix.viewUntil(ended, p)
	if !whole {
		return Selection{Tag: current, Reason: StayOutOfTime}
	}
	s := search{policy: p, view: view, current: current, allow: allow, ended: ended}
	s.read()
	var chosen string
	var reason Reason
	switch p.kind {
	case kindNever:
		reason = StayNever
	case kindForce:
		reason = s.force(ix)
	case kindNewest:
		reason = StayNeedsRegistry
	case kindSemver:
		chosen, reason = s.ranged()
	case kindGlob, kindRegexp:
		chosen, reason = s.matching()
	default:
		chosen, reason = s.level()
	}
	if s.cut {
		chosen, reason = "", StayOutOfTime
	}
	if chosen == "" {
		chosen = current
	}
	return Selection{Tag: chosen, Reason: reason}
}

// Moves reports whether the policy lets a container at from move to the tag to,
// if both exist: whether to would be chosen out of the two. A tag moves to
// itself. A policy that goes by date lets it move to every candidate.
func (p *Policy) Moves(from, to string) bool {
	if from != to && p.ByDate(from) {
		return len(p.Candidates(NewIndex([]string{from, to}), from, nil)) > 0
	}
	return from == to || p.Select(NewIndex([]string{from, to}), from).Tag == to
}

// search is one selection under way.
type search struct {
	policy  *Policy
	view    *view
	current string
	allow   func(tag string) bool
	ended   func() bool
	cut     bool // ended was true

	text      string // stands for the current tag in comparisons
	hasText   bool
	version   version
	isVersion bool
	entry     entry // of the version
	key       lineKey
	alone     bool // no other tag is of the line; see readAlone
	builds    bool // the variant begins with a number that counts builds
}

func (s *search) read() {
	if s.current == "" {
		return
	}
	if s.text, s.hasText = s.policy.baseText(s.current); !s.hasText {
		return
	}
	if s.isVersion = s.version.read(s.text); !s.isVersion {
		s.version = version{}
		return
	}
	s.view.setEntry(&s.entry, &s.version)
	s.view.variants.setLine(&s.key, &s.version)
}

func (s *search) permits(tag string) bool {
	return !s.policy.excluded(tag) && (s.allow == nil || s.allow(tag))
}

// force never leaves the tag. What is behind it is the registry's to say.
func (s *search) force(ix *Index) Reason {
	p := s.policy
	switch {
	case !p.matchesTag(s.current):
		return StayNeedsRegistry
	case s.current == "":
		return StayNoCurrent
	case !ix.Has(s.current):
		return StayNotInList
	case !p.FollowsSameTag(s.current):
		return StayNoCandidate
	default:
		return SameTag
	}
}
