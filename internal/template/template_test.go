package template_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	texttemplate "text/template"
	"time"

	"github.com/garboard-dev/garboard/internal/template"
)

type inner struct {
	Name string
	Size uint16
}

type data struct {
	inner
	*hidden
	Text, Empty string
	Yes         bool
	Number      int
	Small       int8
	Half        float64
	List        []inner
	Words       []string
	None        []string
	Map         map[string]int
	Sizes       map[int]string
	Any, Nil    any
	Inner       *inner
	Missing     *inner
	At          time.Time
	For         time.Duration
	Failed      error
	Pair        [2]int
}

type hidden struct{ Deep string }

func example() data {
	return data{
		inner: inner{"embedded", 7}, Text: "a <b> & 'c'", Yes: true, Number: -3, Small: 5, Half: 0.5,
		List: []inner{{"first", 1}, {"second", 2}}, Words: []string{"x", "y", "z"},
		Map: map[string]int{"b": 2, "a": 1}, Sizes: map[int]string{10: "ten", 9: "nine", -1: "minus"}, Any: inner{"any", 9},
		Inner: &inner{"pointed", 3}, At: time.Date(2026, 11, 30, 9, 8, 7, 0, time.UTC), For: 90 * time.Second,
		Failed: errors.New("went wrong"), Pair: [2]int{4, 5},
	}
}

func functions() map[string]any {
	return map[string]any{
		"json":   func(v any) (string, error) { out, err := json.Marshal(v); return string(out), err },
		"lower":  strings.ToLower,
		"join":   func(by string, words ...string) string { return strings.Join(words, by) },
		"half":   func(f float64) float64 { return f / 2 },
		"unsign": func(u uint8) uint8 { return u },
		"fail":   func() (string, error) { return "", errors.New("on purpose") },
		"panics": func() string { panic("on purpose") },
		"name":   func(i *inner) string { return i.Name },
		"value":  func(i inner) string { return i.Name },
	}
}

