package notify_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/updater/notify"
)

func TestABurstBecomesOneMessage(t *testing.T) {
	in := newInbox(t, nil)
	w := newWorld(t, "- {name: ops, default: true, maxLines: 3, batch: 30s, url: "+in.url()+"}")
	for n := range 5 {
		w.dispatcher.Notify(moved(fmt.Sprintf("web-%d", n)))
	}
	w.step(29 * time.Second)
	if got := in.got(); len(got) > 0 {
		t.Fatalf("got %q within the window, want nothing", got)
	}
	w.step(time.Second)
	want := strings.Join([]string{line("web-0"), line("web-1"), line("web-2"), "and 2 more"}, "\n")
	if diff := cmp.Diff([]string{want}, in.await(t, 1)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	w.wantCount("ops", "sent", 5)
}

func TestWithoutAWindowEachNoticeIsAMessage(t *testing.T) {
	in := newInbox(t, nil)
	w := newWorld(t, "- {name: ops, default: true, batch: 0s, url: "+in.url()+"}")
	for _, name := range []string{"a", "b", "c"} {
		w.dispatcher.Notify(moved(name))
	}
	if diff := cmp.Diff([]string{line("a"), line("b"), line("c")}, in.await(t, 3)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestAChannelGetsItsLevelAndAbove(t *testing.T) {
	levels := []notify.Level{notify.LevelDebug, notify.LevelInfo, notify.LevelSuccess, notify.LevelWarn, notify.LevelError}
	for first, least := range levels {
		t.Run(least.String(), func(t *testing.T) {
			in := newInbox(t, nil)
			w := newWorld(t, "- {name: ops, default: true, batch: 0s, level: "+least.String()+", template: '{{.Level}}', url: "+in.url()+"}")
			var want []string
			for i, level := range levels {
				w.dispatcher.Notify(moved("web", func(n *notify.Notice) { n.Level = level }))
				if i >= first {
					want = append(want, level.String())
				}
			}
			if diff := cmp.Diff(want, in.await(t, len(want))); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANoticeGoesWhereItsWorkloadSays(t *testing.T) {
	const unknown, refused = "unknown-channel", "namespace-not-allowed"
	tests := map[string]struct {
		namespace string
		channels  []string
		want      []string // channels that get it
		warned    string
	}{
		"to the default channels where it names none":      {"team", nil, []string{"everyone", "ops"}, ""},
		"to the one that it names, and no default one":     {"team", []string{"mine"}, []string{"mine"}, ""},
		"to all that it names, once each":                  {"team", []string{"mine", "ops", "mine"}, []string{"mine", "ops"}, ""},
		"to a name with the hash sign of Slack":            {"team", []string{"#mine"}, []string{"mine"}, ""},
		"to those that exist of those that it names":       {"team", []string{"typo", "ops"}, []string{"ops"}, unknown},
		"nowhere, if no name exists":                       {"team", []string{"typo"}, nil, unknown},
		"nowhere, if its namespace may not write there":    {"other", []string{"mine"}, nil, refused},
		"to a channel whose namespaces begin as its does":  {"team-web", []string{"prefixed"}, []string{"prefixed"}, ""},
		"to no channel whose namespaces begin otherwise":   {"steam", []string{"prefixed"}, nil, refused},
		"to the default channels that admit its namespace": {"other", nil, []string{"everyone"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := map[string]*inbox{}
			var settings []string
			for channel, more := range map[string]string{
				"everyone": "default: true", "ops": "default: true, namespaces: [team, team-web]",
				"mine": "namespaces: [team]", "prefixed": "namespaces: ['team-*']",
			} {
				in[channel] = newInbox(t, nil)
				settings = append(settings, fmt.Sprintf("- {name: %s, batch: 0s, %s, url: %s}", channel, more, in[channel].url()))
			}
			w := newWorld(t, strings.Join(settings, "\n"))
			w.dispatcher.Notify(moved("web", func(n *notify.Notice) { n.Namespace, n.Channels = test.namespace, test.channels }))
			for channel, inbox := range in {
				if slices.Contains(test.want, channel) {
					inbox.await(t, 1)
				}
			}
			w.end() // what is to come has come
			for channel, inbox := range in {
				if got := len(inbox.got()); got > 0 && !slices.Contains(test.want, channel) {
					t.Errorf("channel %s got %d messages, want none", channel, got)
				}
			}
			counts := map[string]int{unknown: 0, refused: 0}
			if test.warned != "" {
				counts[test.warned] = 1
				if !strings.Contains(w.logged(), test.warned) {
					t.Errorf("log: got %q, want a warning %q", w.logged(), test.warned)
				}
			}
			w.wantMetrics("garboard_notifications_unrouted_total", fmt.Sprintf(`# HELP garboard_notifications_unrouted_total Channels named by workloads that did not get the notice, by reason.
# TYPE garboard_notifications_unrouted_total counter
garboard_notifications_unrouted_total{reason="namespace-not-allowed"} %d
garboard_notifications_unrouted_total{reason="unknown-channel"} %d
`, counts[refused], counts[unknown]))
		})
	}
}

// Whoever may annotate a workload may write any name: a log line each would be
// a way to fill the disk.
func TestAWrongNameIsWarnedOfOnce(t *testing.T) {
	w := newWorld(t, "- {name: ops, url: generic://localhost}")
	for range 3 {
		w.dispatcher.Notify(moved("web", func(n *notify.Notice) { n.Channels = []string{"typo"} }))
	}
	for n := range 3000 {
		w.dispatcher.Notify(moved("web", func(n2 *notify.Notice) { n2.Channels = []string{fmt.Sprint("many-", n)} }))
	}
	if got := strings.Count(w.logged(), `"typo"`); got != 1 {
		t.Errorf("got %d lines of the name, want 1", got)
	}
	if got := strings.Count(w.logged(), "\n") + 1; got != 1000 {
		t.Errorf("got %d lines, want 1000 at most", got)
	}
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	in := newInbox(t, func(n int) int { return map[bool]int{true: http.StatusBadGateway, false: http.StatusOK}[n <= 2] })
	w := newWorld(t, "- {name: ops, default: true, batch: 0s, url: "+in.url()+"}")
	w.dispatcher.Notify(moved("web"))
	in.await(t, 1)
	w.step(8*time.Second - 1) // 10 s, a fifth less at the least
	if got := in.got(); len(got) != 1 {
		t.Fatalf("got %d tries before the pause was over, want 1", len(got))
	}
	w.step(4*time.Second + 1)
	in.await(t, 2)
	w.step(36 * time.Second) // 30 s, a fifth more at the most
	if diff := cmp.Diff([]string{line("web"), line("web"), line("web")}, in.await(t, 3)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	w.wantCount("ops", "sent", 1)
	if got := w.count("ops", "retried"); got != 2 {
		t.Errorf("retried: got %v, want 2", got)
	}
	if !strings.Contains(w.logged(), "502 Bad Gateway") {
		t.Errorf("log: got %q, want what the service said", w.logged())
	}
}

func TestWhatFailsAgainAndAgainIsGivenUp(t *testing.T) {
	in := newInbox(t, func(int) int { return http.StatusNotFound })
	w := newWorld(t, "- {name: ops, default: true, batch: 0s, url: "+in.url()+"}")
	w.dispatcher.Notify(moved("web"))
	var all time.Duration
	for tries, pause := range []time.Duration{12, 36, 108, 324} {
		in.await(t, tries+1)
		w.step(pause * time.Second)
		all += pause * time.Second
	}
	in.await(t, 5)
	w.wantCount("ops", "failed", 1)
	if all > 15*time.Minute {
		t.Errorf("the tries took %v, want 15 minutes at most", all)
	}
	w.dispatcher.Notify(moved("next"))
	if got := in.await(t, 6)[5]; got != line("next") {
		t.Errorf("got %q after it, want the next notice", got)
	}
}

// A service that is away must not fill the memory, and its newest notices are
// those that people want.
func TestTheOldestMakesRoom(t *testing.T) {
	release := make(chan struct{})
	in := newInbox(t, func(n int) int {
		if n == 1 {
			<-release
		}
		return http.StatusOK
	})
	w := newWorld(t, "- {name: ops, default: true, batch: 0s, url: "+in.url()+"}")
	w.dispatcher.Notify(moved("first"))
	in.await(t, 1)
	for n := range 1005 {
		w.dispatcher.Notify(moved(fmt.Sprintf("web-%d", n)))
	}
	w.wantCount("ops", "dropped", 5)
	w.wantMetrics("garboard_notifications_pending", `# HELP garboard_notifications_pending Notices that wait for a channel, or are being sent to it.
# TYPE garboard_notifications_pending gauge
garboard_notifications_pending{channel="ops"} 1001
`)
	close(release)
	if got := in.await(t, 1001)[1]; got != line("web-5") {
		t.Errorf("the first that waited: got %q, want %q", got, line("web-5"))
	}
}

// Whoever may write one namespace can have a thousand notices made at once.
func TestNoNamespacePushesOutTheNoticesOfAnother(t *testing.T) {
	release := make(chan struct{})
	in := newInbox(t, func(n int) int {
		if n == 1 {
			<-release
		}
		return http.StatusOK
	})
	w := newWorld(t, "- {name: ops, default: true, batch: 0s, url: "+in.url()+"}")
	w.dispatcher.Notify(moved("first"))
	in.await(t, 1)
	w.dispatcher.Notify(moved("web"))
	for n := range 2000 {
		w.dispatcher.Notify(moved(fmt.Sprintf("web-%d", n), func(n *notify.Notice) { n.Namespace = "loud" }))
	}
	w.wantCount("ops", "dropped", 1001)
	close(release)
	if got := in.await(t, 1001)[1]; got != line("web") {
		t.Errorf("the first that waited: got %q, want %q", got, line("web"))
	}
}

// Some services know no deadline: requests to those that never answer would pile up.
func TestAServiceThatHangsIsLeftAlone(t *testing.T) {
	release := make(chan struct{})
	in := newInbox(t, func(n int) int {
		if n <= 4 {
			<-release
		}
		return http.StatusOK
	})
	hangs := "mattermost://garboard@" + strings.Split(in.url(), "/")[2] + "/token?disabletls=yes"
	w := newWorld(t, "- {name: ops, default: true, batch: 0s, urlFile: "+hangs+"}",
		func(o *notify.Options) { o.SendTimeout = 50 * time.Millisecond })
	for n := range 2 {
		w.dispatcher.Notify(moved(fmt.Sprintf("web-%d", n)))
	}
	for tries, pause := range []time.Duration{12, 36, 108, 324} {
		in.await(t, tries+1)
		w.step(pause * time.Second)
	}
	w.wantCount("ops", "failed", 1)
	eventually(t, "the fifth try", func() bool { return strings.Contains(w.logged(), "earlier messages are still being sent") })
	in.await(t, 4)
	close(release)
	eventually(t, "the second notice", func() bool {
		if w.clock.HasWaiters() {
			w.clock.Step(6 * time.Minute)
		}
		return w.count("ops", "sent") == 1
	})
}

func TestReloadedSettingsHoldForWhatWaits(t *testing.T) {
	broken, working := newInbox(t, func(int) int { return http.StatusInternalServerError }), newInbox(t, nil)
	w := newWorld(t, "- {name: ops, default: true, batch: 0s, url: "+broken.url()+"}\n- {name: old, batch: 1h, url: "+broken.url()+"}")
	w.dispatcher.Notify(moved("web"))
	w.dispatcher.Notify(moved("other", func(n *notify.Notice) { n.Channels = []string{"old"} }))
	broken.await(t, 1)
	// Set before that, the clock leaves the second try 10 s ahead.
	eventually(t, "the pause of the one, and the batch of the other", func() bool { return w.clock.Waiters() == 2 })
	w.reconfigure("- {name: ops, default: true, batch: 0s, template: 'new {{.Name}}', url: " + working.url() + "}\n" +
		"- {name: new, url: " + working.url() + ", batch: 0s}")
	w.step(12 * time.Second)
	if got := working.await(t, 1)[0]; got != "new web" {
		t.Errorf("got %q, want what the new template says", got)
	}
	if !strings.Contains(w.logged(), `"dropping the notices of a channel that is gone" "channel"="old" "notices"=1`) {
		t.Errorf("log: got %q, want what was dropped", w.logged())
	}
	if got := w.count("old", "sent"); got != -1 {
		t.Error("the metrics still have the channel that is gone")
	}
	w.dispatcher.Notify(moved("late", func(n *notify.Notice) { n.Channels = []string{"new"} }))
	working.await(t, 2)
}

func TestNewNeedsMetrics(t *testing.T) {
	if _, err := notify.New(notify.Options{}); err == nil {
		t.Error("got no error, want one")
	}
}
