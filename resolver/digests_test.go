package resolver

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// force with matchTag costs one HEAD; a list would tell nothing.
func TestForceFollowsTheDigest(t *testing.T) {
	w := newWorld(t)
	w.pushContent("latest", "one")
	r := w.resolver()
	q := w.query("force", "latest")

	first := resolve(t, r, q)
	wantTag(t, first, "latest", policy.SameTag)
	if first.Digest == "" || !first.Moved(q) {
		t.Fatalf("got %+v, want a digest", first)
	}
	w.wantRequests(t, 0, 1)
	q.Digest = first.Digest
	wantTag(t, resolve(t, r, q), "latest", policy.StayNewest)
	w.wantRequests(t, 0, 0)

	w.pushContent("latest", "two")
	wantTag(t, resolve(t, r, q), "latest", policy.StayNewest) // known, and young
	w.clock.Advance(time.Minute)
	second := resolve(t, r, q)
	wantTag(t, second, "latest", policy.SameTag)
	if second.Digest == first.Digest {
		t.Error("the digest did not move")
	}
	w.wantRequests(t, 0, 1)
}

func TestWantedDigestIsLookedForOnce(t *testing.T) {
	w := newWorld(t)
	w.pushContent("latest", "one")
	r, other := w.resolver(), w.resolver()
	q := w.query("force", "latest")
	q.Digest = resolve(t, r, q).Digest
	w.pushContent("latest", "two")
	target := resolve(t, other, q).Digest
	w.since()

	q.WantDigest = target
	if got := resolve(t, r, q).Digest; got != target {
		t.Errorf("got %s, want the target %s", got, target)
	}
	w.wantRequests(t, 0, 1)
	q.WantDigest = "sha256:none"
	resolve(t, r, q)
	resolve(t, r, q)
	w.wantRequests(t, 0, 1) // it is not there, and is not asked for again
	w.clock.Advance(time.Minute)
	resolve(t, r, q)
	resolve(t, r, q)
	w.wantRequests(t, 0, 1)
}

func TestForceWithoutTheTagOrTheRegistry(t *testing.T) {
	w := newWorld(t)
	w.push("other")
	r := w.resolver()
	got := resolve(t, r, w.query("force", "latest"))
	wantTag(t, got, "latest", StayNotInList)
	if got.Warning != WarningLacksTag {
		t.Errorf("got warning %q", got.Warning)
	}
	wantKind(t, got.Err, registry.NotFound)

	known := resolve(t, r, w.query("force", "other"))
	w.breaks(down)
	w.clock.Advance(time.Minute)
	got = resolve(t, r, w.query("force", "other"))
	if got.Digest != known.Digest || !got.Stale {
		t.Errorf("during an outage: %+v", got)
	}
	_, err := r.Resolve(t.Context(), w.query("force", "third"))
	if _, ok := errors.AsType[*Unavailable](err); !ok {
		t.Errorf("got error %v, want an *Unavailable", err)
	}
}