// samples are templates in which each part of the language is used, rightly and wrongly.
func samples() []string {
	return []string{
		"", "plain", "{{/* nothing */}}", "{{- 1 -}}  x", "{{.Text}}", "{{.}}", "{{.Name}} {{.inner}}", "{{.Deep}}", "{{.hidden}}",
		"{{.Number}} {{.Small}} {{.Half}} {{.Yes}}", "{{.List}} {{.Map}} {{.Words}} {{.Pair}}", "{{.Inner}} {{.Inner.Name}} {{.Missing}}",
		"{{.Missing.Name}}", "{{.Missing.Nope}}", "{{.Nope}}", "{{.Text.Nope}}", "{{.Any}} {{.Any.Name}}", "{{.Nil}}", "{{.Nil.Name}}", "{{.Failed}}",
		"{{.Map.a}}", "{{.Map.zz}}", "{{index .Map \"b\"}}", "{{index .Map \"zz\"}}", "{{index .Words 1}}", "{{index .Words 3}}", "{{index .Words -1}}",
		"{{index .List 1 }}", "{{(index .List 0).Name}}", "{{index .Text 0}}", "{{index .Nil 0}}", "{{index .Number 0}}", "{{index .Words \"a\"}}", "{{index .Pair .Small}}",
		"{{index .Map 1}}", "{{index .Sizes 9}}", "{{index .Text}}", "{{index}}",
		"{{if .Yes}}a{{else}}b{{end}}", "{{if .None}}a{{else if .Empty}}b{{else}}c{{end}}", "{{if not .Number}}a{{end}}", "{{if .Missing}}a{{else}}b{{end}}",
		"{{if .At}}a{{end}}", "{{if .Nil}}a{{else}}b{{end}}", "{{if and .Yes .Empty}}a{{else}}b{{end}}", "{{if or .Empty .Text}}a{{end}}",
		"{{and .Yes .Number .Half}} {{or .Empty .None .Text}}", "{{and}}", "{{or .Empty}}", "{{.Text | and .Yes}}", "{{.Text | or .Yes}}", "{{or .Yes (fail)}}", "{{and .Yes (fail)}}",
		"{{with .Inner}}{{.Name}}{{else}}none{{end}}", "{{with .Missing}}{{.Name}}{{else}}none{{end}}", "{{with $x := .Inner}}{{$x.Name}}{{$.Text}}{{end}}",
		"{{with .None}}a{{else with .Text}}{{.}}{{end}}",
		"{{range .Words}}{{.}},{{end}}", "{{range $i, $w := .Words}}{{$i}}={{$w}} {{end}}", "{{range $w := .List}}{{$w.Name}}{{$w.Size}}{{end}}", "{{range .None}}a{{else}}none{{end}}",
		"{{range $k, $v := .Map}}{{$k}}={{$v}} {{end}}", "{{range $k, $v := .Sizes}}{{$k}}={{$v}} {{end}}", "{{range 3}}{{.}}{{end}}", "{{range $i := 3}}{{$i}}{{end}}", "{{range $i, $j := 3}}{{$i}}{{end}}", "{{range 0}}a{{else}}b{{end}}",
		"{{range .Text}}a{{end}}", "{{range .Nil}}a{{else}}b{{end}}", "{{range .Missing}}a{{else}}b{{end}}", "{{range .Yes}}{{end}}", "{{range .Pair}}{{.}}{{end}}", "{{range .Small}}{{.}}{{end}}",
		"{{range .Words}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}{{end}}", "{{range .Words}}{{if eq . \"y\"}}{{continue}}{{end}}{{.}}{{end}}", "{{range .Words}}{{range $.List}}{{break}}{{end}}{{.}}{{end}}",
		"{{break}}", "{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "{{$x := 1}}{{if .Yes}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}", "{{$x}}", "{{$x := .Words}}{{range $x}}{{$x = \"q\"}}{{end}}{{$x}}",
		"{{$i := 0}}{{range $i, $w = .Words}}{{end}}", "{{$i := 0}}{{$w := \"\"}}{{range $i, $w = .Words}}{{end}}{{$i}}{{$w}}", "{{$w := 1}}{{range $w = .Words}}{{end}}{{$w}}",
		"{{define \"t\"}}[{{.}}]{{end}}{{template \"t\" .Text}}", "{{template \"none\"}}", "{{define \"t\"}}[{{.}}]{{end}}{{template \"t\"}}", "{{block \"b\" .Inner}}{{.Name}}{{end}}", "{{define \"t\"}}{{$.Name}}{{$x}}{{end}}",
		"{{define \"t\"}}{{if gt . 0}}{{.}}{{end}}{{end}}{{range 4}}{{template \"t\" .}}{{end}}", "{{range .Words}}{{template \"t\" .}}{{end}}{{define \"t\"}}{{with .}}{{.}}{{end}}{{end}}",
		"{{print 1 2 \"a\" \"b\" nil}}", "{{println .Text .Nil}}", "{{printf \"%03d|%s|%v|%q\" .Number .Text .Nil .Name}}", "{{printf \"%d\" 1.5}}", "{{printf}}", "{{.Text | printf \"%s-%s\" \"a\"}}", "{{printf .Number}}", "{{printf \"%T %T %T %T\" 1 1.0 'a' 1i}}", "{{printf \"%v %v\" 0x1p4 0x10}}",
		"{{html .Text}} {{js .Text}} {{urlquery .Text .Number}}", "{{.Text | html | len}}", "{{len .Words}} {{len .Map}} {{len .Text}}", "{{len .Number}}", "{{len .Nil}}", "{{len}}",
		"{{slice .Words 1}} {{slice .Words 0 2}} {{slice .Text 2 4}} {{slice .Words}} {{slice .Words 0 1 2}}", "{{slice .Words 3 2}}", "{{slice .Words 9}}", "{{slice .Text 0 1 2}}", "{{slice .Number 1}}", "{{slice .Pair 1}}", "{{slice .Words 0 1 2 3}}",
		"{{eq .Number -3}} {{eq .Text \"x\" \"a <b> & 'c'\"}} {{ne .Small 5}} {{lt .Number 2}} {{le .Half 0.5}} {{gt .Text \"a\"}} {{ge .Size 7}}", "{{eq .Number .Text}}", "{{lt .Yes .Yes}}", "{{eq .Yes true}}", "{{eq .Nil nil}}", "{{eq .Missing nil}}", "{{eq .Inner nil}}", "{{eq .Missing .Inner}}", "{{eq .Words .Words}}",
		"{{eq .Size .Number}} {{lt .Number .Size}} {{gt .Size .Number}}", "{{eq .Any .Inner}}", "{{eq $ .At}}", "{{eq $ $}}", "{{eq .Any .At}}", "{{eq 1}}", "{{eq .Nil 1}}", "{{ne .Nil 1}}", "{{lt 1 2.0}}", "{{eq 1.5 1.5}}", "{{eq 1i 1i}}", "{{lt 1 nil}}", "{{eq .At .At}}", "{{lt .For 5}}", "{{not .Yes}} {{not}}", "{{not 1 2}}",
		"{{json .List}} {{json .Map}} {{.Words | json}} {{json nil}} {{json .Nil}}", "{{lower .Text}} {{lower \"ABC\"}} {{lower .Number}} {{lower 1}}", "{{lower 1}}", "{{lower true}}", "{{lower nil}}", "{{lower .Nil}}", "{{lower}}", "{{lower .Text .Text}}",
		"{{join \"-\" \"a\" .Text}} {{join \"-\"}} {{\"z\" | join \"-\" \"a\"}} {{\"z\" | join}}", "{{join}}", "{{half 1}} {{half 1.5}} {{half .Half}}", "{{half .Number}}", "{{half \"a\"}}", "{{unsign 7}}", "{{unsign -7}}", "{{fail}}", "{{fail | lower}}", "{{panics}}",
		"{{name .Inner}} {{value .Inner}} {{value .Any}}", "{{name .Missing}}", "{{value .Missing}}", "{{name .Any}}", "{{range .List}}{{name .}}{{value .}}{{end}}", "{{name nil}}",
		"{{1}} {{1.5}} {{'a'}} {{0x1F}} {{1e3}} {{true}} {{\"q\"}} {{`r`}} {{0b11}} {{1_000}}", "{{99999999999999999999}}", "{{18446744073709551615}}", "{{nil}}", "{{1 2}}", "{{.Text 1}}", "{{1 | .Text}}", "{{.Map.a 1}}", "{{$x := 1}}{{$x 2}}", "{{(1)}} {{(1) 2}}", "{{(.Inner).Name}} {{(.Inner.Name)}}", "{{nil.x}}", "{{(nil).x}}", "{{.Text | 1}}", "{{nope}}", "{{", "{{end}}", "{{if}}{{end}}",
		"{{.At}} {{.At.Year}} {{.At.Format \"15:04\"}} {{.At.Month}} {{.At.Month.String | lower}} {{.At.Weekday}} {{.At.Unix}} {{.At.UTC.Location}}", "{{\"2006\" | .At.Format}}", "{{.At.Format}}", "{{.At.Format 1}}", "{{.At.Date}}", "{{.At.Zone}}", "{{.At.Nope}}", "{{(.At.Add 60000000000).Minute}}", "{{.At.Sub .At}}", "{{(.At.Sub .At).Hours}}", "{{.At.AddDate 0 1 0}}", "{{.At.In .At.Location}}",
		"{{.For}} {{.For.Seconds}} {{.For.Round 60000000000}}", "{{.At.MarshalText | printf \"%s\"}}", "{{$t := .At}}{{$t.Hour}}:{{$t.Minute}}", "{{with .At}}{{.Second}}{{end}}", "{{.At.UnmarshalText nil}}", "{{.At.IsZero}} {{.At.Before .At}}", "{{.At.Location.String}}", "{{.At.YearDay 1}}", "{{.Text.Format}}",
	}
}

// both executes a template by text/template and by this package.
func both(text string, data any) (want, got string, wantErr, err error) {
	var wanted, made strings.Builder
	theirs, wantErr := texttemplate.New("t").Option("missingkey=error").Funcs(functions()).Parse(text)
	if wantErr == nil {
		wantErr = theirs.Execute(&wanted, data)
	}
	ours, err := template.Parse("t", text, functions(), template.TimeMethods())
	if err == nil {
		err = ours.Execute(&made, data)
	}
	return wanted.String(), made.String(), wantErr, err
}

func TestTemplatesDoWhatTextTemplateDoes(t *testing.T) {
	for _, text := range samples() {
		t.Run(text, func(t *testing.T) {
			want, got, wantErr, err := both(text, example())
			if got != want || (err == nil) != (wantErr == nil) {
				t.Errorf("got %q, %v\nwant %q, %v", got, err, want, wantErr)
			}
		})
	}
}

func FuzzTemplatesDoWhatTextTemplateDoes(f *testing.F) {
	for _, text := range samples() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// call is refused, and endless loops and widths end no test.
		for _, word := range []string{"call", "range", "template", "block", "define", "%"} {
			if strings.Contains(text, word) && !strings.Contains(strings.Join(samples(), "\x00"), text) {
				t.Skip()
			}
		}
		want, got, wantErr, err := both(text, example())
		if got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("got %q, %v\nwant %q, %v", got, err, want, wantErr)
		}
	})
}

func TestTimesHaveAllMethods(t *testing.T) {
	failure := reflect.TypeFor[error]()
	for typ, given := range template.TimeMethods() {
		if typ == reflect.TypeFor[time.Location]() {
			typ = reflect.PointerTo(typ)
		}
		for method := range typ.Methods() {
			out := method.Type.NumOut()
			usable := out == 1 || out == 2 && method.Type.Out(1) == failure
			if _, ok := given[method.Name]; ok != usable {
				t.Errorf("%s.%s is there: %t, and templates can call it: %t", typ, method.Name, ok, usable)
			}
		}
	}
}

func TestWhatIsNotThereIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{{call .Text}}":       `function "call" not defined`,
		"{{.At.Nope}}":         `template: t:1:5: executing "t" at <.At.Nope>: can't evaluate field Nope in type time.Time`,
		"{{fail}}":             `template: t:1:2: executing "t" at <fail>: error calling fail: on purpose`,
		"{{template \"t\" .}}": "more than 10000 times",
	} {
		t.Run(text, func(t *testing.T) {
			parsed, err := template.Parse("t", text, functions(), template.TimeMethods())
			if err == nil {
				err = parsed.Execute(&strings.Builder{}, example())
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}
