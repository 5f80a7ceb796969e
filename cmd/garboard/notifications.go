package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/updater"
	"github.com/garboard-dev/garboard/updater/notify"
	"github.com/garboard-dev/garboard/updater/report"
)

// noticesConfigMap keeps the notices that wait; manifests/components/notifications
// has it, too.
const noticesConfigMap = "garboard-notices"

// notificationOptions are the flags that say whom the updater tells.
type notificationOptions struct {
	config string
	env    func(string) (string, bool)
}

func (o *notificationOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.config, "notifications-config", "", "`FILE` of the channels that notices go to; read again whenever it changes")
}

// check refuses what Keel read and no service answers any more.
func (o *notificationOptions) check() cmdline.Faults {
	var faults cmdline.Faults
	for _, name := range []string{"HIPCHAT_SERVER", "HIPCHAT_TOKEN", "HIPCHAT_CHANNELS", "HIPCHAT_APPROVALS_CHANNEL"} {
		if value, ok := o.env(name); ok && value != "" {
			faults = append(faults, name+": "+notify.HipChatIsGone)
		}
	}
	return faults
}

// build makes what tells people and puts it on the manager; without
// settings there are no notices. ended is closed when the updater has ended.
func (o *notificationOptions) build(ctx context.Context, manager ctrl.Manager, metrics prometheus.Registerer, lease *leaseOptions, ended <-chan struct{}) (report.Notifier, error) {
	if o.config == "" {
		return nil, nil //nolint:nilnil // no settings are no error
	}
	counted, err := notify.NewMetrics(metrics)
	if err != nil {
		return nil, err
	}
	logger := log.Log.WithName("notifications")
	store, err := noticeStore(manager, lease)
	if err != nil {
		return nil, err
	}
	options := notify.Options{Metrics: counted, Log: logger, Producers: ended}
	if store != nil {
		options.Store = store
	} else {
		logger.Info("notices that wait are not kept for the next process: the namespace is not known; --leader-elect-namespace names it")
	}
	dispatcher, err := notify.New(options)
	if err != nil {
		return nil, err
	}
	settings := settingsFile[notify.Config]{
		what: "the notification settings", path: o.config, parse: notify.Parse, log: logger,
		apply: func(settings *notify.Config) error {
			logger.Info("applying", "file", o.config, "channels", len(settings.Channels))
			return dispatcher.Reconfigure(settings)
		},
		inForce: prometheus.GaugeOpts{
			Name: "garboard_notifications_config_last_reload_successful",
			Help: "1 if the notification settings file, as it was last read, is in force; else 0.",
		},
		since: prometheus.GaugeOpts{
			Name: "garboard_notifications_config_last_reload_success_timestamp_seconds",
			Help: "When notification settings were last put in force.",
		},
	}
	if err := settings.follow(ctx, manager, metrics); err != nil {
		return nil, err
	}
	return notifier{dispatcher}, manager.Add(dispatcher)
}

// noticeStore is where the process keeps what waits; nil where its namespace is
// not known.
func noticeStore(manager ctrl.Manager, lease *leaseOptions) (*notify.ConfigMapStore, error) {
	namespace, err := lease.ownNamespace()
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // outside a cluster there is none
	}
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("reading the name of the host: %w", err)
	}
	core, err := corev1client.NewForConfigAndClient(manager.GetConfig(), manager.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making a client for notices: %w", err)
	}
	return &notify.ConfigMapStore{Client: core, Namespace: namespace, Name: noticesConfigMap, Key: noticesKey(host)}, nil
}

// noticesKey is this process's part of the ConfigMap: the name of its Pod.
func noticesKey(host string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, host)
	return safe[:min(len(safe), 200)] + ".json"
}

// notifier hands the updater's notices on.
type notifier struct{ dispatcher *notify.Dispatcher }

// Notify tells people, if the level is one that they know.
func (n notifier) Notify(told report.Notice) {
	level, err := notify.ParseLevel(string(told.Level))
	if err != nil {
		level = notify.LevelError // its reader will ask
	}
	changes := make([]notify.Change, 0, len(told.Changes))
	for _, c := range told.Changes {
		changes = append(changes, notify.Change{Container: c.Container, From: c.From, To: c.To})
	}
	n.dispatcher.Notify(notify.Notice{
		Level: level, Reason: told.Reason, Kind: told.Kind, Namespace: told.Namespace, Name: told.Name,
		Channels: told.Channels, Text: told.Text, Link: told.Link, Changes: changes, At: told.At,
	})
}

// endingUpdater says when the updater has ended, so that its last notices are
// sent.
type endingUpdater struct {
	*updater.Updater
	ended chan struct{}
}

// Start is the updater's.
func (e *endingUpdater) Start(ctx context.Context) error {
	defer close(e.ended)
	return e.Updater.Start(ctx)
}
