#!/usr/bin/env bash
# A schedule of six fields: robfig/cron v3.0.1 (with seconds; Keel's polls), gronx v1.20.4 and cron-parser
# 5.10.6 (npm) have the seconds first, hashicorp/cronexpr v1.1.3 (Nomad's periodic jobs) and
# @breejs/later 4.2.0 (npm) the year last, and go-quartz v0.15.2 begins the week with 1.
#
# So "0 15 4 * * *", a quarter past four each day, is three in the afternoon of the fourth of each month
# where the sixth field is a year, and "0 0 4 1 1 *", once a year, is each Monday of January. "0 0 4 * * 1"
# is a Monday to the first three and a Sunday to go-quartz, as it is in Quartz and AWS; later takes the
# year 1, and never runs; cronexpr refuses it, the only error of all. Five fields and the day by its
# name, MON, are one schedule to all of them but go-quartz, which takes no five.
#
# Seen: the table below: the first two times from Monday, 30 November 2026, in UTC. The script fails if
# it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	github.com/adhocore/gronx v1.20.4
	github.com/hashicorp/cronexpr v1.1.3
	github.com/reugn/go-quartz v0.15.2
	github.com/robfig/cron/v3 v3.0.1
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/adhocore/gronx"
	"github.com/hashicorp/cronexpr"
	"github.com/reugn/go-quartz/quartz"
	"github.com/robfig/cron/v3"
)

func main() {
	text := os.Args[1]
	robfig, err := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	tell("robfig/cron", err, func(at time.Time) (time.Time, error) { return robfig.Next(at), nil })
	tell("gronx", nil, func(at time.Time) (time.Time, error) { return gronx.NextTickAfter(text, at, false) })
	expression, err := cronexpr.Parse(text)
	tell("cronexpr", err, func(at time.Time) (time.Time, error) { return expression.Next(at), nil })
	trigger, err := quartz.NewCronTriggerWithLoc(text, time.UTC)
	tell("go-quartz", err, func(at time.Time) (time.Time, error) {
		next, err := trigger.NextFireTime(at.UnixNano())
		return time.Unix(0, next).UTC(), err
	})
}

func tell(who string, err error, next func(time.Time) (time.Time, error)) {
	at, runs := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC), []string{}
	for range 2 {
		if err == nil {
			at, err = next(at)
		}
		runs = append(runs, at.Format("Mon 2 Jan 2006 15:04"))
	}
	if err != nil {
		runs = []string{"refused"}
	}
	fmt.Printf("  %s: %s\n", who, strings.Join(runs, ", "))
}
EOF
cat >runs.mjs <<'EOF'
import { CronExpressionParser } from 'cron-parser'
import later from '@breejs/later'

const text = process.argv[2]
const start = new Date('2026-11-30T00:00:00Z')
const part = (date, options) => new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options }).format(date)
const tell = (date) =>
  `${part(date, { weekday: 'short' })} ${date.getUTCDate()} ${part(date, { month: 'short' })} ${date.getUTCFullYear()} ` +
  part(date, { hour: '2-digit', minute: '2-digit' })
const parser = CronExpressionParser.parse(text, { currentDate: start, tz: 'UTC' })
console.log('  cron-parser:', [1, 2].map(() => tell(parser.next().toDate())).join(', '))
later.date.UTC()
const runs = later.schedule(later.parse.cron(text)).next(2, start)
console.log('  later:', Array.isArray(runs) ? runs.map(tell).join(', ') : 'never')
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @breejs/later@4.2.0 cron-parser@5.10.6 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o runs .
for expression in "0 15 4 * * *" "0 0 4 1 1 *" "0 0 4 * * 1" "15 4 * * MON"; do
	echo "$expression"
	./runs "$expression"
	node runs.mjs "$expression"
done | tee seen
diff seen - <<'EOF'
0 15 4 * * *
  robfig/cron: Mon 30 Nov 2026 04:15, Tue 1 Dec 2026 04:15
  gronx: Mon 30 Nov 2026 04:15, Tue 1 Dec 2026 04:15
  cronexpr: Fri 4 Dec 2026 15:00, Mon 4 Jan 2027 15:00
  go-quartz: Mon 30 Nov 2026 04:15, Tue 1 Dec 2026 04:15
  cron-parser: Mon 30 Nov 2026 04:15, Tue 1 Dec 2026 04:15
  later: Fri 4 Dec 2026 15:00, Mon 4 Jan 2027 15:00
0 0 4 1 1 *
  robfig/cron: Fri 1 Jan 2027 04:00, Sat 1 Jan 2028 04:00
  gronx: Fri 1 Jan 2027 04:00, Sat 1 Jan 2028 04:00
  cronexpr: Mon 4 Jan 2027 00:00, Mon 11 Jan 2027 00:00
  go-quartz: Fri 1 Jan 2027 04:00, Sat 1 Jan 2028 04:00
  cron-parser: Fri 1 Jan 2027 04:00, Sat 1 Jan 2028 04:00
  later: Mon 4 Jan 2027 00:00, Mon 4 Jan 2038 00:00
0 0 4 * * 1
  robfig/cron: Mon 30 Nov 2026 04:00, Mon 7 Dec 2026 04:00
  gronx: Mon 30 Nov 2026 04:00, Mon 7 Dec 2026 04:00
  cronexpr: refused
  go-quartz: Sun 6 Dec 2026 04:00, Sun 13 Dec 2026 04:00
  cron-parser: Mon 30 Nov 2026 04:00, Mon 7 Dec 2026 04:00
  later: never
15 4 * * MON
  robfig/cron: Mon 30 Nov 2026 04:15, Mon 7 Dec 2026 04:15
  gronx: Mon 30 Nov 2026 04:15, Mon 7 Dec 2026 04:15
  cronexpr: Mon 30 Nov 2026 04:15, Mon 7 Dec 2026 04:15
  go-quartz: refused
  cron-parser: Mon 30 Nov 2026 04:15, Mon 7 Dec 2026 04:15
  later: Mon 30 Nov 2026 04:15, Mon 7 Dec 2026 04:15
EOF
