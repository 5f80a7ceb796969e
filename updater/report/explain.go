package report

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxFields is how many fields an explanation names.
const maxFields = 5

// byWebhook finds the name of the webhook that a refusal is about.
var byWebhook = regexp.MustCompile(`^(?:Internal error occurred: )?(admission webhook|failed calling webhook) "([a-zA-Z0-9.-]{1,253})"`)

// explainError puts an error in words that may be told: in an Event, a notification or a
// log. The API server's own text quotes values of the object, and a webhook's may; what
// stands in an object belongs to those who may read it.
func explainError(err error) string {
	var refused apierrors.APIStatus
	if !errors.As(err, &refused) {
		return err.Error()
	}
	status := refused.Status()
	text := "the API server refused it"
	if status.Reason != "" {
		text += " (" + string(status.Reason) + ")"
	}
	if found := byWebhook.FindStringSubmatch(status.Message); found != nil {
		if found[1] == "admission webhook" {
			return fmt.Sprintf("the admission webhook %q refused it", found[2])
		}
		return fmt.Sprintf("the webhook %q did not answer", found[2])
	}
	if fields := fieldsOf(status.Details); len(fields) > 0 {
		text += ": " + strings.Join(fields, ", ")
	}
	return text
}

// fieldsOf lists the fields that a refusal is about, with the kind of each fault.
func fieldsOf(details *metav1.StatusDetails) []string {
	if details == nil {
		return nil
	}
	fields := make([]string, 0, len(details.Causes))
	for _, cause := range details.Causes {
		if cause.Field == "" {
			continue
		}
		if len(fields) == maxFields {
			return append(fields, "and more")
		}
		fields = append(fields, cause.Field+" ("+string(cause.Type)+")")
	}
	return fields
}
