package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/garboard-dev/garboard/webhook"
)

// auditPolicy writes a policy that logs every request of the updater's, reads and
// watches among them, and of no other client.
func auditPolicy() (string, error) {
	file, err := os.CreateTemp("", "garboard-audit-*.yaml")
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(file, `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: [%q]
- level: None
`, webhook.DefaultUpdaterAccount)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return file.Name(), err
}

// audit reads the API server's log on from where it was read to before.
type audit struct {
	path string
	at   int64
	// open are the requests that have begun: a watch is logged twice.
	open map[string]bool
	// read counts them by resource.
	read map[string]int
}

func newAudit(path string) *audit {
	return &audit{path: path, open: map[string]bool{}, read: map[string]int{}}
}

// requests counts the updater's requests since the last time, by verb; Lease is
// for the leader election, and a dry run is told from a patch.
func (a *audit) requests() (map[string]int, error) {
	file, err := os.Open(a.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if _, err := file.Seek(a.at, io.SeekStart); err != nil {
		return nil, err
	}
	count, lines := map[string]int{}, bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil { // a line that is being written is read the next time
			return count, nil
		}
		a.at += int64(len(line))
		var entry struct {
			AuditID, Verb, RequestURI string
			User                      struct{ Username string }
			ObjectRef                 struct{ Resource string }
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		if entry.User.Username != webhook.DefaultUpdaterAccount || a.open[entry.AuditID] {
			continue
		}
		a.open[entry.AuditID] = true
		a.read[entry.ObjectRef.Resource]++
		count[kindOf(entry.Verb, entry.ObjectRef.Resource, entry.RequestURI)]++
	}
}

// untilPatched waits until the updater has sent so many patches, and returns its requests
// meanwhile. To read that here costs the updater nothing, as its metrics would.
func (a *audit) untilPatched(ctx context.Context, least int) (map[string]int, error) {
	all := map[string]int{}
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(context.Context) (bool, error) {
		more, err := a.requests()
		for kind, n := range more {
			all[kind] += n
		}
		return all["patch"] >= least, err
	})
	if err != nil {
		return nil, fmt.Errorf("waiting for %d patches: there are %d: %w", least, all["patch"], err)
	}
	return all, nil
}

func kindOf(verb, resource, uri string) string {
	switch {
	case resource == "leases":
		return "Lease"
	case resource == "events":
		return "Event"
	case resource == "": // which kinds there are
		return "discovery"
	case strings.Contains(uri, "dryRun="):
		return "dry run"
	}
	return verb
}
