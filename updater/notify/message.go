package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	template "github.com/DataDog/datadog-agent/pkg/template/text"

	"github.com/garboard-dev/garboard/internal/printable"
)

// Bounds on what is sent. Telegram takes 4096 bytes, the least of all.
const (
	maxField   = 512  // of what a notice gives, in characters
	maxLine    = 2048 // in bytes
	maxMessage = 3500 // in bytes
	maxChanges = 20
)

// DefaultTemplate is the line of a notice where a channel has no template.
const DefaultTemplate = "{{.Kind}} {{.Namespace}}/{{.Name}}: {{.Text}}{{if .Link}} {{.Link}}{{end}}"

// view is what a template sees of a notice. All texts are other people's, so
// they are harmless already: bounded, on one line, and without mentions.
type view struct {
	Level, Reason         string
	Kind, Namespace, Name string
	Text                  string
	// Link is the operator's own address, with names of Kubernetes behind it.
	Link    string
	Changes []Change
	At      time.Time
}

func viewOf(n Notice) view {
	v := view{
		Level: n.Level.String(), Reason: harmlessText(n.Reason),
		Kind: harmlessText(n.Kind), Namespace: harmlessText(n.Namespace), Name: harmlessText(n.Name),
		Text: harmlessText(n.Text), Link: n.Link, At: n.At,
	}
	for _, c := range n.Changes[:min(len(n.Changes), maxChanges)] {
		v.Changes = append(v.Changes, Change{Container: harmlessText(c.Container), From: harmlessText(c.From), To: harmlessText(c.To)})
	}
	return v
}

// exampleNotice is a notice as they come, to try templates and channels with.
func exampleNotice(at time.Time) Notice {
	return Notice{
		Level: LevelInfo, Reason: "ImageUpdated", Kind: "Deployment", Namespace: "team", Name: "web",
		Text:    "web example.com/app:1.2.7 -> 1.2.8 (policy patch)",
		Changes: []Change{{Container: "web", From: "example.com/app:1.2.7", To: "example.com/app:1.2.8"}},
		At:      at,
	}
}

// parseTemplate reads a template and tries it once: what it names must exist.
func parseTemplate(text string) (*template.Template, error) {
	t, err := compileTemplate(text)
	if err != nil {
		return nil, err
	}
	with := exampleNotice(time.Unix(0, 0).UTC())
	without := with // such as one that a gate holds back
	without.Changes = nil
	for _, n := range []Notice{with, without} {
		tried, err := lineOf(t, n)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(tried, "…") {
			return nil, fmt.Errorf("template: the line of an ordinary notice has more than %d bytes", maxLine)
		}
	}
	return t, nil
}

// asJSON writes a value as JSON, for services that take it.
func asJSON(value any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// lineOf is what a template makes of a notice, without blanks around it. Of a notice that is
// too long for a line the template gets less: half a document would be none.
func lineOf(t *template.Template, n Notice) (string, error) {
	for v := viewOf(n); ; {
		out := &bounded{left: maxLine}
		err := t.Execute(out, v)
		text := strings.TrimSpace(strings.ToValidUTF8(out.text.String(), ""))
		switch {
		case !errors.Is(err, errBound):
			return text, err
		case !v.shorten():
			return text + "…", nil
		}
	}
}

// shorten leaves half of the changes, but for one, and then half of the texts. It is false
// where they are short.
func (v *view) shorten() bool {
	const short = 32
	if len(v.Changes) > 1 {
		v.Changes = v.Changes[:len(v.Changes)/2]
		return true
	}
	shortened := false
	cut := func(text *string) {
		if n := utf8.RuneCountInString(*text); n > short {
			*text, shortened = printable.OneLine(*text, n/2), true
		}
	}
	cut(&v.Text)
	for i := range v.Changes {
		cut(&v.Changes[i].Container)
		cut(&v.Changes[i].From)
		cut(&v.Changes[i].To)
	}
	return shortened
}

var errBound = errors.New("more than may be said")

// bounded ends a template that would write without end.
type bounded struct {
	text strings.Builder
	left int
}

func (b *bounded) Write(data []byte) (int, error) {
	if len(data) > b.left {
		b.text.Write(data[:b.left])
		b.left = 0
		return 0, errBound
	}
	b.left -= len(data)
	return b.text.Write(data)
}

// message is what a channel sends for some notices: a line each, as far as there
// is room, and a count of the others. It is empty where the template has nothing
// to say of any. The error is of a template that fails; the notice has the
// default's line then.
func (c *Channel) message(notices []Notice) (string, error) {
	var text strings.Builder
	var failed error
	shown, more := 0, 0
	for _, n := range notices {
		line, err := lineOf(c.Template, n)
		if err != nil {
			failed = fmt.Errorf("filling in the template: %w", err)
			v := viewOf(n)
			line = fmt.Sprintf("%s %s/%s: %s", v.Kind, v.Namespace, v.Name, v.Text)
		}
		switch {
		case line == "":
		case shown >= c.MaxLines, shown > 0 && text.Len()+len(line) > maxMessage:
			more++
		default:
			if shown > 0 {
				text.WriteByte('\n')
			}
			text.WriteString(line)
			shown++
		}
	}
	if more > 0 {
		fmt.Fprintf(&text, "\nand %d more", more)
	}
	return text.String(), failed
}

// harmlessText is a text of others as a message may have it. In chats @everyone,
// <!channel> and [text](address) do something; a character that cannot be seen
// in front of them, or another bracket, makes them text. Digests stay as they
// are, so that they can be copied.
func harmlessText(text string) string {
	var b strings.Builder
	text = printable.OneLine(text, maxField)
	for i, r := range text {
		rest := text[i+len(string(r)):]
		switch {
		case r == '@' && !strings.HasPrefix(rest, "sha256:") && !strings.HasPrefix(rest, "sha512:"):
			b.WriteString("@\u200b")
		case r == '<':
			b.WriteRune('‹')
		case r == ']' && strings.HasPrefix(rest, "("):
			b.WriteString("]\u200b")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
