package notify_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"

	"github.com/garboard-dev/garboard/updater/notify"
)

// standard is what the standard library makes of a template.
func standard(t *testing.T, text string, n notify.Notice) string {
	t.Helper()
	parsed, err := template.New("template").Option("missingkey=error").Funcs(template.FuncMap{
		"json": func(value any) (string, error) { text, err := json.Marshal(value); return string(text), err },
	}).Parse(text)
	must(t, err)
	var out strings.Builder
	must(t, parsed.Execute(&out, struct {
		Level, Reason, Kind, Namespace, Name, Text, Link string
		Changes                                          []notify.Change
		At                                               time.Time
	}{n.Level.String(), n.Reason, n.Kind, n.Namespace, n.Name, n.Text, n.Link, n.Changes, n.At}))
	return strings.TrimSpace(out.String())
}

func TestTemplatesAreThoseOfTheStandardLibrary(t *testing.T) {
	for name, text := range map[string]string{
		"a time":                           "{{.At}}",
		"a method with an argument":        `{{.At.Format "2006-01-02"}}`,
		"a method's argument from a pipe":  `{{"15:04" | .At.Format | printf "at %s"}}`,
		"methods one after the other":      `{{.At.UTC.Month.String}}`,
		"a method as an argument":          `{{printf "%d %s" .At.Year (.At.Format "Mon")}}`,
		"a method with methods for it":     `{{.At.In .At.UTC.Location}}`,
		"a method in parentheses":          `{{(.At.UTC).Format "15"}} {{(.At).Unix}}`,
		"a method of the dot":              `{{with .At}}{{.Year}} {{.Format "15:04"}}{{end}}`,
		"a method of a variable":           `{{$at := .At}}{{$at.Minute}} {{$at.UTC.Hour}} {{$.At.Second}} {{$x := $at.Day}}{{$x}}`,
		"methods in conditions":            `{{if .At.IsZero}}none{{else if gt .At.Year 2000}}{{.At.YearDay}}{{end}}`,
		"methods in a range":               `{{range $i, $change := .Changes}}{{$.At.Unix}} {{$change.To}}{{else}}{{.At.Day}}{{end}}`,
		"methods in a template of its own": `{{define "day"}}{{.Weekday}}{{end}}{{template "day" .At}} {{block "hour" .At.UTC}}{{.Hour}}{{end}}`,
		"methods of what a function gives": `{{range slice .Changes 0 (len .Changes)}}{{.To}}{{end}} {{len (.At.Format "15")}}`,
		"values as they compare":           `{{eq .At .At}} {{and .Name .At.IsZero}} {{or .Link .At.UTC}} {{not .At.IsZero}}`,
		"JSON of a time":                   `{"at": {{json .At}}, "year": {{json .At.Year}}, "changes": {{json .Changes}}}`,
		"escapes":                          `{{.Text | html}} {{js .Text}} {{urlquery .Text}} {{printf "%q" .Text}}`,
		"a name like a method's in quotes": `{{"Format"}} {{/* .At.Format */}}{{.Name}}`,
		"whole numbers and breaks":         `{{range 3}}{{if eq . 2}}{{break}}{{end}}{{.}}{{end}}`,
	} {
		t.Run(name, func(t *testing.T) {
			n := moved("web")
			if got, want := said(t, text, n), standard(t, text, n); got != want || want == "" {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// All methods of a time are tried that a template can call, but for those that answer with
// bytes or a duration.
func TestTemplatesCallTheMethodsOfATime(t *testing.T) {
	without := regexp.MustCompile("^(Append.*|Marshal.*|GobEncode|Sub)$")
	given := map[reflect.Type]string{
		reflect.TypeFor[int](): "1", reflect.TypeFor[string](): `"2006"`, reflect.TypeFor[time.Duration](): "60000000000",
		reflect.TypeFor[time.Time](): ".At", reflect.TypeFor[*time.Location](): ".At.Location",
	}
	for method := range reflect.TypeFor[time.Time]().Methods() {
		if method.Type.NumOut() != 1 || without.MatchString(method.Name) {
			continue
		}
		text := "{{.At." + method.Name
		for parameter := range slices.Values(slices.Collect(method.Type.Ins())[1:]) {
			text += " " + given[parameter]
		}
		text += "}}"
		n := moved("web")
		if got, want := said(t, text, n), standard(t, text, n); got != want || want == "" {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// What a template cannot be filled in with is said when the settings are read.
func TestMethodsThatAreNone(t *testing.T) {
	for name, test := range map[string]struct{ template, want string }{
		"a time's method of a text":        {`{{.Name.Format "15:04"}}`, "expected time.Time; got string"},
		"no argument":                      {`{{.At.Format}}`, "wrong number of args for Format"},
		"a method that a time has not":     {`{{.At.Formt "15:04"}}`, "can't evaluate field Formt in type time.Time"},
		"a function with a method's name":  {`{{Format .At "15:04"}}`, `function "Format" not defined`},
		"a method of what is not there":    {`{{.When.Format "15:04"}}`, "can't evaluate field When of a notice; allowed:"},
		"a field that a change has not":    {`{{range .Changes}}{{.Was}}{{end}}`, "can't evaluate field Was of a change; allowed:"},
		"a field of what a method returns": {`{{.At.UTC.Text}}`, "can't evaluate field Text in type time.Time"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := notify.Parse("f", []byte(head+"- {name: a, url: generic://localhost, template: '"+test.template+"'}\n"), nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %q in it", err, test.want)
			}
		})
	}
}

// The services are named here one by one, so that the program is without two of shoutrrr's:
// a new one of theirs is to be one of ours.
func TestServicesAreThoseOfShoutrrr(t *testing.T) {
	_, err := notify.ParseURL("pigeon://loft")
	if err == nil {
		t.Fatal("a service that does not exist is taken")
	}
	_, allowed, _ := strings.Cut(err.Error(), "allowed: ")
	names := (&router.ServiceRouter{}).ListServices()
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(name string) bool { return name == "logger" })
	if want := strings.Join(names, ", "); allowed != want {
		t.Errorf("got %s, want %s", allowed, want)
	}
}

func TestWebhookTakesNoTemplateOfShoutrrrs(t *testing.T) {
	_, err := notify.ParseURL("generic+https://hooks.example.com/x?template=mine")
	if want := `template "[redacted]"; allowed: json`; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}
