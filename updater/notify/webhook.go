package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/specialized/generic" //nolint:misspell // its name
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// webhook sends to any address, with what shoutrrr reads of a URL. Its own sender
// (0.13) fills in a text/template, as that of [mail] does.
type webhook struct{ config *generic.Config }

// Initialize reads a URL.
func (w *webhook) Initialize(u *url.URL, log types.StdLogger) error {
	var read generic.Service
	if err := read.Initialize(u, log); err != nil {
		return err
	}
	w.config = read.Config
	switch w.config.Template {
	case "", "json", generic.JSONTemplate:
		return nil
	}
	return fmt.Errorf("template %q; allowed: json", w.config.Template)
}

// GetConfigURLFromCustom makes a URL of the service from that of a web page.
func (*webhook) GetConfigURLFromCustom(u *url.URL) (*url.URL, error) {
	return (&generic.Service{}).GetConfigURLFromCustom(u)
}

// Send cannot be asked: what a webhook gets is in more of the URL than shoutrrr tells.
func (*webhook) Send(string, *types.Params) error { return errors.ErrUnsupported }

// sendGeneric sends to a webhook.
func (u URL) sendGeneric(ctx context.Context, config *generic.Config, message string) error {
	parsed, err := url.Parse(u.text)
	if err != nil {
		return errors.New("generic: not a URL")
	}
	kind, body := "text/plain", []byte(message)
	if config.Template != "" {
		document := map[string]string{config.MessageKey: message}
		kind = config.ContentType
		for name, value := range marked(parsed, "$") {
			document[name] = value
		}
		if body, err = json.Marshal(document); err != nil {
			return named("generic", err)
		}
	}
	header := http.Header{"Content-Type": {kind}, "Accept": {kind}}
	for name, value := range marked(parsed, "@") {
		header.Set(headerName(name), value)
	}
	got, err := request{config.RequestMethod, config.WebhookURL().String(), header, body}.send(ctx)
	if err == nil && !got.taken() {
		err = got.failed()
	}
	return named("generic", err)
}

// marked are the keys of a URL's query that begin with a mark, without it.
func marked(u *url.URL, mark string) map[string]string {
	found := map[string]string{}
	for key, values := range u.Query() {
		if name, ok := strings.CutPrefix(key, mark); ok && name != "" {
			found[name] = values[0]
		}
	}
	return found
}

// headerName reads the name of a header as shoutrrr's URLs have it: contentType is
// Content-Type.
func headerName(key string) string {
	var name strings.Builder
	for i, r := range key {
		if i > 0 && unicode.IsUpper(r) && key[i-1] != '-' {
			name.WriteByte('-')
		}
		name.WriteRune(r)
	}
	return name.String()
}
