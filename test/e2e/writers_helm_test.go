package e2e

import (
	"strings"
	"testing"
)

// The chart of the tests: a Deployment named as its release, with the values
// image, tag, colour, policy, annotations and podAnnotations.
const chart = "testdata/chart"

// helm runs Helm for the release web, with the chart's image at a tag.
func helm(verb, tag string, more ...string) write {
	return func(s *space) string {
		s.t.Helper()
		args := append([]string{verb, "web", chart, "--set=tag=" + tag}, more...)
		return s.mustHelm(append(args, "--set=image="+s.image)...)
	}
}

// rollback goes back to the first revision of the release.
func rollback() write {
	return func(s *space) string {
		s.t.Helper()
		return s.mustHelm("rollback", "web", "1")
	}
}

// pushes is no write of a writer: new tags come.
func pushes(tags ...string) write {
	return func(s *space) string {
		s.t.Helper()
		s.push(tags...)
		return ""
	}
}

func (s *space) mustHelm(args ...string) (warned string) {
	s.t.Helper()
	_, said, err := s.Helm(s.t.Context(), "", append(args, "--namespace="+s.name)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return helmWarnings(said)
}

// helmWarnings are the warnings of the API server in what Helm says, one a
// line: client-go logs them.
func helmWarnings(said string) string {
	var all []string
	for line := range strings.Lines(said) {
		if _, warning, ok := strings.Cut(strings.TrimSpace(line), `"Warning: `); ok {
			all = append(all, strings.TrimSuffix(warning, `"`))
		}
	}
	return strings.Join(all, "\n")
}

func TestEveryWriterOfHelm(t *testing.T) {
	parallel(t)
	for name, w := range helmWriters() {
		t.Run(name, func(t *testing.T) { w.run(newSpace(t)) })
	}
}

func helmWriters() map[string]writer {
	const (
		byHelm     = "helm Apply"
		clientSide = "--server-side=false"
		byClient   = "helm Update"
		moved      = "web: APP:1.2.0 -> 1.2.7 (policy patch)"
		above      = "web: 1.2.7 stays above the chart's 1.2.0; to go back use"
	)
	return map[string]writer{
		"install is resolved": {
			write: helm("install", "1.2.0"),
			want:  written{Tag: "1.2.7", Revisions: 1, Owners: byHelm, Warned: moved},
		},
		"upgrade without a change keeps all": {
			before: []write{helm("install", "1.2.0")}, write: helm("upgrade", "1.2.0"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byHelm, Warned: above},
		},
		"upgrade of another value rolls that alone": {
			before: []write{helm("install", "1.2.0")}, write: helm("upgrade", "1.2.0", "--set=colour=blue"), again: true,
			want: written{Tag: "1.2.7", Revisions: 2, Owners: byHelm, Warned: above},
		},
		"upgrade of the chart's tag is resolved": {
			before: []write{helm("install", "1.2.0")}, write: helm("upgrade", "1.3.0"), again: true,
			want: written{Tag: "1.3.4", Revisions: 2, Owners: byHelm, Warned: "web: APP:1.3.0 -> 1.3.4 (policy patch)"},
		},
		"rollback to the same tag keeps what runs, and says how to go back": {
			before: []write{helm("install", "1.2.0"), helm("upgrade", "1.2.0", "--set=colour=blue")}, write: rollback(), again: true,
			want: written{Tag: "1.2.7", Revisions: 2, Owners: byHelm, Warned: above},
		},
		"rollback to a lower tag runs it": {
			before: []write{helm("install", "1.4.0"), pushes("1.4.1", "1.4.2"), helm("upgrade", "1.4.1")}, write: rollback(), again: true,
			want: written{Tag: "1.4.0", Revisions: 2, Owners: byHelm, Warned: "web: APP:1.4.2 -> 1.4.0 as written"},
		},
		"client-side install is resolved": {
			write: helm("install", "1.2.0", clientSide),
			want:  written{Tag: "1.2.7", Revisions: 1, Owners: byClient, Warned: moved},
		},
		"client-side upgrade without a change keeps all": {
			before: []write{helm("install", "1.2.0", clientSide)}, write: helm("upgrade", "1.2.0"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byClient, Warned: above},
		},
		// The patch is all that a client-side upgrade shows, and the image was not in it.
		"client-side upgrade of a chart that caught up on the way down goes down": {
			before: []write{
				helm("install", "1.2.6", clientSide), command("set", "image", "deployment/web", "web=APP:1.2.0"),
				helm("upgrade", "1.2.0"), command("set", "image", "deployment/web", "web=APP:1.2.7"),
			},
			write: helm("upgrade", "1.2.0"), again: true,
			want: written{Tag: "1.2.0", Revisions: 2, Owners: byClient, Warned: "web: APP:1.2.7 -> 1.2.0 as written; 1.2.7 is held"},
		},
		"client-side rollback to a lower tag runs it": {
			before: []write{helm("install", "1.4.0", clientSide), pushes("1.4.1", "1.4.2"), helm("upgrade", "1.4.1")}, write: rollback(), again: true,
			want: written{Tag: "1.4.0", Revisions: 2, Owners: byClient, Warned: "web: APP:1.4.2 -> 1.4.0 as written"},
		},
		"upgrade of a release from client side to server side keeps all": {
			before: []write{helm("install", "1.2.0", clientSide)}, write: helm("upgrade", "1.2.0", "--server-side=true"), again: true,
			want: written{Tag: "1.2.7", Revisions: 1, Owners: byHelm, Warned: above},
		},
	}
}

// A person who sets an image becomes its second owner. Helm's server-side
// upgrade then conflicts, whatever Garboard does. With force it goes on, and what
// the person left stays held.
func TestHelmConflictsWithAPerson(t *testing.T) {
	s := newSpace(t)
	s.push(tags...)
	helm("install", "1.2.0")(s)
	command("set", "image", "deployment/web", "web=APP:1.2.6")(s)
	_, _, err := s.Helm(t.Context(), "", "upgrade", "web", chart, "--namespace="+s.name, "--set=tag=1.2.0", "--set=image="+s.image)
	if err == nil || !strings.Contains(err.Error(), `conflict with "kubectl-set"`) {
		t.Errorf("upgrade after set image: %v", err)
	}
	helm("upgrade", "1.2.0", "--force-conflicts")(s)
	s.wantTag("web", "1.2.6")
}

// A chart whose template was exported from a cluster has a record in it, which is no undo,
// neither while it is there nor when it is taken out.
func TestChartWithAnExportedRecord(t *testing.T) {
	parallel(t)
	for name, side := range map[string]string{"client-side": "--server-side=false", "server-side": "--server-side=true"} {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			s.push(tags...)
			const exported = `--set-string=podAnnotations.garboard\.dev/resolved=web=1.2.0`
			for _, w := range []write{
				helm("install", "1.2.0", side, exported), helm("upgrade", "1.2.0", side, exported),
				helm("upgrade", "1.2.0", side, exported, "--set=colour=blue"), helm("upgrade", "1.2.0", side),
			} {
				w(s)
				s.rolledOut()
				if tag, hold := s.tag("web"), s.deployment("web").Annotations["garboard.dev/hold"]; tag != "1.2.7" || hold != "" {
					t.Errorf("it runs %s, held: %q", tag, hold)
				}
			}
		})
	}
}
