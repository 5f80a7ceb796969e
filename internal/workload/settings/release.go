package settings

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/spelling"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
)

// Release is what the block keel: in the values of a Helm release says. The
// zero value says nothing.
type Release struct {
	entries []entry
	images  []releaseImage
}

// releaseImage is one of the images that a release wants to be kept new. It
// has a fault in place of a repository where the two values do not lead to one.
type releaseImage struct {
	repository resolver.Repository
	// own are the settings that hold for this image alone.
	own   []entry
	fault *Fault
}

// Bounds on what is kept of a release, beside its block.
const (
	maxReleaseImages = 32
	maxRepository    = 512 // bytes
)

// releaseKeys are the keys of the block keel: and the settings that they mean.
var releaseKeys = []struct{ key, name string }{
	{keyPolicy, keyPolicy},
	{keyMatchTag, keyMatchTag},
	{keyMatchPreRelease, keyMatchPreRelease},
	{keyTrigger, keyTrigger},
	{keyPollSchedule, keyPollSchedule},
	{keyApprovals, keyApprovals},
	{keyApprovalDeadline, keyApprovalDeadline},
	{"notificationChannels", keyNotify},
}

// NewRelease reads the block keel: as Keel does: without a policy or images it
// says nothing, a value that is empty or zero is as good as none, and unknown
// keys are passed over, with a warning if they are like one of Keel's. value returns the text that the release's values have at
// a path such as image.repository; nothing of it is in any message. How large the
// block may be is the caller's to say.
func NewRelease(keel map[string]any, value func(path string) (text string, ok bool)) Release {
	items, _ := keel["images"].([]any)
	if givenValue(keel[keyPolicy]) == nil || len(items) == 0 {
		return Release{}
	}
	var r Release
	for _, k := range releaseKeys {
		if v := givenValue(keel[k.key]); v != nil {
			r.entries = append(r.entries, releaseEntry(k.key, k.name, v))
		}
	}
	r.entries = append(r.entries, misspeltKeys(keel)...)
	for i, item := range items[:min(len(items), maxReleaseImages)] {
		r.images = append(r.images, newReleaseImage(fmt.Sprintf("images[%d].", i), item, value))
	}
	if more := len(items) - maxReleaseImages; more > 0 {
		r.images = append(r.images, releaseImage{fault: releaseFault("images", strconv.Itoa(len(items))+" images",
			fmt.Sprintf("too many, the last %d of them are not read; allowed: at most %d", more, maxReleaseImages))})
	}
	return r
}

// misspeltKeys returns the keys of the block that are like one of Keel's, the first 10. A
// chart has keys of its own there, such as enabled, and nothing is said of these.
func misspeltKeys(keel map[string]any) []entry {
	known := make([]string, 0, len(releaseKeys)+1)
	known = append(known, "images")
	for _, k := range releaseKeys {
		known = append(known, k.key)
	}
	var found []entry
	for _, key := range slices.Sorted(maps.Keys(keel)) {
		if len(found) == maxStrays {
			break
		}
		if !slices.Contains(known, key) && spelling.Nearest(key, known) != "" {
			found = append(found, releaseEntry(key, key, keel[key]))
		}
	}
	return found
}

func newReleaseImage(at string, item any, value func(path string) (string, bool)) releaseImage {
	details, _ := item.(map[string]any)
	path := workload.Text(details["repository"])
	found, ok := "", false
	if path != "" {
		found, ok = value(path)
	}
	if !ok {
		return releaseImage{fault: releaseFault(at+"repository", path,
			"no text there; allowed: the path of a value that names a repository, such as image.repository")}
	}
	if len(found) > maxRepository {
		found = "" // which is no image either
	}
	reference, err := resolver.ParseReference(found)
	if err != nil {
		return releaseImage{fault: releaseFault(at+"repository", path,
			"the value there is no image; allowed: a repository, such as registry.example.com/shop")}
	}
	image := releaseImage{repository: reference.Repository}
	for _, name := range []string{keyImagePullSecret, "releaseNotes"} {
		if v := givenValue(details[name]); v != nil {
			image.own = append(image.own, releaseEntry(at+name, name, v))
		}
	}
	return image
}

