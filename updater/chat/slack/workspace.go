// Package slack shows updates in a channel of Slack and takes votes there, by socket mode:
// the connection is opened from here, so that nothing of the cluster can be reached from
// outside.
package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-logr/logr"
	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/updater/chat"
	"github.com/garboard-dev/garboard/updater/chat/config"
)

const (
	// requestTimeout bounds one request to Slack.
	requestTimeout = 15 * time.Second
	// atOnce bounds the commands that are answered at a time.
	atOnce = 4
)

// Options are what a Workspace is made of.
type Options struct {
	// Commands answers commands. Required.
	Commands *chat.CommandHandler
	// Metrics count commands and tell whether Slack is connected. Required.
	Metrics *chat.Metrics
	Log     logr.Logger
}

// Workspace is Slack as the settings name it: nothing, until there are settings.
type Workspace struct {
	options Options

	mu       sync.Mutex
	settings *config.Slack
	api      *slackapi.Client
	changed  chan struct{} // closed when the settings change

	handled envelopes
}

// New returns a Workspace without settings.
func New(o Options) *Workspace { return &Workspace{options: o, changed: make(chan struct{})} }

// Configure puts other settings in force; nil leaves Slack alone.
func (w *Workspace) Configure(s *config.Slack) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settings, w.api = s, nil
	if s != nil {
		w.api = slackapi.New(string(s.BotToken), slackapi.OptionAppLevelToken(string(s.AppToken)),
			slackapi.OptionAPIURL(s.APIURL), slackapi.OptionHTTPClient(&http.Client{Timeout: requestTimeout}))
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *Workspace) current() (*config.Slack, *slackapi.Client, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.settings, w.api, w.changed
}

// Start keeps a connection to Slack until the context ends, with the settings as they are
// at each moment. It implements manager.Runnable, for the leader alone.
func (w *Workspace) Start(ctx context.Context) error {
	for ctx.Err() == nil {
		settings, api, changed := w.current()
		running, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if settings == nil {
				w.options.Metrics.Unset("slack")
				return
			}
			w.connect(running, settings, api)
		}()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		stop()
		<-done
	}
	return nil
}

// connect stays connected until the context ends. Slack asks for another connection
// every few hours; the client does that by itself, and gives up only for good reasons,
// such as a token that was revoked. People mend these, so it is tried again.
func (w *Workspace) connect(ctx context.Context, settings *config.Slack, api *slackapi.Client) {
	pause := wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 20, Cap: 5 * time.Minute}
	_ = pause.DelayWithReset(clock.RealClock{}, time.Hour).Until(ctx, true, false, func(ctx context.Context) (bool, error) {
		err := w.listen(ctx, settings, api)
		w.options.Metrics.Connected("slack", false)
		if ctx.Err() == nil {
			w.options.Log.Error(withoutURL(err), "connection to Slack failed")
		}
		return false, nil
	})
}

// listen handles what one client receives, until it gives up.
func (w *Workspace) listen(ctx context.Context, settings *config.Slack, api *slackapi.Client) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	client := socketmode.New(api)
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(ctx) }()
	commands := errgroup.Group{}
	commands.SetLimit(atOnce)
	defer func() { _ = commands.Wait() }() // they return no errors, and end with their deadlines
	for {
		select {
		case err := <-ended:
			return err
		case event := <-client.Events:
			w.hear(event)
			if event.Request == nil || event.Request.EnvelopeID == "" {
				continue
			}
			// Slack sends again what is not acknowledged within three seconds.
			if err := client.AckCtx(ctx, event.Request.EnvelopeID, nil); err != nil {
				w.options.Log.Error(withoutURL(err), "acknowledging to Slack")
			}
			if !w.handled.isNew(event.Request.EnvelopeID) {
				w.options.Log.Info("envelope was handled already", "envelope", event.Request.EnvelopeID)
				continue
			}
			if r, ok := requestOf(event, settings); ok {
				commands.Go(func() error { w.answer(ctx, settings, api, r); return nil })
			}
		}
	}
}

// hear tells how the connection stands.
func (w *Workspace) hear(event socketmode.Event) {
	switch event.Type {
	case socketmode.EventTypeConnected:
		w.options.Metrics.Connected("slack", true)
		w.options.Log.Info("connected to Slack")
	case socketmode.EventTypeConnecting:
		w.options.Metrics.Connected("slack", false)
	case socketmode.EventTypeConnectionError:
		if failed, ok := event.Data.(*slackapi.ConnectionErrorEvent); ok {
			w.options.Log.Info("connection to Slack failed", "error", withoutURL(failed.ErrorObj).Error(), "again", failed.Backoff.String())
		}
	}
}

// withoutURL is an error without the URL of the request, which may hold a ticket.
func withoutURL(err error) error {
	var inURL *url.Error
	switch {
	case err == nil:
		return errors.New("the connection ended")
	case errors.As(err, &inURL):
		return fmt.Errorf("%s: %w", inURL.Op, inURL.Err)
	default:
		return err
	}
}
