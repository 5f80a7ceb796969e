package webhook_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
)

// dear is what is large in an object: the API server takes 3 MB of it, of which
// annotations have 256 KiB.
type dear struct {
	annotations, template map[string]string
	metadata, pod         map[string]any
}

const (
	annotationsRoom = 250 << 10
	objectRoom      = 1400 << 10
)

// repeated is a list of numbered pieces that fills the annotations.
func repeated(format string) string {
	var b strings.Builder
	for n := 0; b.Len() < annotationsRoom; n++ {
		if n > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, format, n)
	}
	return b.String()
}

// listed are items that fill an object, of so many bytes each.
func listed(each int, item func(n int) any) []any {
	var all []any
	for n := range objectRoom / each {
		all = append(all, item(n))
	}
	return all
}

func dearest() map[string]dear {
	container := func(n int) any {
		return map[string]any{"name": fmt.Sprintf("c%d", n), "image": fmt.Sprintf("r.example.com/a/b%d:1.2.%d", n, n%9)}
	}
	state := `{` + repeated(`"c%d":{"from":"r/a:1","results":[{"result":"1.2.0","from":"r/a:1","repository":"r/a","stored":"m/a:1.2.0"}]}`) + `}`
	results := `{"web":{"from":"r.example.com/a:1.2.0","results":[` +
		repeated(`{"result":"1.2.%d","from":"r.example.com/a:1.2.0","repository":"r.example.com/a","stored":"m.example.com/a:1"}`) + `]}}`
	mirrors := `{"web":{"from":"r.example.com/a:1.2.0","mirrors":[` + repeated(`{"repository":"r%d","stored":"s"}`) + `]}}`
	fields := func(n int) any {
		inner := map[string]any{}
		for i := range 300 {
			inner[fmt.Sprintf(`k:{"name":"c%d"}`, i)] = map[string]any{"f:image": map[string]any{}}
		}
		return map[string]any{"manager": fmt.Sprintf("m%d", n), "operation": "Apply", "fieldsV1": map[string]any{"f:spec": map[string]any{"f:template": map[string]any{"f:spec": map[string]any{"f:containers": inner}}}}}
	}
	term := func(n int) any {
		return map[string]any{"matchExpressions": []any{map[string]any{"key": "kubernetes.io/arch", "operator": "In", "values": []any{fmt.Sprintf("a%d", n)}}}}
	}
	return map[string]dear{
		"states of many containers":    {annotations: map[string]string{workload.AnnotationState: state}},
		"a state of many results":      {annotations: map[string]string{workload.AnnotationState: results}},
		"a state of many mirrors":      {annotations: map[string]string{workload.AnnotationState: mirrors}},
		"a state of nested lists":      {annotations: map[string]string{workload.AnnotationState: strings.Repeat("[", annotationsRoom)}},
		"many holds":                   {annotations: map[string]string{workload.AnnotationHold: repeated("c%d=1.2.3")}},
		"a long record":                {template: map[string]string{workload.AnnotationRecord: repeated("c%d=1.2.3")}},
		"a long bump":                  {template: map[string]string{workload.AnnotationBump: repeated("back/c%d=1.2.3")}},
		"a last-applied configuration": {annotations: map[string]string{"kubectl.kubernetes.io/last-applied-configuration": `{"spec":{"template":{"spec":{"containers":[` + repeated(`{"name":"c%d","image":"a"}`) + `]}}}}`}},
		"many unknown keys":            {annotations: manyKeys("garboard.dev/k%d")},
		"many keys of Keel's":          {annotations: manyKeys("keel.sh/k%d")},
		"many managed fields":          {metadata: map[string]any{"managedFields": listed(9000, fields)}},
		"many managers":                {metadata: map[string]any{"managedFields": listed(60, func(n int) any { return map[string]any{"manager": fmt.Sprint(n), "operation": "Apply"} })}},
		"many owners":                  {metadata: map[string]any{"ownerReferences": listed(60, func(n int) any { return map[string]any{"name": fmt.Sprint(n)} })}},
		"many labels":                  {metadata: map[string]any{"labels": anyOf(manyKeys("example.com/l%d"))}},
		"many containers":              {pod: map[string]any{"containers": listed(60, container)}},
		"many volumes": {pod: map[string]any{"volumes": listed(60, func(n int) any {
			return map[string]any{"name": fmt.Sprint(n), "image": map[string]any{"reference": "a/b:1.2.0"}}
		})}},
		"a long image":       {pod: map[string]any{"containers": []any{map[string]any{"name": "web", "image": strings.Repeat("a/", objectRoom/2)}}}},
		"an image of colons": {pod: map[string]any{"containers": []any{map[string]any{"name": "web", "image": "r.example.com/a" + strings.Repeat(":1", objectRoom/2)}}}},
		"many terms of affinity": {pod: map[string]any{"affinity": map[string]any{"nodeAffinity": map[string]any{
			"requiredDuringSchedulingIgnoredDuringExecution": map[string]any{"nodeSelectorTerms": listed(80, term)}}}}},
		"many selectors":    {pod: map[string]any{"nodeSelector": anyOf(manyKeys("kubernetes.io/l%d"))}},
		"many pull secrets": {pod: map[string]any{"imagePullSecrets": listed(20, func(n int) any { return map[string]any{"name": fmt.Sprint(n)} })}},
	}
}

func manyKeys(format string) map[string]string {
	all := map[string]string{}
	for n := range annotationsRoom / 20 {
		all[fmt.Sprintf(format, n)] = "v"
	}
	return all
}

func anyOf(texts map[string]string) map[string]any {
	all := map[string]any{}
	for key, value := range texts {
		all[key] = value
	}
	return all
}

func (d dear) object(t *testing.T, tag string) string {
	t.Helper()
	annotations := map[string]any{"garboard.dev/policy": "patch"}
	for key, value := range d.annotations {
		annotations[key] = value
	}
	metadata := map[string]any{"name": "web", "namespace": "on", "annotations": annotations}
	pod := map[string]any{"containers": []any{map[string]any{"name": "web", "image": "r.example.com/a:" + tag}}}
	for key, value := range d.metadata {
		metadata[key] = value
	}
	for key, value := range d.pod {
		pod[key] = value
	}
	return text(t, map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": map[string]any{
		"template": map[string]any{"metadata": map[string]any{"annotations": anyOf(d.template)}, "spec": pod}}})
}
