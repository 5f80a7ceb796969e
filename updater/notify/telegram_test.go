package notify_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/updater/notify"
)

// telegramChats plays Telegram, which does not know some chats, and takes no message that
// is to be read as Markdown and has a '_' without another.
type telegramChats struct {
	mu    sync.Mutex
	gone  map[string]bool
	taken []string // chat: text
}

func (c *telegramChats) answer(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := internet.got("api.telegram.org")
	var sent struct {
		Chat string `json:"chat_id"`
		Text string `json:"text"`
		Mode string `json:"parse_mode"`
	}
	_ = json.Unmarshal([]byte(requests[len(requests)-1].Body), &sent)
	switch {
	case c.gone[sent.Chat]:
		replies(400, `{"ok": false, "description": "Bad Request: chat not found"}`)(w, nil)
	case sent.Mode == "Markdown" && strings.Count(sent.Text, "_")%2 == 1:
		replies(400, `{"ok": false, "description": "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 9"}`)(w, nil)
	default:
		c.taken = append(c.taken, sent.Chat+": "+sent.Text)
		replies(200, `{"ok": true}`)(w, nil)
	}
}

func (c *telegramChats) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.taken)
}

// A chat that is gone costs the others nothing: neither their message, nor the same one
// again with each try.
func TestTelegramChatThatRefusesCostsOthersNothing(t *testing.T) {
	for name, chats := range map[string]string{"the first": "-9,-1,-2", "one between": "-1,-9,-2", "the last": "-1,-2,-9"} {
		t.Run(name, func(t *testing.T) {
			server := &telegramChats{gone: map[string]bool{"-9": true}}
			internet.answer(map[string]http.HandlerFunc{"api.telegram.org": server.answer})
			w := newWorld(t, "- {name: ops, default: true, batch: 0s, urlFile: "+strings.Replace(telegramURL, "-1001234567890", chats, 1)+"}")
			long := moved("web", func(n *notify.Notice) { n.Text = strings.Repeat("w", 20) })
			w.dispatcher.Notify(long)
			for try := range 4 {
				w.wantCount("ops", "retried", float64(try+1))
				w.step(10 * time.Minute)
			}
			w.wantCount("ops", "failed", 1)
			want := []string{"-1: Deployment team/web: " + long.Text, "-2: Deployment team/web: " + long.Text}
			if got := server.got(); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// Whoever names an image decides what is in a message. One that Telegram cannot read as
// the URL wants it, together with those of others in its batch, goes as it is.
func TestTelegramGetsAsTextWhatIsNoMarkdown(t *testing.T) {
	for name, test := range map[string]struct {
		tag   string
		tries int
	}{"good Markdown": {"1.2.8", 1}, "a tag with a '_'": {"1.2.8_build", 2}} {
		t.Run(name, func(t *testing.T) {
			server := &telegramChats{}
			internet.answer(map[string]http.HandlerFunc{"api.telegram.org": server.answer})
			w := newWorld(t, "- {name: ops, default: true, batch: 0s, urlFile: "+telegramURL+"&parsemode=Markdown}")
			w.dispatcher.Notify(moved("web", func(n *notify.Notice) { n.Text = "1.2.7 -> " + test.tag }))
			w.wantCount("ops", "sent", 1)
			want := []string{"-1001234567890: Deployment team/web: 1.2.7 -> " + test.tag}
			if got := server.got(); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if asked := len(internet.got("api.telegram.org")); asked != test.tries {
				t.Errorf("asked %d times, want %d", asked, test.tries)
			}
		})
	}
}
