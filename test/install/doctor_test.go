package install

import (
	"context"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/internal/cli/doctor"
	"github.com/garboard-dev/garboard/test/installation"
)

// breakage is a way to break an installation. The doctor's own command mends it.
type breakage struct {
	commands               []string
	check, object, message string
	severity               doctor.Severity
	// after mends what the doctor's command leaves to the person.
	after string
}

func breakages() map[string]breakage {
	return map[string]breakage{
		"a webhook configuration that is gone": {
			commands: []string{"kubectl delete mutatingwebhookconfiguration garboard"},
			check:    "webhooks", object: "mutatingwebhookconfiguration/garboard", message: "is not there", severity: doctor.Failure,
		},
		"a CA that nobody brings": {
			commands: []string{
				"kubectl annotate validatingwebhookconfiguration garboard cert-manager.io/inject-ca-from-",
				`kubectl patch validatingwebhookconfiguration garboard --type=json -p '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]'`,
			},
			check: "certificates", object: "validatingwebhookconfiguration/garboard", message: "the caBundle does not vouch", severity: doctor.Failure,
		},
		"a right that is gone": {
			commands: []string{"kubectl delete clusterrolebinding garboard-updater"},
			check:    "rights", object: "serviceaccount/garboard-updater", message: "may not get, list, watch, patch deployments.apps", severity: doctor.Failure,
		},
		"a Deployment that is scaled down": {
			commands: []string{"kubectl -n garboard scale deployment/garboard-webhook --replicas=0"},
			check:    "installation", object: "deployment/garboard-webhook", message: "scaled to no replica", severity: doctor.Failure,
		},
		"versions apart": {
			commands: []string{"kubectl -n garboard set image deployment/garboard-updater updater=ghcr.io/garboard-dev/garboard:v0.2.0"},
			check:    "versions", object: "deployment/garboard-updater", message: "v0.2.0, and the webhook runs", severity: doctor.Warning,
		},
		"a label that opts in nothing": {
			commands: []string{"kubectl create namespace blog", "kubectl label namespace blog garboard.dev/enabled=yes"},
			check:    "namespaces", object: "namespace/blog", message: "which opts in nothing", severity: doctor.Warning,
			after: "kubectl label namespace blog garboard.dev/enabled-",
		},
		"a definition of an older version": {
			commands: []string{`kubectl patch customresourcedefinition imageupdates.garboard.dev --type=json -p '[{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/proposedAt"}]'`},
			check:    "approvals", object: "customresourcedefinition/imageupdates.garboard.dev", message: "no field status.proposedAt", severity: doctor.Failure,
		},
		"a namespace in scope that must not be": {
			commands: []string{`kubectl patch mutatingwebhookconfiguration garboard --type=json -p '[{"op": "replace", "path": "/webhooks/0/namespaceSelector/matchExpressions/0/values", "value": ["kube-system"]}]'`},
			check:    "webhooks", object: "mutatingwebhookconfiguration/garboard", message: `namespace "cert-manager"`, severity: doctor.Failure,
		},
	}
}

// breakAndMend breaks something, looks for the finding, types its command, and looks
// again.
func (p *person) breakAndMend(b breakage) {
	for _, command := range b.commands {
		p.does(command)
	}
	found := p.awaitFinding(b)
	command, _, _ := strings.Cut(found.Mend, " (")
	p.does(command)
	if b.after != "" {
		p.does(b.after)
	}
	p.awaitHealth()
}

// awaitFinding waits for a finding, and fails where the exit code does not go with it.
func (p *person) awaitFinding(b breakage) doctor.Finding {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	var found doctor.Finding
	must(p.t, installation.Until(ctx, b.message, func(context.Context) error {
		report, said, err := p.examine("")
		for _, f := range faults(report) {
			if f.Check != b.check || f.Object != b.object || !strings.Contains(f.Message, b.message) || f.Severity != b.severity {
				continue
			}
			if found = f; (err != nil) != (report.Failures() > 0) || err != nil && !strings.Contains(said, "the doctor has found") {
				p.t.Errorf("%d failures, and it ends with %v: %s", report.Failures(), err, said)
			}
			return nil
		}
		if bad := faults(report); len(bad) > 0 {
			return &unwell{bad}
		}
		return errStillWell
	}))
	return found
}

// unreachable stops all webhooks: connections from before would go on.
func (p *person) unreachable() {
	webhooks := p.garboard.Webhooks()
	must(p.t, p.garboard.Route())
	for _, w := range webhooks {
		must(p.t, w.Stop(p.t.Context()))
	}
	found := p.awaitFinding(breakage{check: "admission", object: "namespace/my-team", message: "the API server does not reach the webhook", severity: doctor.Failure})
	if !strings.Contains(found.Message, "mutate.garboard.dev") || !strings.Contains(found.Mend, "kubectl -n garboard get pods") {
		p.t.Errorf("got %+v", found)
	}
	p.awaitFinding(breakage{check: "handshake", object: "service/garboard-webhook", message: "does not answer", severity: doctor.Failure})
	for range webhooks {
		w, err := p.garboard.StartWebhook(p.t.Context())
		must(p.t, err)
		p.webhook = w.Address
	}
	p.awaitHealth()
}
