package page

import (
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// maxShown bounds a text of others.
const maxShown = 500

// shown is a text of others, on one line.
func shown(text string) string { return printable.OneLine(text, maxShown) }

// ago is an age as kubectl writes it.
func ago(at *metav1.Time, now time.Time) string {
	if at == nil {
		return "not yet"
	}
	return duration.HumanDuration(max(0, now.Sub(at.Time))) + " ago"
}

// due is the time that is left.
func due(at *metav1.Time, now time.Time) string {
	switch {
	case at == nil:
		return "not planned"
	case !at.After(now):
		return "now"
	}
	return "in " + duration.HumanDuration(at.Sub(now))
}

// stamp is a time for machines, in an element of its own.
func stamp(at *metav1.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// version cuts a digest to what tells two apart.
func version(text string) string {
	result, ok := record.ParseResult(text)
	short := printable.Digest(result.Digest, 8)
	if !ok || short == result.Digest {
		return shown(text)
	}
	return shown(result.Tag) + "@" + short + "…"
}

// plural is "1 container", "2 containers", "2 repositories", "2 days".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if stem, ok := strings.CutSuffix(one, "y"); ok && !strings.HasSuffix(stem, "a") {
		return number(n) + " " + stem + "ies"
	}
	return number(n) + " " + one + "s"
}

// number writes thousands apart: 10,000.
func number(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	rest := strconv.Itoa(n % 1000)
	return number(n/1000) + "," + strings.Repeat("0", 3-len(rest)) + rest
}
