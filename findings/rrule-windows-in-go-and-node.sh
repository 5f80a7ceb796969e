#!/usr/bin/env bash
# A window that is written as an RRULE, as calendars and maintenance windows of clouds are, opens at
# other times by rrule 2.8.1 (npm) than by teambition/rrule-go v1.8.2, once a time zone is named.
#
# With a zone, RFC 5545 wants UNTIL in UTC. rrule compares it with the wall clock all the same: east of
# Greenwich the last window is missing, and west of it there may be one too many. In the night that
# has no 02:30, rrule runs at 01:30, an hour early, and rrule-go at 03:30, as the RFC says. Of an hourly
# rule each leaves one hour out when the clock goes back, and not the same one.
#
# Seen: the table below, in UTC. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require github.com/teambition/rrule-go v1.8.2
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"strings"
	_ "time/tzdata"

	"github.com/teambition/rrule-go"
)

func main() {
	set, err := rrule.StrToRRuleSet(os.Args[1])
	if err != nil {
		panic(err)
	}
	var opens []string
	for _, at := range set.All() {
		opens = append(opens, at.UTC().Format("Jan 02 15:04"))
	}
	fmt.Println("  rrule-go:", strings.Join(opens, ", "))
}
EOF
cat >read.mjs <<'EOF'
import rrule from 'rrule'

const tell = (at) => {
  const [, , month, , time] = at.toUTCString().replace(',', '').split(' ').slice(0, 5)
  return `${month} ${String(at.getUTCDate()).padStart(2, '0')} ${time.slice(0, 5)}`
}
console.log('  rrule:', rrule.rrulestr(process.argv[2]).all().map(tell).join(', '))
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit rrule@2.8.1 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o read .
for rule in \
	$'DTSTART;TZID=Europe/Berlin:20260105T020000\nRRULE:FREQ=WEEKLY;UNTIL=20260119T010000Z' \
	$'DTSTART;TZID=America/New_York:20260117T050000\nRRULE:FREQ=DAILY;UNTIL=20260119T070000Z' \
	$'DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3' \
	$'DTSTART;TZID=Europe/Berlin:20261025T000000\nRRULE:FREQ=HOURLY;COUNT=4'; do
	echo "$rule"
	./read "$rule"
	TZ=UTC node read.mjs "$rule"
done | tee seen
diff seen - <<'EOF'
DTSTART;TZID=Europe/Berlin:20260105T020000
RRULE:FREQ=WEEKLY;UNTIL=20260119T010000Z
  rrule-go: Jan 05 01:00, Jan 12 01:00, Jan 19 01:00
  rrule: Jan 05 01:00, Jan 12 01:00
DTSTART;TZID=America/New_York:20260117T050000
RRULE:FREQ=DAILY;UNTIL=20260119T070000Z
  rrule-go: Jan 17 10:00, Jan 18 10:00
  rrule: Jan 17 10:00, Jan 18 10:00, Jan 19 10:00
DTSTART;TZID=Europe/Berlin:20260328T023000
RRULE:FREQ=DAILY;COUNT=3
  rrule-go: Mar 28 01:30, Mar 29 01:30, Mar 30 00:30
  rrule: Mar 28 01:30, Mar 29 00:30, Mar 30 00:30
DTSTART;TZID=Europe/Berlin:20261025T000000
RRULE:FREQ=HOURLY;COUNT=4
  rrule-go: Oct 24 22:00, Oct 24 23:00, Oct 25 01:00, Oct 25 02:00
  rrule: Oct 24 22:00, Oct 25 00:00, Oct 25 01:00, Oct 25 02:00
EOF