// givenValue returns a value that says something, and nil for Keel's empty ones.
func givenValue(value any) any {
	switch v := value.(type) {
	case string:
		if v == "" {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return value
}

func releaseEntry(key, name string, value any) entry {
	e := entry{key: key, name: name, keel: true, place: onRelease}
	switch v := value.(type) {
	case string:
		e.value = v
	case []any:
		e.value, e.notText = listed(v), name != keyNotify
	case bool:
		e.value, e.notText = strconv.FormatBool(v), name != keyMatchTag && name != keyMatchPreRelease
	case float64:
		e.value, e.notText = strconv.FormatFloat(v, 'f', -1, 64), name != keyApprovals && name != keyApprovalDeadline
	default: // a list may be of any size
		e.notText = true
	}
	return e
}

func releaseFault(key, value, detail string) *Fault {
	at := entry{key: key, keel: true, place: onRelease}
	return &Fault{Path: at.path(), Key: key, Value: printable.Cut(value, maxShownValue), Detail: detail, Keel: true, Release: true}
}

// Weight is about how many bytes the release takes in memory.
func (r Release) Weight() int {
	const each = 160 // an entry or image beside its texts
	weight := 0
	for _, e := range r.entries {
		weight += each + len(e.value)
	}
	for _, image := range r.images {
		weight += each + len(image.repository.String())
		for _, e := range image.own {
			weight += each + len(e.value)
		}
		if image.fault != nil {
			weight += each + len(image.fault.Value) + len(image.fault.Detail)
		}
	}
	return weight
}

// Says returns what the release says of an image that it names, by the name of the
// setting; ok is false for an image that it does not name.
func (r Release) Says(slot workload.Slot) (setting func(name string) string, ok bool) {
	repository := repositoryOf(slot)
	for _, image := range r.images {
		if image.fault != nil || repository == (resolver.Repository{}) || image.repository != repository {
			continue
		}
		return func(name string) string {
			for _, e := range slices.Concat(r.entries, image.own) {
				if e.name == name {
					return e.value
				}
			}
			return ""
		}, true
	}
	return nil, false
}

// Names reports whether the release names an image.
func (r Release) Names(slot workload.Slot) bool {
	_, ok := r.Says(slot)
	return ok
}

// readRelease reads a release's settings for the slots that run one of its
// images. Its faults are told where they bear on a slot; an image that cannot be
// found is told of in every workload, since no other writer would hear of it.
func (g *reading) readRelease(s *Settings, o *workload.Object, all []entry) {
	used := map[resolver.Repository]bool{}
	for _, slot := range o.Slots() {
		used[repositoryOf(slot)] = true
	}
	release, _ := o.Release().(Release)
	for _, image := range release.images {
		switch _, twice := s.released[image.repository]; {
		case image.fault != nil:
			s.tell(*image.fault)
		case used[image.repository] && !twice:
			s.released[image.repository] = g.read(o, slices.Concat(all, release.entries, image.own))
			for _, f := range s.released[image.repository].Faults {
				s.tell(f)
			}
		}
	}
}

// repositoryOf is what a release's images are known by; the zero value for an image
// that is no reference, which no release has.
func repositoryOf(slot workload.Slot) resolver.Repository {
	reference, err := resolver.ParseReference(slot.Image)
	if err != nil {
		return resolver.Repository{}
	}
	return reference.Repository
}

// listed writes a list as the annotation does, with nothing for what is no text.
func listed(items []any) string {
	items = items[:min(len(items), maxChannels+1)]
	all := make([]string, 0, len(items))
	for _, item := range items {
		all = append(all, workload.Text(item))
	}
	return strings.Join(all, ",")
}
