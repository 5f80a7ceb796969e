package notify

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
)

// URL is a shoutrrr URL. It is a secret: it prints as the name of its service.
type URL struct{ text string }

// Services that are not what they were, or nothing to send to.
const (
	hipChat    = "hipchat"
	logService = "logger"
	pagerDuty  = "pagerduty"

	matrixScheme = "matrix"
)

// HipChatIsGone is what there is to say of settings for HipChat.
const HipChatIsGone = "HipChat was shut down in February 2019; use slack, mattermost, teams, discord, matrix, rocketchat or zulip"

var (
	errHipChat = errors.New(HipChatIsGone)
	errLogger  = errors.New("logger sends no message; Events and the updater's log have the same")
)

// ParseURL checks that a URL is one that its service can be spoken to by. It
// sends nothing. The error does not repeat the URL.
func ParseURL(text string) (URL, error) {
	u := URL{text: text}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return URL{}, errors.New("blanks, line ends or control characters")
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme == "" {
		return URL{}, errors.New("not a URL")
	}
	switch u.Service() {
	case hipChat:
		return URL{}, errHipChat
	case logService:
		return URL{}, errLogger
	case matrixScheme: // its client signs in at once
		if parsed.Host == "" || parsed.User == nil {
			return URL{}, errors.New("matrix: a host and an access token, or a user and a password, are needed")
		}
		return u, nil
	}
	if _, err := u.open(); err != nil {
		return URL{}, u.redact(err)
	}
	return u, nil
}

// Service is the name of the service: what stands before the first ':' or '+'.
func (u URL) Service() string {
	scheme, _, _ := strings.Cut(u.text, ":")
	scheme, _, _ = strings.Cut(scheme, "+")
	return strings.ToLower(scheme)
}

// String names the service alone.
func (u URL) String() string { return u.Service() + " (redacted)" }

// GoString is String, for %#v.
func (u URL) GoString() string { return u.String() }

// MarshalText is String, so that no encoder finds more.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// open makes what sends. It is made anew for each message: some of shoutrrr's
// services change with what they send.
func (u URL) open() (opened service, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("the service's code failed: %v", caught)
		}
	}()
	parsed, err := url.Parse(u.text)
	if err != nil {
		return nil, err
	}
	known := makers()
	build, ok := known[u.Service()]
	if !ok {
		return nil, fmt.Errorf("unknown service; allowed: %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	opened = build()
	if strings.Contains(parsed.Scheme, "+") {
		custom, ok := opened.(customURLs)
		if !ok {
			return nil, errors.New("the service takes no URL of another scheme behind a +")
		}
		if parsed, err = custom.GetConfigURLFromCustom(parsed); err != nil {
			return nil, err
		}
	}
	if u.Service() == pagerDuty {
		parsed = withPagerDutyHost(parsed)
	}
	if err := opened.Initialize(parsed, nil); err != nil {
		return nil, err
	}
	return opened, nil
}

// withPagerDutyHost gives a URL of PagerDuty the host and port that it may leave out:
// shoutrrr (0.13) names them as defaults, and then asks port 0.
func withPagerDutyHost(u *url.URL) *url.URL {
	whole := *u
	whole.Host = net.JoinHostPort(cmp.Or(u.Hostname(), "events.pagerduty.com"), cmp.Or(u.Port(), "443"))
	return &whole
}

// hasUser reports whether there is a user or password in it.
func (u URL) hasUser() bool {
	_, text, _ := strings.Cut(u.text, "+")
	if !strings.Contains(text, "://") {
		text = u.text
	}
	parsed, err := url.Parse(text)
	return err != nil || parsed.User != nil
}
