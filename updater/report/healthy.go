package report

import (
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Healthy is the last version of a container that was seen healthy; known is false if
// none was.
func (r *Reporter) Healthy(key watched.Key, container string) (healthy record.Result, known bool) {
	r.standings.note(key, container, func(s *Standing) { healthy, known = s.healthy, s.healthy.Tag != "" })
	return healthy, known
}

// Learn notes that what the containers of a workload run is healthy.
func (r *Reporter) Learn(key watched.Key) {
	r.standings.noteAll(key, func(s *Standing) { s.healthy, _ = record.ParseResult(s.Running) })
}

// LearnFrom notes what the status of a workload says of the versions that it runs. The
// caller sees to it that no rollout of it is watched: the end of that tells. A kind that
// keeps no word of its last rollout is believed while some of its Pods are available, if
// nothing else is known: it was so before it was moved.
func (r *Reporter) LearnFrom(key watched.Key, o *workload.Object, h rollout.Health) {
	state := record.StateOf(o)
	r.standings.noteAll(key, func(s *Standing) {
		failed := s.State == StateFailed && h.Phase != rollout.Healthy
		unknown := s.healthy.Tag == "" && state[s.Container].Healthy == ""
		if !failed && (h.Complete() || unknown && h.Whole() && h.Available > 0) {
			s.healthy, _ = record.ParseResult(s.Running)
		}
	})
}
