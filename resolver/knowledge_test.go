package resolver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

const sha = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// errAway is what a registry that cannot be reached answers.
var errAway = &registry.Error{Kind: registry.Unreachable, Repository: "example.com/app", Err: errors.New("away")}

// process is a resolver in a row of those that hand their knowledge on.
type process struct {
	t      *testing.T
	clock  *clock
	source *script
	*Resolver
}

func newProcess(t *testing.T, tags ...string) *process {
	p := &process{t: t, clock: newClock(), source: &script{tags: tags}}
	p.Resolver = New(p.source, Options{Now: p.clock.Now})
	return p
}

// again starts the next one, and forgets what the registry was asked.
func (p *process) again() {
	p.t.Helper()
	known := p.Known()
	p.Resolver = New(p.source, Options{Now: p.clock.Now})
	if err := p.Restore(known); err != nil {
		p.t.Fatal(err)
	}
	p.source.reads, p.source.looked = 0, nil
}

func (p *process) query(credentials ...Credential) Query {
	return Query{Repository: repo("example.com/app"), Tag: "1.2.0", Policy: parse(p.t, "patch"), Credentials: having(credentials)}
}

type having []Credential

func (h having) For(_ context.Context, _ Repository) ([]Credential, error) { return h, nil }

func (p *process) want(q Query, tag string, stale bool, reads int) {
	p.t.Helper()
	got := resolve(p.t, p.Resolver, q)
	if got.Tag != tag || got.Stale != stale || p.source.reads != reads {
		p.t.Errorf("got %s, stale %t, after %d reads (%v); want %s, stale %t, after %d", got.Tag, got.Stale, p.source.reads, got.Err, tag, stale, reads)
	}
	p.source.reads = 0
}

// Without what is known of digests and images, a list that was handed on would
// be worth nothing in a cluster whose nodes are known: each candidate has to be
// looked at.
func TestKnowledgeAnswersWithoutARequest(t *testing.T) {
	p := newProcess(t, "1.2.0", "1.2.7")
	p.source.digests = map[string]string{"1.2.7": sha}
	p.source.images = map[string]registry.Image{sha: {Platforms: []Platform{{OS: "linux", Architecture: "arm64"}}}}
	q := p.query()
	q.Pin, q.Platforms = PinDigest, []Platform{{OS: "linux", Architecture: "arm64"}}
	before := resolve(t, p.Resolver, q)
	if before.Tag != "1.2.7" || before.Digest != sha {
		t.Fatalf("got %+v", before)
	}

	p.clock.Advance(time.Minute - time.Nanosecond)
	p.again()
	if diff := cmp.Diff(before, resolve(t, p.Resolver, q)); diff != "" || p.source.reads > 0 || len(p.source.looked) > 0 {
		t.Errorf("%d reads, %d looks, (-before +after):\n%s", p.source.reads, len(p.source.looked), diff)
	}

	p.clock.Advance(time.Nanosecond) // the list and the digest are old now
	p.again()
	p.want(q, "1.2.7", false, 2)

	p.source.err, p.source.digests = errAway, nil
	p.clock.Advance(31 * 24 * time.Hour)
	p.again()
	p.want(q, "1.2.7", true, 2)
	p.again() // the read that failed made nothing younger
	p.want(q, "1.2.7", true, 2)

	p.clock.Advance(24 * time.Hour)
	p.again()
	if _, err := p.Resolve(t.Context(), q); err == nil {
		t.Error("what is older than is kept was an answer")
	}
}

func TestKnowledgeOfWhatIsFollowedAndDated(t *testing.T) {
	p := newProcess(t, "a", "b")
	other := strings.Replace(sha, "0", "f", 1)
	built := func(day int) registry.Image {
		return registry.Image{Platforms: []Platform{{}}, Created: time.Date(2026, 2, day, 0, 0, 0, 0, time.UTC)}
	}
	p.source.digests = map[string]string{"a": sha, "b": other, "main": sha}
	p.source.images = map[string]registry.Image{sha: built(1), other: built(2)}
	follow := Query{Repository: repo("example.com/app"), Tag: "main", Policy: parse(t, "force")}
	newest := Query{Repository: repo("example.com/app"), Tag: "a", Policy: parse(t, "newest")}
	first, second := resolve(t, p.Resolver, follow), resolve(t, p.Resolver, newest)
	if first.Digest != sha || second.Tag != "b" {
		t.Fatalf("got %+v and %+v", first, second)
	}
	p.again()
	p.want(follow, first.Tag, false, 0)
	p.want(newest, second.Tag, false, 0)
	if len(p.source.looked) > 0 {
		t.Errorf("looked at %v again", p.source.looked)
	}
}

