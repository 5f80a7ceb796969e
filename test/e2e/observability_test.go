package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// Who asks later why an image is what it is finds it in the audit log of the
// cluster, and in the webhook's own.
func TestDecisionsAreInTheLogs(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	if _, _, err := s.kubectl(s.manifest("bad", "1.2.0", "garboard.dev/policy: nonsense"), "apply", "-f", "-"); err == nil {
		t.Fatal("a bad policy was admitted")
	}

	moved := fmt.Sprintf("web: %[1]s:1.2.0 -> %[1]s:1.2.7 (policy patch; row created; reason ", s.image)
	for name, test := range map[string]struct{ object, key, want string }{
		"what was answered": {"web", "mutate.garboard.dev/images", moved},
		"what was refused":  {"bad", "validate.garboard.dev/faults", `Deployment.apps "bad" is invalid: metadata.annotations[garboard.dev/policy]: `},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.of(t)
			s.await("the audit event of "+test.object, func(context.Context) error {
				return s.find(s.AuditLog, func(event map[string]any) error {
					reference, _ := event["objectRef"].(map[string]any)
					// The name of what is to be created is not in the URL, and a
					// dry run is the probe's.
					verb, uri := event["verb"], fmt.Sprint(event["requestURI"])
					annotations, _ := event["annotations"].(map[string]any)
					told, _ := annotations[test.key].(string)
					if reference["namespace"] != s.name || reference["name"] != test.object || verb != "create" || strings.Contains(uri, "dryRun") {
						return errOther
					}
					if !strings.HasPrefix(told, test.want) {
						return fmt.Errorf("%s is %q", test.key, told)
					}
					return nil
				})
			})
		})
	}
	s.await("the line of the decision", func(context.Context) error {
		var missing error
		for _, webhook := range s.garboard.Webhooks() {
			missing = s.find(webhook.Log, func(line map[string]any) error {
				if line["namespace"] != s.name || line["name"] != "web" || line["outcome"] != "moved" {
					return errOther
				}
				if line["level"] != "info" || line["uid"] == "" || line["manager"] != "kubectl-client-side-apply" || line["operation"] != "CREATE" {
					return fmt.Errorf("the line is %v", line)
				}
				return nil
			})
			if missing == nil {
				return nil
			}
		}
		return missing
	})
}

var errOther = errors.New("not found yet")

// find returns nil if one line of a JSON log is what is looked for, or what is
// wrong with the one that comes nearest.
func (s *space) find(file string, check func(line map[string]any) error) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	nearest := errOther
	for text := range strings.Lines(string(data)) {
		if !strings.Contains(text, s.name) {
			continue
		}
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) != nil {
			continue // an object's own text, or half a line
		}
		switch err := check(line); {
		case err == nil:
			return nil
		case !errors.Is(err, errOther):
			nearest = err
		}
	}
	return nearest
}

// `kubectl rollout history` tells the revisions of the updater from everybody
// else's.
func TestRolloutHistoryShowsTheUpdater(t *testing.T) {
	parallel(t)
	for _, name := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			s.push("1.2.0")
			k := kinds(s.image)[name]
			object := k.resource + "/it"
			polled := strings.Replace(k.manifest, "garboard.dev/trigger: push", everySecond, 1)
			if polled == k.manifest {
				t.Fatalf("the updater keeps away from\n%s", polled)
			}
			moved := func(tag string) {
				t.Helper()
				s.push(tag)
				s.await("a bump to "+tag, func(context.Context) error {
					if got := s.imageOf(object); got != tag {
						return errors.New("it names " + got)
					}
					return nil
				})
				s.rolled(object)
			}
			s.must(polled, "apply", "-f", "-")
			s.rolled(object)
			moved("1.2.1")
			s.must("", "set", "env", object, "A=b")
			s.rolled(object)
			moved("1.2.2")

			// Of one that the updater made the cause has this, of others nothing.
			want := []string{"", "web 1.2.0 -> 1.2.1 (policy patch)", "", "web 1.2.1 -> 1.2.2 (policy patch)"}
			s.await("the causes of four revisions", func(context.Context) error {
				out, _ := s.must("", "rollout", "history", object)
				var causes []string
				for line := range strings.Lines(out) {
					if revision, cause, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.Trim(revision, "0123456789") == "" {
						causes = append(causes, strings.TrimSpace(cause))
					}
				}
				if len(causes) != len(want) {
					return fmt.Errorf("they are %q", causes)
				}
				for i, cause := range causes {
					ours := strings.HasPrefix(cause, "garboard: ") && strings.Contains(cause, want[i])
					if want[i] == "" && cause != "<none>" || want[i] != "" && !ours {
						return fmt.Errorf("they are %q, want %q", causes, want)
					}
				}
				return nil
			})
		})
	}
}
