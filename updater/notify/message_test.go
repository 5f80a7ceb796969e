package notify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/garboard-dev/garboard/updater/notify"
)

// said is what a channel with a template sends of a notice.
func said(t *testing.T, template string, n notify.Notice) string {
	t.Helper()
	in := newInbox(t, nil)
	settings := "- name: ops\n  default: true\n  batch: 0s\n  level: debug\n  url: " + in.url() + "\n"
	if template != "" {
		settings += "  template: '" + template + "'\n"
	}
	w := newWorld(t, settings)
	w.dispatcher.Notify(n)
	return in.await(t, 1)[0]
}

// Tags are a registry's, names and annotations a tenant's: none of them may call
// people, or show an address as another.
func TestWhatOthersWroteDoesNothing(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"a mention of everyone":   {"app:@everyone", "app:@\u200beveryone"},
		"a mention of a channel":  {"app:<!channel>", "app:‹!channel>"},
		"a mention of a person":   {"<@U012AB>", "‹@\u200bU012AB>"},
		"a link in Slack's words": {"<http://evil|here>", "‹http://evil|here>"},
		"a link in Markdown":      {"[here](http://evil)", "[here]\u200b(http://evil)"},
		"several lines":           {"a\nb\r\nc", "a b  c"},
		"what turns text around":  {"a\u202eb\u200bc\x1b[31md", "abc[31md"},
		"a digest stays":          {"app@sha256:0123", "app@sha256:0123"},
		"an arrow stays":          {"1.2.7 -> 1.2.8", "1.2.7 -> 1.2.8"},
		"bytes that are no text":  {"a\xffb", "ab"},
		"a long text is cut":      {strings.Repeat("ä", 1000), strings.Repeat("ä", 511) + "…"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := moved("web", func(n *notify.Notice) {
				n.Reason, n.Text, n.Kind, n.Namespace, n.Name = test.text, test.text, test.text, test.text, test.text
				n.Changes = []notify.Change{{Container: test.text, From: test.text, To: test.text}}
			})
			for _, template := range []string{
				"{{.Text}}", "{{.Reason}}", "{{.Kind}}", "{{.Namespace}}", "{{.Name}}",
				"{{range .Changes}}{{.Container}}{{else}}x{{end}}", "{{range .Changes}}{{.From}}{{end}}", "{{range .Changes}}{{.To}}{{end}}",
			} {
				if got := said(t, template, n); got != test.want {
					t.Errorf("%s: got %q, want %q", template, got, test.want)
				}
			}
		})
	}
}

// A long text is cut, and a link behind it is not.
func TestLinkIsBehindTheText(t *testing.T) {
	const link = "https://garboard.example.com/approvals/team/web-5d41402abc4b2a76"
	n := moved("web", func(n *notify.Notice) { n.Text, n.Link = strings.Repeat("a", 600), link })
	if got, want := said(t, "", n), "Deployment team/web: "+strings.Repeat("a", 511)+"… "+link; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	card := `{"text": {{json .Text}}{{if .Link}}, "url": {{json .Link}}{{end}}}`
	if got := said(t, card, n); !strings.HasSuffix(got, `, "url": "`+link+`"}`) {
		t.Errorf("a card with a link: %q", got)
	}
	if got := said(t, card, moved("web")); strings.Contains(got, "url") {
		t.Errorf("a card without one: %q", got)
	}
}

func TestTemplates(t *testing.T) {
	tests := map[string]struct{ template, want string }{
		"none":               {"", line("web")},
		"the time":           {`{{.At.Format "15:04"}} {{.Name}}`, "03:04 web"},
		"the operator's own": {"<!here> {{.Name}}", "<!here> web"},
		"JSON":               {`{"text": {{json .Text}}, "to": {{json (index .Changes 0).To}}}`, ""},
		"by level":           {`{{if eq .Level "info"}}moved{{else}}trouble{{end}}`, "moved"},
		"blanks around it":   {"  {{.Name}}  ", "web"},
	}
	tests["JSON"] = struct{ template, want string }{
		`{"text": {{json .Text}}, "changes": {{json .Changes}}}`,
		`{"text": "web example.com/app:1.2.7 -> 1.2.8 (policy patch)", "changes": [{"container":"web","from":"example.com/app:1.2.7","to":"example.com/app:1.2.8"}]}`,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := said(t, test.template, moved("web")); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A program that takes JSON gets JSON of each notice, however long that is.
func TestATemplateOfJSONMakesJSONOfEachNotice(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0123456789abcdef", 4)
	for name, change := range map[string]func(n *notify.Notice){
		"of many containers with digests": func(n *notify.Notice) {
			for i := range 12 {
				n.Changes = append(n.Changes, notify.Change{Container: fmt.Sprint("c", i), From: "registry.example.com/team/app:1.2.7" + digest, To: "registry.example.com/team/app:1.2.8" + digest})
			}
		},
		"of a text of four bytes a character": func(n *notify.Notice) { n.Text = strings.Repeat("\U0001f680", 600) },
		"of texts that JSON escapes": func(n *notify.Notice) {
			n.Changes[0].From, n.Changes[0].To = strings.Repeat(`"`, 600), strings.Repeat(`\`, 600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := said(t, `{"text": {{json .Text}}, "changes": {{json .Changes}}}`, moved("web", change))
			var got struct {
				Text    string
				Changes []notify.Change
			}
			if err := json.Unmarshal([]byte(text), &got); err != nil || got.Text == "" || len(got.Changes) == 0 || len(text) > 2048 {
				t.Errorf("got %d bytes, %v: %s", len(text), err, text)
			}
		})
	}
}

// What a template cannot be filled in with is not lost.
func TestATemplateThatFailsGivesWayToTheDefault(t *testing.T) {
	const second = `{{if gt (len .Changes) 1}}{{(index .Changes 7).To}}{{end}}x`
	n := moved("web", func(n *notify.Notice) { n.Changes = append(n.Changes, n.Changes[0]) })
	if got := said(t, second, n); got != line("web") {
		t.Errorf("got %q, want %q", got, line("web"))
	}
}

// A template may be a filter: what it says nothing of is not sent.
func TestAnEmptyLineIsNotSent(t *testing.T) {
	in := newInbox(t, nil)
	w := newWorld(t, `- {name: ops, default: true, batch: 0s, template: '{{if ne .Name "web"}}{{.Name}}{{end}}', url: `+in.url()+"}")
	w.dispatcher.Notify(moved("web"))
	w.dispatcher.Notify(moved("db"))
	if got := in.await(t, 1)[0]; got != "db" {
		t.Errorf("got %q, want db", got)
	}
	w.wantCount("ops", "sent", 2)
}

func TestAMessageIsBounded(t *testing.T) {
	in := newInbox(t, nil)
	w := newWorld(t, "- {name: ops, default: true, batch: 1h, maxLines: 100, template: '{{range .Changes}}{{.To}}{{end}}', url: "+in.url()+"}")
	for range 60 {
		w.dispatcher.Notify(moved("web", func(n *notify.Notice) {
			n.Changes = nil
			for range 50 {
				n.Changes = append(n.Changes, notify.Change{To: strings.Repeat("ü", 600)})
			}
		}))
	}
	w.end()
	got := in.await(t, 1)[0]
	if len(got) > 4096 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…\nand 57 more") {
		t.Errorf("got %d bytes that end with %q, want 4096 at most and a count of the rest", len(got), got[max(0, len(got)-40):])
	}
}
