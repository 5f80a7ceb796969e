package pullsecret

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/resolver"
)

// Bounds on what one workload can ask for.
const (
	maxSecrets     = 16
	maxCredentials = 8
)

// credentials are those of one workload.
type credentials struct {
	finder   *Finder
	workload Workload
}

// For returns the credentials for a repository, in the order in which they are to be tried. The error is an Errors: one for each
// object that could not be used, and those beside it count all the same.
func (c *credentials) For(ctx context.Context, repository resolver.Repository) ([]resolver.Credential, error) {
	s := &search{finder: c.finder, namespace: c.workload.Namespace}
	var own []pending[keyring]
	if c.workload.Setting != "" {
		own = s.ask(ctx, []string{c.workload.Setting})
	}
	names := c.workload.PullSecrets
	// The API server adds the ServiceAccount's to a Pod that lists none at all.
	if len(names) == 0 {
		names = s.account(ctx, cmp.Or(c.workload.ServiceAccount, "default"))
	}
	others := s.ask(ctx, names)
	name := c.workload.spelling(repository)
	found := lookupCredentials(s.wait(ctx, own), name)
	found = append(found, lookupCredentials(s.wait(ctx, others), name)...)
	return usableCredentials(found), s.failures.orNil()
}

// spelling is the name of a repository as the image has it, where that has its host in
// capitals. Nothing else of a name may be.
func (w Workload) spelling(repository resolver.Repository) string {
	if !strings.ContainsFunc(w.Image, unicode.IsUpper) {
		return repository.String()
	}
	reference, err := resolver.ParseReference(w.Image)
	if err != nil || reference.Repository != repository || strings.ToLower(reference.Name) == reference.Name {
		return repository.String()
	}
	return reference.Name
}

// String says whose they are, and keeps a verb such as %q from walking further.
func (c *credentials) String() string {
	return fmt.Sprintf("pull secrets of a workload in %q", printable.Cut(c.workload.Namespace, maxName))
}

// search is one way through the objects of a workload.
type search struct {
	finder    *Finder
	namespace string
	asked     int
	failures  Errors
}

// ask begins to read Secrets, all at once. Empty names name nothing: the kubelet
// passes over them, too.
func (s *search) ask(ctx context.Context, names []string) []pending[keyring] {
	var asked []pending[keyring]
	for i, name := range names {
		if name == "" || slices.Contains(names[:i], name) {
			continue
		}
		if s.asked == maxSecrets {
			tooMany := &Error{Kind: TooMany, Object: Secret, Name: name}
			return append(asked, pending[keyring]{answer: answer[keyring]{failed: tooMany}})
		}
		s.asked++
		asked = append(asked, s.finder.secrets.ask(ctx, key{s.namespace, name}))
	}
	return asked
}

func (s *search) wait(ctx context.Context, asked []pending[keyring]) []keyring {
	var rings []keyring
	for _, p := range asked {
		ring, failed := p.wait(ctx)
		if failed != nil {
			s.failures = append(s.failures, failed)
			continue
		}
		rings = append(rings, ring)
	}
	return rings
}

func (s *search) account(ctx context.Context, name string) []string {
	names, failed := s.finder.accounts.ask(ctx, key{s.namespace, name}).wait(ctx)
	if failed != nil {
		s.failures = append(s.failures, failed)
	}
	return names
}

// usableCredentials drops repetitions and entries without a user or a password, which
// nothing can be asked with.
func usableCredentials(found []resolver.Credential) []resolver.Credential {
	var kept []resolver.Credential
	for _, credential := range found {
		same := func(had resolver.Credential) bool { return had.ID() == credential.ID() }
		if credential.Anonymous() || slices.ContainsFunc(kept, same) {
			continue
		}
		if kept = append(kept, credential); len(kept) == maxCredentials {
			break
		}
	}
	return kept
}
