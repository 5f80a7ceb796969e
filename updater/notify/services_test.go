package notify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/updater/notify"
)

// Services whose hosts are fixed are reached as behind a company's proxy: this
// one ends their TLS itself, with certificates of a CA that the process trusts.
// Both are read from the environment, once.
var internet = &proxy{requests: map[string][]received{}} //nolint:gochecknoglobals // as is the environment

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "garboard-notify-")
	if err == nil {
		err = internet.open(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

type received struct {
	Path, Type, Body string
}

type proxy struct {
	ca     *x509.Certificate
	caKey  *ecdsa.PrivateKey
	server *httptest.Server

	mu       sync.Mutex
	requests map[string][]received // by host
	answers  map[string]http.HandlerFunc
}

func (p *proxy) open(dir string) error {
	var err error
	if p.caKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &p.caKey.PublicKey, p.caKey)
	if err != nil {
		return err
	}
	if p.ca, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return err
	}
	p.server = httptest.NewServer(http.HandlerFunc(p.connect))
	for name, value := range map[string]string{"SSL_CERT_FILE": file, "HTTPS_PROXY": p.server.URL, "https_proxy": p.server.URL, "NO_PROXY": "", "no_proxy": ""} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// connect speaks TLS for whichever host is asked for.
func (p *proxy) connect(w http.ResponseWriter, r *http.Request) {
	host, port, _ := net.SplitHostPort(r.Host)
	if port != "443" { // nothing else is open on the internet's side
		http.Error(w, "no such port", http.StatusBadGateway)
		return
	}
	raw, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = raw.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}, p.ca, &key.PublicKey, p.caKey)
	if err != nil {
		return
	}
	_ = buffered
	secured := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	_ = http.Serve(&once{conn: secured}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.requests[host] = append(p.requests[host], received{r.URL.RequestURI(), r.Header.Get("Content-Type"), string(body)})
		answer := p.answers[host]
		p.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
}

// once is a listener of one connection.
type once struct {
	conn net.Conn
	mu   sync.Mutex
	took bool
}

func (o *once) Accept() (net.Conn, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.took {
		return nil, net.ErrClosed
	}
	o.took = true
	return o.conn, nil
}
func (o *once) Close() error   { return nil }
func (o *once) Addr() net.Addr { return o.conn.LocalAddr() }

// answer says how hosts answer from now on; their earlier requests are forgotten.
func (p *proxy) answer(answers map[string]http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers, p.requests = answers, map[string][]received{}
}

func (p *proxy) got(host string) []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[host]
}

