package try

import (
	"context"
	"errors"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/memory"
)

var update = flag.Bool("update", false, "write the golden file anew")

const golden = "testdata/story.txt"

// steady is the output without what differs with each run: ports, the time, and
// where lines end that are longer or shorter by a port's digits.
func steady(out string) string {
	out = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(out, "127.0.0.1:00000")
	out = regexp.MustCompile(`(?m)^(  Warning: .*)\n {11}`).ReplaceAllString(out, "$1 ")
	out = regexp.MustCompile(`(?m)^(.{60}).*…$`).ReplaceAllString(out, "$1…")
	return regexp.MustCompile(`Every step held, in \S+\.`).ReplaceAllString(out, "Every step held, in TIME.")
}

func TestStoryIsWhatTheWebhooksAnswer(t *testing.T) {
	var out strings.Builder
	if err := Run(t.Context(), &out); err != nil {
		t.Fatalf("%v, after\n%s", err, out.String())
	}
	got := steady(out.String())
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
			t.Errorf("%d columns: %s", n, line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\n' }) {
			t.Errorf("control characters: %q", line)
		}
	}
}

// The golden file is as Run writes it; this says what in it a reader is told.
func TestStoryTellsOfEachAnswer(t *testing.T) {
	var out strings.Builder
	if err := Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	rest := steady(out.String())
	for _, want := range []string{
		"This is no cluster.", "make demo",
		"$ kubectl apply -f keel-demo.yaml",
		"  -      - image: 127.0.0.1:00000/netutils:0.1.0\n", "  +      - image: 127.0.0.1:00000/netutils:0.1.1\n",
		"  garboard.dev/bump: netutils=1.1.1\n",
		"  replace /spec/template/spec/containers/0/image\n          127.0.0.1:00000/netutils:1.1.1\n",
		"  remove  /spec/template/metadata/annotations/garboard.dev~1bump\n",
		"Stored: 127.0.0.1:00000/netutils:1.1.1, generation 2, revision 2\n",
		"$ kubectl apply -f keel-demo.yaml", "Sent:   127.0.0.1:00000/netutils:0.1.0\n",
		"Stored: 127.0.0.1:00000/netutils:1.1.1, generation 2, revision 2\n",
		"$ kubectl rollout undo deployment/keel-demo",
		"  Warning: netutils: 127.0.0.1:00000/netutils:1.1.1 -> 0.1.1 as written; 1.1.1 is held\n",
		"Stored: 127.0.0.1:00000/netutils:0.1.1, generation 3, revision 3\n",
		"  garboard.dev/hold: netutils=1.1.1\n",
		"Stored: 127.0.0.1:00000/netutils:0.1.1, generation 3, revision 3\n",
		"bumps nothing: 1.1.1 is held.\n",
		"0.1.1 -> 1.2.0 (policy all; hold on 1.1.1 ended)\n",
		"Stored: 127.0.0.1:00000/netutils:1.2.0, generation 4, revision 4\n",
		"Every step held, in TIME.",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is not told, or not in its place, in\n%s", want, out.String())
		}
		rest = after
	}
}

func TestStepThatDoesNotHoldEndsTheStory(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"the policy moves nothing": {
			"keel.sh/policy: all", "keel.sh/policy: never", "step 1: \"127.0.0.1:00000/netutils:0.1.0\" is stored, not netutils:0.1.1",
		},
		"the policy leads not so far": {
			"keel.sh/policy: all", "keel.sh/policy: patch", "step 2: the updater found nothing to move: nothing newer that the policy allows",
		},
		"the settings are refused": {
			"keel.sh/policy: all", "garboard.dev/policy: al", "step 1: webhook \"/validate\" refused the write: ",
		},
		"the namespace's registry has no such image": {
			"/netutils:0.1.0", "/nettools:0.1.0", "step 1: \"127.0.0.1:00000/nettools:0.1.0\" is stored",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := runManifest(t, strings.Replace(demoManifest, test.old, test.new, 1))
			if err == nil || !strings.HasPrefix(steady(err.Error()), test.want) {
				t.Errorf("got %v, want %s…", err, test.want)
			}
		})
	}
}

// runManifest tells the story of another manifest.
func runManifest(t *testing.T, text string) error {
	t.Helper()
	images, err := memory.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = images.Close() })
	asks, err := newResolver(images.Host())
	if err != nil {
		t.Fatal(err)
	}
	hooks, err := serveWebhooks(t.Context(), asks)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hooks.close() })
	api := &apiServer{hooks: hooks}
	s := &story{
		page: newPage(&strings.Builder{}), registry: images, api: api,
		client: newClient(api, images.Host()), updater: &updater{resolver: asks, api: api},
	}
	s.client.manifest = strings.ReplaceAll(text, "REGISTRY", images.Host())
	return s.tell(t.Context())
}

func TestManifestIsPrintedAsItIsCompared(t *testing.T) {
	c := newClient(nil, "127.0.0.1:5000")
	object, err := c.parse()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := unifiedDiff(c.manifest, object); err != nil || text != "" {
		t.Errorf("the manifest differs from itself: %v\n%s", err, text)
	}
}

func TestStoryStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, &strings.Builder{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// full takes some bytes, and no more.
type full struct{ room int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestStoryThatCannotBeWrittenIsAnError(t *testing.T) {
	var whole strings.Builder
	if err := Run(t.Context(), &whole); err != nil {
		t.Fatal(err)
	}
	const timeDiffers = 20 // in length
	for _, room := range []int{0, 100, whole.Len() / 2, whole.Len() - timeDiffers} {
		if err := Run(t.Context(), &full{room}); !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: got %v", room, err)
		}
	}
}