// It is handed on for as long as nobody asks, too.
func TestKnowledgeThatNobodyAskedForIsHandedOn(t *testing.T) {
	p := newProcess(t, "1.2.0", "1.2.7")
	p.source.digests = map[string]string{"1.2.7": sha}
	p.source.images = map[string]registry.Image{sha: {Platforms: []Platform{{}}}}
	secret := auth.Basic("robot", "hunter2").At("secret 1/1/0")
	q, anonymous := p.query(secret), p.query()
	q.Platforms = []Platform{{OS: "linux", Architecture: "amd64"}}
	resolve(t, p.Resolver, q)
	resolve(t, p.Resolver, anonymous)
	first := p.Known()
	for range 3 {
		p.again()
	}
	if diff := cmp.Diff(first, p.Known()); diff != "" {
		t.Errorf("(-first +last):\n%s", diff)
	}
	p.want(q, "1.2.7", false, 0)
	p.want(anonymous, "1.2.7", false, 0)
}

// The list that was handed on is the one known before: a registry that loses
// tags while the process is down is not believed either.
func TestKnownListIsTheOneBefore(t *testing.T) {
	p := newProcess(t, "1.2.0", "1.2.1", "1.2.2", "1.2.3")
	q := p.query()
	p.want(q, "1.2.3", false, 1)
	p.source.tags = []string{"1.2.0", "1.2.1"}
	p.clock.Advance(time.Minute)
	p.again()
	p.want(q, "1.2.3", true, 1) // suspect
	p.clock.Advance(time.Minute)
	p.again() // which is forgotten, and has to be seen twice again
	p.want(q, "1.2.3", true, 1)
	p.clock.Advance(time.Minute)
	p.want(q, "1.2.1", false, 1)

	p.source.tags = []string{"1.2.1", "1.2.2"}
	q.Tag = "1.2.0"
	p.clock.Advance(time.Minute)
	p.want(q, "1.2.0", false, 1) // lacks the running tag
	p.clock.Advance(time.Minute)
	p.again() // so did the list before; that it was asked for is forgotten
	p.want(q, "1.2.0", false, 1)
	p.clock.Advance(time.Minute)
	p.want(q, "1.2.2", false, 1)
}

func TestKnowledgeFromTheFutureIsTooOld(t *testing.T) {
	p := newProcess(t, "1.2.0", "1.2.7")
	p.source.digests = map[string]string{"1.2.7": sha}
	q := p.query()
	q.Pin = PinDigest
	resolve(t, p.Resolver, q)
	p.clock.Advance(-time.Hour)
	p.again()
	p.want(q, "1.2.7", false, 2)

	p.clock.Advance(-time.Hour)
	p.source.err, p.source.digests = errAway, nil
	p.again()
	p.want(q, "1.2.7", true, 2)
}

