// Command release builds what a release consists of: the image, and with `all` the
// archives, the chart and the manifests beside it. `make image` and `make release` run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// request is what a command line asks for.
type request struct {
	version, revision string
	created           int64
	folder            string
	source            string // of the module
	platforms         list   // of the image
	programs          list   // of the archives
	images            list   // which of them
	push              list
}

// list is a flag with commas.
type list []string

// String implements flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(text string) error {
	*l = nil
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l = append(*l, part)
		}
	}
	return nil
}

const commands = "image, all"

func run(ctx context.Context, args []string, out io.Writer) error {
	what := ""
	if len(args) > 0 {
		what, args = args[0], args[1:]
	}
	r := request{
		source: ".", images: list{"garboard", "garboard-page"}, platforms: list{"linux/amd64", "linux/arm64"},
		programs: list{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"},
	}
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.StringVar(&r.version, "version", "", "version of the release, such as v0.1.0")
	flags.StringVar(&r.revision, "revision", "", "commit that is built")
	flags.Int64Var(&r.created, "created", 0, "time of that commit, in seconds since 1970")
	flags.StringVar(&r.folder, "folder", "", "folder to write to")
	flags.Var(&r.platforms, "platforms", "platforms of the image, with commas between them")
	flags.Var(&r.programs, "programs", "platforms of the archives, with commas between them")
	flags.Var(&r.images, "images", "images that are built, with commas between them")
	flags.Var(&r.push, "push", "references to push the servers' image to, with commas between them; the page's goes beside it, to the same name with -page")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("%q: no arguments are taken after %s, only flags", flags.Args(), what)
	case r.version == "" || r.folder == "":
		return errors.New("--version and --folder are required")
	}
	for _, name := range r.images {
		if !slices.ContainsFunc(images(), func(k kind) bool { return k.name == name }) {
			return fmt.Errorf("--images: %q; allowed: garboard, garboard-page", name)
		}
	}
	switch what {
	case "image":
		return r.buildImages(ctx, out)
	case "all":
		return r.all(ctx, out)
	}
	return fmt.Errorf("%q: unknown command; allowed: %s", what, commands)
}

// time is that of the commit.
func (r *request) time() time.Time { return time.Unix(r.created, 0).UTC() }
