package mattermost_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/updater/chat"
	"github.com/garboard-dev/garboard/updater/chat/config"
	"github.com/garboard-dev/garboard/updater/chat/mattermost"
)

const (
	token = "k4q9xw3cftgozqh8y1ymmiwkna"
	ann   = "q6kpu5zq6jbd8ms9yy4h5apnch"
)

// ballot keeps who voted how.
type ballot struct{ votes []string }

func (b *ballot) Cast(_ context.Context, voter config.User, u *v1alpha1.ImageUpdate, verdict v1alpha1.Verdict, comment string) (string, error) {
	b.votes = append(b.votes, strings.Join([]string{voter.Name, string(verdict), u.Name, comment}, " "))
	return "done ```@all", nil
}

func TestSlashCommand(t *testing.T) {
	form := func(changes ...string) url.Values {
		values := url.Values{"token": {token}, "user_id": {ann}, "command": {"/garboard"}, "text": {"approve shop/web-1 fine"}}
		for i := 0; i < len(changes); i += 2 {
			values.Set(changes[i], changes[i+1])
		}
		return values
	}
	tests := map[string]struct {
		form   url.Values
		header string
		off    bool
		status int
		vote   string
		answer string // begins
	}{
		"a vote is cast in the person's name":               {form: form(), status: 200, vote: "ann@example.com Approve web-1 fine", answer: "```text\ndone '''@all\n```"},
		"the token may come in the header alone":            {form: form("token", ""), header: "Token " + token, status: 200, vote: "ann@example.com Approve web-1 fine", answer: "```text\ndone"},
		"a wrong token in the header is not made good":      {form: form(), header: "Token another", status: 401},
		"another token is refused":                          {form: form("token", token+"x"), status: 401},
		"no token is refused":                               {form: form("token", ""), status: 401},
		"without settings all are refused":                  {form: form(), off: true, status: 401},
		"a person without a mapping is told":                {form: form("user_id", "nobodyknowsthisuser1234567"), status: 200, answer: "```text\nYou may not vote here"},
		"a person without a mapping is not told what waits": {form: form("user_id", "nobodyknowsthisuser1234567", "text", "get approvals"), status: 200, answer: "```text\nYou may not vote here, nor list updates"},
		"a person with one is":                              {form: form("text", "get approvals"), status: 200, answer: "```text\nNo update waits for votes."},
		"nobody's name is no person":                        {form: form("user_id", ""), status: 200, answer: "```text\nYou may not vote here"},
		"what is no command is told":                        {form: form("text", "ship it"), status: 200, answer: "```text\n\"ship\" is no command."},
		"no text is a question for help":                    {form: form("text", ""), status: 200, answer: "```text\nCommands:"},
		"a body beyond the bound is refused":                {form: form("text", strings.Repeat("a", 40<<10)), status: 401},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			scheme := runtime.NewScheme()
			if err := v1alpha1.AddToScheme(scheme); err != nil {
				t.Fatal(err)
			}
			update := &v1alpha1.ImageUpdate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", UID: "u1"}}
			metrics, err := chat.NewMetrics(prometheus.NewRegistry())
			if err != nil {
				t.Fatal(err)
			}
			votes := &ballot{}
			h := mattermost.New(mattermost.Options{Metrics: metrics, Commands: &chat.CommandHandler{
				Updates: fake.NewClientBuilder().WithScheme(scheme).WithObjects(update).Build(), Ballot: votes,
			}})
			if !test.off {
				h.Configure(&config.Mattermost{Token: token, Room: config.Room{Users: []config.User{{ID: ann, Name: "ann@example.com"}}}})
			}
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, mattermost.Path, strings.NewReader(test.form.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if test.header != "" {
				request.Header.Set("Authorization", test.header)
			}
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, request)
			if recorder.Code != test.status {
				t.Fatalf("status: got %d (%s), want %d", recorder.Code, recorder.Body, test.status)
			}
			if got := strings.Join(votes.votes, ", "); got != test.vote {
				t.Errorf("votes: got %q, want %q", got, test.vote)
			}
			if test.status != http.StatusOK {
				return
			}
			var answer struct {
				Type string `json:"response_type"`
				Text string `json:"text"`
			}
			if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			if answer.Type != "ephemeral" || !strings.HasPrefix(answer.Text, test.answer) {
				t.Errorf("answer: got %+v, want it to begin with %q, for the person alone", answer, test.answer)
			}
		})
	}
}
