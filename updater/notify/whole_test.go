package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/updater/notify"
)

// taker is a service that speaks its own protocol here, and what it makes of a request.
type taker struct {
	url, host string // host is "" for one's own server, and %s in the URL is it then
	answer    http.HandlerFunc
	text      func(t *testing.T, body string) string
	// most is how many characters it takes of one message; 0 is all.
	most int
}

// field reads a text of a JSON document by its path; a list gives a line for each item.
func field(path ...string) func(*testing.T, string) string {
	return func(t *testing.T, body string) string {
		t.Helper()
		value := object(t, body)
		for i, name := range path {
			switch at := value.(type) {
			case map[string]any:
				value = at[name]
			case []any:
				var lines []string
				for _, item := range at {
					text, err := json.Marshal(item)
					if err != nil {
						t.Fatal(err)
					}
					lines = append(lines, field(path[i:]...)(t, string(text)))
				}
				return strings.Join(lines, "\n")
			}
		}
		text, ok := value.(string)
		if !ok {
			t.Fatalf("no text at %v: %s", path, body)
		}
		return text
	}
}

func asItIs(_ *testing.T, body string) string { return body }

func takers() map[string]taker {
	attachments, ok := field("attachments", "text"), replies(200, "ok")
	return map[string]taker{
		"slack, by a webhook":   {slackURL, "hooks.slack.com", ok, attachments, 0},
		"slack, by a bot":       {slackBotURL, "slack.com", replies(200, `{"ok": true}`), attachments, 0},
		"discord":               {discordURL, "discord.com", replies(204, ""), field("content"), 2000},
		"discord, a line each":  {discordURL + "?splitLines=yes", "discord.com", replies(204, ""), field("content"), 2000},
		"discord, with a title": {discordURL + "?title=Images", "discord.com", replies(204, ""), field("embeds", "description"), 2000},
		"telegram":              {telegramURL, "api.telegram.org", replies(200, `{"ok": true}`), field("text"), 4096},
		"teams, by a connector": {teamsURL, "contoso.webhook.office.com", replies(200, "1"), field("sections", "text"), 0},
		"teams, by a workflow":  {workflowsURL, "prod-01.westeurope.logic.azure.com", replies(202, ""), asItIs, 0},
		"mattermost":            {"mattermost://garboard@%s/hooktoken/town-square?disabletls=yes", "", ok, field("text"), 0},
		"a webhook, as text":    {"generic+http://%s/in", "", ok, asItIs, 0},
		"a webhook, as JSON":    {"generic+http://%s/in?template=json", "", ok, field("message"), 0},
	}
}

// own is a server of one's own.
type own struct {
	mu       sync.Mutex
	answer   http.HandlerFunc
	requests []received
}

