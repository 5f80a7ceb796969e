package resolver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// finder finds the same credentials for every repository.
type finder struct {
	found   []Credential
	missing error
}

func (f finder) For(context.Context, Repository) ([]Credential, error) { return f.found, f.missing }

type shownError struct{}

func (shownError) Error() string   { return "secret internals" }
func (shownError) Summary() string { return `Secret "regcred" is missing` }

func TestCredentialsAreTriedInOrder(t *testing.T) {
	first, second, own := auth.Basic("a", "1"), auth.Basic("b", "2"), auth.Basic("own", "3")
	names := map[string]string{first.ID(): "first", second.ID(): "second", own.ID(): "own", "": "anonymous"}
	for name, tt := range map[string]struct {
		query, resolver finder
		refuses         []Credential
		want            []string
		summary         string
	}{
		"the query's come before the Resolver's": {
			query: finder{found: []Credential{first}}, resolver: finder{found: []Credential{own}}, want: []string{"first"},
		},
		"one that is refused gives way to the next": {
			query: finder{found: []Credential{first, second}}, refuses: []Credential{first}, want: []string{"first", "second"},
		},
		"the Resolver's come last": {
			query: finder{found: []Credential{first, second}}, resolver: finder{found: []Credential{own}},
			refuses: []Credential{first, second}, want: []string{"first", "second", "own"},
		},
		"the same one is not tried twice": {
			query: finder{found: []Credential{first, first}}, resolver: finder{found: []Credential{first}},
			refuses: []Credential{first}, want: []string{"first"}, summary: "not found, or the credentials may not read it",
		},
		"anonymous is no way out where there was a credential": {
			query: finder{found: []Credential{first}}, refuses: []Credential{first}, want: []string{"first"},
			summary: "not found, or the credentials may not read it",
		},
		"anonymous is asked where there is none": {want: []string{"anonymous"}},
		"one that is missing is told with the refusal": {
			query: finder{missing: shownError{}}, refuses: []Credential{{}}, want: []string{"anonymous"},
			summary: `not readable; Secret "regcred" is missing`,
		},
		"what may not be shown is not": {
			query: finder{missing: errors.New("10.0.0.1 says no")}, refuses: []Credential{{}}, want: []string{"anonymous"},
			summary: "not found, or the credentials may not read it; a credential could not be read",
		},
		"one that is missing does no harm where another serves": {
			query: finder{found: []Credential{first}, missing: shownError{}}, want: []string{"first"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := &script{tags: []string{"1.0.0", "1.0.1"}, refuses: map[string]bool{}}
			for _, c := range tt.refuses {
				source.refuses[c.ID()] = true
			}
			r := New(source, Options{Credentials: tt.resolver})
			_, err := r.Resolve(t.Context(), Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Credentials: tt.query})
			var asked []string
			for _, id := range source.seen {
				asked = append(asked, names[id])
			}
			if diff := gocmp.Diff(tt.want, asked); diff != "" {
				t.Errorf("asked with (-want +got):\n%s", diff)
			}
			if (err != nil) != (tt.summary != "") || err != nil && Summary(err) != tt.summary {
				t.Errorf("got error %v, want %q", err, tt.summary)
			}
		})
	}
}

// A refused credential in front would otherwise cost a request each minute, for
// ever, and lock accounts where refusals are counted.
func TestRefusedCredentialIsLeftAloneForAWhile(t *testing.T) {
	stale, good := auth.Basic("a", "old"), auth.Basic("a", "new")
	now := newClock()
	source := &script{tags: []string{"1.0.0", "1.0.1"}, refuses: map[string]bool{stale.ID(): true}}
	r := New(source, Options{Now: now.Now})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Credentials: finder{found: []Credential{stale, good}}}
	asks := func(want ...Credential) {
		t.Helper()
		wantTag(t, resolve(t, r, q), "1.0.1", policy.NewerPatch)
		var ids []string
		for _, c := range want {
			ids = append(ids, c.ID())
		}
		if diff := gocmp.Diff(ids, source.seen); diff != "" {
			t.Errorf("asked with (-want +got):\n%s", diff)
		}
		source.seen = nil
	}

	asks(stale, good)
	asks()
	now.Advance(time.Minute)
	asks(good)
	now.Advance(time.Minute)
	q.Since = now.Now()
	asks(good)
	q.Since = time.Time{}
	now.Advance(refusedFor)
	asks(stale, good)
}

