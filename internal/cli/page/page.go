// Package page is garboard page: what Garboard does, shown in a browser on the person's own
// machine, as that person.
package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/page"
	"github.com/garboard-dev/garboard/internal/serving"
)

const (
	readTimeout = 5 * time.Second
	idleTimeout = 2 * time.Minute
	stopTimeout = 2 * time.Second
	maxHeader   = 32 << 10
)

// pageOptions are the flags of garboard page.
type pageOptions struct {
	access.ConnectionOptions
	updater access.UpdaterOptions
	custom  cmdline.KindOptions
	port    int
	open    bool
}

// NewCommand returns garboard page.
func NewCommand() *cobra.Command {
	var o pageOptions
	command := &cobra.Command{
		Use:   "page",
		Short: "Show in a browser what is behind, what waits and what failed",
		Long: "Serve a page on this machine, with your own kubeconfig: what each workload runs\n" +
			"and could run, what keeps it back, its history, what waits for votes, registries;\n" +
			"and vote, set and clear holds. The cluster needs nothing but the updater that is\n" +
			"there. Your own rights decide about all that is read and done, as with garboard\n" +
			"status, approve and hold.\n\n" +
			"Only this machine can reach it, by the link that is printed: it opens once, and\n" +
			"keeps the browser that opened it signed in until the command ends.",
		Example: "  garboard page\n  garboard page -n shop --open\n  garboard page --context production --port 8765",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check().OrNil() },
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command) },
	}
	o.addFlags(command.Flags())
	return command
}

func (o *pageOptions) addFlags(flags *pflag.FlagSet) {
	o.ConnectionOptions.AddFlags(flags)
	o.custom.AddFlags(flags)
	flags.Lookup("namespace").Usage = "namespace that is shown; all are the default"
	flags.Lookup("timeout").Usage = "how long one question to the cluster may take"
	flags.IntVar(&o.port, "port", 0, "port of the loopback interface; 0 is one that is free")
	flags.BoolVar(&o.open, "open", false, "open the link in your browser; other users of the machine may see it on that program's command line, for as long as it starts")
	o.updater.AddFlags(flags)
}

func (o *pageOptions) check() cmdline.Faults {
	faults := append(o.custom.Check(), o.ConnectionOptions.Check()...)
	if o.port < 0 || o.port > 65535 {
		faults = append(faults, fmt.Sprintf("--port: \"%d\": allowed: 0 to 65535", o.port))
	}
	return append(faults, o.updater.Check()...)
}

// run serves until the context ends.
func (o *pageOptions) run(command *cobra.Command) error {
	asked, err := o.access()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(command.Context())
	defer cancel()
	handler := &late{}
	server := serving.New(&http.Server{
		Handler: handler, ReadTimeout: readTimeout, ReadHeaderTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}, serving.Options{
		What: "the page", Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)), Last: stopTimeout, Log: logr.Discard(),
		Listening: func(at net.Addr) {
			link, err := handler.begin(ctx, asked, at)
			if handler.failed = err; err != nil {
				cancel()
				return
			}
			o.tell(ctx, command.OutOrStdout(), command.ErrOrStderr(), asked.Cluster, link)
		},
	})
	err = errors.Join(server.Run(ctx), handler.failed)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // a browser that is slow fails no command
	}
	return err
}

// access is how the person of the kubeconfig reaches the cluster.
func (o *pageOptions) access() (*page.Access, error) {
	cluster, err := o.ConnectForMany(page.Warnings{})
	if err != nil {
		return nil, err
	}
	asked := &page.Access{
		Client: cluster.Client, Kinds: o.custom.Kinds(), Namespace: o.Namespace, Cluster: cluster.Context, Timeout: o.Timeout,
	}
	direct, err := o.updater.Direct()
	if err != nil {
		return nil, err
	}
	if direct != nil {
		asked.Status, asked.Versions = direct, direct
		return asked, nil
	}
	kube, err := access.NewClients(cluster.Config)
	if err != nil {
		return nil, err
	}
	updater := o.updater.Through(kube)
	asked.Status, asked.Metrics, asked.Versions = updater, updater, updater
	return asked, nil
}

// late is the page's handler, which needs to know the port that it is reached by. No
// request comes before that.
type late struct {
	http.Handler
	failed error
}

// begin makes the page, and returns its link.
func (l *late) begin(ctx context.Context, asked *page.Access, at net.Addr) (string, error) {
	_, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return "", fmt.Errorf("finding the port: %w", err)
	}
	link := page.NewLink(port)
	made, err := page.New(page.Options{Access: asked, Link: link, Ended: ctx.Done()})
	if err != nil {
		return "", err
	}
	l.Handler = made.Handler()
	return "http://" + at.String() + link.Path(), nil
}

// tell says where the page is, and opens it where that was asked for.
func (o *pageOptions) tell(ctx context.Context, out, errs io.Writer, cluster, link string) {
	of := ""
	if cluster != "" {
		of = " of " + cmdline.Shown(cluster)
	}
	fmt.Fprintf(out, "The page%s is at the link below. It opens once; Ctrl-C ends the page.\n\n  %s\n\n", of, link)
	if !o.open {
		return
	}
	if err := openInBrowser(ctx, link); err != nil {
		fmt.Fprintln(errs, "garboard: the browser could not be started, so open the link yourself:", err)
	}
}

// openInBrowser starts the browser that the system names.
func openInBrowser(ctx context.Context, link string) error {
	program, args := "xdg-open", []string{link}
	switch runtime.GOOS {
	case "darwin":
		program = "open"
	case "windows":
		program, args = "rundll32", []string{"url.dll,FileProtocolHandler", link}
	}
	started := exec.CommandContext(context.WithoutCancel(ctx), program, args...) //nolint:gosec // our own link
	if err := started.Start(); err != nil {
		return err
	}
	go func() { _ = started.Wait() }() // it ends when it likes
	return nil
}
