package registries

import (
	"testing"
	"time"
)

// What registries lose without a word, as a workload sees it that runs the oldest
// tag.
func TestRegistryThatLosesTags(t *testing.T) {
	backend := distribution(t, read{})
	type step struct {
		removes []string
		pushes  []string
		after   time.Duration
		want    func(image string) answer
	}
	moves := func(tag string) func(string) answer {
		return func(image string) answer { return moved(image, tag, "policy patch") }
	}
	stays := func(warnings ...string) func(string) answer {
		return func(image string) answer { return answer{image, warnings} }
	}
	warns := func(tag, warning string) func(string) answer {
		return func(image string) answer { return moved(image, tag, "").warned(warning) }
	}
	for name, test := range map[string]struct {
		repository string
		steps      []step
	}{
		"the running tag: it stays, until two reads an interval apart agree": {"running", []step{
			{removes: []string{"1.0.0"}, after: time.Minute, want: stays("web: " + lacksTag)},
			{after: 59 * time.Second, want: stays("web: " + lacksTag)},
			{after: time.Second, want: warns("1.0.5", lackedTwice)},
			{after: time.Minute, want: warns("1.0.5", lackedTwice)},
			{pushes: []string{"1.0.0"}, after: time.Minute, want: moves("1.0.5")},
		}},
		"more than half: the list before counts, until that is seen twice": {"half", []step{
			{removes: []string{"1.0.2", "1.0.3", "1.0.4", "1.0.5"}, after: time.Minute, want: warns("1.0.5", suspectList)},
			{after: 59 * time.Second, want: warns("1.0.5", suspectList)},
			{after: time.Second, want: moves("1.0.1")},
		}},
		"more than half, for a moment": {"moment", []step{
			{removes: []string{"1.0.2", "1.0.3", "1.0.4", "1.0.5"}, after: time.Minute, want: warns("1.0.5", suspectList)},
			{pushes: []string{"1.0.2", "1.0.3", "1.0.4", "1.0.5", "1.0.6"}, after: time.Minute, want: moves("1.0.6")},
		}},
		"less than half: it is believed at once": {"less", []step{
			{removes: []string{"1.0.4", "1.0.5"}, after: time.Minute, want: moves("1.0.3")},
		}},
		"all that is newer: nothing goes down": {"newer", []step{
			{removes: []string{"1.0.3", "1.0.4", "1.0.5"}, after: time.Minute, want: warns("1.0.5", suspectList)},
			{removes: []string{"1.0.1", "1.0.2"}, after: time.Minute, want: warns("1.0.5", suspectList)},
			{after: time.Minute, want: stays()},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			repository, now := backend+"/team/"+test.repository, newClock()
			push(t, repository, []string{"1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4", "1.0.5"})
			image, a := repository+":1.0.0", newAdmission(t, timed(now))
			check(t, a.create(t, image, "patch"), moves("1.0.5")(image))
			for i, s := range test.steps {
				remove(t, repository, s.removes...)
				push(t, repository, s.pushes)
				now.Step(s.after)
				check(t, a.govern(t, image, "patch"), s.want(image))
				if t.Failed() {
					t.Fatalf("at step %d", i)
				}
			}
		})
	}
}

// Nothing runs yet, and the tag of the manifest could not be pulled.
func TestCreateFromATagThatWasCleanedUp(t *testing.T) {
	repository, a := distribution(t, read{})+"/team/cleaned", newAdmission(t, reachable())
	push(t, repository, []string{"1.2.0", "1.2.1", "1.3.0", "2.0.0"})
	image := repository + ":1.1.0"
	check(t, a.create(t, image, "minor"), moved(image, "1.3.0", "").warned(missingTag))
	check(t, a.create(t, image, "patch"), answer{image, []string{"web: " + missingTag}})
}
