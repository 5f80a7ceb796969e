package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
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

// What the README says that a policy chooses, it chooses.
func TestPolicyTableOfTheReadmeIsTrue(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	must(t, err)
	quoted := regexp.MustCompile("`([^`]+)`")
	_, table, _ := strings.Cut(string(text), "\n| policy | from ")
	head, rows, _ := strings.Cut(table, "\n")
	var tags []string
	for _, tag := range quoted.FindAllStringSubmatch(head, -1) {
		tags = append(tags, tag[1])
	}
	found := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\|").FindAllStringSubmatch(rows, -1)
	if len(found) != 5 || len(tags) < 5 {
		t.Fatalf("the table has %d rows and %d tags", len(found), len(tags))
	}
	for _, row := range found {
		p, err := policy.Parse(policy.Spec{Name: row[1]})
		must(t, err)
		if got := p.Select(policy.NewIndex(tags), tags[0]).Tag; got != row[2] {
			t.Errorf("%s chooses %s, the page says %s", row[1], got, row[2])
		}
	}
}
