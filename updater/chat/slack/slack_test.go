package slack_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/updater/chat"
	"github.com/garboard-dev/garboard/updater/chat/config"
	"github.com/garboard-dev/garboard/updater/chat/slack"
	"github.com/garboard-dev/garboard/updater/chat/slack/slacktest"
)

const (
	channel = "C024BE91L"
	ann     = "U0ANN"
	digest  = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// cast is a vote as the API server would get it.
type cast struct {
	Voter, Update, Comment string
	Verdict                v1alpha1.Verdict
}

// ballot keeps the votes.
type ballot struct {
	mu    sync.Mutex
	votes []cast
	err   error
}

func (b *ballot) Cast(_ context.Context, voter config.User, u *v1alpha1.ImageUpdate, verdict v1alpha1.Verdict, comment string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return "", b.err
	}
	b.votes = append(b.votes, cast{voter.Name, u.Namespace + "/" + u.Name, comment, verdict})
	return "imageupdate/" + u.Name + " approved", nil
}

func update(change func(*v1alpha1.ImageUpdate)) *v1alpha1.ImageUpdate {
	u := &v1alpha1.ImageUpdate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", UID: "u1"},
		Spec: v1alpha1.ImageUpdateSpec{
			WorkloadRef: v1alpha1.WorkloadReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web", UID: "w1"},
			Container:   "web", Repository: "registry.example/web", VotesRequired: 2,
			From: v1alpha1.ImageVersion{Tag: "1.0.0"}, To: v1alpha1.ImageVersion{Tag: "1.1.0", Digest: digest},
			Deadline: metav1.NewTime(time.Date(2026, time.March, 3, 9, 0, 0, 0, time.UTC)),
		},
		Status: v1alpha1.ImageUpdateStatus{Phase: v1alpha1.PhasePending},
	}
	if change != nil {
		change(u)
	}
	return u
}

type world struct {
	*slacktest.Server
	t          *testing.T
	ballot     *ballot
	registry   *prometheus.Registry
	client     client.Client
	workspace  *slack.Workspace
	reconciler *chat.Reconciler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	metrics, err := chat.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Server: slacktest.New(t), t: t, ballot: &ballot{}, registry: registry}
	w.client = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.ImageUpdate{}).WithObjects(update(nil)).Build()
	log := testr.New(t)
	w.workspace = slack.New(slack.Options{Commands: &chat.CommandHandler{Updates: w.client, Ballot: w.ballot, Log: log}, Metrics: metrics, Log: log})
	w.reconciler = &chat.Reconciler{Client: w.client, Messenger: w.workspace, Log: log}
	w.workspace.Configure(w.settings())
	return w
}

func (w *world) settings() *config.Slack {
	return &config.Slack{
		AppToken: "xapp-token", BotToken: "xoxb-token", Channel: channel, APIURL: w.APIURL(),
		Room: config.Room{Users: []config.User{{ID: ann, Name: "ann@example.com", Groups: []string{"shop"}}}, Namespaces: []string{"shop"}},
	}
}

// start connects, for as long as the test runs.
func (w *world) start() {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.workspace.Start(ctx) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
}

func button(person, channel, verdict, value string) any {
	return map[string]any{
		"type": "block_actions", "user": map[string]string{"id": person}, "channel": map[string]string{"id": channel},
		"actions": []any{map[string]string{"type": "button", "action_id": verdict, "block_id": "votes", "value": value}},
	}
}

// mentioned is a message of ann to the bot.
func mentioned(channel, text string) any {
	return map[string]any{
		"type": "event_callback", "event": map[string]string{"type": "app_mention", "user": ann, "channel": channel, "text": text, "ts": "1.1"},
	}
}

