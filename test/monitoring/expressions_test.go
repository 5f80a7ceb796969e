package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

const component = root + "/manifests/components/monitoring"

// alert is one of the PrometheusRule.
type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) []alert {
	t.Helper()
	file, err := os.Open(component + "/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rule struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   map[string]any
		Spec       struct {
			Groups []struct {
				Name  string
				Rules []alert
			}
		}
	}
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&rule); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, group := range rule.Spec.Groups {
		all = append(all, group.Rules...)
	}
	if rule.Kind != "PrometheusRule" || len(all) == 0 {
		t.Fatalf("got %d alerts of a %s", len(all), rule.Kind)
	}
	return all
}

// panel is one of the dashboard.
type panel struct {
	ID          int
	Type, Title string
	Description string
	GridPos     struct{ H, W, X, Y int }
	FieldConfig struct{ Defaults struct{ Unit string } }
	Targets     []struct{ Expr, RefID, LegendFormat string }
	Datasource  struct{ Type, UID string }
}

func dashboard(t *testing.T) (uid string, panels []panel) {
	t.Helper()
	text, err := os.ReadFile(component + "/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID, Title string
		Panels     []panel
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	return board.UID, board.Panels
}

// A misspelt metric makes an alert that never fires and a panel that is empty.
func TestExpressions(t *testing.T) {
	known := metrics(t)
	expressions := map[string]string{}
	for _, a := range alerts(t) {
		expressions["alert "+a.Alert] = a.Expr
	}
	_, panels := dashboard(t)
	for _, p := range panels {
		for _, target := range p.Targets {
			expressions["panel "+p.Title+" "+target.RefID] = strings.NewReplacer(
				"$__rate_interval", "5m", "$namespace", "garboard").Replace(target.Expr)
		}
	}
	for name, expression := range expressions {
		t.Run(name, func(t *testing.T) {
			for _, fault := range faults(known, expression) {
				t.Error(fault)
			}
		})
	}
}

// faults are what an expression names that nobody serves.
func faults(known map[string]metric, expression string) []string {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	parser.Inspect(parsed, func(n parser.Node, path []parser.Node) error {
		selector, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		m, bucket, ok := series(known, selector.Name)
		if !ok {
			all = append(all, "there is no series "+selector.Name)
			return nil
		}
		for _, matcher := range selector.LabelMatchers {
			all = append(all, mismatches(m, bucket, selector.Name, matcher)...)
		}
		for _, outer := range path {
			all = append(all, grouped(m, bucket, selector.Name, outer)...)
		}
		return nil
	})
	return all
}

// mismatches are the faults of {label="value"}.
func mismatches(m metric, bucket bool, name string, matcher *labels.Matcher) []string {
	if matcher.Name == model.MetricNameLabel {
		return nil
	}
	if !m.has(matcher.Name, bucket) {
		return []string{fmt.Sprintf("%s has no label %s", name, matcher.Name)}
	}
	if slices.Contains(scraped, matcher.Name) || m.texts == nil {
		return nil
	}
	var all []string
	for _, value := range strings.Split(matcher.Value, "|") {
		if !m.texts[value] && value != "true" && value != "false" {
			all = append(all, fmt.Sprintf("%s never has %s=%q", name, matcher.Name, value))
		}
	}
	return all
}

// grouped are the faults of by (label) around a series.
func grouped(m metric, bucket bool, name string, outer parser.Node) []string {
	aggregate, ok := outer.(*parser.AggregateExpr)
	if !ok {
		return nil
	}
	var all []string
	for _, label := range aggregate.Grouping {
		if !m.has(label, bucket) {
			all = append(all, fmt.Sprintf("%s has no label %s to group by", name, label))
		}
	}
	return all
}

// The checks above must find what they are for.
func TestFaultsAreFound(t *testing.T) {
	known := metrics(t)
	for expression, want := range map[string]string{
		`sum(rate(garboard_updater_poll_total[5m]))`:                            "there is no series garboard_updater_poll_total",
		`garboard_updater_poll_lag_seconds`:                                     "there is no series garboard_updater_poll_lag_seconds",
		`garboard_updater_polls_total_sum`:                                      "there is no series garboard_updater_polls_total_sum",
		`garboard_updater_polls_total{result="failed"}`:                         "garboard_updater_polls_total has no label result",
		`garboard_updater_polls_total{outcome=~"failed|broken"}`:                `garboard_updater_polls_total never has outcome="broken"`,
		`sum by (host) (rate(garboard_updater_polls_total[5m]))`:                "garboard_updater_polls_total has no label host to group by",
		`sum by (le) (rate(garboard_updater_poll_lag_seconds_sum[5m]))`:         "garboard_updater_poll_lag_seconds_sum has no label le to group by",
		`sum by (le) (rate(garboard_updater_poll_lag_seconds_bucket[5m]))`:      "",
		`max by (host, pod) (garboard_registry_circuit_open{host="ghcr.io"}) >`: "unexpected end of input",
	} {
		t.Run(expression, func(t *testing.T) {
			got := strings.Join(faults(known, expression), "\n")
			if want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// An alert that wakes somebody tells where to go on, and that place is there.
func TestEveryAlertHasARunbook(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	headings := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^#### (Garboard\w+)$\n\n\S`).FindAllStringSubmatch(string(page), -1) {
		headings[match[1]] = true
	}
	names := map[string]bool{}
	for _, a := range alerts(t) {
		if names[a.Alert] {
			t.Errorf("%s is there twice", a.Alert)
		}
		names[a.Alert] = true
		if !headings[a.Alert] {
			t.Errorf("%s has no paragraph", a.Alert)
		}
		want := "https://github.com/garboard-dev/garboard/blob/main/docs/operations.md#" + strings.ToLower(a.Alert)
		if a.Annotations["runbook_url"] != want || a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
			t.Errorf("%s: got %+v", a.Alert, a.Annotations)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, a.Labels["severity"]) {
			t.Errorf("%s: severity %q", a.Alert, a.Labels["severity"])
		}
	}
	for name := range headings {
		if !names[name] {
			t.Errorf("there is no alert %s", name)
		}
	}
}

func TestDashboard(t *testing.T) {
	uid, panels := dashboard(t)
	if uid != "garboard" || len(panels) < 10 {
		t.Errorf("uid %q, %d panels", uid, len(panels))
	}
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range panels {
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("%s: the ID %d is not its own", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d lacks a title, a description, a unit or an expression: %+v", p.ID, p)
		}
		if p.Datasource.Type != "prometheus" || p.Datasource.UID != "$datasource" {
			t.Errorf("%s: got the data source %+v", p.Title, p.Datasource)
		}
		if p.GridPos.X < 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s is wider than the page", p.Title)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, is := taken[at]; is && other != p.Title {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
	}
}
