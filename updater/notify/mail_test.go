package notify_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/updater/notify"
)

func TestMailIsSent(t *testing.T) {
	server := newMailServer(t)
	for name, test := range map[string]struct{ query, subject string }{
		"with a subject of ours":   {"", "Garboard"},
		"with the channel's own":   {"&subject=Images", "Images"},
		"with the channel's title": {"&title=Images", "Images"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "- {name: mail, default: true, batch: 0s, urlFile: smtp://"+server.address+"/?from=garboard@example.com&to=ops@example.com,dev@example.com&starttls=no"+test.query+"}")
			w.dispatcher.Notify(moved("web"))
			w.wantCount("mail", "sent", 1)
			mails := server.take()
			if len(mails) != 2 {
				t.Fatalf("got %d mails, want 2: %q", len(mails), mails)
			}
			for i, to := range []string{"ops@example.com", "dev@example.com"} {
				for _, want := range []string{"RCPT TO:<" + to + ">", "Subject: " + test.subject + "\r\n", line("web")} {
					if !strings.Contains(mails[i], want) {
						t.Errorf("mail %d: got %q, want %q in it", i, mails[i], want)
					}
				}
			}
		})
	}
}

// Whoever asks for encryption does not get mail without, and no token is sent to whom may
// read it.
func TestMailThatNeedsTLSIsNotSentWithout(t *testing.T) {
	const noSTARTTLS = "smtp: the server has no STARTTLS"
	server := newMailServer(t)
	for name, test := range map[string]struct{ user, query, err string }{
		"where STARTTLS is required":                {"", "&requirestarttls=yes", noSTARTTLS},
		"where STARTTLS is required and turned off": {"", "&requirestarttls=yes&starttls=no", noSTARTTLS},
		"where the encryption is explicit":          {"", "&encryption=explicittls", noSTARTTLS},
		"with a token, and no STARTTLS offered":     {"user:hunter2@", "&auth=oauth2", "smtp: signing in: the connection is not encrypted"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := notify.ParseURL("smtp://" + test.user + server.address + "/?from=garboard@example.com&to=ops@example.com" + test.query)
			must(t, err)
			if err := notify.Send(t.Context(), u, "hello"); err == nil || err.Error() != test.err {
				t.Errorf("got %v, want %q", err, test.err)
			}
			if mails := server.take(); len(mails) > 0 {
				t.Errorf("got %q, want nothing", mails)
			}
		})
	}
}

func TestMailThatIsRefusedIsTriedAgain(t *testing.T) {
	server := newMailServer(t)
	server.refuse(map[string]string{"hunter2@example.com": "550 no such user here: hunter2"})
	w := newWorld(t, "- {name: mail, default: true, batch: 0s, urlFile: smtp://"+server.address+"/?from=garboard@example.com&to=hunter2@example.com&starttls=no}")
	w.dispatcher.Notify(moved("web"))
	w.wantCount("mail", "retried", 1)
	wantNoSecret(t, w.logged())
	server.refuse(nil)
	w.step(12 * time.Second)
	w.wantCount("mail", "sent", 1)
}

func TestMailThatOneIsRefusedIsNotSentTwiceToOthers(t *testing.T) {
	server := newMailServer(t)
	w := newWorld(t, "- {name: mail, default: true, batch: 0s, urlFile: smtp://"+server.address+"/?from=garboard@example.com&to=gone@example.com,ops@example.com&starttls=no}")
	wantRecipients := func(want ...string) {
		t.Helper()
		var got []string
		for _, mail := range server.take() {
			_, to, _ := strings.Cut(mail, "RCPT TO:<")
			to, _, _ = strings.Cut(to, ">")
			got = append(got, to)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mail went to (-want +got):\n%s", diff)
		}
	}
	for range 2 { // the second message has the same text
		server.refuse(map[string]string{"gone@example.com": "450 come back later"})
		retried := w.count("mail", "retried")
		w.dispatcher.Notify(moved("web"))
		w.wantCount("mail", "retried", retried+1)
		wantRecipients("ops@example.com")
		server.refuse(nil)
		sent := w.count("mail", "sent")
		eventually(t, "the second try", func() bool {
			w.clock.Step(12 * time.Second)
			return w.count("mail", "sent") == sent+1
		})
		wantRecipients("gone@example.com")
	}
}

