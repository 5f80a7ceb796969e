package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/blang/semver/v4"
	"github.com/distribution/reference"
	appsv1 "k8s.io/api/apps/v1"
)

// cliSkew is how many minor versions the program may be apart from what is installed.
const cliSkew = 2

// versions compares the images of both Deployments, and the program that asks. Tags are
// all that is known of them.
func (d *Doctor) versions(context.Context) []Finding {
	webhook, updater := imageOf(d.found.webhook), imageOf(d.found.updater)
	if webhook == "" || updater == "" {
		return []Finding{{Severity: Unknown, Message: "could not be looked at: a Deployment is missing"}}
	}
	var findings []Finding
	if webhook != updater {
		mend := d.reinstall()
		if _, err := reference.ParseNormalizedNamed(webhook); err == nil { // what is not is not to be typed
			mend = fmt.Sprintf("kubectl -n %s set image deployment/%s updater=%s (and in the values or the overlay that you install from)", d.Namespace, updaterName, webhook)
		}
		findings = append(findings, Finding{
			Severity: Warning, Object: "deployment/" + updaterName, Message: fmt.Sprintf("runs %s, and the webhook runs %s", updater, webhook),
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
	apart := max(own.Minor, installed.Minor) - min(own.Minor, installed.Minor)
	if own.Major == installed.Major && apart <= cliSkew {
		return nil
	}
	return &Finding{
		Severity: Warning, Message: fmt.Sprintf("this program is of version %s, and %s is installed", own, installed),
		Why:  fmt.Sprintf("Beyond %d minor versions apart, it may not understand what it reads.", cliSkew),
		Mend: fmt.Sprintf("use the program of version %s", installed),
	}
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
