package monitoring

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// Every alert fires where it should, and is silent where all is well: Prometheus
// evaluates its expression each half minute, for as long as the alert wants it to
// hold, over what was scraped each half minute.
func TestAlerts(t *testing.T) {
	healthy := `
		garboard_serving_certificate_expiry_timestamp_seconds{pod="w1"} 8000000
		garboard_admission_duration_seconds_count{webhook="mutate",operation="CREATE",outcome="moved"} 0+10
		garboard_admission_duration_seconds_bucket{webhook="mutate",operation="CREATE",outcome="moved",le="0.5"} 0+10
		garboard_admission_duration_seconds_bucket{webhook="mutate",operation="CREATE",outcome="moved",le="1"} 0+10
		garboard_admission_duration_seconds_bucket{webhook="mutate",operation="CREATE",outcome="moved",le="+Inf"} 0+10
		garboard_admission_panics_total{webhook="mutate"} 0
		garboard_admission_overloaded_total{answer="unasked"} 0
		garboard_admission_registry_unavailable_total 3
		garboard_registry_circuit_open{host="ghcr.io"} 0
		garboard_registry_circuit_open{host="gone.example.com"} 1
		garboard_registry_requests_total{host="ghcr.io",outcome="success"} 0+10
		garboard_registry_requests_total{host="gone.example.com",outcome="unreachable"} 7
		garboard_resolver_lookups_total{what="list",result="read"} 0+10
		garboard_resolver_lookups_total{what="list",result="stale"} 0+1
		garboard_registries_config_last_reload_successful{pod="w1"} 1
		garboard_push_config_last_reload_successful{pod="u1"} 1
		garboard_notifications_config_last_reload_successful{pod="u1"} 1
		garboard_chat_config_last_reload_successful{pod="u1"} 1
		garboard_chat_connected{pod="u1",service="slack"} 1
		garboard_updater_repositories{pod="u1"} 200
		leader_election_master_status{pod="u1",name="garboard-updater"} 1
		leader_election_master_status{pod="u2",name="garboard-updater"} 0
		garboard_updater_polls_total{outcome="read"} 0+10
		garboard_updater_polls_total{outcome="failed"} 0+1
		garboard_updater_poll_lag_seconds_bucket{le="5"} 0+10
		garboard_updater_poll_lag_seconds_bucket{le="60"} 0+10
		garboard_updater_poll_lag_seconds_bucket{le="300"} 0+10
		garboard_updater_poll_lag_seconds_bucket{le="+Inf"} 0+10
		garboard_updater_bumps_total{outcome="moved"} 0+1
		garboard_updater_bumps_total{outcome="failed"} 2
		garboard_updater_bumps_total{outcome="admission_bypassed"} 1
		garboard_updater_rollouts_total{outcome="started"} 0+1
		garboard_updater_rollouts_total{outcome="failed"} 1
		garboard_updater_pending_moves{reason="NoPlatform"} 0
		garboard_updater_pending_moves{reason="Held"} 4
		garboard_updater_pending_moves{reason="WindowClosed"} 400
	`
	// What differs where an alert should fire: lines in place of those of the same
	// series, or "-" and a series that is gone.
	wrong := map[string]string{
		"GarboardWebhookDown":                `-garboard_serving_certificate_expiry_timestamp_seconds{pod="w1"}`,
		"GarboardAdmissionErrors":            `garboard_admission_duration_seconds_count{webhook="mutate",operation="CREATE",outcome="error"} 0+1`,
		"GarboardAdmissionPanics":            `garboard_admission_panics_total{webhook="mutate"} 0+1`,
		"GarboardAdmissionSlow":              `garboard_admission_duration_seconds_bucket{webhook="mutate",operation="CREATE",outcome="moved",le="0.5"} 0`,
		"GarboardAdmissionOverloaded":        `garboard_admission_overloaded_total{answer="unasked"} 0+1`,
		"GarboardAdmissionBypassed":          `garboard_updater_bumps_total{outcome="admission_bypassed"} 0+1`,
		"GarboardCertificateExpires":         `garboard_serving_certificate_expiry_timestamp_seconds{pod="w1"} 700000`,
		"GarboardRegistryUnavailable":        `garboard_admission_registry_unavailable_total 0+1`,
		"GarboardRegistryCircuitOpen":        `garboard_registry_circuit_open{host="ghcr.io"} 1`,
		"GarboardRegistryListsStale":         `garboard_resolver_lookups_total{what="list",result="failed"} 0+1`,
		"GarboardRegistriesConfigInvalid":    `garboard_registries_config_last_reload_successful{pod="w1"} 0`,
		"GarboardPushConfigInvalid":          `garboard_push_config_last_reload_successful{pod="u1"} 0`,
		"GarboardNotificationsConfigInvalid": `garboard_notifications_config_last_reload_successful{pod="u1"} 0`,
		"GarboardChatConfigInvalid":          `garboard_chat_config_last_reload_successful{pod="u1"} 0`,
		"GarboardChatDisconnected":           `garboard_chat_connected{pod="u1",service="slack"} 0`,
		"GarboardUpdaterDown":                `-garboard_updater_repositories{pod="u1"}`,
		"GarboardUpdaterNoLeader":            `leader_election_master_status{pod="u1",name="garboard-updater"} 0`,
		"GarboardPollsFail":                  `garboard_updater_polls_total{outcome="failed"} 0+5`,
		"GarboardPollsLate": `garboard_updater_poll_lag_seconds_bucket{le="5"} 0+8
			garboard_updater_poll_lag_seconds_bucket{le="60"} 0+8`,
		"GarboardBumpsFail":     `garboard_updater_bumps_total{outcome="failed"} 0+1`,
		"GarboardRolloutFailed": `garboard_updater_rollouts_total{outcome="failed"} 0+1`,
		"GarboardMovesStuck":    `garboard_updater_pending_moves{reason="NoPlatform"} 1`,
	}
	for _, a := range alerts(t) {
		t.Run(a.Alert, func(t *testing.T) {
			after := time.Duration(0)
			if a.For != "" {
				parsed, err := model.ParseDuration(a.For)
				if err != nil {
					t.Fatal(err)
				}
				after = time.Duration(parsed)
			}
			began := watched // all that a rate looks back at is there
			if fires(t, a, scrapes(t, healthy, ""), began, after) {
				t.Error("it fires where all is well")
			}
			difference, ok := wrong[a.Alert]
			if !ok {
				t.Fatal("nothing says where it should fire")
			}
			if !fires(t, a, scrapes(t, healthy, difference), began, after) {
				t.Error("it does not fire where it should")
			}
			delete(wrong, a.Alert)
		})
	}
	for name := range wrong {
		t.Errorf("there is no alert %s", name)
	}
}

