package workload

import (
	"strings"

	"github.com/garboard-dev/garboard/internal/spelling"
)

// NamespaceFaults returns what is wrong with a namespace's labels and defaults.
func NamespaceFaults(n Namespace) []Fault {
	labels := []string{LabelEnabled, LabelValidate}
	faults := ReadSettings(&Object{}, n).Faults
	for _, e := range entries(n.Labels, onLabels) {
		detail := ""
		switch e.key {
		case LabelEnabled:
			detail = oneOf(booleans...)(e)
		case LabelValidate:
			detail = oneOf(string(Enforce), string(Warn), string(Off))(e)
		default:
			detail = "a namespace's defaults stand on its annotations; " + didYouMean(spelling.Nearest(e.key, labels)) +
				"labels that are read: " + strings.Join(labels, ", ")
		}
		if detail != "" && len(faults) < maxFaults {
			faults = append(faults, Fault{Path: e.path(), Key: e.key, Value: e.value, Detail: detail, Keel: e.keel, Namespace: true})
		}
	}
	return faults
}
