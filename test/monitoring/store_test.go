package monitoring

import (
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// scraping is for how long there are values.
const scraping = 4 * time.Hour

// store is what was scraped, in memory.
type store struct{ series []storage.Series }

// add has a series grow by a step with each scrape.
func (s *store) add(metric labels.Labels, value, step float64) {
	samples := make([]chunks.Sample, 0, scraping/interval+1)
	for at := time.Duration(0); at <= scraping; at += interval {
		samples = append(samples, sample{at.Milliseconds(), value})
		value += step
	}
	s.series = append(s.series, storage.NewListSeries(metric, samples))
}

// Querier is of storage.Queryable.
func (s *store) Querier(int64, int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		found := &set{at: -1}
		for _, one := range s.series {
			if matchesAll(one.Labels(), matchers) {
				found.series = append(found.series, one)
			}
		}
		return found
	}}, nil
}

func matchesAll(metric labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(metric.Get(m.Name)) {
			return false
		}
	}
	return true
}

// set is a storage.SeriesSet.
type set struct {
	series []storage.Series
	at     int
}

func (s *set) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *set) At() storage.Series                { return s.series[s.at] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

// sample is one number, as a chunks.Sample.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                    { return s.at }
func (sample) ST() int64                     { return 0 }
func (s sample) F() float64                  { return s.value }
func (sample) H() *histogram.Histogram       { return nil }
func (sample) FH() *histogram.FloatHistogram { return nil }
func (sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample         { return s }