func newOwn(t *testing.T) (*own, string) {
	t.Helper()
	o := &own{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		o.mu.Lock()
		o.requests = append(o.requests, received{r.URL.RequestURI(), r.Header.Get("Content-Type"), string(body)})
		answer := o.answer
		o.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return o, strings.TrimPrefix(server.URL, "http://")
}

// sends sends a message to a service that answers so, and returns what arrived there.
func (s taker) sends(t *testing.T, message string, answer http.HandlerFunc) ([]received, error) {
	t.Helper()
	local, address := newOwn(t)
	local.answer = answer
	internet.answer(map[string]http.HandlerFunc{s.host: answer})
	text := s.url
	if s.host == "" {
		text = fmt.Sprintf(s.url, address)
	}
	u, err := notify.ParseURL(text)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = notify.Send(ctx, u, message)
	if s.host != "" {
		return internet.got(s.host), err
	}
	local.mu.Lock()
	defer local.mu.Unlock()
	return local.requests, err
}

// messages are short ones and long ones, of which some have to be sent in parts.
func messages() map[string]string {
	numbered := func(n int) string {
		var lines []string
		for i := range n {
			lines = append(lines, fmt.Sprintf("Deployment shop/web-%d: example.com/app:1.2.7 -> 1.2.8", i))
		}
		return strings.Join(lines, "\n")
	}
	return map[string]string{
		"1 line": numbered(1), "12 lines": numbered(12), "25 lines": numbered(25), "300 lines": numbered(300),
		"5000 characters":                     strings.Repeat("0123456789", 500),
		"5000 characters of two bytes":        strings.Repeat("äöüßéèêñçø", 500),
		"5000 characters of two units each":   strings.Repeat("😀😁😂😃😄😅😆😇😈😉", 500),
		"a line of 5000 characters in others": numbered(3) + "\n" + strings.Repeat("0123456789", 500) + "\n" + numbered(3),
	}
}

// What arrives is what was sent, in order, once. A message of more than ten lines lost
// the first ones at Discord, and had the last twice.
func TestMessagesArriveWhole(t *testing.T) {
	for service, s := range takers() {
		for name, message := range messages() {
			t.Run(service+" gets "+name, func(t *testing.T) {
				requests, err := s.sends(t, message, s.answer)
				if err != nil {
					t.Fatal(err)
				}
				var got strings.Builder
				for _, r := range requests {
					text := s.text(t, r.Body)
					if n := len([]rune(text)); s.most > 0 && n > s.most {
						t.Errorf("a part has %d characters, more than the %d that the service takes", n, s.most)
					}
					got.WriteString(strings.ReplaceAll(text, "\n", ""))
				}
				if want := strings.ReplaceAll(message, "\n", ""); got.String() != want {
					t.Errorf("got %d bytes in %d requests, want %d:\n%.300s", got.Len(), len(requests), len(want), got.String())
				}
				if s.most == 0 && len(requests) != 1 {
					t.Errorf("got %d requests, want 1", len(requests))
				}
			})
		}
	}
}

func TestMailArrivesWhole(t *testing.T) {
	server := newMailServer(t)
	u, err := notify.ParseURL("smtp://" + server.address + "/?from=garboard@example.com&to=ops@example.com&starttls=no")
	must(t, err)
	for name, message := range messages() {
		t.Run(name, func(t *testing.T) {
			must(t, notify.Send(t.Context(), u, message))
			mails := server.take()
			if len(mails) != 1 {
				t.Fatalf("got %d mails, want 1", len(mails))
			}
			_, body, _ := strings.Cut(mails[0], "\r\n\r\n")
			body = strings.TrimRight(strings.TrimSuffix(body, ".\r\n"), "\r\n")
			read, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
			must(t, err)
			if got := strings.ReplaceAll(string(read), "\r\n", "\n"); got != message {
				t.Errorf("got %d bytes, want %d:\n%.300s", len(got), len(message), got)
			}
		})
	}
}

// A redirect that makes a GET of a POST takes the message nowhere, whatever is there.
func TestRedirectsThatLoseTheMessageAreFailures(t *testing.T) {
	for service, s := range takers() {
		for _, status := range []int{300, 301, 302, 303, 304} {
			for _, location := range []string{"", "/elsewhere"} {
				t.Run(fmt.Sprintf("%s answers %d %s", service, status, location), func(t *testing.T) {
					requests, err := s.sends(t, "text", redirects(status, location, s.answer))
					if err == nil {
						t.Errorf("counts as sent, by %d requests", len(requests))
					}
				})
			}
		}
	}
}

// Behind 307 and 308 the message is sent again.
func TestRedirectsThatKeepTheMessageAreFollowed(t *testing.T) {
	for service, s := range takers() {
		for _, status := range []int{307, 308} {
			t.Run(fmt.Sprintf("%s answers %d", service, status), func(t *testing.T) {
				requests, err := s.sends(t, "text", redirects(status, "/elsewhere", s.answer))
				if err != nil || len(requests) != 2 {
					t.Fatalf("%d requests, error %v", len(requests), err)
				}
				if got := s.text(t, requests[1].Body); got != "text" || requests[1].Path != "/elsewhere" {
					t.Errorf("got %q at %s", got, requests[1].Path)
				}
			})
		}
	}
}

func redirects(status int, location string, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			then(w, r)
			return
		}
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
	}
}

// shoutrrr's documentation leaves out the port of PagerDuty, and the host: messages
// went to port 0.
func TestPagerDutyNeedsNoPort(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	for name, url := range map[string]string{
		"neither host nor port": "pagerduty:///" + key, "no port": "pagerduty://events.pagerduty.com/" + key, "both": "pagerduty://events.pagerduty.com:443/" + key,
	} {
		t.Run(name, func(t *testing.T) {
			s := taker{url: url, host: "events.pagerduty.com"}
			requests, err := s.sends(t, "text", replies(202, `{"status": "success"}`))
			if err != nil || len(requests) != 1 {
				t.Fatalf("%d requests, error %v", len(requests), err)
			}
			if got := field("payload", "summary")(t, requests[0].Body); got != "text" || requests[0].Path != "/v2/enqueue" {
				t.Errorf("got %q at %s", got, requests[0].Path)
			}
		})
	}
}
