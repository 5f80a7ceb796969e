package registries

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelson-dev/keelson/resolver"
)

// What a registry sends beside good tags is dropped; what no registry may send
// is refused as a whole.
func TestOddLists(t *testing.T) {
	registry, _ := distribution(t, settings{})
	push(t, registry+"/team/app", []string{"1.0.0", "1.0.1"})
	many := make([]string, 300_000)
	for i := range many {
		many[i] = fmt.Sprintf(`"2.0.%d"`, i)
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write(bytes.Repeat([]byte(" "), 64<<20)) // a buffer takes all
	_ = zip.Close()
	for name, test := range map[string]struct {
		list http.HandlerFunc
		tag  string
		want []string
	}{
		"blanks, emoji, long ones, null and doubles": {
			list: says(200, "application/json", `{"tags":["1.0.0"," 1.0.9","1.0.8 ","1.0.7\u001b[31m","1.0.6😀",null,"1.0.5`+strings.Repeat("x", 200)+`","1.0.1","1.0.1",".1.0.4",""]}`),
			tag:  "1.0.1", want: []string{"web: HOST/team/app:1.0.0 -> 1.0.1 (policy patch)"},
		},
		"signatures, attestations and SBOMs": {
			list: says(200, "application/json", `{"tags":["1.0.0","1.0.1","1.0.9.sig","sha256-`+strings.Repeat("0", 64)+`.att","1.0.8.sbom"]}`),
			tag:  "1.0.1", want: []string{"web: HOST/team/app:1.0.0 -> 1.0.1 (policy patch)"},
		},
		"300,000 tags": {
			list: says(200, "application/json", `{"tags":[`+strings.Join(many, ",")+`]}`),
			tag:  "1.0.0", want: []string{"web: kept at 1.0.0: registry's answer is too large"},
		},
		"gzip that unpacks to 64 MiB": {
			list: headed("Content-Encoding", "gzip", says(200, "application/json", packed.String())),
			tag:  "1.0.0", want: []string{"web: kept at 1.0.0: registry's answer is too large"},
		},
		"a tag that is a number": {
			list: says(200, "application/json", `{"tags":["1.0.1",7]}`),
			tag:  "1.0.0", want: []string{"web: kept at 1.0.0: registry's answer makes no sense"},
		},
		"a Link to what came before": {
			list: headed("Link", `</v2/team/app/tags/list?last=0>; rel="prev"`, says(200, "application/json", wholeList)),
			tag:  "1.0.1", want: []string{"web: HOST/team/app:1.0.0 -> 1.0.1 (policy patch)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, registry)
			p.breaks(test.list)
			stored, warnings := newAdmission(t, reachable()).create(t, p.host()+"/team/app:1.0.0", "patch")
			for i := range warnings {
				warnings[i] = strings.ReplaceAll(warnings[i], p.host(), "HOST")
			}
			if diff := cmp.Diff(test.want, warnings); diff != "" || stored != p.host()+"/team/app:"+test.tag {
				t.Errorf("stored %s, warnings (-want +got):\n%s", stored, diff)
			}
		})
	}
}

// An outage is no downgrade: what is known counts, with a warning.
func TestOutageAnswersFromTheLastKnownList(t *testing.T) {
	registry, _ := distribution(t, settings{})
	push(t, registry+"/team/app", []string{"1.0.0", "1.0.1"})
	p := newProxy(t, registry)
	a := newAdmission(t, reachable())
	image := p.host() + "/team/app:1.0.0"
	if stored, _ := a.create(t, image, "patch"); stored != p.host()+"/team/app:1.0.1" {
		t.Fatalf("stored %s", stored)
	}
	p.breaks(says(500, "text/html", maintenance))
	stored, warnings := a.create(t, p.host()+"/team/app:1.0.2", "patch") // which the list lacks, so that it is read again
	if diff := cmp.Diff([]string{"web: registry list lacks the running tag"}, warnings); diff != "" {
		t.Errorf("stored %s, warnings (-want +got):\n%s", stored, diff)
	}
}

// clock is one that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A registry that loses tags is not believed at once, and not doubted for ever.
func TestSuspectListsAsAUserSeesThem(t *testing.T) {
	registry, _ := distribution(t, settings{})
	const (
		doubted = "web: HOST/team/app:1.0.0 -> 1.0.3; registry list lost half its tags; not believed until seen twice"
		lacks   = "web: registry list lacks the running tag"
		lacked  = "web: HOST/team/app:1.0.0 -> 1.0.3; registry list lacks the running tag, seen twice; resolved from the list"
		moved   = "web: HOST/team/app:1.0.0 -> 1.0.3 (policy patch)"
	)
	whole := `{"tags":["1.0.0","1.0.1","1.0.2","1.0.3"]}`
	for name, steps := range map[string][]struct{ list, tag, want string }{
		"three quarters are gone, twice": {
			{whole, "1.0.3", moved},
			{`{"tags":["1.0.0"]}`, "1.0.3", doubted},
			{`{"tags":["1.0.0"]}`, "1.0.0", ""},
		},
		"all are gone for a moment": {
			{whole, "1.0.3", moved},
			{`{"tags":[]}`, "1.0.3", doubted},
			{whole, "1.0.3", moved},
		},
		"the running tag is gone": {
			{`{"tags":["1.0.1","1.0.2","1.0.3"]}`, "1.0.0", lacks},
			{`{"tags":["1.0.1","1.0.2","1.0.3"]}`, "1.0.3", lacked},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, registry)
			now := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			o := reachable()
			o.Now = now.Now
			a := admissionOf(t, o, resolver.Options{Now: now.Now}, nil)
			for i, step := range steps {
				now.advance(time.Minute)
				p.breaks(says(200, "application/json", step.list))
				stored, warnings := a.create(t, p.host()+"/team/app:1.0.0", "patch")
				got := strings.ReplaceAll(strings.Join(warnings, "\n"), p.host(), "HOST")
				if stored != p.host()+"/team/app:"+step.tag || step.want != "" && got != step.want {
					t.Fatalf("step %d: stored %s with warnings %q, want %s and %q", i, stored, got, step.tag, step.want)
				}
			}
		})
	}
}
