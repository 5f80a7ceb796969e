package e2e

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/test/installation"
)

// metrics is the whole page.
func (s *space) metrics(server *installation.Server) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, server.Metrics+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// skipped is how many requests the webhooks were asked about that are none of
// theirs.
func (s *space) skipped() int {
	s.t.Helper()
	n := 0
	for _, server := range s.garboard.Webhooks() {
		for line := range strings.Lines(s.metrics(server)) {
			if strings.HasPrefix(line, "garboard_admission_duration_seconds_count{") && strings.Contains(line, `outcome="skipped"`) {
				count, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndex(line, " "):]))
				if err != nil {
					s.t.Fatal(err)
				}
				n += count
			}
		}
	}
	return n
}

// label is one label of a sample: name="value".
var label = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`) //nolint:gochecknoglobals // constant

// Whoever runs Garboard sees how registries answer, and no metric grows with the
// cluster: of what is asked for, hosts alone are labels.
func TestMetricsAreBounded(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0")
	s.only(s.start())
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond), "apply", "-f", "-")
	s.push("1.2.7")
	s.awaitTag("web", "1.2.7")

	both := []string{
		"garboard_registry_requests_total", "garboard_registry_request_duration_seconds_bucket", "garboard_registry_response_bytes_total",
		"garboard_resolver_lookups_total", "garboard_resolver_index_age_seconds_bucket",
		"garboard_resolver_suspect_lists_total", "garboard_resolver_lists_without_running_tag_total",
	}
	for name, test := range map[string]struct {
		server   *installation.Server
		families []string
	}{
		"webhook": {s.garboard.Webhooks()[0], append([]string{
			"garboard_admission_resolutions_total", "garboard_admission_registry_unavailable_total",
			"garboard_admission_duration_seconds_bucket", "garboard_admission_patch_bytes_bucket", "garboard_admission_decisions_total",
		}, both...)},
		"updater": {s.garboard.Updater(), append([]string{
			"garboard_updater_polls_total", "garboard_updater_bumps_total", "garboard_updater_repositories", "garboard_updater_pending_moves",
			"garboard_updater_rollouts_total", "garboard_updater_queue_depth", "garboard_updater_poll_lag_seconds_bucket", "garboard_updater_push_to_bump_seconds_bucket",
		}, both...)},
	} {
		t.Run(name, func(t *testing.T) {
			text := s.of(t).metrics(test.server)
			for _, family := range test.families {
				if !regexp.MustCompile(`(?m)^` + family + `[{ ]`).MatchString(text) {
					t.Errorf("no %s", family)
				}
			}
			if !strings.Contains(text, `garboard_registry_requests_total{host="`+s.Registry+`",outcome="success"}`) {
				t.Error("requests are not told by host")
			}
			hosts := []string{s.Registry, s.private.address, s.counted.host(), "127.0.0.1:1"}
			for line := range strings.Lines(text) {
				if !strings.HasPrefix(line, "garboard_") {
					continue
				}
				for _, found := range label.FindAllStringSubmatch(line, -1) {
					switch key, value := found[1], found[2]; {
					case key == "host" && !slices.Contains(hosts, value),
						!slices.Contains([]string{"host", "outcome", "what", "result", "reason", "le", "webhook", "operation", "row", "dry_run", "answer", "queue", "phase"}, key):
						t.Errorf("unexpected label %s: %s", found[0], line)
					}
				}
				if strings.Contains(line, s.name) || strings.Contains(line, "/") {
					t.Errorf("it names a namespace or repository: %s", line)
				}
			}
		})
	}
}
