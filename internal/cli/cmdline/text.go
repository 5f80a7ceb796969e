package cmdline

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/garboard-dev/garboard/internal/printable"
)

// OrDash keeps an empty column from looking like a broken table.
func OrDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// Ago is an age as kubectl writes it.
func Ago(at *metav1.Time, now time.Time) string {
	if at == nil {
		return "-"
	}
	return duration.HumanDuration(now.Sub(at.Time)) + " ago"
}

// Shown keeps text of others, such as a name, from steering the terminal, and bounds it.
func Shown(text string) string { return printable.Escape(text, 253) }