func TestMailIsEncryptedAndSignedIn(t *testing.T) {
	server := newMailServer(t)
	web := httptest.NewTLSServer(http.NotFoundHandler())
	defer web.Close()
	server.secure = &tls.Config{Certificates: web.TLS.Certificates}
	for name, test := range map[string]struct {
		user, query string
		want        []string
		err         string
	}{
		"by STARTTLS, as a user":            {"user:hunter2@", "&requirestarttls=yes&skiptlsverify=yes", []string{"text/plain", "hello"}, ""},
		"as HTML beside the text":           {"user:hunter2@", "&skiptlsverify=yes&usehtml=yes", []string{"multipart/alternative", "text/plain", "<pre>hello</pre>"}, ""},
		"with names":                        {"user:hunter2@", "&skiptlsverify=yes&fromname=G%C3%A4rboard&subject=%C3%84", []string{"From: =?utf-8?q?G=C3=A4rboard?= <garboard@example.com>\r\n", "Subject: =?utf-8?q?=C3=84?=\r\n"}, ""},
		"with a wrong password":             {"user:wrong@", "&skiptlsverify=yes", nil, "smtp: signing in: 535 "},
		"to a server with any certificate":  {"", "", nil, "smtp: tls: failed to verify certificate"},
		"encrypted where the server is not": {"", "&encryption=implicittls", nil, "smtp: "},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := notify.ParseURL("smtp://" + test.user + server.address + "/?from=garboard@example.com&to=ops@example.com" + test.query)
			must(t, err)
			if err := notify.Send(t.Context(), u, "hello"); test.err == "" && err != nil || test.err != "" && (err == nil || !strings.HasPrefix(err.Error(), test.err)) {
				t.Fatalf("got %v, want %q", err, test.err)
			}
			mails := strings.Join(server.take(), "")
			for _, want := range test.want {
				if !strings.Contains(mails, want) {
					t.Errorf("got %q, want %q in it", mails, want)
				}
			}
			if test.err != "" && mails != "" {
				t.Errorf("got %q, want nothing", mails)
			}
		})
	}
}

// A reader of mail sees the text as it was sent, whatever is in it, and as HTML no other.
func TestMailIsReadAsItWasWritten(t *testing.T) {
	server := newMailServer(t)
	message := "web: 1.2.0 → 1.3.0\n.\n<b>&amp;</b> a=b " + strings.Repeat("long ", 400) + "\nend"
	u, err := notify.ParseURL("smtp://" + server.address + "/?from=garboard@example.com&to=ops@example.com&starttls=no&usehtml=yes")
	must(t, err)
	must(t, notify.Send(t.Context(), u, message))
	_, text, _ := strings.Cut(server.take()[0], "RCPT TO:<ops@example.com>\r\n")
	text = strings.TrimSuffix(strings.ReplaceAll(text, "\r\n..", "\r\n."), ".\r\n") // RFC 5321, 4.5.2
	for line := range strings.Lines(text) {
		if len(line) > 78 {
			t.Errorf("got a line of %d bytes, want 78 at most: %q", len(line), line)
		}
	}
	read, err := mail.ReadMessage(strings.NewReader(text))
	must(t, err)
	if id := read.Header.Get("Message-ID"); !strings.HasSuffix(id, "@example.com>") {
		t.Errorf("got the Message-ID %q, want one of the sender's host", id)
	}
	_, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	must(t, err)
	parts := multipart.NewReader(read.Body, params["boundary"])
	for _, want := range []string{message, "<pre>" + html.EscapeString(message) + "</pre>"} {
		part, err := parts.NextPart() // decodes what is quoted-printable
		must(t, err)
		got, err := io.ReadAll(part)
		must(t, err)
		if diff := cmp.Diff(want, strings.ReplaceAll(string(got), "\r\n", "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", part.Header.Get("Content-Type"), diff)
		}
	}
}

// mailServer takes mail.
type mailServer struct {
	address string
	secure  *tls.Config // offered by STARTTLS, if there is one
	mu      sync.Mutex
	mails   []string          // each from MAIL to the end of its text
	refused map[string]string // recipients, and what is said of them
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	s := &mailServer{address: listener.Addr().String()}
	var talks sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	talks.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			// shoutrrr leaves connections open on which something failed.
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			talks.Go(func() { s.talk(conn) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		talks.Wait()
	})
	return s
}

func (s *mailServer) talk(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
	say("220 test")
	lines := bufio.NewReader(conn)
	mail := ""
	for {
		text, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), " ")
		switch verb {
		case "EHLO":
			say("250-test")
			if s.secure != nil {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, s.secure)
			lines = bufio.NewReader(conn)
		case "AUTH":
			if strings.HasPrefix(text, "AUTH XOAUTH2 ") {
				s.mu.Lock()
				s.mails = append(s.mails, text)
				s.mu.Unlock()
			}
			if strings.TrimSpace(text) != "AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00user\x00hunter2")) {
				say("535 who")
				continue
			}
			say("235 ok")
		case "MAIL":
			mail = text
			say("250 ok")
		case "RCPT":
			s.mu.Lock()
			refusal, refused := s.refused[strings.TrimSuffix(strings.TrimPrefix(text, "RCPT TO:<"), ">\r\n")]
			s.mu.Unlock()
			if refused {
				say(refusal)
				continue
			}
			mail += text
			say("250 ok")
		case "DATA":
			say("354 go on")
			for text != ".\r\n" {
				if text, err = lines.ReadString('\n'); err != nil {
					return
				}
				mail += text
			}
			s.mu.Lock()
			s.mails = append(s.mails, mail)
			s.mu.Unlock()
			say("250 ok")
		case "RSET":
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("500 what")
		}
	}
}

func (s *mailServer) refuse(refused map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = refused
}

func (s *mailServer) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	mails := s.mails
	s.mails = nil
	return mails
}
