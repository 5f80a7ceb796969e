package resolver

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/garboard-dev/garboard/resolver/registry"
)

func TestMetricsTellHowAnswersWereHad(t *testing.T) {
	metrics := prometheus.NewPedanticRegistry()
	counted, err := NewMetrics(metrics)
	if err != nil {
		t.Fatal(err)
	}
	now := newClock()
	source := listed(map[string]registry.Image{"1.0.0": built(amd64), "1.0.1": built(amd64)})
	r := New(source, Options{Now: now.Now, Metrics: counted})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Platforms: []Platform{amd64}}
	resolve(t, r, q)
	resolve(t, r, q)
	now.Advance(time.Minute)
	source.tags = nil
	resolve(t, r, q)
	now.Advance(time.Minute)
	source.err = &registry.Error{Kind: registry.Unreachable}
	resolve(t, r, q)
	q.Tag = "0.9.0" // which the last list that was believed lacks
	resolve(t, r, q)

	want := `
# HELP garboard_resolver_index_age_seconds Age of the tag list that an answer was made of.
# TYPE garboard_resolver_index_age_seconds histogram
garboard_resolver_index_age_seconds_bucket{le="1"} 2
garboard_resolver_index_age_seconds_bucket{le="10"} 2
garboard_resolver_index_age_seconds_bucket{le="60"} 3
garboard_resolver_index_age_seconds_bucket{le="300"} 5
garboard_resolver_index_age_seconds_bucket{le="900"} 5
garboard_resolver_index_age_seconds_bucket{le="3600"} 5
garboard_resolver_index_age_seconds_bucket{le="21600"} 5
garboard_resolver_index_age_seconds_bucket{le="86400"} 5
garboard_resolver_index_age_seconds_bucket{le="604800"} 5
garboard_resolver_index_age_seconds_bucket{le="+Inf"} 5
garboard_resolver_index_age_seconds_sum 300
garboard_resolver_index_age_seconds_count 5
# HELP garboard_resolver_lists_without_running_tag_total Answers that stayed since the tag list lacked the tag that they start from.
# TYPE garboard_resolver_lists_without_running_tag_total counter
garboard_resolver_lists_without_running_tag_total 1
# HELP garboard_resolver_lookups_total Tag lists, digests and images that were looked up, by how the answer was had.
# TYPE garboard_resolver_lookups_total counter
garboard_resolver_lookups_total{result="cached",what="digest"} 1
garboard_resolver_lookups_total{result="cached",what="image"} 3
garboard_resolver_lookups_total{result="cached",what="list"} 1
garboard_resolver_lookups_total{result="read",what="digest"} 2
garboard_resolver_lookups_total{result="read",what="image"} 1
garboard_resolver_lookups_total{result="read",what="list"} 2
garboard_resolver_lookups_total{result="stale",what="digest"} 1
garboard_resolver_lookups_total{result="stale",what="list"} 2
# HELP garboard_resolver_suspect_lists_total Tag lists that were read and kept out, since they were empty or had lost half of their tags.
# TYPE garboard_resolver_suspect_lists_total counter
garboard_resolver_suspect_lists_total 1
`
	if err := testutil.GatherAndCompare(metrics, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
