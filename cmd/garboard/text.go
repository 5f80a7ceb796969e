package main

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/garboard-dev/garboard/internal/workload"
)

// orDash keeps an empty column from looking like a broken table.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// ago is an age as kubectl writes it.
func ago(at *metav1.Time, now time.Time) string {
	if at == nil {
		return "-"
	}
	return duration.HumanDuration(now.Sub(at.Time)) + " ago"
}

func shown(text string) string { return workload.Shorten(text, 253) }
