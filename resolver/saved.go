package resolver

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// saved is what an earlier process knew, until it is asked for: only then
// is it known which credential it belongs to, and worth parsing.
type saved struct {
	mu sync.Mutex
	// groups are the credentials of the Knowledge; the keys below hold a group's
	// number in place of an identity.
	groups  []group
	holders map[string]int   // group by place
	bound   map[string][]int // groups by identity
	lists   map[key]savedList
	digests map[digestKey]savedDigest
	images  map[imageKey]registry.Image
}

// group is one credential, as far as it is known.
type group struct {
	places   []string
	identity string
	known    bool // the identity is
}

type savedList struct {
	tags string
	read time.Time
}

type savedDigest struct {
	digest string
	read   time.Time
}

// reset forgets everything, and takes the credentials of a new Knowledge.
func (s *saved) reset(credentials [][]string) {
	s.groups, s.holders, s.bound = make([]group, len(credentials)), map[string]int{}, map[string][]int{}
	s.lists, s.digests, s.images = map[key]savedList{}, map[digestKey]savedDigest{}, map[imageKey]registry.Image{}
	for number, places := range credentials {
		s.groups[number] = group{places: places, known: len(places) == 0}
		if len(places) == 0 { // anonymous, whose identity is ""
			s.bound[""] = append(s.bound[""], number)
		}
		for _, place := range places {
			s.holders[place] = number
		}
	}
}

func (*saved) key(number int, repository Repository) key {
	return key{repository: repository, credential: strconv.Itoa(number)}
}

// bind learns that the credential of a place is one of those that are known
// here.
func (s *saved) bind(place, identity string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, ok := s.holders[place]
	if !ok || s.groups[number].known {
		return
	}
	s.groups[number].identity, s.groups[number].known = identity, true
	s.bound[identity] = append(s.bound[identity], number)
}

// takeSaved removes what is saved for a key, as each of the credential's groups has it.
func takeSaved[K comparable, V any](s *saved, from *map[K]V, identity string, as func(credential string) K) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, number := range s.bound[identity] {
		k := as(strconv.Itoa(number))
		if found, ok := (*from)[k]; ok {
			delete(*from, k)
			return found, true
		}
	}
	var none V
	return none, false
}

// entry is a new entry of the index, with the list that is saved for it.
func (s *saved) entry(k key) *entry {
	e := newEntry()
	found, ok := takeSaved(s, &s.lists, k.credential, func(c string) key { return key{k.repository, c} })
	if ok {
		e.saved, e.readAt, e.list.at = found.tags, found.read, found.read
		e.size.Store(int64(len(found.tags)))
	}
	return e
}

func (s *saved) digestEntry(k digestKey) *digestEntry {
	p := new(digestEntry)
	found, ok := takeSaved(s, &s.digests, k.credential, func(c string) digestKey { return digestKey{key{k.repository, c}, k.tag} })
	if ok {
		p.digest, p.readAt = found.digest, found.read
	}
	return p
}

func (s *saved) imageEntry(k imageKey) *imageEntry {
	p := new(imageEntry)
	p.image, p.known = takeSaved(s, &s.images, k.credential, func(c string) imageKey {
		return imageKey{key{k.repository, c}, k.digest, k.dated}
	})
	return p
}

// merge adds the places of the credentials that are saved to those that were
// found.
func (s *saved) merge(places map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for number := range s.groups {
		name := s.name(number)
		for _, place := range s.groups[number].places {
			if !slices.Contains(places[name], place) {
				places[name] = append(places[name], place)
			}
		}
	}
}

// name is the identity of a group, or, as long as that is not known, its number.
func (s *saved) name(number int) string {
	if g := s.groups[number]; g.known {
		return g.identity
	}
	return strconv.Itoa(number)
}

// gather adds what was not asked for yet, and forgets what is too old.
func (s *saved) gather(g *gathering, before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	named := func(k key) key {
		number, _ := strconv.Atoi(k.credential) // made by key
		return key{k.repository, s.name(number)}
	}
	for _, k := range sorted(s.lists, func(k key) (time.Time, key, string) { return s.lists[k].read, k, "" }) {
		l := s.lists[k]
		if !l.read.After(before) {
			delete(s.lists, k)
			continue
		}
		g.list(named(k), l.tags, l.read)
	}
	for _, k := range sorted(s.digests, func(k digestKey) (time.Time, key, string) { return s.digests[k].read, k.key, k.tag }) {
		d := s.digests[k]
		if !d.read.After(before) {
			delete(s.digests, k)
			continue
		}
		g.digest(digestKey{named(k.key), k.tag}, d.digest, d.read)
	}
	for _, k := range sorted(s.images, func(k imageKey) (time.Time, key, string) { return time.Time{}, k.key, k.digest }) {
		g.image(imageKey{named(k.key), k.digest, k.dated}, s.images[k])
	}
}

// sorted returns the keys, those of what was read last first: that goes in while
// there is room.
func sorted[K comparable, V any](from map[K]V, by func(K) (read time.Time, k key, detail string)) []K {
	return slices.SortedFunc(maps.Keys(from), func(a, b K) int {
		readA, keyA, detailA := by(a)
		readB, keyB, detailB := by(b)
		return cmp.Or(readB.Compare(readA), cmp.Compare(keyA.repository.String(), keyB.repository.String()),
			cmp.Compare(keyA.credential, keyB.credential), cmp.Compare(detailA, detailB))
	})
}
