// Package monitoring tries the alerts and the dashboard of manifests/components:
// every expression is parsed by Prometheus itself, every metric and label that it
// names is looked for in the sources, and every alert is seen to fire and to be
// silent. It is a module of its own, so that Prometheus is no dependency of
// Garboard.
package monitoring

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is that of the repository.
const root = "../.."

// metric is one that the sources make.
type metric struct {
	labels    []string
	histogram bool
	// texts are the string literals of the package that makes it: among them are
	// the values of its labels.
	texts map[string]bool
}

// foreign are those of libraries. test/e2e sees that they are served.
func foreign() map[string]metric {
	return map[string]metric{
		"leader_election_master_status": {labels: []string{"name"}},
		"process_resident_memory_bytes": {},
		"process_cpu_seconds_total":     {},
	}
}

// scraped are labels that the scraper adds.
var scraped = []string{"pod", "namespace", "job", "instance", "container"}

// metrics finds the metrics where they are made.
func metrics(t *testing.T) map[string]metric {
	t.Helper()
	found := foreign()
	for _, folder := range []string{"certs", "cmd", "internal", "resolver", "updater", "webhook"} {
		folders := map[string][]*ast.File{}
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			folders[filepath.Dir(path)] = append(folders[filepath.Dir(path)], file)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, files := range folders {
			made(files, found)
		}
	}
	if len(found) < 30 {
		t.Fatalf("no more than %d metrics were found", len(found))
	}
	return found
}

// made adds the metrics of one package.
func made(files []*ast.File, found map[string]metric) {
	texts, lists := map[string]bool{}, map[string][]string{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil {
					texts[text] = true
				}
			case *ast.AssignStmt: // a list that several metrics share
				for i, right := range n.Rhs {
					name, ok := n.Lhs[min(i, len(n.Lhs)-1)].(*ast.Ident)
					if list := literals(right, nil); ok && list != nil {
						lists[name.Name] = list
					}
				}
			}
			return true
		})
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name, m, ok := constructed(n, lists); ok {
					m.texts = texts
					found[name] = m
				}
			case *ast.CompositeLit: // one without labels, which another package makes of its options
				name, ok := named(n)
				if _, is := found[name]; ok && !is {
					found[name] = metric{texts: texts}
				}
			}
			return true
		})
	}
}

// constructed reads prometheus.NewCounterVec(prometheus.CounterOpts{…}, labels)
// and its like.
func constructed(call *ast.CallExpr, lists map[string][]string) (string, metric, bool) {
	called, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 || !strings.HasPrefix(called.Sel.Name, "New") {
		return "", metric{}, false
	}
	m := metric{histogram: strings.HasPrefix(called.Sel.Name, "NewHistogram")}
	if called.Sel.Name == "NewDesc" && len(call.Args) == 4 {
		m.labels = literals(call.Args[2], lists)
		return text(call.Args[0]), m, text(call.Args[0]) != ""
	}
	options, ok := call.Args[0].(*ast.CompositeLit)
	if !ok {
		return "", m, false
	}
	if len(call.Args) > 1 {
		m.labels = literals(call.Args[1], lists)
	}
	name, ok := named(options)
	return name, m, ok
}

// named reads the name in prometheus.CounterOpts{…} and its like.
func named(options *ast.CompositeLit) (string, bool) {
	kind, ok := options.Type.(*ast.SelectorExpr)
	if !ok || !strings.HasSuffix(kind.Sel.Name, "Opts") {
		return "", false
	}
	parts := map[string]string{}
	for _, element := range options.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				parts[key.Name] = text(pair.Value)
			}
		}
	}
	return strings.TrimPrefix(parts["Namespace"]+"_"+parts["Name"], "_"), parts["Name"] != ""
}

func text(e ast.Expr) string {
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		return ""
	}
	return value
}

// literals reads []string{"a", "b"}, or a variable that has it.
func literals(e ast.Expr, lists map[string][]string) []string {
	switch e := e.(type) {
	case *ast.Ident:
		return lists[e.Name]
	case *ast.CompositeLit:
		if array, ok := e.Type.(*ast.ArrayType); !ok || array.Len != nil {
			return nil
		}
		var list []string
		for _, element := range e.Elts {
			list = append(list, text(element))
		}
		return list
	default:
		return nil
	}
}

// series finds the metric that a series belongs to.
func series(known map[string]metric, name string) (m metric, bucket, ok bool) {
	if m, ok := known[name]; ok {
		return m, false, !m.histogram
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, is := strings.CutSuffix(name, suffix); is {
			m, ok := known[base]
			return m, suffix == "_bucket", ok && m.histogram
		}
	}
	return metric{}, false, false
}

// has reports whether the series of a metric can have a label.
func (m metric) has(label string, bucket bool) bool {
	return slices.Contains(m.labels, label) || slices.Contains(scraped, label) || bucket && label == "le"
}
