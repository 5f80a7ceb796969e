package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
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

// credentialID is the key in the log of what tells the tokens of one account apart.
const credentialID = "authentication.kubernetes.io/credential-id"

// requests are counted by verb or by resource.
type requests map[string]int

// plus adds up requests of several.
func (r requests) plus(more requests) requests {
	sum := maps.Clone(r)
	if sum == nil {
		sum = requests{}
	}
	for what, n := range more {
		sum[what] += n
	}
	return sum
}

// asked are the requests of one updater.
type asked struct {
	// byVerb are those since they were taken last; Lease is for the leader election, and a
	// dry run is told from a patch.
	byVerb requests
	// byResource are all.
	byResource requests
}

// audit reads the API server's log on from where it was read to before.
type audit struct {
	path string
	at   int64
	// open are the requests that have begun: a watch is logged twice.
	open map[string]bool
	// of are the requests of each updater, by its credential.
	of map[string]*asked
}

func newAudit(path string) *audit {
	return &audit{path: path, open: map[string]bool{}, of: map[string]*asked{}}
}

// entry is what is read of a line of the log.
type entry struct {
	AuditID, Verb, RequestURI string
	User                      struct {
		Username string
		Extra    map[string][]string
	}
	ObjectRef      struct{ Resource string }
	ResponseStatus struct{ Code int }
}

// read reads what was logged since the last time.
func (a *audit) read() error {
	file, err := os.Open(a.path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if _, err := file.Seek(a.at, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil { // a line that is being written is read the next time
			return nil
		}
		a.at += int64(len(line))
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("reading the audit log: %w", err)
		}
		a.count(&e)
	}
}

func (a *audit) count(e *entry) {
	if e.User.Username != webhook.DefaultUpdaterAccount || a.open[e.AuditID] {
		return
	}
	a.open[e.AuditID] = true
	credential := strings.Join(e.User.Extra[credentialID], "")
	by := a.of[credential]
	if by == nil {
		by = &asked{byVerb: requests{}, byResource: requests{}}
		a.of[credential] = by
	}
	by.byVerb[kindOf(e)]++
	by.byResource[e.ObjectRef.Resource]++
}

// take returns the requests of each updater since they were taken last, by verb.
func (a *audit) take(credentials []string) ([]requests, error) {
	if err := a.read(); err != nil {
		return nil, err
	}
	all := make([]requests, 0, len(credentials))
	for _, credential := range credentials {
		by := a.of[credential]
		all = append(all, by.byVerb)
		by.byVerb = requests{}
	}
	return all, nil
}

// untilNew waits for the first request of an updater that was just started, and returns
// its credential.
func (a *audit) untilNew(ctx context.Context) (credential string, err error) {
	known := slices.Collect(maps.Keys(a.of))
	err = a.until(ctx, func() bool {
		for credential = range a.of {
			if !slices.Contains(known, credential) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return "", fmt.Errorf("waiting for the first request of the updater: %w", err)
	}
	return credential, nil
}

// untilPatched waits until so many patches of the updaters were stored since they were taken. To
// read that here costs an updater nothing, as its metrics would.
func (a *audit) untilPatched(ctx context.Context, credentials []string, least int) error {
	patched := 0
	err := a.until(ctx, func() bool {
		patched = 0
		for _, credential := range credentials {
			patched += a.of[credential].byVerb["patch"]
		}
		return patched >= least
	})
	if err != nil {
		return fmt.Errorf("waiting for %d patches: there are %d: %w", least, patched, err)
	}
	return nil
}

// untilRead waits until each updater has asked so often for a resource since its start.
func (a *audit) untilRead(ctx context.Context, credentials []string, resource string, least int) error {
	found := make([]int, len(credentials))
	err := a.until(ctx, func() bool {
		for i, credential := range credentials {
			found[i] = a.of[credential].byResource[resource]
		}
		return slices.Min(found) >= least
	})
	if err != nil {
		return fmt.Errorf("waiting for each updater to read %d %s: they have read %d: %w", least, resource, found, err)
	}
	return nil
}

// until reads the log each second until it has what is waited for.
func (a *audit) until(ctx context.Context, done func() bool) error {
	return wait.PollUntilContextCancel(ctx, time.Second, true, func(context.Context) (bool, error) {
		if err := a.read(); err != nil {
			return false, err
		}
		return done(), nil
	})
}

// kindOf names what is counted together. Patches and dry runs that failed are sent again: on
// a machine that is too slow for the deadlines of webhooks there may be any number.
func kindOf(e *entry) string {
	kind := e.Verb
	switch {
	case e.ObjectRef.Resource == "leases":
		return "Lease"
	case e.ObjectRef.Resource == "events":
		return "Event"
	case e.ObjectRef.Resource == "": // which kinds there are
		return "discovery"
	case strings.Contains(e.RequestURI, "dryRun="):
		kind = "dry run"
	case e.Verb != "patch":
		return kind
	}
	if e.ResponseStatus.Code != http.StatusOK {
		kind += " that failed"
	}
	return kind
}