const (
	interval = 30 * time.Second
	// watched is longer than any rate looks back.
	watched = 40 * time.Minute
)

// fires reports whether the expression has had an answer without a break for as
// long as the alert wants it.
func fires(t *testing.T, a alert, from *store, at, after time.Duration) bool {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, Parser: parser.NewParser(parser.Options{}),
	})
	defer func() { _ = engine.Close() }()
	query, err := engine.NewRangeQuery(t.Context(), from, nil, a.Expr, time.Unix(0, 0).Add(at), time.Unix(0, 0).Add(at+after), interval)
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	matrix, err := query.Exec(t.Context()).Matrix()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range matrix {
		if len(line.Floats) == int(after/interval)+1 {
			return true
		}
	}
	return false
}

// scrapes reads lines of a series, its first value and how much it grows with each
// scrape: name{labels} 0+10.
func scrapes(t *testing.T, lines, difference string) *store {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(lines + "\n" + difference) {
		line = strings.TrimSpace(line)
		if gone, ok := strings.CutPrefix(line, "-"); ok {
			if _, is := values[gone]; !is {
				t.Fatalf("%s was not there", gone)
			}
			delete(values, gone)
			continue
		}
		if name, value, ok := strings.Cut(line, " "); ok {
			values[name] = value
		}
	}
	s := &store{}
	for name, value := range values {
		metric, err := parser.NewParser(parser.Options{}).ParseMetric(name)
		if err != nil {
			t.Fatal(err)
		}
		var start, step float64
		if n, err := fmt.Sscanf(value, "%f+%f", &start, &step); n == 0 {
			t.Fatalf("%q: %v", value, err)
		}
		s.add(metric, start, step)
	}
	return s
}
