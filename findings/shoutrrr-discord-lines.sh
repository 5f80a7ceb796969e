#!/usr/bin/env bash
# shoutrrr v0.13.2, Discord: with its defaults (splitLines=yes) a message of more than
# ten lines loses its first lines, sends its last ones twice, and reports success.
#
# Each line becomes an embed, and Discord takes ten embeds a message, so a longer text
# goes out in several requests. What arrives is not the text: the requests overlap at
# the end and leave out the beginning. With splitLines=no all lines arrive once.
#
# Seen for twelve lines: line 1 and line 2 are missing, the last two come twice, no error.
# The script answers in Discord's place and fails if the lines arrive as they were sent.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require github.com/nicholas-fedor/shoutrrr v0.13.2
EOF
cat >main.go <<'EOF'
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/nicholas-fedor/shoutrrr"
)

// discord answers every request as Discord does, and keeps what it was sent.
type discord struct{ got []string }

func (d *discord) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	var message struct {
		Content string
		Embeds  []struct{ Description string }
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return nil, err
	}
	if message.Content != "" {
		d.got = append(d.got, strings.Split(message.Content, "\n")...)
	}
	for _, embed := range message.Embeds {
		d.got = append(d.got, strings.Split(embed.Description, "\n")...)
	}
	return &http.Response{StatusCode: 204, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

func main() {
	var lines []string
	for i := range 12 {
		lines = append(lines, fmt.Sprintf("line %d", i+1))
	}
	for _, query := range []string{"", "?splitLines=no"} {
		d := &discord{}
		http.DefaultTransport = d
		http.DefaultClient = &http.Client{Transport: d}
		err := shoutrrr.Send("discord://token@123456789012345678"+query, strings.Join(lines, "\n"))
		fmt.Printf("%q error %v as sent %t: %s\n", query, err, strings.Join(d.got, "\n") == strings.Join(lines, "\n"), strings.Join(d.got, ", "))
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee answers
grep -q '^"" error <nil> as sent false' answers
grep -q '^"?splitLines=no" error <nil> as sent true' answers