func TestPeopleVote(t *testing.T) {
	tests := map[string]struct {
		kind    string
		payload any
		refused error // by the API server
		person  string
		votes   []cast
		answer  string // begins
	}{
		"by the button approve": {
			kind: "interactive", payload: button(ann, channel, "Approve", "shop/web-1/u1"), person: ann,
			votes: []cast{{"ann@example.com", "shop/web-1", "", v1alpha1.VerdictApprove}}, answer: "imageupdate/web-1 approved",
		},
		"by the button reject": {
			kind: "interactive", payload: button(ann, channel, "Reject", "shop/web-1/u1"), person: ann,
			votes: []cast{{"ann@example.com", "shop/web-1", "", v1alpha1.VerdictReject}}, answer: "imageupdate/web-1 approved",
		},
		"by a message with a comment, in which Slack escapes signs": {
			kind: "events_api", payload: mentioned(channel, "<@U0BOT> approve shop/web-1 5 &lt; 6 &amp; fine"), person: ann,
			votes: []cast{{"ann@example.com", "shop/web-1", "5 < 6 & fine", v1alpha1.VerdictApprove}}, answer: "imageupdate/web-1 approved",
		},
		"by a slash command": {
			kind:   "slash_commands",
			person: ann, payload: map[string]string{"command": "/garboard", "user_id": ann, "channel_id": channel, "text": "reject `shop/web-1` too early"},
			votes: []cast{{"ann@example.com", "shop/web-1", "too early", v1alpha1.VerdictReject}}, answer: "imageupdate/web-1 approved",
		},
		"not, if the settings do not say who they are": {
			kind: "interactive", payload: button("U0BOB", channel, "Approve", "shop/web-1/u1"), person: "U0BOB",
			answer: "You may not vote here, nor list updates: the chat settings do not say who you are in the cluster. Your ID is U0BOB.",
		},
		"and list nothing, if the settings do not say who they are": {
			kind: "slash_commands", person: "U0BOB",
			payload: map[string]string{"command": "/garboard", "user_id": "U0BOB", "channel_id": channel, "text": "get approvals"},
			answer:  "You may not vote here, nor list updates: ",
		},
		"not, by the button of an earlier update of the same name": {
			kind: "interactive", payload: button(ann, channel, "Approve", "shop/web-1/u0"), person: ann, answer: "There is no update shop/web-1 here.",
		},
		"not on what is not there": {
			kind: "events_api", payload: mentioned(channel, "<@U0BOT> approve shop/web-2"), person: ann, answer: "There is no update shop/web-2 here.",
		},
		"not on what the channel does not show": {
			kind: "events_api", payload: mentioned(channel, "<@U0BOT> approve bank/web-1"), person: ann, answer: "There is no update bank/web-1 here.",
		},
		"not, where the API server refuses": {
			kind: "interactive", payload: button(ann, channel, "Approve", "shop/web-1/u1"), person: ann, refused: errors.New("ann@example.com may not vote\nin shop"),
			answer: "ann@example.com may not vote in shop",
		},
		"and hear what is no command": {
			kind: "events_api", payload: mentioned(channel, "<@U0BOT> deploy it"), person: ann, answer: `"deploy" is no command. Commands:`,
		},
		"and hear what a vote takes": {
			kind: "events_api", payload: mentioned(channel, "<@U0BOT> approve web-1"), person: ann, answer: `"web-1" is no update: approve takes NAMESPACE/UPDATE`,
		},
		"and list what waits": {
			kind: "events_api", payload: mentioned(channel, "<@U0BOT> get approvals"), person: ann,
			answer: "shop/web-1: Deployment web: web: registry.example/web 1.0.0 -&gt; 1.1.0 (sha256:aaaaaaaaaaaa), 0 of 2 approvals, until 2026-03-03 09:00 UTC",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.ballot.err = test.refused
			w.start()
			w.Send(test.kind, "e1", test.payload)
			w.AwaitAck("e1")
			if got := w.AwaitAnswer(test.person); !strings.HasPrefix(got, test.answer) {
				t.Errorf("answer: got %q, want it to begin with %q", got, test.answer)
			}
			if diff := cmp.Diff(test.votes, w.ballot.votes); diff != "" {
				t.Errorf("votes (-want +got):\n%s", diff)
			}
		})
	}
}

// What is acknowledged and nothing else: an answer to a later message shows that the
// earlier one got none.
func TestWhatIsNotForUsIsPassedOver(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.Send("interactive", "e1", button(ann, "C0OTHER", "Approve", "shop/web-1/u1"))
	w.Send("events_api", "e2", mentioned("C0OTHER", "<@U0BOT> approve shop/web-1"))
	w.Send("interactive", "e3", button(ann, channel, "Destroy", "shop/web-1/u1"))
	w.Send("interactive", "e4", button(ann, channel, "Approve", "shop"))
	w.Send("slash_commands", "e5", map[string]string{"command": "/garboard", "user_id": ann, "channel_id": "C0OTHER", "text": "approve shop/web-1"})
	w.Send("events_api", "e6", mentioned(channel, "help"))
	for _, id := range []string{"e1", "e2", "e3", "e4", "e5", "e6"} {
		w.AwaitAck(id)
	}
	if got := w.AwaitAnswer(ann); !strings.HasPrefix(got, "Commands:") {
		t.Errorf("answer: got %q", got)
	}
	if len(w.ballot.votes) > 0 || len(w.Of("chat.postEphemeral")) != 1 {
		t.Errorf("votes %v, answers %v: want no vote and one answer", w.ballot.votes, w.Of("chat.postEphemeral"))
	}
}

