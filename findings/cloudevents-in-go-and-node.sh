#!/usr/bin/env bash
# A push that a registry tells as a CloudEvent is another event to the SDK for Go (v2.16.2) than to the
# one for JavaScript (cloudevents 10.0.0).
#
# An event without a time, which is optional, has none in Go, and the time of reading in Node, so that
# an old push looks new. JSON under a type like application/vnd.example+json is an object in Go and a
# text in Node; JSON in data_base64 is an object in Go and an array of numbers in Node. A media type in
# capitals is no event in Node. Neither decodes a percent sign in a header, as the HTTP binding asks
# for, so that the subject "team a" is called "team%20a" where it came as headers, and "team a" where
# it came as one body.
#
# Seen: the table below. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require github.com/cloudevents/sdk-go/v2 v2.16.2
EOF
cat >cases.json <<'EOF'
[
  {"name": "no time", "headers": {"content-type": "application/cloudevents+json"},
   "body": "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/registry\",\"type\":\"push\"}"},
  {"name": "application/vnd.example+json", "headers": {"content-type": "application/vnd.example+json", "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/registry", "ce-type": "push"},
   "body": "{\"tag\":\"1.10\"}"},
  {"name": "data_base64", "headers": {"content-type": "application/cloudevents+json"},
   "body": "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/registry\",\"type\":\"push\",\"datacontenttype\":\"application/json\",\"data_base64\":\"eyJ0YWciOiIxLjEwIn0=\"}"},
  {"name": "Application/CloudEvents+JSON", "headers": {"content-type": "Application/CloudEvents+JSON"},
   "body": "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/registry\",\"type\":\"push\"}"},
  {"name": "ce-subject: team%20a", "headers": {"content-type": "application/json", "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/registry", "ce-type": "push", "ce-subject": "team%20a"},
   "body": "{\"tag\":\"1.10\"}"}
]
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/cloudevents/sdk-go/v2/binding"
	protocol "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func main() {
	text, err := os.ReadFile("cases.json")
	check(err)
	var cases []struct {
		Name, Body string
		Headers    map[string]string
	}
	check(json.Unmarshal(text, &cases))
	for _, c := range cases {
		request, err := http.NewRequest(http.MethodPost, "/", strings.NewReader(c.Body))
		check(err)
		for name, value := range c.Headers {
			request.Header.Set(name, value)
		}
		fmt.Printf("%s: %s\n", c.Name, read(request))
	}
}

func read(request *http.Request) string {
	event, err := binding.ToEvent(context.Background(), protocol.NewMessageFromHttpRequest(request))
	if err != nil {
		return "refused"
	}
	var facts []string
	if !event.Time().IsZero() {
		facts = append(facts, "time")
	}
	if event.Subject() != "" {
		facts = append(facts, "subject "+event.Subject())
	}
	for name, value := range event.Extensions() {
		facts = append(facts, fmt.Sprintf("%s %v", name, value))
	}
	if len(event.Data()) > 0 {
		var data any
		check(event.DataAs(&data))
		facts = append(facts, fmt.Sprintf("data %v", data))
	}
	return "event, " + strings.Join(facts, ", ")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >read.mjs <<'EOF'
import { readFileSync } from 'node:fs'
import { HTTP } from 'cloudevents'

const own = new Set(['id', 'time', 'type', 'source', 'specversion', 'datacontenttype', 'subject', 'data', 'data_base64'])
const kind = (data) => ArrayBuffer.isView(data) ? data.constructor.name : typeof data === 'string' ? `the text ${data}` : `map[tag:${data.tag}]`
const read = (request) => {
  let event
  try {
    event = HTTP.toEvent(request)
  } catch {
    return 'refused'
  }
  const facts = []
  if (event.time !== undefined) facts.push(Math.abs(Date.now() - new Date(event.time)) < 60_000 ? 'time: now' : 'time')
  if (event.subject) facts.push(`subject ${event.subject}`)
  for (const [name, value] of Object.entries(event)) if (!own.has(name) && value !== undefined) facts.push(`${name} ${value}`)
  if (event.data !== undefined) facts.push(`data ${kind(event.data)}`)
  return `event, ${facts.join(', ')}`
}
for (const { name, headers, body } of JSON.parse(readFileSync('cases.json', 'utf8'))) {
  console.log(`${name}: ${read({ headers, body })}`)
}
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit cloudevents@10.0.0 >/dev/null
go mod tidy >/dev/null 2>&1
{
	echo "Go"
	go run . | sed 's/, $//; s/^/  /'
	echo "Node"
	node read.mjs | sed 's/, $//; s/^/  /'
} | tee seen
diff seen - <<'EOF'
Go
  no time: event
  application/vnd.example+json: event, data map[tag:1.10]
  data_base64: event, data map[tag:1.10]
  Application/CloudEvents+JSON: event
  ce-subject: team%20a: event, subject team%20a, data map[tag:1.10]
Node
  no time: event, time: now
  application/vnd.example+json: event, time: now, data the text {"tag":"1.10"}
  data_base64: event, time: now, data Uint32Array
  Application/CloudEvents+JSON: refused
  ce-subject: team%20a: event, time: now, subject team%20a, data map[tag:1.10]
EOF
