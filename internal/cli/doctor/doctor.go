// Package doctor is garboard doctor: it looks at an installation and says what is wrong
// with it, why that matters, and which command mends it. It changes nothing: what it
// writes is a dry run.
package doctor

import (
	"context"
	"fmt"
	"net"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	admissionregistrationv1client "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
	authorizationv1client "k8s.io/client-go/kubernetes/typed/authorization/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	discoveryv1client "k8s.io/client-go/kubernetes/typed/discovery/v1"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/status"
)

// Names of manifests/ and of the chart.
const (
	configurationName = "garboard"
	webhookName       = "garboard-webhook"
	updaterName       = "garboard-updater"
	// defaultCertManager is where cert-manager runs, if nobody says otherwise.
	defaultCertManager = "cert-manager"
)

// Severity says how bad a finding is.
type Severity string

// The severities. Unknown is what could not be looked at, for want of a right or of an
// answer; Note is what a person should know, and is no fault.
const (
	OK      Severity = "ok"
	Note    Severity = "note"
	Unknown Severity = "unknown"
	Warning Severity = "warning"
	Failure Severity = "failure"
)

// Finding is what one look has found.
type Finding struct {
	// Check is the name of what was looked at.
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	// Object names what the finding is about, as kubectl does; it may be empty.
	Object string `json:"object,omitempty"`
	// Message is what is found, Why why it matters, and Mend the command that mends it.
	// A finding that is no fault has a Message alone.
	Message string `json:"message"`
	Why     string `json:"why,omitempty"`
	Mend    string `json:"mend,omitempty"`
}

// Report is all findings, in the order of the checks.
type Report struct {
	metav1.TypeMeta `json:",inline"`
	Findings        []Finding `json:"findings"`
}

// Failures counts the findings that are failures.
func (r *Report) Failures() int {
	failures := 0
	for _, f := range r.Findings {
		if f.Severity == Failure {
			failures++
		}
	}
	return failures
}

// Lister tells what the updater knows of the workloads of all namespaces.
type Lister interface {
	List(ctx context.Context, namespace string) (*status.List, error)
}

// Kube is what of a clientset is used.
type Kube interface { //nolint:interfacebloat // a clientset has them so
	AdmissionregistrationV1() admissionregistrationv1client.AdmissionregistrationV1Interface
	AppsV1() appsv1client.AppsV1Interface
	AuthorizationV1() authorizationv1client.AuthorizationV1Interface
	CoordinationV1() coordinationv1client.CoordinationV1Interface
	CoreV1() corev1client.CoreV1Interface
	Discovery() discovery.DiscoveryInterfaces
	DiscoveryV1() discoveryv1client.DiscoveryV1Interface
}

// Options are what a Doctor is made of.
type Options struct {
	Kube    Kube
	Dynamic dynamic.Interface
	// Namespace is Garboard's own.
	Namespace string
	// CertManager is the namespace of cert-manager.
	CertManager string
	// Probe is the namespace to try admission in; empty for the first that has opted in.
	Probe string
	// Version is the program's own; empty or "devel" is not compared.
	Version string
	// Status asks the updater.
	Status Lister
	// Metrics asks all updaters what they count; nil where they cannot be reached that way.
	Metrics Counter
	// Dial connects to the webhook's port, to see what it serves; nil where it cannot be
	// reached from here.
	Dial func(ctx context.Context) (net.Conn, error)
	// ServerTime is the time of the API server, and how long the answer took.
	ServerTime func(ctx context.Context) (time.Time, time.Duration, error)
	// Now is the time here. The default is the real one.
	Now func() time.Time
}

// Doctor looks at one installation.
type Doctor struct {
	Options
	found installation
}

// installation is what several checks need, read once.
type installation struct {
	webhook, updater *appsv1.Deployment
	// helm is the release that made it, or empty. It is applied where that was Helm 4.
	helm    string
	applied bool
	// optedIn are the namespaces that opted in, by name.
	optedIn map[string]workload.Namespace
	// counts are nil until they are read.
	counts status.Counts
	// webhookSkew is how far the clock of the webhook that answered goes before the API
	// server's; 0 is not known.
	webhookSkew time.Duration
	// ignored: writes pass while no webhook answers. looped: something fills an opted-in
	// namespace from Git.
	ignored, looped bool
}

// New returns a Doctor.
func New(o Options) *Doctor {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Doctor{Options: o}
}

// check is one look.
type check struct {
	name string
	look func(context.Context) []Finding
}

// checks are all looks, those that others build on first.
func (d *Doctor) checks() []check {
	return []check{
		{"kubernetes", d.kubernetes},
		{"installation", d.installation},
		{"versions", d.versions},
		{"certificates", d.certificates},
		{"webhooks", d.webhooks},
		{"order", d.order},
		{"approvals", d.approvals},
		{"namespaces", d.namespaces},
		{"admission", d.admission},
		{"handshake", d.handshake},
		{"rights", d.rights},
		{"workloads", d.workloads},
		{"leases", d.leases},
		{"clocks", d.clocks},
		{"registries", d.registries},
		{"settings", d.settings},
		{"gitops", d.gitops},
	}
}

// Examine looks at everything. A check that is cut short by the context says so.
func (d *Doctor) Examine(ctx context.Context) *Report {
	report := &Report{TypeMeta: metav1.TypeMeta{APIVersion: status.APIVersion, Kind: "DoctorReport"}}
	for _, c := range d.checks() {
		findings := c.look(ctx)
		if len(findings) == 0 {
			findings = []Finding{{Severity: OK, Message: "nothing is wrong"}}
		}
		for _, f := range findings {
			f.Check = c.name
			report.Findings = append(report.Findings, f)
		}
	}
	return report
}

func okFinding(object, format string, args ...any) Finding {
	return Finding{Severity: OK, Object: object, Message: fmt.Sprintf(format, args...)}
}

// unknownFinding is what could not be looked at, which says nothing against the installation.
func unknownFinding(object string, err error) Finding {
	return Finding{
		Severity: Unknown, Object: object, Message: "could not be looked at: " + err.Error(),
		Why: "What is wrong there, if anything, is not known.",
	}
}

// reinstall is the command that brings back what is missing of the installation, and what
// was changed since.
func (d *Doctor) reinstall() string {
	if d.found.helm == "" {
		return "kubectl apply --server-side --force-conflicts -f manifests/install.yaml"
	}
	command := fmt.Sprintf("helm upgrade %s manifests/chart --namespace %s --reset-then-reuse-values", d.found.helm, d.Namespace)
	if d.found.applied {
		command += " --force-conflicts" // which Helm 3, that applies nothing, does not know
	}
	return command
}
