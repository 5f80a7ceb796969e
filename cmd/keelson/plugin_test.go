package main

import (
	"strings"
	"testing"
)

// kubectl runs the file kubectl-keelson of its PATH: what the help tells to
// type must work there.
func TestHelpNamesWhatIsTyped(t *testing.T) {
	for name, test := range map[string]struct {
		program string
		args    []string
		want    []string
	}{
		"under its own name": {
			program: "/usr/local/bin/keelson", args: []string{"hold", "list", "--help"},
			want: []string{"  keelson hold list [flags]", "\n  keelson hold list -A -o json"},
		},
		"as a plugin": {
			program: "/home/me/.krew/bin/kubectl-keelson", args: []string{"hold", "list", "--help"},
			want: []string{"  kubectl keelson hold list [flags]", "\n  kubectl keelson hold list -A -o json"},
		},
		"as a plugin of Windows": {
			program: "kubectl-keelson.exe", args: []string{"hold", "--help"}, want: []string{"  kubectl keelson hold [command]"},
		},
		"behind a pipe": {
			program: "kubectl-keelson", args: []string{"registry", "tags", "--help"},
			want: []string{"\n  kubectl keelson registry tags nginx --list | kubectl keelson select "},
		},
		"and the root": {
			program: "kubectl-keelson", args: []string{"--help"}, want: []string{"  kubectl keelson [command]", `"kubectl keelson [command] --help"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			code := run(t.Context(), test.args, streams{
				out: &out, err: &errs, env: func(string) (string, bool) { return "", false }, program: test.program,
			})
			if code != 0 || errs.Len() > 0 {
				t.Fatalf("code %d: %s", code, errs.String())
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, out.String())
				}
			}
		})
	}
}