func replies(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

const (
	slackURL    = "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook"
	slackBotURL = "slack://xoxb:111111111111-222222222222-YYYYYYYYYYYYYYYYYYYYYYYY@C001CHANNEL"
	discordURL  = "discord://discordtoken-1234@123456789012345678"
	telegramURL = "telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaww@telegram?chats=-1001234567890"
	teamsURL    = "teams://11111111-4444-4444-8444-cccccccccccc@22222222-4444-4444-8444-cccccccccccc/" +
		"33333333012222222222333333333344/44444444-4444-4444-8444-cccccccccccc/V2ESyij_gAljSoUQHvZoZYzlpAoAXExyOl26dlf1xHEx05?host=contoso.webhook.office.com"
	workflowsURL = "generic+https://prod-01.westeurope.logic.azure.com/workflows/abcdef/triggers/manual/paths/invoke?api-version=2016-06-01&sig=s1gn4ture&@Content-Type=application/json"
)

// What each service is sent, on hosts that only a proxy can make local.
func TestServicesOfTheInternetGetTheirShape(t *testing.T) {
	tests := map[string]struct {
		url, host, path, template string
		answer                    http.HandlerFunc
		want                      string // of the body, as JSON
	}{
		"slack, by a webhook": {
			url: slackURL, host: "hooks.slack.com", path: "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
			answer: replies(200, "ok"), want: `{"attachments": [{"text": "MESSAGE"}], "text": ""}`,
		},
		"slack, by a bot": {
			url: slackBotURL, host: "slack.com", path: "/api/chat.postMessage",
			answer: replies(200, `{"ok": true}`), want: `{"attachments": [{"text": "MESSAGE"}], "text": "", "channel": "C001CHANNEL"}`,
		},
		"discord": {
			url: discordURL, host: "discord.com", path: "/api/webhooks/123456789012345678/discordtoken-1234",
			answer: replies(204, ""), want: `{"content": "MESSAGE"}`,
		},
		"telegram": {
			url: telegramURL, host: "api.telegram.org", path: "/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaww/sendMessage",
			answer: replies(200, `{"ok": true}`),
			want:   `{"chat_id": "-1001234567890", "text": "MESSAGE", "disable_notification": false, "disable_web_page_preview": false, "reply_to_message_id": 0}`,
		},
		"teams, by a connector": {
			url: teamsURL, host: "contoso.webhook.office.com",
			path: "/webhookb2/11111111-4444-4444-8444-cccccccccccc@22222222-4444-4444-8444-cccccccccccc/IncomingWebhook/33333333012222222222333333333344/" +
				"44444444-4444-4444-8444-cccccccccccc/V2ESyij_gAljSoUQHvZoZYzlpAoAXExyOl26dlf1xHEx05",
			answer: replies(200, "1"),
			want:   `{"@type": "MessageCard", "@context": "http://schema.org/extensions", "markdown": true, "summary": "SUMMARY", "sections": [{"text": "MESSAGE"}]}`,
		},
		"teams, by a workflow": {
			url: workflowsURL, host: "prod-01.westeurope.logic.azure.com",
			path:     "/workflows/abcdef/triggers/manual/paths/invoke?api-version=2016-06-01&sig=s1gn4ture",
			template: `{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "wrap": true, "text": {{json .Text}}}]}}]}`,
			answer:   replies(202, ""),
			want:     `{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "wrap": true, "text": "TEXT"}]}}]}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			internet.answer(map[string]http.HandlerFunc{test.host: test.answer})
			settings := "- name: ops\n  default: true\n  batch: 0s\n  urlFile: " + test.url + "\n"
			if test.template != "" {
				settings += "  template: '" + test.template + "'\n"
			}
			w := newWorld(t, settings)
			w.dispatcher.Notify(moved("web"))
			w.wantCount("ops", "sent", 1)
			got := internet.got(test.host)
			if len(got) != 1 {
				t.Fatalf("got %d requests, want 1", len(got))
			}
			if got[0].Path != test.path || got[0].Type != "application/json" {
				t.Errorf("got path %s and type %s, want %s and application/json", got[0].Path, got[0].Type, test.path)
			}
			want := strings.NewReplacer("MESSAGE", line("web"), "TEXT", moved("web").Text, "SUMMARY", line("web")[:21]).Replace(test.want)
			if diff := cmp.Diff(object(t, want), object(t, got[0].Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func object(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// What a service answers that has not taken a message must never count as sent.
// shoutrrr's own client of Telegram takes a proxy's error page for a success.
func TestNothingIsSentThatAServiceDidNotTake(t *testing.T) {
	tests := map[string]struct {
		url, host string
		answer    http.HandlerFunc
	}{
		"slack says no":                {slackURL, "hooks.slack.com", replies(403, "invalid_token")},
		"slack's API says no":          {slackBotURL, "slack.com", replies(200, `{"ok": false, "error": "not_in_channel"}`)},
		"discord does not know it":     {discordURL, "discord.com", replies(404, `{"message": "Unknown Webhook"}`)},
		"telegram says no":             {telegramURL, "api.telegram.org", replies(403, `{"ok": false, "description": "Forbidden: bot was kicked"}`)},
		"telegram's proxy has a page":  {telegramURL, "api.telegram.org", replies(502, "<html>bad gateway</html>")},
		"telegram says nothing":        {telegramURL, "api.telegram.org", replies(200, "")},
		"telegram hangs up":            {telegramURL, "api.telegram.org", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"teams says no":                {teamsURL, "contoso.webhook.office.com", replies(429, "later")},
		"a workflow is not there":      {workflowsURL, "prod-01.westeurope.logic.azure.com", replies(404, "")},
		"slack hangs up":               {slackURL, "hooks.slack.com", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"a workflow hangs up":          {workflowsURL, "prod-01.westeurope.logic.azure.com", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"slack answers with the token": {slackURL, "hooks.slack.com", replies(400, "no such hook: T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			internet.answer(map[string]http.HandlerFunc{test.host: test.answer})
			w := newWorld(t, "- {name: ops, default: true, batch: 0s, urlFile: "+test.url+"}")
			w.dispatcher.Notify(moved("web"))
			w.wantCount("ops", "retried", 1)
			if got := w.count("ops", "sent"); got != 0 {
				t.Errorf("sent: got %v, want 0", got)
			}
			wantNoSecret(t, w.logged())
		})
	}
}

// wantNoSecret looks for what the URLs of this file have.
func wantNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{
		"T00000000", "XXXXXXXX", "YYYYYYYY", "111111111111", "discordtoken", "12345678901234", "110201543", "AAHdq",
		"11111111-4444", "V2ESyij", "s1gn4ture", "abcdef", "hunter2",
	} {
		if strings.Contains(text, secret) {
			t.Errorf("got the secret %q in %q", secret, text)
		}
	}
}

// Mattermost and the plain webhook name their hosts.
func TestServicesOfOnesOwnGetTheirShape(t *testing.T) {
	var mu sync.Mutex
	var got received
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = received{r.URL.RequestURI(), r.Header.Get("Content-Type"), string(body)}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	tests := map[string]struct {
		url  string
		want received
	}{
		"mattermost": {
			"mattermost://garboard@" + host + "/hooktoken/town-square?disabletls=yes",
			received{"/hooks/hooktoken", "application/json", `{"text":"MESSAGE","username":"garboard","channel":"town-square"}`},
		},
		"a webhook, as text":          {"generic+" + server.URL + "/in?key=value", received{"/in?key=value", "text/plain", "MESSAGE"}},
		"a webhook, as JSON":          {"generic+" + server.URL + "/in?template=json&$source=garboard", received{"/in", "application/json", `{"message":"MESSAGE","source":"garboard"}`}},
		"a webhook of another method": {"generic+" + server.URL + "/in?method=put", received{"/in", "text/plain", "MESSAGE"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "- {name: ops, default: true, batch: 0s, urlFile: "+test.url+"}")
			w.dispatcher.Notify(moved("web"))
			w.wantCount("ops", "sent", 1)
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(got.Body, "{") { // > is escaped in JSON
				got.Body = strings.ReplaceAll(got.Body, `\u003e`, ">")
			}
			test.want.Body = strings.ReplaceAll(test.want.Body, "MESSAGE", line("web"))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// Send is what the command line tries channels with.
func TestSendSaysWhatFailedAndNoSecret(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	release := make(chan struct{})
	in := newInbox(t, func(int) int { <-release; return 200 })
	defer close(release)
	u, err := notify.ParseURL(in.url() + "?token=hunter2")
	must(t, err)
	err = notify.Send(ctx, u, "text")
	if err == nil || err.Error() != "the service did not answer in time" {
		t.Errorf("got error %v", err)
	}
	for _, printed := range []string{fmt.Sprint(u), fmt.Sprintf("%+v %#v %q", u, u, u)} {
		wantNoSecret(t, printed)
	}
	if got := u.String(); got != "generic (redacted)" {
		t.Errorf("got %q", got)
	}
}
