package resolver

import (
	"fmt"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// Restore takes over what an earlier process knew. It is as old as it says, and
// counts as the list known before. What claims to come from the future is too
// old to answer without a look at the registry; what is older than DropAfter is
// left out. It is for a new Resolver: what has been read since is newer. The
// error means that some of it makes no sense, and that none was taken.
func (r *Resolver) Restore(k Knowledge) error {
	repositories, err := r.sound(&k)
	if err != nil {
		return fmt.Errorf("restoring the index: %w", err)
	}
	now := r.options.Now()
	dropped := func(read time.Time) bool { return now.Sub(read) >= r.options.DropAfter }
	believed := func(read time.Time) time.Time {
		if read.After(now) {
			return now.Add(-max(r.options.FreshFor, datedFor))
		}
		return read
	}
	s := &r.saved
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reset(k.Credentials)
	for _, l := range k.Lists {
		list := savedList{l.Tags, believed(l.Read)}
		if at := s.key(l.Credential, repositories[l.Repository]); !dropped(l.Read) && s.lists[at].read.Before(list.read) {
			s.lists[at] = list
		}
	}
	for _, d := range k.Digests {
		digest := savedDigest{d.Digest, believed(d.Read)}
		if at := (digestKey{s.key(d.Credential, repositories[d.Repository]), d.Tag}); !dropped(d.Read) && s.digests[at].read.Before(digest.read) {
			s.digests[at] = digest
		}
	}
	for _, i := range k.Images {
		s.images[imageKey{s.key(i.Credential, repositories[i.Repository]), i.Digest, i.Dated}] = i.Image
	}
	return nil
}

// sound says what is wrong with a Knowledge, which a file may have got from anywhere. It
// returns the repositories by the names that they have in it.
func (r *Resolver) sound(k *Knowledge) (map[string]Repository, error) {
	most := r.options.MaxEntries
	if len(k.Credentials) > placesEach*most || len(k.Lists) > most || len(k.Digests) > digestsEach*most || len(k.Images) > imagesEach*most {
		return nil, fmt.Errorf("%d credentials, %d lists, %d digests and %d images are more than are kept",
			len(k.Credentials), len(k.Lists), len(k.Digests), len(k.Images))
	}
	for _, places := range k.Credentials {
		for _, place := range places {
			if place == "" || len(place) > maxPlace {
				return nil, fmt.Errorf("a credential has a place of %d characters", len(place))
			}
		}
	}
	repositories := map[string]Repository{}
	named := func(credential int, repository string) error {
		if credential < 0 || credential >= len(k.Credentials) {
			return fmt.Errorf("there is no credential %d", credential)
		}
		if _, known := repositories[repository]; known {
			return nil
		}
		parsed, err := ParseRepository(repository)
		if err == nil && parsed.String() != repository {
			err = fmt.Errorf("repository %q is not canonical, want %q", repository, parsed)
		}
		repositories[repository] = parsed
		return err
	}
	for _, l := range k.Lists {
		if err := named(l.Credential, l.Repository); err != nil {
			return nil, err
		}
		if !soundTags(l.Tags) || l.Read.IsZero() {
			return nil, fmt.Errorf("invalid list entry for %q", l.Repository)
		}
	}
	for _, d := range k.Digests {
		if err := named(d.Credential, d.Repository); err != nil {
			return nil, err
		}
		if !policy.ValidTag(d.Tag) || !registry.ValidDigest(d.Digest) || d.Read.IsZero() {
			return nil, fmt.Errorf("invalid digest entry for %q", d.Repository)
		}
	}
	for _, i := range k.Images {
		if err := named(i.Credential, i.Repository); err != nil {
			return nil, err
		}
		if !registry.ValidDigest(i.Digest) || len(i.Platforms) > maxPlatforms {
			return nil, fmt.Errorf("invalid image entry for %q", i.Repository)
		}
	}
	return repositories, nil
}

func soundTags(joined string) bool {
	tags := 0
	for tag := range strings.SplitSeq(joined, " ") {
		if tags++; !policy.ValidTag(tag) || tags > maxTags {
			return false
		}
	}
	return true
}
