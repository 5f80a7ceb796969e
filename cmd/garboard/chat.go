package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/serving"
	"github.com/garboard-dev/garboard/updater/chat"
	"github.com/garboard-dev/garboard/updater/chat/config"
	"github.com/garboard-dev/garboard/updater/chat/mattermost"
	"github.com/garboard-dev/garboard/updater/chat/slack"
)

// chatOptions are the flags of the chats in which people vote.
type chatOptions struct{ config, address, cert, key string }

func (o *chatOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.config, "chat-config", "", "`FILE` of the chats in which people vote; read again whenever it, or a token that it names, changes")
	flags.StringVar(&o.address, "chat-address", "0", `address to receive slash commands of Mattermost at, such as :9400; "0" for none`)
	flags.StringVar(&o.cert, "chat-tls-cert-file", "",
		"`FILE` of the certificate to receive slash commands with; read again whenever it changes. Without it they come by plain HTTP")
	flags.StringVar(&o.key, "chat-tls-key-file", "", "`FILE` of that certificate's key")
}

// check returns the faults of the flags' values.
func (o *chatOptions) check() cmdline.Faults {
	faults := servedFaults("chat-address", o.address)
	if o.address != "0" && o.config == "" {
		faults = append(faults, "--chat-config: needed with --chat-address: it says who may send, and who votes")
	}
	if o.address == "0" && cmp.Or(o.cert, o.key) != "" {
		faults = append(faults, "--chat-tls-cert-file, --chat-tls-key-file: allowed: together with --chat-address")
	}
	if (o.cert == "") != (o.key == "") {
		faults = append(faults, fmt.Sprintf("--chat-tls-cert-file, --chat-tls-key-file: %q: allowed: both, or neither", o.cert+o.key))
	}
	return faults
}

// build puts the chats on the manager. owns reports whether the updates of a repository
// are this replica's to show.
func (o *chatOptions) build(ctx context.Context, m ctrl.Manager, owns func(string) bool) error {
	if o.config == "" {
		return nil
	}
	kind := v1alpha1.SchemeGroupVersion.WithKind(v1alpha1.ImageUpdateKind)
	if _, err := m.GetRESTMapper().RESTMapping(kind.GroupKind(), kind.Version); err != nil {
		return fmt.Errorf("--chat-config: reading whether the cluster has imageupdates.%s, which manifests/base installs: %w", v1alpha1.Group, err)
	}
	counted, err := chat.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	logger := log.Log.WithName("chat")
	handler := &chat.CommandHandler{Updates: m.GetClient(), Log: logger, Ballot: &chat.Impersonation{
		Config: m.GetConfig(), Mapper: m.GetRESTMapper(), Scheme: m.GetScheme(), Votes: m.GetClient(),
	}}
	workspace := slack.New(slack.Options{Commands: handler, Metrics: counted, Log: logger})
	commands := mattermost.New(mattermost.Options{Commands: handler, Metrics: counted, Log: logger})
	settings := settingsFile[config.Config]{
		what: "the chat settings", path: o.config, parse: config.Parse, log: logger,
		apply: func(c *config.Config) error {
			workspace.Configure(c.Slack)
			commands.Configure(c.Mattermost)
			return nil
		},
		inForce: prometheus.GaugeOpts{
			Name: "garboard_chat_config_last_reload_successful",
			Help: "1 if the chat settings file, as it was last read, is in force; else 0.",
		},
		since: prometheus.GaugeOpts{
			Name: "garboard_chat_config_last_reload_success_timestamp_seconds",
			Help: "When chat settings were last put in force.",
		},
	}
	if err := settings.follow(ctx, m, metrics.Registry); err != nil {
		return err
	}
	reconciler := &chat.Reconciler{Client: m.GetClient(), Messenger: workspace, Owns: owns, Log: logger}
	err = ctrl.NewControllerManagedBy(m).For(&v1alpha1.ImageUpdate{}).Named("chat").Complete(reconciler)
	if err != nil {
		return fmt.Errorf("making the controller of chat messages: %w", err)
	}
	return errors.Join(m.Add(workspace), o.serve(m, commands))
}

// serve receives slash commands, on every replica.
func (o *chatOptions) serve(m ctrl.Manager, commands *mattermost.Handler) error {
	if o.address == "0" {
		return nil
	}
	protection, err := servedTLS(m, "chat-certificate", o.cert, o.key)
	if err != nil {
		return err
	}
	server := mattermost.NewServer(commands, serving.Options{Address: o.address, TLS: protection, Log: log.Log.WithName("chat")})
	return errors.Join(m.Add(everywhere(server.Run)), m.AddReadyzCheck("chat", func(*http.Request) error { return server.Ready() }))
}

// everywhere is what every replica runs, whichever leads.
type everywhere manager.RunnableFunc

// Start implements manager.Runnable.
func (f everywhere) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everywhere) NeedLeaderElection() bool { return false }