// A list that was read with one namespace's pull secret must not become the
// answer to another's by way of a file.
func TestKnowledgeIsKeptApartByCredential(t *testing.T) {
	const first, second = "secret aaaa/17/0", "secret bbbb/18/0"
	robot, other := auth.Basic("robot", "hunter2"), auth.Basic("other", "hunter3")
	cloud := func(token string) Credential { return auth.Basic("AWS", token).As("aws eu-west-1") }
	for name, test := range map[string]struct {
		before []Credential
		after  Credential
		kept   bool
	}{
		"the same Secret": {[]Credential{robot.At(first)}, robot.At(first), true},
		"the same credential from two Secrets, by the first":  {[]Credential{robot.At(first), robot.At(second)}, robot.At(first), true},
		"the same credential from two Secrets, by the second": {[]Credential{robot.At(first), robot.At(second)}, robot.At(second), true},
		"anonymous":                                         {[]Credential{{}}, Credential{}, true},
		"a cloud's identity, with another token":            {[]Credential{cloud("one")}, cloud("two"), true},
		"another Secret of the same content":                {[]Credential{robot.At(first)}, robot.At(second), false},
		"another Secret":                                    {[]Credential{robot.At(first)}, other.At(second), false},
		"the Secret after a change":                         {[]Credential{robot.At(first)}, other.At("secret aaaa/19/0"), false},
		"nobody's list for a Secret":                        {[]Credential{{}}, robot.At(first), false},
		"a Secret's list for nobody":                        {[]Credential{robot.At(first)}, Credential{}, false},
		"a Secret's list for a cloud's identity":            {[]Credential{robot.At(first)}, cloud("one"), false},
		"a credential that has no place":                    {[]Credential{robot}, robot, false},
		"a place that is longer than any":                   {[]Credential{robot.At(strings.Repeat("x", 513))}, robot.At(strings.Repeat("x", 513)), false},
		"a Secret's list for nobody, once it was asked for": {[]Credential{robot.At(first)}, Credential{}, false},
		"a place that looks like the number of a key":       {[]Credential{{}}, robot.At("0"), false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProcess(t, "1.2.0", "1.2.7")
			for _, c := range test.before {
				resolve(t, p.Resolver, p.query(c))
			}
			for range 2 {
				p.again()
			}
			if strings.HasSuffix(name, "once it was asked for") {
				p.note(robot.At(first))
			}
			p.source.tags = []string{"1.2.0", "1.2.8"}
			if test.kept {
				p.want(p.query(test.after), "1.2.7", false, 0)
			} else {
				p.want(p.query(test.after), "1.2.8", false, 1)
			}
			if text := fmt.Sprintf("%+v", p.Known()); strings.Contains(text, robot.ID()) || strings.Contains(text, other.ID()) {
				t.Errorf("a hash of a secret is handed on: %s", text)
			}
		})
	}
}

// A Secret was written anew with the same content, so that its list starts cold;
// the other Secret of that credential still leads to what was known.
func TestCredentialThatIsFoundInTwoPartsIsOne(t *testing.T) {
	p := newProcess(t, "1.2.0", "1.2.7")
	robot := auth.Basic("robot", "hunter2")
	resolve(t, p.Resolver, p.query(robot.At("secret a/1/0")))
	resolve(t, p.Resolver, p.query(robot.At("secret b/1/0")))
	q := p.query(robot.At("secret a/2/0"))
	q.Repository = repo("example.com/fresh")
	p.again()
	p.want(q, "1.2.7", false, 1)
	p.again()
	p.want(p.query(robot.At("secret b/1/0")), "1.2.7", false, 0)
	p.want(q, "1.2.7", false, 0)
	p.again()
	if known := p.Known(); len(known.Credentials) != 1 || len(known.Lists) != 2 {
		t.Errorf("got %+v, want two lists of one credential", known)
	}
}

func TestChangesTellOfWhatIsNew(t *testing.T) {
	p := newProcess(t, "1.2.0", "1.2.7")
	q := p.query(auth.Basic("robot", "hunter2").At("secret a/1/0"))
	last := p.Changes()
	changed := func(want bool, what string) {
		t.Helper()
		if now := p.Changes(); (now != last) != want {
			t.Errorf("%s: changed %t, want %t", what, !want, want)
		}
		last = p.Changes()
	}
	resolve(t, p.Resolver, q)
	changed(true, "a list")
	resolve(t, p.Resolver, q)
	changed(false, "a warm answer")
	q.Credentials = having{auth.Basic("robot", "hunter2").At("secret a/2/0")}
	resolve(t, p.Resolver, q)
	changed(true, "a place")
	p.source.digests = map[string]string{"1.2.7": sha}
	p.source.images = map[string]registry.Image{sha: {Platforms: []Platform{{}}}}
	q.Pin = PinDigest
	resolve(t, p.Resolver, q)
	changed(true, "a digest")
	q.Platforms = []Platform{{OS: "linux", Architecture: "amd64"}}
	resolve(t, p.Resolver, q)
	changed(true, "an image")
	p.source.err = errAway
	p.clock.Advance(time.Minute)
	resolve(t, p.Resolver, q)
	changed(false, "a failure")
}