// A person who has changed their mind would else vote as before.
func TestEnvelopeThatComesAgainCastsNoVote(t *testing.T) {
	w := newWorld(t)
	w.start()
	approve := button(ann, channel, "Approve", "shop/web-1/u1")
	w.Send("interactive", "e1", approve)
	w.AwaitAnswer(ann)
	w.Send("interactive", "e2", button(ann, channel, "Reject", "shop/web-1/u1"))
	w.AwaitCalls("chat.postEphemeral", 2)
	w.Send("interactive", "e1", approve)
	w.Send("events_api", "e3", mentioned(channel, "help"))
	w.AwaitCalls("chat.postEphemeral", 3)
	var verdicts []v1alpha1.Verdict
	for _, vote := range w.ballot.votes {
		verdicts = append(verdicts, vote.Verdict)
	}
	if diff := cmp.Diff([]v1alpha1.Verdict{v1alpha1.VerdictApprove, v1alpha1.VerdictReject}, verdicts); diff != "" {
		t.Errorf("votes (-want +got):\n%s", diff)
	}
}

func TestConnectionComesBack(t *testing.T) {
	for name, end := range map[string]func(*world){
		"as Slack asks for another": func(w *world) { w.Send("disconnect", "", nil) },
		"as it breaks":              func(w *world) { _ = w.AwaitConnection(nil).Close() },
		"with other settings":       func(w *world) { w.workspace.Configure(w.settings()) },
		"after a token was refused": func(w *world) {
			w.Refuse("apps.connections.open", "invalid_auth")
			_ = w.AwaitConnection(nil).Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			first := w.AwaitConnection(nil)
			end(w)
			w.AwaitConnection(first)
			w.Send("interactive", "e1", button(ann, channel, "Approve", "shop/web-1/u1"))
			w.AwaitAnswer(ann)
			if len(w.ballot.votes) != 1 {
				t.Errorf("votes: got %v, want one", w.ballot.votes)
			}
		})
	}
}

// Whether Slack is connected is told while it is asked for, so that an alert means something.
func TestConnectionIsMeasured(t *testing.T) {
	w := newWorld(t)
	is := func(want string) {
		t.Helper()
		w.Await("the metric", func() bool {
			return testutil.GatherAndCompare(w.registry, strings.NewReader(want), "garboard_chat_connected") == nil
		})
	}
	const head = "# HELP garboard_chat_connected 1 if the service of a chat is connected; else 0.\n# TYPE garboard_chat_connected gauge\n"
	w.start()
	w.AwaitConnection(nil)
	is(head + "garboard_chat_connected{service=\"slack\"} 1\n")
	w.workspace.Configure(nil)
	is("")
}

