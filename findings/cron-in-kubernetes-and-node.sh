#!/usr/bin/env bash
# robfig/cron v3.0.1 (CronJobs of Kubernetes, Keel) opens other days by one cron expression than
# Node's cron-parser 5.10.5 and croner 10.0.1, which Renovate reads its schedules by.
#
# Where day of month and day of week are both restricted, a day that fits either counts. "*/1"
# counts as no restriction to robfig/cron, so that only Mondays are left; the others see one, and
# run each day. Sunday is 0 to robfig/cron alone, and 7 is refused. In the night that has no 02:30,
# since summer time begins, robfig/cron does not run, and the others do at 03:30.
#
# Seen: the table below, for Europe/Berlin from 27 March 2026, the first three of each.
# The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require github.com/robfig/cron/v3 v3.0.1
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

func main() {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	schedule, err := cron.ParseStandard(os.Args[1])
	if err != nil {
		fmt.Println("  robfig/cron: refused")
		return
	}
	at, runs := time.Date(2026, 3, 27, 0, 0, 0, 0, berlin), []string{}
	for range 3 {
		at = schedule.Next(at)
		runs = append(runs, at.Format("Mon 02 15:04"))
	}
	fmt.Println("  robfig/cron:", strings.Join(runs, ", "))
}
EOF
cat >runs.mjs <<'EOF'
import { Cron } from 'croner'
import { CronExpressionParser } from 'cron-parser'

const start = new Date('2026-03-26T23:00:00Z')
const zone = 'Europe/Berlin'
const tell = (date) => {
  const part = (options) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options }).format(date)
  return `${part({ weekday: 'short' })} ${part({ day: '2-digit' })} ${part({ hour: '2-digit', minute: '2-digit' })}`
}
const text = process.argv[2]
const parser = CronExpressionParser.parse(text, { currentDate: start, tz: zone })
console.log('  cron-parser:', [1, 2, 3].map(() => tell(parser.next().toDate())).join(', '))
console.log('  croner:', new Cron(text, { timezone: zone }).nextRuns(3, start).map(tell).join(', '))
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit cron-parser@5.10.5 croner@10.0.1 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o runs .
for expression in "0 4 */1 * 1" "0 4 * * 7" "30 2 * * 0,6"; do
	echo "$expression"
	./runs "$expression"
	node runs.mjs "$expression"
done | tee seen
diff seen - <<'EOF'
0 4 */1 * 1
  robfig/cron: Mon 30 04:00, Mon 06 04:00, Mon 13 04:00
  cron-parser: Fri 27 04:00, Sat 28 04:00, Sun 29 04:00
  croner: Fri 27 04:00, Sat 28 04:00, Sun 29 04:00
0 4 * * 7
  robfig/cron: refused
  cron-parser: Sun 29 04:00, Sun 05 04:00, Sun 12 04:00
  croner: Sun 29 04:00, Sun 05 04:00, Sun 12 04:00
30 2 * * 0,6
  robfig/cron: Sat 28 02:30, Sat 04 02:30, Sun 05 02:30
  cron-parser: Sat 28 02:30, Sun 29 03:30, Sat 04 02:30
  croner: Sat 28 02:30, Sun 29 03:30, Sat 04 02:30
EOF
