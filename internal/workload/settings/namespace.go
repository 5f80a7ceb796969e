package settings

import (
	"strings"

	"github.com/garboard-dev/garboard/internal/spelling"
	"github.com/garboard-dev/garboard/internal/workload"
)

// NamespaceFaults returns what is wrong with a namespace's labels and defaults.
func NamespaceFaults(n workload.Namespace) []Fault {
	labels := []string{workload.LabelEnabled, workload.LabelValidate}
	faults := ReadSettings(&workload.Object{}, n).Faults
	for _, e := range findEntries(n.Labels, onLabels) {
		detail := ""
		switch e.key {
		case workload.LabelEnabled:
			detail = oneOf(booleans...)(e)
		case workload.LabelValidate:
			detail = oneOf(string(workload.Enforce), string(workload.Warn), string(workload.Off))(e)
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