func TestKnowledgeIsBounded(t *testing.T) {
	p := newProcess(t, "1.2.0", "1.2.7")
	much := Knowledge{Credentials: [][]string{{}}}
	for i := range 300 {
		tags := strings.Repeat(strings.Repeat("x", 120)+" ", 1200) + "y"
		much.Lists = append(much.Lists, KnownList{0, fmt.Sprintf("example.com/app-%d", i), p.clock.Now(), tags})
	}
	if err := p.Restore(much); err != nil {
		t.Fatal(err)
	}
	resolve(t, p.Resolver, p.query())
	known := p.Known()
	size := 0
	for _, l := range known.Lists {
		size += len(l.Tags)
	}
	if size > maxKnown || size < maxKnown*9/10 || known.Lists[0].Repository != "example.com/app" {
		t.Errorf("%d bytes, first %q; want almost %d, and what was used last", size, known.Lists[0].Repository, maxKnown)
	}
}

func TestKnowledgeThatMakesNoSenseIsRefusedWhole(t *testing.T) {
	good := func() Knowledge {
		read := newClock().Now()
		return Knowledge{
			Credentials: [][]string{{}, {"secret a/1/0"}},
			Lists:       []KnownList{{1, "example.com/app", read, "1.2.0 1.2.7"}},
			Digests:     []KnownDigest{{0, "example.com/app", "1.2.7", sha, read}},
			Images:      []KnownImage{{0, "example.com/app", sha, false, registry.Image{Platforms: []Platform{{}}}}},
		}
	}
	for name, spoil := range map[string]func(*Knowledge){
		"a credential that is not there":   func(k *Knowledge) { k.Lists[0].Credential = 2 },
		"a negative credential":            func(k *Knowledge) { k.Digests[0].Credential = -1 },
		"an image's credential":            func(k *Knowledge) { k.Images[0].Credential = 7 },
		"an empty place":                   func(k *Knowledge) { k.Credentials[1] = []string{""} },
		"a long place":                     func(k *Knowledge) { k.Credentials[1] = []string{strings.Repeat("x", 513)} },
		"a repository in short form":       func(k *Knowledge) { k.Lists[0].Repository = "nginx" },
		"no repository":                    func(k *Knowledge) { k.Digests[0].Repository = "" },
		"a repository with a tag":          func(k *Knowledge) { k.Images[0].Repository = "example.com/app:1" },
		"a list without tags":              func(k *Knowledge) { k.Lists[0].Tags = "" },
		"a list of spaces":                 func(k *Knowledge) { k.Lists[0].Tags = " " },
		"a tag that is none":               func(k *Knowledge) { k.Lists[0].Tags = "1.2.0 ../../x" },
		"more tags than a list may have":   func(k *Knowledge) { k.Lists[0].Tags = strings.Repeat("a ", maxTags) + "a" },
		"a list without a date":            func(k *Knowledge) { k.Lists[0].Read = time.Time{} },
		"a digest that is none":            func(k *Knowledge) { k.Digests[0].Digest = "sha256:0" },
		"a digest of no tag":               func(k *Knowledge) { k.Digests[0].Tag = "a b" },
		"a digest without a date":          func(k *Knowledge) { k.Digests[0].Read = time.Time{} },
		"an image of no digest":            func(k *Knowledge) { k.Images[0].Digest = "latest" },
		"an image of too many platforms":   func(k *Knowledge) { k.Images[0].Platforms = make([]Platform, 65) },
		"more lists than are kept":         func(k *Knowledge) { k.Lists = make([]KnownList, defaultMaxEntries+1) },
		"more digests than are kept":       func(k *Knowledge) { k.Digests = make([]KnownDigest, 8*defaultMaxEntries+1) },
		"more images than are kept":        func(k *Knowledge) { k.Images = make([]KnownImage, 2*defaultMaxEntries+1) },
		"more credentials than are looked": func(k *Knowledge) { k.Credentials = make([][]string, 4*defaultMaxEntries+1) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProcess(t)
			k := good()
			if err := New(p.source, Options{Now: p.clock.Now}).Restore(k); err != nil {
				t.Fatalf("unspoilt: %v", err)
			}
			spoil(&k)
			if err := p.Restore(k); err == nil {
				t.Error("got no error")
			}
			if diff := cmp.Diff(Knowledge{}, p.Known()); diff != "" {
				t.Errorf("something was taken (-want +got):\n%s", diff)
			}
		})
	}
}
