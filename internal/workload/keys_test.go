package workload_test

import (
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

type keys = workloadtest.Keys

// inTemplate puts a pod template's metadata and spec where the kind has them.
func inTemplate(kind workload.Kind, template map[string]any) map[string]any {
	root := template
	for i := len(kind.Template) - 1; i >= 0; i-- {
		root = map[string]any{kind.Template[i]: root}
	}
	return root
}
