package registries

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/webhook"
)

// answer is what the writer of a workload sees: the image that is stored, and
// the warnings.
type answer struct {
	Image    string
	Warnings []string
}

// What a writer is told of a registry that could not be asked about an image
// with the tag 1.0.0.
const (
	unreachable = "kept at 1.0.0: registry cannot be reached"
	refused     = "kept at 1.0.0: not found, or the credentials may not read it"
	pause       = "kept at 1.0.0: registry asks for a pause"
	nonsense    = "kept at 1.0.0: the registry sent an invalid response"
	tooLarge    = "kept at 1.0.0: registry's answer is too large"
	late        = "kept at 1.0.0: registry did not answer in time"
	denied      = "kept at 1.0.0: not allowed by the registry settings"
	noTags      = "registry list has no tags"
	lacksTag    = "registry list lacks the running tag"
	missingTag  = "registry does not list the tag; resolved from the tags that it lists"
	lackedTwice = "registry list lacks the running tag, seen twice; resolved from the list"
	suspectList = "registry list lost half its tags; not believed until seen twice"
	stale       = "answered from the last known list: "
)

// kept is an image that stays, with why.
func kept(image, why string) answer { return answer{image, []string{"web: " + why}} }

// moved is an image that moves to a tag of its repository, with why.
func moved(image, tag, why string) answer {
	repository := image[:strings.LastIndex(image, ":")]
	return answer{repository + ":" + tag, []string{"web: " + image + " -> " + tag + " (" + why + ")"}}
}

// pinned is moved to a tag with its digest, which a warning shows in short.
func pinned(image, tag, digest, why string) answer {
	is := moved(image, tag+"@"+digest[:len("sha256:")+12], why)
	is.Image = image[:strings.LastIndex(image, ":")] + ":" + tag + "@" + digest
	return is
}

// warned is a move that tells of a problem in place of the policy.
func (a answer) warned(problem string) answer {
	move, _, _ := strings.Cut(a.Warnings[0], " (")
	return answer{a.Image, webhook.Bound([]string{move + "; " + problem})}
}

func check(t *testing.T, got, want answer) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func checkRequests(t *testing.T, p *proxy, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, p.since()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
