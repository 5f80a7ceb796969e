package policy_test

import (
	"fmt"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// A policy is compiled once and asked as often as there are tags to choose from.
func ExampleParse() {
	minor, err := policy.Parse(policy.Spec{Name: "minor", Exclude: []string{"*-debug"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	tags := policy.NewIndex([]string{"1.2.0", "1.2.9", "1.10.0", "1.11.0-debug", "1.11.0-rc.1", "2.0.0", "latest"})
	for _, current := range []string{"1.2.0", "2.0.0", "latest"} {
		selected := minor.Select(tags, current)
		fmt.Printf("%s -> %s: %s\n", current, selected.Tag, selected.Reason.Text())
	}
	// Output:
	// 1.2.0 -> 1.10.0: newer minor release
	// 2.0.0 -> 2.0.0: nothing newer that the policy allows
	// latest -> latest: not a version tag; use semver:, force or newest
}

// The error names every setting that cannot be used, with what was given and what is
// allowed.
func ExampleParse_unknown() {
	_, err := policy.Parse(policy.Spec{Name: "minior"})
	fmt.Println(err)
	// Output:
	// policy: "minior": unknown policy; did you mean "minor"? allowed: all, major, minor, patch, semver:RANGE, glob:PATTERN, regexp:RE, force, newest, never
}
