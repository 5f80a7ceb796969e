package notify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/text"
)

// Config is a file of notification settings, read and found to be good. It never
// changes.
type Config struct {
	// Channels are in the order of the file; their names differ.
	Channels []Channel
}

// Channel is one place that notices go to.
type Channel struct {
	// Name is what workloads and namespaces call it: a DNS label.
	Name string
	// URL says which service, and holds the credentials for it.
	URL URL
	// Level is the least that is sent. The default is info.
	Level Level
	// Default channels get what names no channel.
	Default bool
	// Namespaces are those whose workloads may write here: names, or a prefix and
	// a *. None means all.
	Namespaces []string
	// Batch is how long a first notice waits for others, so that all become one
	// message. The default is 10 seconds; 0 sends each by itself.
	Batch time.Duration
	// MaxLines is how many notices a message shows; the others are counted in
	// its last line. The default is 20.
	MaxLines int
	// Template makes the line of a notice.
	Template *template.Template
}

// Defaults of a channel, and what the settings may be.
const (
	defaultBatch    = 10 * time.Second
	defaultMaxLines = 20
	maxBatch        = time.Hour
	maxMaxLines     = 100
	maxChannels     = 100
	maxTemplate     = 8 << 10
)

// admits reports whether workloads of a namespace may write here.
func (c *Channel) admits(namespace string) bool {
	return len(c.Namespaces) == 0 || slices.ContainsFunc(c.Namespaces, func(allowed string) bool {
		prefix, wild := strings.CutSuffix(allowed, "*")
		return namespace == allowed || wild && strings.HasPrefix(namespace, prefix)
	})
}

// Test sends a message that says what it is, by the channel's template, once.
// The error has nothing of the URL.
func (c *Channel) Test(ctx context.Context) error {
	n := exampleNotice(time.Now())
	n.Reason, n.Namespace, n.Name = "Test", "example", "test"
	n.Text = "a test of the channel " + c.Name + ", for which nothing was updated"
	message, err := c.message([]Notice{n})
	switch {
	case err != nil:
		return err
	case message == "":
		return errors.New("the template has nothing to say of a test")
	}
	return Send(ctx, c.URL, message)
}
