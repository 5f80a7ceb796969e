package main

import (
	"slices"
	"testing"
	"time"
)

// Every channel sees the address, and what is written behind it.
func TestPageURL(t *testing.T) {
	for text, good := range map[string]bool{
		"": true, "https://garboard.example.com": true, "http://10.0.0.1:8080/garboard/": true,
		"garboard.example.com": false, "ftp://example.com": false, "https://": false, "javascript:alert(1)": false, "https://ann:secret@example.com": false,
		"https://example.com?a=b": false, "https://example.com#a": false, "https://example.com/<!channel>": false, "https://example.com/a b": false,
	} {
		faults := (&approvalOptions{history: time.Hour, pageURL: text}).check()
		if (len(faults) == 0) != good {
			t.Errorf("%q: good %v, faults %q", text, good, slices.Collect(slices.Values(faults)))
		}
	}
}
