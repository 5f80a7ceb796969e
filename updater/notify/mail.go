package notify

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	netsmtp "net/smtp"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// mail sends by SMTP, with what shoutrrr reads of a URL. Its own sender (0.13) fills in a
// text/template, which keeps the linker from leaving out any method of any type, and knows
// no deadline.
type mail struct{ config *smtp.Config }

// defaultSubject is the subject where the URL has none.
const defaultSubject = "Garboard"

// Initialize reads a URL.
func (m *mail) Initialize(u *url.URL, log types.StdLogger) error {
	var read smtp.Service
	if err := read.Initialize(u, log); err != nil {
		return err
	}
	m.config = read.Config
	m.config.FixEmailTags()
	if query := u.Query(); !query.Has("subject") && !query.Has("title") {
		m.config.Subject = defaultSubject
	}
	return nil
}

// Send sends a message, as the other services do that know no context.
func (m *mail) Send(message string, _ *types.Params) error {
	return m.send(context.Background(), message, &delivered{})
}

// send sends the message to each recipient by itself: one that is refused costs the others
// nothing.
func (m *mail) send(ctx context.Context, message string, done *delivered) error {
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel()
	client, err := m.connect(ctx)
	if err != nil {
		return named("smtp", err)
	}
	defer func() { _ = client.Close() }()
	var failed []error
	for _, to := range m.config.ToAddresses {
		if done.has(message, to) {
			continue
		}
		if err := m.sendTo(client, to, message); err != nil {
			failed = append(failed, fmt.Errorf("to %q: %w", to, err), client.Reset())
			continue
		}
		done.add(message, to)
	}
	if err := errors.Join(failed...); err != nil {
		return named("smtp", err)
	}
	_ = client.Quit() // the mail is taken, whatever is said now
	return nil
}

// connect opens a connection on which mail can be sent.
func (m *mail) connect(ctx context.Context) (client *netsmtp.Client, err error) {
	c := m.config
	secure := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.SkipTLSVerify} //nolint:gosec // as the operator says
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	implicit := c.Encryption == smtp.EncImplicitTLS || c.Encryption == smtp.EncAuto && c.Port == smtp.ImplicitTLSPort
	if implicit {
		conn = tls.Client(conn, secure)
	}
	if client, err = netsmtp.NewClient(conn, c.Host); err != nil {
		return nil, err
	}
	if err := client.Hello(m.hello()); err != nil {
		return nil, err
	}
	if !implicit {
		if err := m.startTLS(client, secure); err != nil {
			return nil, err
		}
	}
	if auth := m.auth(); auth != nil {
		if err := client.Auth(auth); err != nil {
			return nil, fmt.Errorf("signing in: %w", err)
		}
	}
	return client, nil
}

// startTLS encrypts the connection if the server can, unless the URL turns that off. Where
// the URL requires it, a connection that stays as it is will not do.
func (m *mail) startTLS(client *netsmtp.Client, secure *tls.Config) error {
	c := m.config
	required := c.RequireStartTLS || c.Encryption == smtp.EncExplicitTLS
	if !required && !c.UseStartTLS {
		return nil
	}
	if offered, _ := client.Extension("STARTTLS"); offered {
		return client.StartTLS(secure)
	}
	if required {
		return errors.New("the server has no STARTTLS")
	}
	return nil
}

// hello is what this machine calls itself.
func (m *mail) hello() string {
	if m.config.ClientHost != "auto" {
		return m.config.ClientHost
	}
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "localhost"
}

func (m *mail) auth() netsmtp.Auth {
	c := m.config
	switch c.Auth {
	case smtp.AuthPlain:
		return netsmtp.PlainAuth("", c.Username, c.Password, c.Host)
	case smtp.AuthCRAMMD5:
		return netsmtp.CRAMMD5Auth(c.Username, c.Password)
	case smtp.AuthOAuth2:
		return encrypted{smtp.OAuth2Auth(c.Username, c.Password)}
	}
	return nil
}

// encrypted signs in over encrypted connections alone, as net/smtp's own PLAIN does: whoever
// can take the offer of STARTTLS out of a greeting would read the token.
type encrypted struct{ netsmtp.Auth }

// Start implements smtp.Auth.
func (a encrypted) Start(server *netsmtp.ServerInfo) (proto string, toServer []byte, err error) {
	if !server.TLS {
		return "", nil, errors.New("the connection is not encrypted")
	}
	return a.Auth.Start(server)
}

func (m *mail) sendTo(client *netsmtp.Client, to, message string) error {
	if err := client.Mail(m.config.FromAddress); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return err
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(body, m.document(to, message)); err != nil {
		return err
	}
	return body.Close()
}

// document is the mail, with its message as text, and as HTML beside it where the URL says so.
// The HTML shows the text: what registries and workloads name is in it.
func (m *mail) document(to, message string) string {
	c := m.config
	from := netmail.Address{Name: c.FromName, Address: c.FromAddress}
	_, host, _ := strings.Cut(c.FromAddress, "@")
	var b strings.Builder
	fmt.Fprintf(&b, "Date: %s\nMessage-ID: <%s@%s>\nFrom: %s\nTo: %s\nSubject: %s\nMIME-Version: 1.0\n", time.Now().Format(time.RFC1123Z),
		rand.Text(), host, from.String(), to, mime.QEncoding.Encode("utf-8", c.Subject))
	if !c.UseHTML {
		return b.String() + mailPart("plain", message)
	}
	boundary := rand.Text()
	fmt.Fprintf(&b, "Content-Type: multipart/alternative; boundary=%s\n", boundary)
	for _, part := range []string{mailPart("plain", message), mailPart("html", "<pre>"+html.EscapeString(message)+"</pre>")} {
		fmt.Fprintf(&b, "\n--%s\n%s", boundary, part)
	}
	fmt.Fprintf(&b, "\n--%s--\n", boundary)
	return b.String()
}

// mailPart is a text with its headers, in lines as short as RFC 5322 wants them.
func mailPart(kind, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Content-Type: text/%s; charset=\"UTF-8\"\nContent-Transfer-Encoding: quoted-printable\n\n", kind)
	w := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(w, text) // into memory
	_ = w.Close()
	return b.String()
}
