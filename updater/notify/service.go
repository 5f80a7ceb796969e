package notify

import (
	"net/url"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/googlechat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/lark"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/matrix"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/mattermost"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/rocketchat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/signal"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/slack"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/teams"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/wecom"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/zulip"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/opsgenie"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/pagerduty"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/bark"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ifttt"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/join"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushbullet"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushover"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/specialized/notifiarr" //nolint:misspell // its name
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// service sends to one address. Those of shoutrrr do.
type service interface {
	Initialize(u *url.URL, log types.StdLogger) error
	Send(message string, params *types.Params) error
}

// customURLs are services that make a URL of theirs from one of another scheme.
type customURLs interface {
	GetConfigURLFromCustom(u *url.URL) (*url.URL, error)
}

// makers make the services, by the scheme of their URLs. They are those of shoutrrr's router
// but for its log. The router itself is not used, since it has all services of shoutrrr,
// and so what [mail] and [webhook] are without.
func makers() map[string]func() service {
	return map[string]func() service{
		"bark":       func() service { return &bark.Service{} },
		"discord":    func() service { return &discord.Service{} },
		"generic":    func() service { return &webhook{} },
		"googlechat": func() service { return &googlechat.Service{} },
		"gotify":     func() service { return &gotify.Service{} },
		"hangouts":   func() service { return &googlechat.Service{} },
		"ifttt":      func() service { return &ifttt.Service{} },
		"join":       func() service { return &join.Service{} },
		"lark":       func() service { return &lark.Service{} },
		matrixScheme: func() service { return &matrix.Service{} },
		"mattermost": func() service { return &mattermost.Service{} },
		"notifiarr":  func() service { return &notifiarr.Service{} },
		"ntfy":       func() service { return &ntfy.Service{} },
		"opsgenie":   func() service { return &opsgenie.Service{} },
		pagerDuty:    func() service { return &pagerduty.Service{} },
		"pushbullet": func() service { return &pushbullet.Service{} },
		"pushover":   func() service { return &pushover.Service{} },
		"rocketchat": func() service { return &rocketchat.Service{} },
		"signal":     func() service { return &signal.Service{} },
		"slack":      func() service { return &slack.Service{} },
		"smtp":       func() service { return &mail{} },
		"teams":      func() service { return &teams.Service{} },
		"telegram":   func() service { return &telegram.Service{} },
		"wecom":      func() service { return &wecom.Service{} },
		"zulip":      func() service { return &zulip.Service{} },
	}
}
