package intent

import (
	"slices"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// Workload is all containers of one request. One container is enough to tell that the
// writer brings back an earlier state, and the holds of all depend on that.
type Workload struct {
	// Cases are the containers. Their holds are set by Decide.
	Cases []*Case
	// Stored and Submitted are the holds of both objects, by slot key, and Keys the
	// slot keys of the cases.
	Stored, Submitted record.Record
	Keys              []string
	// OtherState is true where the submitted object has another state than the stored
	// one, as the undo of a Deployment has, which brings back all annotations.
	OtherState bool
}

// Decide returns the answers in the cases' order.
func (w Workload) Decide() []Answer {
	if len(w.Stored) > 0 || len(w.Submitted) > 0 {
		w.hold()
	}
	answers := make([]Answer, len(w.Cases))
	for i, c := range w.Cases {
		answers[i] = Decide(*c)
	}
	return answers
}

// hold gives each case the hold that stands before it is judged. One that the
// writer takes off or sets is a changed setting; one that went by the way is put
// back: by a PUT of a manifest without it, and by the undo of a Deployment.
func (w Workload) hold() {
	back := w.bringsBack()
	for i, c := range w.Cases {
		was, is := w.Stored[w.Keys[i]], w.Submitted[w.Keys[i]]
		switch {
		case back:
			c.Hold = Higher(c.Rules, was, is)
		case c.Method == Put && is.Tag == "":
			c.Hold = was
		default:
			c.Hold = is
			c.SettingsChanged = c.SettingsChanged || c.Stored != nil && is != was
		}
	}
}

// bringsBack reports whether the writer brings back what the object was: a template of
// the past, or a state that is neither the stored one nor ours. No case has a hold yet:
// an undo to what is held shows at the state.
func (w Workload) bringsBack() bool {
	rows := make([]Row, len(w.Cases))
	for i, c := range w.Cases {
		if c.Create || c.Method == Put {
			return false
		}
		rows[i] = Decide(*c).Row
	}
	return !slices.Contains(rows, Reinvoked) && (w.OtherState || slices.Contains(rows, Undo))
}
