package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// fleet is several updaters.
type fleet []string

func (f fleet) Metrics(context.Context) ([][]byte, error) {
	texts := make([][]byte, len(f))
	for i, text := range f {
		texts[i] = []byte(text)
	}
	return texts, nil
}

// series is a metric with some values, each with its labels.
func series(kind, name string, values ...string) string {
	text := "# TYPE " + name + " " + kind + "\n"
	for _, value := range values {
		text += name + value + "\n"
	}
	return text
}

func withNotifications(w *world) {
	w.updater.Spec.Template.Spec.Containers[0].Args = append(w.updater.Spec.Template.Spec.Containers[0].Args, "--notifications-config=/nowhere/notifications.yaml")
}

func TestDoctorReadsWhatUpdatersCount(t *testing.T) {
	const notThere = "is in no volume of ConfigMap and Secret"
	for name, tt := range map[string]struct {
		counts Counter
		breaks func(w *world)
		want   []found
	}{
		"a registry that has failed": {
			counts: fleet{series("gauge", "garboard_registry_circuit_open", `{host="registry.corp"} 1`), series("gauge", "garboard_registry_circuit_open", `{host="registry.corp"} 0`)},
			want:   []found{{Failure, "registries", "registry.corp", "has failed several times in a row", "garboard registry check registry.corp/shop:1.2.0"}},
		},
		"a registry that has asked for a pause": {
			counts: fleet{series("gauge", "garboard_registry_paused_until_timestamp_seconds", `{host="registry.corp"} 1795954200`)},
			want:   []found{{Warning, "registries", "registry.corp", "has asked for a pause until 2026-11-29T12:10:00Z", "garboard registry check registry.corp/shop:1.2.0"}},
		},
		"Docker Hub, whose images name another host than answers": {
			counts: fleet{series("gauge", "garboard_registry_paused_until_timestamp_seconds", `{host="registry-1.docker.io"} 1795954200`)},
			breaks: func(w *world) {
				w.status = lister{items: []status.Item{{Namespace: "team", Name: "shop", Repository: "docker.io/library/shop", Running: "1.2.0", State: report.StateCurrent, LastCheck: ptr.To(metav1.NewTime(w.now))}}}
			},
			want: []found{{Warning, "registries", "docker.io", "has asked for a pause until 2026-11-29T12:10:00Z", "garboard registry check docker.io/library/shop:1.2.0"}},
		},
		"a mirror that has failed": {
			counts: fleet{series("gauge", "garboard_registry_circuit_open", `{host="mirror.corp"} 1`, `{host="token.corp"} 0`)},
			want:   []found{{Failure, "registries", "mirror.corp", "has failed several times in a row", "logs deployment/garboard-updater --all-pods"}},
		},
		"a pause that is over": {counts: fleet{series("gauge", "garboard_registry_paused_until_timestamp_seconds", `{host="registry.corp"} 1795953000`)}},
		"metrics that cannot be read": {
			counts: metricsText{err: errors.New("pods/proxy is forbidden")},
			want:   []found{{Unknown, "registries", "", "pods/proxy is forbidden", ""}},
		},
		"metrics that are none": {
			counts: fleet{"<html>"},
			want:   []found{{Unknown, "registries", "", "reading the updater's metrics", ""}},
		},
		"settings that cannot be used": {
			counts: fleet{series("gauge", "garboard_push_config_last_reload_successful", " 0") + series("gauge", "garboard_chat_config_last_reload_successful", " 0")},
			breaks: func(w *world) { withPush(w); received(w) },
			want:   []found{{Failure, "settings", "deployment/garboard-updater", "cannot use /etc/garboard/push/push.yaml as it is now", "logs deployment/garboard-updater --all-pods"}},
		},
		"notices that are given up": {
			counts: fleet{
				series("counter", metricNotifications, `{channel="team",outcome="failed"} 2`, `{channel="team",outcome="sent"} 0`),
				series("counter", metricNotifications, `{channel="team",outcome="dropped"} 1`, `{channel="all",outcome="sent"} 3`, `{channel="all",outcome="failed"} 1`),
			},
			breaks: withNotifications,
			want: []found{
				{Unknown, "settings", "deployment/garboard-updater", notThere, ""},
				{Warning, "settings", "channel/all", "1 of 4 notices were given up", "garboard notify --help"},
				{Failure, "settings", "channel/team", "3 of 3 notices were given up", "logs deployment/garboard-updater"},
			},
		},
		"pushes that prove nothing": {
			counts: fleet{series("counter", metricPushes, `{sender="harbor",outcome="unauthenticated"} 4`, `{sender="native",outcome="unauthenticated"} 4`, `{sender="native",outcome="accepted"} 1`)},
			breaks: func(w *world) { withPush(w); received(w) },
			want:   []found{{Warning, "settings", "sender/harbor", "none of 4 pushes has proven itself", "kubectl -n garboard describe secret garboard-push"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if tt.breaks != nil {
				tt.breaks(w)
			}
			w.metrics = tt.counts
			compare(t, tt.want, w.examine(t, "garboard"))
		})
	}
}

// What is no fault is told as well.
func TestDoctorTellsWhatIsNoFault(t *testing.T) {
	for name, tt := range map[string]struct {
		breaks func(w *world)
		want   Finding
	}{
		"what a registry's limit leaves": {
			breaks: func(w *world) {
				w.metrics = fleet{series("gauge", "garboard_registry_rate_limit_remaining", `{host="registry.corp"} 87`), series("gauge", "garboard_registry_rate_limit_remaining", `{host="registry.corp"} 90`)}
			},
			want: Finding{Severity: OK, Check: "registries", Object: "registry.corp", Message: "answers for the images of 1 container; its limit leaves 87 requests"},
		},
		"an updater that is asked directly": {
			breaks: func(w *world) { w.metrics = nil },
			want:   Finding{Severity: Note, Check: "registries", Message: "--updater-url leads to the status alone"},
		},
		"notices that were sent": {
			breaks: func(w *world) {
				withNotifications(w)
				w.metrics = fleet{series("counter", metricNotifications, `{channel="team",outcome="sent"} 3`)}
			},
			want: Finding{Severity: OK, Check: "settings", Object: "channel/team", Message: "3 notices were sent since the updater started"},
		},
		"no notice yet": {
			breaks: withNotifications,
			want:   Finding{Severity: Note, Check: "settings", Message: "no notice was sent yet"},
		},
		"a webhook that lets writes pass": {
			breaks: func(w *world) { w.mutating.Webhooks[0].FailurePolicy = ptr.To(admissionregistrationv1.Ignore) },
			want:   Finding{Severity: Note, Check: "webhooks", Object: mutatingObject, Message: "failurePolicy Ignore"},
		},
		"no push yet": {
			breaks: func(w *world) {
				withPush(w)
				received(w)
				w.more = w.more[:len(w.more)-1]
			},
			want: Finding{Severity: Note, Check: "settings", Object: "service/garboard-push", Message: "no push was received in the last while"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.breaks(w)
			report := w.examine(t, "garboard")
			for _, f := range report.Findings {
				if f.Check == tt.want.Check && f.Severity == tt.want.Severity && f.Object == tt.want.Object && strings.Contains(f.Message, tt.want.Message) {
					return
				}
			}
			t.Errorf("nothing tells it:\n%+v", report.Findings)
		})
	}
}
