package docs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// A policy without a row cannot be found by those who choose one.
func TestPolicyTablesHaveEveryPolicy(t *testing.T) {
	for _, page := range []string{"policies.md"} {
		text := flowing(t, page)
		for _, name := range slices.Concat(policy.Names(), policy.Patterns()) {
			if !strings.Contains(text, "| `"+name+"` |") && !strings.Contains(text, "| `"+name+":") {
				t.Errorf("%s has no row of %s", page, name)
			}
		}
	}
}
