//go:build !nopage

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/cli"
)

const pageDocs = "../../docs/page.md"

// Arguments that people copy from the page of the documentation are good ones.
func TestDocumentedArgumentsOfThePageAreGood(t *testing.T) {
	text, err := os.ReadFile(pageDocs)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(page:.*?)```").FindAllStringSubmatch(string(text), -1) {
		var values struct {
			Page struct{ Hosts, Args []string }
		}
		if err := yaml.Unmarshal([]byte(block[1]), &values); err != nil {
			t.Fatalf("%v\n%s", err, block[1])
		}
		args := append([]string{"page-server", "--kubeconfig=/nonexistent/kubeconfig", "--public-hosts=" + strings.Join(values.Page.Hosts, ",")}, values.Page.Args...)
		var out, errs strings.Builder
		none := func(string) (string, bool) { return "", false }
		// Bad arguments are code 2, before a cluster is looked for.
		if code := cli.Run(t.Context(), args, cli.Streams{Out: &out, Err: &errs, Env: none}, serverCommands(none)...); code != 1 || !strings.Contains(errs.String(), "nonexistent") {
			t.Errorf("%q: code %d: %s", args, code, errs.String())
		}
		tried++
	}
	if tried < 3 {
		t.Errorf("%d blocks of values were found, want one for each way to sign in", tried)
	}
}

// A flag that the page does not tell of is found by those alone who ask for help.
func TestPageTellsOfEveryFlag(t *testing.T) {
	text, err := os.ReadFile(pageDocs)
	if err != nil {
		t.Fatal(err)
	}
	_, told, _ := strings.Cut(string(text), "\n## In the cluster\n")
	shared := map[string]bool{"kubeconfig": true, "metrics-address": true, "health-address": true, "log-level": true, "custom-kinds": true, "help": true}
	count := 0
	newPageServerCommand().Flags().VisitAll(func(flag *pflag.Flag) {
		count++
		if !shared[flag.Name] && !strings.Contains(told, "`--"+flag.Name+"`") {
			t.Errorf("%s does not tell of --%s", pageDocs, flag.Name)
		}
	})
	if count < 25 {
		t.Errorf("%d flags were found, want more", count)
	}
}