func TestPinDigest(t *testing.T) {
	const old, base = "sha256:old", "sha256:base"
	digests := map[string]string{"1.0.0": base, "1.0.1": "sha256:one", "1.0.2": "sha256:two"}
	all := []string{"1.0.0", "1.0.1", "1.0.2"}
	timeout := &registry.Error{Kind: registry.Timeout}
	for name, tt := range map[string]struct {
		tags    []string
		digests map[string]string
		query   Query
		err     error // of digests
		want    Resolution
	}{
		"a new tag gets its digest": {
			all, digests, Query{Digest: old}, nil,
			Resolution{Tag: "1.0.2", Digest: "sha256:two", Reason: policy.NewerPatch},
		},
		"a new tag tells its digest, where that is asked for and not written": {
			all, digests, Query{Pin: PinTag, TellDigest: true}, nil,
			Resolution{Tag: "1.0.2", Digest: "sha256:two", Reason: policy.NewerPatch},
		},
		"a tag that stays tells none": {
			all[:1], digests, Query{Pin: PinTag, TellDigest: true}, nil,
			Resolution{Tag: "1.0.0", Reason: policy.StayNewest},
		},
		"a tag that stays keeps its digest, moved or not": {
			all[:1], digests, Query{Digest: old}, nil,
			Resolution{Tag: "1.0.0", Digest: old, Reason: policy.StayNewest},
		},
		"a tag that stays gets the digest that it lacks": {
			all[:1], digests, Query{}, nil,
			Resolution{Tag: "1.0.0", Digest: base, Reason: PinnedDigest},
		},
		"a listed tag that is gone gives way to the next": {
			all, map[string]string{"1.0.1": "sha256:one"}, Query{Digest: old}, nil,
			Resolution{Tag: "1.0.1", Digest: "sha256:one", Reason: policy.NewerPatch, Err: errNotThere},
		},
		"all that are listed are gone": {
			all, nil, Query{Digest: old}, nil,
			Resolution{Tag: "1.0.0", Digest: old, Reason: policy.StayNewest, Err: errNotThere},
		},
		"no tag is written without its digest": {
			all, digests, Query{Digest: old}, timeout,
			Resolution{Tag: "1.0.0", Digest: old, Reason: StayNoDigest, Err: timeout},
		},
		"nor is the base pinned without it": {
			all[:1], digests, Query{}, timeout,
			Resolution{Tag: "1.0.0", Reason: StayNoDigest, Err: timeout},
		},
		"pin: follow takes what a tag that stays points to": {
			all[:1], digests, Query{Digest: old, Pin: PinFollow}, nil,
			Resolution{Tag: "1.0.0", Digest: base, Reason: policy.SameTag},
		},
		"and a higher tag before it": {
			all, digests, Query{Digest: old, Pin: PinFollow}, nil,
			Resolution{Tag: "1.0.2", Digest: "sha256:two", Reason: policy.NewerPatch},
		},
		"and the digest that is missing": {
			all[:1], digests, Query{Pin: PinFollow}, nil,
			Resolution{Tag: "1.0.0", Digest: base, Reason: PinnedDigest},
		},
		"but not a digest that was left": {
			all[:1], digests, Query{Digest: old, Pin: PinFollow, Hold: Hold{"1.0.0", base}}, nil,
			Resolution{Tag: "1.0.0", Digest: old, Reason: StayHeld},
		},
		"one that was built after it it takes": {
			all[:1], digests, Query{Digest: old, Pin: PinFollow, Hold: Hold{"1.0.0", "sha256:left"}}, nil,
			Resolution{Tag: "1.0.0", Digest: base, Reason: policy.SameTag},
		},
		"and stays where it points to the same": {
			all[:1], digests, Query{Digest: base, Pin: PinFollow}, nil,
			Resolution{Tag: "1.0.0", Digest: base, Reason: policy.StayNewest},
		},
		"and where nobody knows": {
			all[:1], digests, Query{Digest: old, Pin: PinFollow}, timeout,
			Resolution{Tag: "1.0.0", Digest: old, Reason: StayNoDigest, Err: timeout},
		},
		"pin: tag reads no digest": {
			all, nil, Query{Digest: old, Pin: PinTag}, timeout,
			Resolution{Tag: "1.0.2", Reason: policy.NewerPatch},
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := tt.query
			q.Repository, q.Tag, q.Policy = repo("example.com/app"), "1.0.0", parse(t, "patch")
			if q.Pin == "" {
				q.Pin = PinDigest
			}
			r := New(&pinned{script{tags: tt.tags, digests: tt.digests}, tt.err}, Options{})
			got := resolve(t, r, q)
			if !errors.Is(got.Err, tt.want.Err) && (!notFound(got.Err) || !notFound(tt.want.Err)) {
				t.Errorf("got error %v, want %v", got.Err, tt.want.Err)
			}
			got.Err, tt.want.Err = nil, nil
			got.Passed = nil // Explain's test looks at them
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

var errNotThere = &registry.Error{Kind: registry.NotFound} //nolint:gochecknoglobals // a constant of the table

// pinned fails digests alone.
type pinned struct {
	script
	digestErr error
}

func (p *pinned) Digest(ctx context.Context, repository Repository, tag string, credential Credential) (string, error) {
	if p.digestErr != nil {
		return "", p.digestErr
	}
	return p.script.Digest(ctx, repository, tag, credential)
}

func TestPinDigestAgainstARealRegistry(t *testing.T) {
	w := newWorld(t)
	w.push("1.0.0", "1.0.1")
	r := w.resolver()
	q := w.query("patch", "1.0.0")
	q.Pin = PinDigest

	got := resolve(t, r, q)
	wantTag(t, got, "1.0.1", policy.NewerPatch)
	if got.Digest == "" {
		t.Error("no digest")
	}
	w.wantRequests(t, 1, 1)
	resolve(t, r, q)
	w.wantRequests(t, 0, 0)
	w.breaks(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTooManyRequests) })
	w.clock.Advance(time.Minute)
	again := resolve(t, r, q)
	if again.Digest != got.Digest || !again.Stale {
		t.Errorf("during a pause: %+v", again)
	}
	wantKind(t, again.Err, registry.RateLimited)
}