func (w *world) reconcile(name types.NamespacedName) reconcile.Result {
	w.t.Helper()
	result, err := w.reconciler.Reconcile(w.t.Context(), reconcile.Request{NamespacedName: name})
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// change stores another state of the update.
func (w *world) change(change func(*v1alpha1.ImageUpdate)) {
	w.t.Helper()
	u := &v1alpha1.ImageUpdate{}
	if err := w.client.Get(w.t.Context(), types.NamespacedName{Namespace: "shop", Name: "web-1"}, u); err != nil {
		w.t.Fatal(err)
	}
	change(u)
	if err := w.client.Status().Update(w.t.Context(), u); err != nil {
		w.t.Fatal(err)
	}
}

func TestOneMessageFollowsAnUpdate(t *testing.T) {
	w := newWorld(t)
	name := types.NamespacedName{Namespace: "shop", Name: "web-1"}
	w.reconcile(name)
	posted := w.Of("chat.postMessage")
	if len(posted) != 1 {
		t.Fatalf("messages: got %v, want one", posted)
	}
	first := posted[0].Values
	for _, want := range []string{`"Approve"`, `"Reject"`, `"shop/web-1/u1"`, "garboard approve -n shop web-1", "1.0.0 -\\u003e 1.1.0 (sha256:aaaaaaaaaaaa)", `"plain_text"`} {
		if !strings.Contains(first["blocks"], want) {
			t.Errorf("the message has no %s: %s", want, first["blocks"])
		}
	}
	if strings.Contains(first["blocks"], "mrkdwn") || first["channel"] != channel || first["authorization"] != "Bearer xoxb-token" && first["token"] != "xoxb-token" {
		t.Errorf("the message: got %v", first)
	}

	w.reconcile(name)
	if got := len(w.Of("chat.postMessage")) + len(w.Of("chat.update")); got != 1 {
		t.Errorf("nothing changed: got %d messages, want none but the first", got)
	}

	w.change(func(u *v1alpha1.ImageUpdate) {
		u.Status.Approvals = 1
		u.Status.Voters = []v1alpha1.Voter{{Name: "ann@example.com", Verdict: v1alpha1.VerdictApprove, Comment: "<!channel> go\n\u202eon"}}
	})
	w.reconciler = &chat.Reconciler{Client: w.client, Messenger: w.workspace} // another process
	w.reconcile(name)
	w.change(func(u *v1alpha1.ImageUpdate) { u.Status.Phase = v1alpha1.PhaseRejected })
	w.reconcile(name)
	changed := w.Of("chat.update")
	if len(changed) != 2 || len(w.Of("chat.postMessage")) != 1 {
		t.Fatalf("messages: got %v, want one that changed twice", w.Calls())
	}
	if !strings.Contains(changed[0].Values["blocks"], `ann@example.com: approve (\u003c!channel\u003e go on)`) {
		t.Errorf("the voters: got %s", changed[0].Values["blocks"])
	}
	if last := changed[1].Values["blocks"]; strings.Contains(last, `"Approve"`) || !strings.Contains(last, "rejected") {
		t.Errorf("a rejected update: got %s, want no buttons", last)
	}
}

func TestBoardAsThingsGoWrong(t *testing.T) {
	name := types.NamespacedName{Namespace: "shop", Name: "web-1"}
	moved := func(u *v1alpha1.ImageUpdate) { u.Status.Approvals = 1 }
	t.Run("a message that a person deleted is written again", func(t *testing.T) {
		w := newWorld(t)
		w.reconcile(name)
		w.change(moved)
		w.Refuse("chat.update", "message_not_found")
		w.reconcile(name)
		if got := len(w.Of("chat.postMessage")); got != 2 {
			t.Errorf("messages: got %d, want 2", got)
		}
	})
	t.Run("a message that is gone stays away once the update is decided", func(t *testing.T) {
		w := newWorld(t)
		w.reconcile(name)
		w.change(func(u *v1alpha1.ImageUpdate) { u.Status.Phase = v1alpha1.PhaseRejected })
		w.Refuse("chat.update", "message_not_found")
		w.reconcile(name)
		w.reconcile(name)
		if got := len(w.Of("chat.postMessage")) + len(w.Of("chat.update")); got != 2 {
			t.Errorf("messages: got %v", w.Calls())
		}
	})
	t.Run("a channel that takes no more is left alone as long as it says", func(t *testing.T) {
		w := newWorld(t)
		w.Refuse("chat.postMessage", "ratelimited")
		if got := w.reconcile(name); got.RequeueAfter != 30*time.Second {
			t.Errorf("again: got %v, want after 30s", got.RequeueAfter)
		}
	})
	t.Run("another fault is told, and tried again", func(t *testing.T) {
		w := newWorld(t)
		w.Refuse("chat.postMessage", "channel_not_found")
		_, err := w.reconciler.Reconcile(t.Context(), reconcile.Request{NamespacedName: name})
		if err == nil || err.Error() != `showing update "shop/web-1" in the chat: channel_not_found` {
			t.Errorf("error: got %v", err)
		}
	})
	t.Run("an update that was decided before it was shown is not shown", func(t *testing.T) {
		w := newWorld(t)
		w.change(func(u *v1alpha1.ImageUpdate) { u.Status.Phase = v1alpha1.PhaseExpired })
		w.reconcile(name)
		if len(w.Calls()) > 0 {
			t.Errorf("calls: got %v, want none", w.Calls())
		}
	})
	t.Run("an update of another namespace is not shown", func(t *testing.T) {
		w := newWorld(t)
		other := update(func(u *v1alpha1.ImageUpdate) { u.Namespace = "bank" })
		if err := w.client.Create(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		w.reconcile(client.ObjectKeyFromObject(other))
		if len(w.Calls()) > 0 {
			t.Errorf("calls: got %v, want none", w.Calls())
		}
	})
	t.Run("an update that another replica owns is not shown", func(t *testing.T) {
		w := newWorld(t)
		w.reconciler.Owns = func(repository string) bool { return repository != "registry.example/web" }
		w.reconcile(name)
		if len(w.Calls()) > 0 {
			t.Errorf("calls: got %v, want none", w.Calls())
		}
	})
}