// A cloud's token is another every hour. What was known by the one before must
// not be lost with it: the last list in an outage, what makes a list suspect, and
// since when the running tag is missing.
func TestAnswersOutliveACloudsTokens(t *testing.T) {
	now := newClock()
	source := &script{tags: []string{"1.0.0", "1.0.1"}}
	r := New(source, Options{Now: now.Now})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch")}
	for hour, err := range []error{nil, &registry.Error{Kind: registry.Unreachable}} {
		token := auth.Basic("AWS", fmt.Sprint("token ", hour)).As("aws eu-west-1")
		q.Credentials, source.err = finder{found: []Credential{token}}, err
		wantTag(t, resolve(t, r, q), "1.0.1", policy.NewerPatch)
		now.Advance(time.Hour)
	}
	q.Credentials = finder{found: []Credential{auth.Basic("AWS", "token 0")}} // as a tenant may write it
	if got, err := r.Resolve(t.Context(), q); err == nil {
		t.Errorf("another's token gets %+v", got)
	}
}

// What one may see tells more than that another may not.
func TestMissingTagIsToldBeforeARefusal(t *testing.T) {
	good, stale := auth.Basic("a", "1"), auth.Basic("b", "2")
	source := &pinned{digestErr: nil}
	source.digests = map[string]string{}
	r := New(&refusing{source, stale.ID()}, Options{})
	q := Query{Repository: repo("example.com/app"), Tag: "latest", Policy: parse(t, "force"), Credentials: finder{found: []Credential{good, stale}}}
	wantTag(t, resolve(t, r, q), "latest", StayNotInList)
}

type refusing struct {
	*pinned
	id string
}

func (f *refusing) Digest(ctx context.Context, repository Repository, tag string, c Credential) (string, error) {
	if c.ID() == f.id {
		return "", &registry.Error{Kind: registry.Unauthorized, Repository: repository.String()}
	}
	return f.pinned.Digest(ctx, repository, tag, c)
}

// mirroredScript is a registry that has mirrors.
type mirroredScript struct{ script }

func (*mirroredScript) Mirrored(Repository) bool { return true }

// People are told what a registry was asked with, and no secret.
func TestTellsWhatTheRegistryWasAskedWith(t *testing.T) {
	first := auth.Basic("robot", "password-1").From(`Secret "shop/first"`)
	second := auth.Basic("robot", "password-2").From(`Secret "shop/second"`)
	bySecond := &Asked{Kind: "user and password (redacted)", Source: `Secret "shop/second"`}
	byFirst := &Asked{Kind: "user and password (redacted)", Source: `Secret "shop/first"`}
	for name, tt := range map[string]struct {
		credentials []Credential
		refuses     []Credential
		policy      string
		quiet       bool
		mirrored    bool
		fails       bool
		want        *Asked
	}{
		"the first, which is accepted":     {credentials: []Credential{first, second}, want: byFirst},
		"the next, where one is refused":   {credentials: []Credential{first, second}, refuses: []Credential{first}, want: bySecond},
		"the first, where all are refused": {credentials: []Credential{first, second}, refuses: []Credential{first, second}, fails: true, want: byFirst},
		"none":                             {want: &Asked{Kind: "anonymous", Anonymous: true}},
		"mirrors":                          {credentials: []Credential{first}, mirrored: true, want: &Asked{Kind: byFirst.Kind, Source: byFirst.Source, Mirrored: true}},
		"a tag that is followed":           {credentials: []Credential{first}, policy: "force", want: byFirst},
		"a policy that asks no registry":   {credentials: []Credential{first}, policy: "never"},
		"a query that wants to know not":   {credentials: []Credential{first}, quiet: true},
	} {
		t.Run(name, func(t *testing.T) {
			source := &mirroredScript{script{tags: []string{"1.0.0", "1.0.1"}, refuses: map[string]bool{}}}
			for _, c := range tt.refuses {
				source.refuses[c.ID()] = true
			}
			var from Registry = &source.script
			if tt.mirrored {
				from = source
			}
			q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, cmp.Or(tt.policy, "patch")), Credentials: finder{found: tt.credentials}, TellAsked: !tt.quiet}
			got, err := New(from, Options{}).Resolve(t.Context(), q)
			if (err != nil) != tt.fails {
				t.Errorf("got error %v", err)
			}
			if diff := gocmp.Diff(tt.want, got.Asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}
