package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/blang/semver/v4"
	"github.com/distribution/reference"
	appsv1 "k8s.io/api/apps/v1"
)

// How many minor versions may be apart: what is installed among itself, for the time of an
// upgrade, and the program from what is installed.
const (
	installedSkew = 1
	cliSkew       = 2
)

// versions compares the images of both Deployments, and the program that asks. Tags are
// all that is known of them.
func (d *Doctor) versions(context.Context) []Finding {
	webhook, updater := imageOf(d.found.webhook), imageOf(d.found.updater)
	if webhook == "" || updater == "" {
		return []Finding{{Severity: Unknown, Message: "could not be looked at: a Deployment is missing, or could not be read"}}
	}
	var findings []Finding
	if webhook != updater {
		mend := d.reinstall()
		if _, err := reference.ParseNormalizedNamed(webhook); err == nil { // what is not is not to be typed
			mend = fmt.Sprintf("kubectl -n %s set image deployment/%s updater=%s (and in the values or the overlay that you install from)", d.Namespace, updaterName, webhook)
		}
		message := fmt.Sprintf("runs %s, and the webhook runs %s", updater, webhook)
		if tooFarApart(webhook, updater) {
			message += ", more than one minor version apart, which is too far even during an upgrade"
		}
		findings = append(findings, Finding{
			Severity: Warning, Object: "deployment/" + updaterName, Message: message,
			Why:  "Each writes what the other reads: they are made to be of one version, but for the time of an upgrade.",
			Mend: mend,
		})
	}
	if f := d.ownVersion(webhook); f != nil {
		findings = append(findings, *f)
	}
	if len(findings) == 0 {
		findings = append(findings, okFinding("", "webhook and updater run %s", webhook))
	}
	return findings
}

func (d *Doctor) ownVersion(image string) *Finding {
	installed, known := versionOf(image)
	own, err := semver.ParseTolerant(d.Version)
	if err != nil || !known {
		return nil
	}
	if within(own, installed, cliSkew) {
		return nil
	}
	return &Finding{
		Severity: Warning, Message: fmt.Sprintf("this program is of version %s, and %s is installed", own, installed),
		Why:  fmt.Sprintf("Beyond %d minor versions apart, it may not understand what it reads.", cliSkew),
		Mend: fmt.Sprintf("use the program of version %s", installed),
	}
}

// tooFarApart is true where both images tell their versions, and those must not run together
// even during an upgrade.
func tooFarApart(webhook, updater string) bool {
	a, known := versionOf(webhook)
	b, alsoKnown := versionOf(updater)
	return known && alsoKnown && !within(a, b, installedSkew)
}

// within is true for versions that are so many minor versions apart, or less.
func within(a, b semver.Version, minors uint64) bool {
	return a.Major == b.Major && max(a.Minor, b.Minor)-min(a.Minor, b.Minor) <= minors
}

// versionOf reads the version that a tag names.
func versionOf(image string) (semver.Version, bool) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return semver.Version{}, false
	}
	tagged, isTagged := named.(reference.Tagged)
	if !isTagged || !strings.HasPrefix(tagged.Tag(), "v") {
		return semver.Version{}, false
	}
	version, err := semver.ParseTolerant(tagged.Tag())
	return version, err == nil
}

func imageOf(deployment *appsv1.Deployment) string {
	if deployment == nil || len(deployment.Spec.Template.Spec.Containers) == 0 {
		return ""
	}
	return deployment.Spec.Template.Spec.Containers[0].Image
}
