package plan

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// Lists are tags by repository, in place of a registry. They have no digests and no
// dates.
type Lists map[string][]string

var errOnlyTags = errors.New("a list of tags has no digests and no dates")

// Tags returns the tags of a repository.
func (l Lists) Tags(_ context.Context, repository resolver.Repository, _ resolver.Credential) ([]string, error) {
	tags, ok := l[repository.String()]
	if !ok {
		return nil, fmt.Errorf("%s: not among the lists of tags", repository)
	}
	return tags, nil
}

// Digest returns an error.
func (l Lists) Digest(context.Context, resolver.Repository, string, resolver.Credential) (string, error) {
	return "", errOnlyTags
}

// Image returns an error.
func (l Lists) Image(context.Context, resolver.Repository, string, resolver.Credential, bool) (registry.Image, error) {
	return registry.Image{}, errOnlyTags
}

// Recorder keeps the lists that a registry gives, in its order, which counts for Keel.
type Recorder struct {
	resolver.Registry
	mu    sync.Mutex
	lists map[resolver.Repository][]string
}

// NewRecorder returns a Recorder that stands in front of a registry.
func NewRecorder(from resolver.Registry) *Recorder {
	return &Recorder{Registry: from, lists: map[resolver.Repository][]string{}}
}

// Tags asks the registry, and keeps what it says.
func (r *Recorder) Tags(ctx context.Context, repository resolver.Repository, credential resolver.Credential) ([]string, error) {
	tags, err := r.Registry.Tags(ctx, repository, credential)
	if err == nil {
		r.mu.Lock()
		r.lists[repository] = tags
		r.mu.Unlock()
	}
	return tags, err
}

// listed returns the tags of a repository, as they were listed.
func (r *Recorder) listed(repository resolver.Repository) ([]string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	tags, ok := r.lists[repository]
	return tags, ok
}
