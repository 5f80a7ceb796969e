package doctor

import (
	"fmt"
	"maps"
	"slices"

	"github.com/garboard-dev/garboard/updater/status"
)

// notInForce are the settings files that an updater could not use as they were last read.
func (d *Doctor) notInForce(c status.Counts) []Finding {
	var findings []Finding
	for _, file := range []struct{ metric, flag, page string }{
		{"registries", "registries-config", "docs/registries-config.md"},
		{"notifications", "notifications-config", "docs/notifications.md"},
		{"push", "push-config", "docs/push.md"},
		{"chat", "chat-config", "docs/chat.md"},
	} {
		at, on := flagValue(d.found.updater, file.flag)
		for _, metric := range c[fmt.Sprintf(metricInForce, file.metric)] {
			if !on || metric.GetGauge().GetValue() != 0 {
				continue
			}
			findings = append(findings, Finding{
				Severity: Failure, Object: "deployment/" + updaterName, Message: fmt.Sprintf("cannot use %s as it is now, and goes on with what it had", at),
				Why:  "What was changed in it has no effect.",
				Mend: fmt.Sprintf("kubectl -n %s logs deployment/%s --all-pods (tells each fault with its line: %s)", d.Namespace, updaterName, file.page),
			})
			break
		}
	}
	return findings
}

// notices tells what became of the notices of each channel. None is sent for that.
func (d *Doctor) notices(c status.Counts) []Finding {
	var findings []Finding
	channels := sumsOf(c, metricNotifications, "channel", "outcome")
	for _, channel := range slices.Sorted(maps.Keys(channels)) {
		sent, lost := channels[channel]["sent"], channels[channel]["failed"]+channels[channel]["dropped"]
		object := "channel/" + channel
		if lost == 0 {
			if sent > 0 {
				findings = append(findings, okFinding(object, "%.0f notices were sent since the updater started", sent))
			}
			continue
		}
		f := Finding{
			Severity: Warning, Object: object, Message: fmt.Sprintf("%.0f of %.0f notices were given up since the updater started", lost, sent+lost),
			Why:  "People are not told what has moved, nor what waits for them.",
			Mend: fmt.Sprintf("kubectl -n %s logs deployment/%s --all-pods (tells why; garboard notify --help sends one by hand)", d.Namespace, updaterName),
		}
		if sent == 0 {
			f.Severity = Failure
		}
		findings = append(findings, f)
	}
	if len(findings) > 0 {
		return findings
	}
	return []Finding{{
		Severity: Note, Message: "no notice was sent yet that is known of, and none was tried: that would send one",
		Mend: "garboard notify --help",
	}}
}

// unproven are kinds of senders whose pushes were all refused, as of another secret.
func (d *Doctor) unproven(c status.Counts) []Finding {
	var findings []Finding
	senders := sumsOf(c, metricPushes, "sender", "outcome")
	for _, sender := range slices.Sorted(maps.Keys(senders)) {
		outcomes := senders[sender]
		refused, proven := outcomes["unauthenticated"], outcomes["accepted"]+outcomes["ignored"]
		if refused == 0 || proven > 0 {
			continue // what comes beside those that are proven may be of other senders
		}
		findings = append(findings, Finding{
			Severity: Warning, Object: "sender/" + sender, Message: fmt.Sprintf("none of %.0f pushes has proven itself since the updater started", refused),
			Why:  "They are refused, and images move by polls alone.",
			Mend: fmt.Sprintf("kubectl -n %s describe secret %s (has to hold what the sender signs with: docs/push.md)", d.Namespace, pushService),
		})
	}
	return findings
}
