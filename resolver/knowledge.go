package resolver

import (
	"strings"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// Knowledge is what a Resolver has read, in a form that outlives the process.
// Nothing in it is a secret or made of one.
type Knowledge struct {
	// Credentials are those that the rest was read with, each as the places that
	// it was found in (Credential.Place); anonymous has none.
	//
	// The index tells credentials apart by a hash. Written down, that hash would
	// let a reader of the file try passwords until one fits. So a credential
	// that has no place has no part in Knowledge, nor what was read with it.
	Credentials [][]string
	Lists       []KnownList
	Digests     []KnownDigest
	Images      []KnownImage
}

// KnownList is the last list of a repository that is believed; a suspect one is
// left out, and has to be seen twice again.
type KnownList struct {
	// Credential is an index into Credentials.
	Credential int
	Repository string
	// Read is when the registry gave the list.
	Read time.Time
	// Tags are separated by spaces.
	Tags string
}

// KnownDigest is what a tag points at.
type KnownDigest struct {
	Credential              int
	Repository, Tag, Digest string
	Read                    time.Time
}

// KnownImage is what a digest stands for.
type KnownImage struct {
	Credential         int
	Repository, Digest string
	// Dated: Created was asked for.
	Dated bool
	registry.Image
}

// Bounds of a Knowledge. Writers of workloads choose most of what is in it.
const (
	// maxKnown is the most that all texts take together, in bytes, about: twice
	// the tags of a thousand lists of a thousand.
	maxKnown = 32 << 20
	// fixedKnown is what is counted for each entry beside its texts.
	fixedKnown = 64
	maxPlace   = 512
	// As many as registry reads of a list, and of an index.
	maxTags      = 100_000
	maxPlatforms = 64
)

// Changes counts what was learnt: where it is the same as before, so is what
// Known returns.
func (r *Resolver) Changes() uint64 { return r.changes.Load() }

// Known returns what is known now, with what was restored and not asked for
// since. What was used last goes in first, as long as there is room.
func (r *Resolver) Known() Knowledge {
	g := gathering{places: r.foundIn(), numbers: map[string]int{}, room: maxKnown, most: r.options.MaxEntries}
	r.saved.merge(g.places)
	for k, e := range r.lists.All() {
		e.mu.Lock()
		index, tags, read := e.list.index, e.saved, e.list.at
		e.mu.Unlock()
		if tags == "" && len(index.Tags()) <= maxTags {
			tags = strings.Join(index.Tags(), " ")
		}
		g.list(k, tags, read)
	}
	for k, p := range r.digests.All() {
		p.mu.Lock()
		digest, read := p.digest, p.readAt
		p.mu.Unlock()
		g.digest(k, digest, read)
	}
	for k, p := range r.images.All() {
		p.mu.Lock()
		image, usable := p.image, p.known && p.fault == nil
		p.mu.Unlock()
		if usable {
			g.image(k, image)
		}
	}
	r.saved.gather(&g, r.options.Now().Add(-r.options.DropAfter))
	return g.Knowledge
}

// foundIn returns the places of each identity.
func (r *Resolver) foundIn() map[string][]string {
	found := map[string][]string{"": nil}
	for place, identity := range r.places.All() {
		found[identity] = append(found[identity], place)
	}
	return found
}

// note remembers where a credential was found.
func (r *Resolver) note(c Credential) {
	place := c.Place()
	if place == "" || len(place) > maxPlace {
		return
	}
	r.places.Get(place, func() string {
		r.saved.bind(place, c.Identity())
		r.changes.Add(1)
		return c.Identity()
	})
}

// gathering collects a Knowledge.
type gathering struct {
	Knowledge
	places  map[string][]string // by identity
	numbers map[string]int      // by identity
	room    int
	most    int // lists
}

// fits takes room for texts, and returns the number of the credential. It does
// not fit where there is no room, or no place to name the credential by.
func (g *gathering) fits(identity string, texts ...string) (number int, ok bool) {
	places, ok := g.places[identity]
	if !ok {
		return 0, false
	}
	number, numbered := g.numbers[identity]
	size := fixedKnown
	if !numbered {
		texts = append(texts, places...)
		size += fixedKnown
	}
	for _, text := range texts {
		size += len(text)
	}
	if size > g.room {
		return 0, false
	}
	g.room -= size
	if !numbered {
		number = len(g.Credentials)
		g.numbers[identity] = number
		g.Credentials = append(g.Credentials, places)
	}
	return number, true
}

func (g *gathering) list(k key, tags string, read time.Time) {
	if tags == "" || read.IsZero() || len(g.Lists) >= g.most {
		return
	}
	if number, ok := g.fits(k.credential, k.repository.String(), tags); ok {
		g.Lists = append(g.Lists, KnownList{number, k.repository.String(), read, tags})
	}
}

func (g *gathering) digest(k digestKey, digest string, read time.Time) {
	if digest == "" || read.IsZero() || len(g.Digests) >= digestsEach*g.most {
		return
	}
	if number, ok := g.fits(k.credential, k.repository.String(), k.tag, digest); ok {
		g.Digests = append(g.Digests, KnownDigest{number, k.repository.String(), k.tag, digest, read})
	}
}

func (g *gathering) image(k imageKey, image registry.Image) {
	if len(g.Images) >= imagesEach*g.most {
		return
	}
	texts := []string{k.repository.String(), k.digest}
	for _, p := range image.Platforms {
		texts = append(texts, p.OS, p.Architecture, p.Variant)
	}
	if number, ok := g.fits(k.credential, texts...); ok {
		g.Images = append(g.Images, KnownImage{number, k.repository.String(), k.digest, k.dated, image})
	}
}
