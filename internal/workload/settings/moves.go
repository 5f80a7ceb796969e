package settings

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/garboard-dev/garboard/internal/printable"
)

// Values and defaults of the settings that say when and how a move is made.
const (
	RollbackAuto = "auto"
	RollbackOff  = "off"

	// DefaultHealthTimeout is Rule.HealthTimeout if the workload does not say otherwise: as
	// long as a Deployment has by default to make progress.
	DefaultHealthTimeout = 10 * time.Minute

	day           = 24 * time.Hour
	mostAge       = 366 * day
	leastHealth   = 10 * time.Second
	maxChannels   = 16
	maxNotifyText = 1 << 10 // bytes
)

// Canary is the place of a workload in a set whose first goes ahead. The zero
// value is in none.
type Canary struct {
	// Set names the set, of workloads of one namespace.
	Set string
	// First is true for the one that goes ahead of the rest; Soak is how long it
	// has to be healthy before they follow.
	First bool
	Soak  time.Duration
}

// Follows reports whether the workload follows another one.
func (c Canary) Follows() bool { return c.Set != "" && !c.First }

const (
	ageAllowed    = `a duration such as "72h", "3d" or "1w", of at most 366d`
	canaryAllowed = `"SET first for DURATION" for the workload that goes ahead, "SET" for the rest`
	healthAllowed = `a duration of 10s to 24h, such as "10m"`
	notifyAllowed = "names of channels, comma-separated, at most 16"
)

// parseDuration reads Go's durations, with weeks and days before them: 1w, 3d, 1d12h.
func parseDuration(text string) (time.Duration, error) {
	var whole time.Duration
	rest := text
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		number, behind, ok := strings.Cut(rest, unit.letter)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 12)
		if err != nil {
			return 0, errors.New("not a number of weeks or days")
		}
		whole, rest = whole+time.Duration(n)*unit.length, behind
	}
	if rest == "" && text != "" {
		return whole, nil
	}
	part, err := time.ParseDuration(rest)
	if rest != text && (part < 0 || part > math.MaxInt64-whole) {
		return 0, errors.New("out of bounds")
	}
	return whole + part, err
}

// shortDuration writes a duration without the zeros that Go's own has at its end.
func shortDuration(d time.Duration) string {
	switch {
	case d >= day && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	default:
		return d.String()
	}
}

func parseAge(text string) (time.Duration, error) {
	age, err := parseDuration(text)
	if err != nil || age < 0 || age > mostAge {
		return 0, errors.New("out of bounds")
	}
	return age, nil
}

var setName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)

func parseCanary(text string) (Canary, error) {
	words := strings.Fields(text)
	if len(words) == 0 || !setName.MatchString(words[0]) {
		return Canary{}, errors.New("not a name")
	}
	c := Canary{Set: words[0]}
	if len(words) == 1 {
		return c, nil
	}
	if len(words) != 4 || words[1] != "first" || words[2] != "for" {
		return Canary{}, errors.New("unknown words")
	}
	soak, err := parseDuration(words[3])
	if err != nil || soak < 0 || soak > mostAge {
		return Canary{}, errors.New("not a duration")
	}
	c.First, c.Soak = true, soak
	return c, nil
}

func parseHealthTimeout(text string) (time.Duration, error) {
	timeout, err := parseDuration(text)
	if err != nil || timeout < leastHealth || timeout > day {
		return 0, errors.New("out of bounds")
	}
	return timeout, nil
}

// parseChannels reads the names of channels. Keel's users write those of Slack
// with their hash sign.
func parseChannels(text string) ([]string, error) {
	if len(text) > maxNotifyText {
		return nil, errors.New("too long")
	}
	var channels []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			return nil, errors.New("an empty name")
		case !slices.Contains(channels, name):
			channels = append(channels, name)
		}
	}
	if len(channels) > maxChannels {
		return nil, errors.New("too many")
	}
	return channels, nil
}

// checkChannels takes an empty text from Keel's users, to whom it means the default
// ones.
func checkChannels(e entry) string {
	if e.keel && e.value == "" {
		return ""
	}
	return checkParses(parseChannels, notifyAllowed)(e)
}

const notesAllowed = "an http or https URL without a user, of at most 512 bytes"

// parseNotes reads the address of release notes. It is shown to people as it is.
func parseNotes(text string) (string, error) {
	address, err := url.Parse(text)
	switch {
	case err != nil, len(text) > maxNotes, address.Scheme != "http" && address.Scheme != "https",
		address.Host == "", address.User != nil, strings.ContainsFunc(text, unshown):
		return "", errors.New("no address")
	default:
		return text, nil
	}
}

func unshown(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsGraphic(r) || r == unicode.ReplacementChar
}

// checkParses makes a check of a function that reads a value.
func checkParses[T any](parse func(string) (T, error), allowed string) func(entry) string {
	return func(e entry) string {
		if _, err := parse(e.value); err != nil {
			return "allowed: " + allowed
		}
		return ""
	}
}

func checkWindow(e entry) string {
	if _, err := ParseWindow(e.value); err != nil {
		return fmt.Sprintf("bad window (%s); allowed: %s", printable.Replace(err.Error(), maxQuoted), windowAllowed)
	}
	return ""
}

// readGates takes the settings that say when and how a move is made.
func (r *reader) readGates() {
	rule := &r.settings.rule
	rule.HealthTimeout, rule.Rollback = DefaultHealthTimeout, RollbackOff
	if v, ok := r.good(keyMinAge); ok {
		rule.MinAge, _ = parseAge(v)
	}
	r.readAfter()
	if v, ok := r.good(keyWindow); ok {
		rule.Window, _ = ParseWindow(v)
	}
	if v, ok := r.good(keyCanary); ok {
		rule.Canary, _ = parseCanary(v)
	}
	r.readApprovals()
	if v, ok := r.good(keyHealthTimeout); ok {
		rule.HealthTimeout, _ = parseHealthTimeout(v)
	}
	if v, ok := r.good(keyRollback); ok {
		rule.Rollback = v
	}
	if v, ok := r.good(keyNotify); ok {
		rule.Notify, _ = parseChannels(v)
	}
	if v, ok := r.good(keyReleaseNotes); ok {
		rule.ReleaseNotes, _ = parseNotes(v)
	}
}
