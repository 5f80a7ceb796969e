#!/usr/bin/env bash
# A least age of images, or another time to wait, as text: libraries that read durations have other
# times of the same text (Prometheus' model v0.74.0; sosodev/duration v1.4.0; xhit/go-str2duration
# v2.2.0; ms 2.1.3, parse-duration 2.1.9 and luxon 3.7.2, npm).
#
# P1M, a month in ISO 8601, is a minute to parse-duration, 30 days to luxon and 30.42 to sosodev; 1M is
# a minute to ms as well, as case does not count there. A year has 365 days, or 365.25. parse-duration
# drops a comma, whatever it means, so that 1,5d are fifteen days, and a minus in the middle: 1h-30m is
# an hour and a half. A bare 14 is 14 milliseconds to it and to ms. None of these raises an error.
#
# Seen: the table below, in days. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require (
	github.com/prometheus/common v0.74.0
	github.com/sosodev/duration v1.4.0
	github.com/xhit/go-str2duration/v2 v2.2.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/sosodev/duration"
	"github.com/xhit/go-str2duration/v2"
)

func main() {
	text := os.Args[1]
	prometheus, err := model.ParseDuration(text)
	tell("Prometheus", time.Duration(prometheus), err)
	age, err := str2duration.ParseDuration(text)
	tell("str2duration", age, err)
	iso, err := duration.Parse(text)
	if err == nil {
		age = iso.ToTimeDuration()
	}
	tell("sosodev/duration", age, err)
}

func tell(who string, age time.Duration, err error) {
	days := strconv.FormatFloat(age.Hours()/24, 'g', 4, 64)
	if err != nil {
		days = "refused"
	}
	fmt.Printf("  %s: %s\n", who, days)
}
EOF
cat >read.mjs <<'EOF'
import { Duration } from 'luxon'
import ms from 'ms'
import parse from 'parse-duration'

const text = process.argv[2]
const tell = (who, age) => console.log(`  ${who}: ${Number.isFinite(age) ? Number((age / 86_400_000).toPrecision(4)) : 'refused'}`)
tell('ms', ms(text))
tell('parse-duration', parse(text))
tell('luxon', Duration.fromISO(text).as('milliseconds'))
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit luxon@3.7.2 ms@2.1.3 parse-duration@2.1.9 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o read .
for age in 1d 1.5d 1,5d 1d12h 1h-30m 1M P1M 1y P1Y 14; do
	echo "$age"
	./read "$age"
	node read.mjs "$age"
done | tee seen
diff seen - <<'EOF'
1d
  Prometheus: 1
  str2duration: 1
  sosodev/duration: refused
  ms: 1
  parse-duration: 1
  luxon: refused
1.5d
  Prometheus: refused
  str2duration: 1.5
  sosodev/duration: refused
  ms: 1.5
  parse-duration: 1.5
  luxon: refused
1,5d
  Prometheus: refused
  str2duration: refused
  sosodev/duration: refused
  ms: refused
  parse-duration: 15
  luxon: refused
1d12h
  Prometheus: 1.5
  str2duration: 1.5
  sosodev/duration: refused
  ms: refused
  parse-duration: 1.5
  luxon: refused
1h-30m
  Prometheus: refused
  str2duration: refused
  sosodev/duration: refused
  ms: refused
  parse-duration: 0.0625
  luxon: refused
1M
  Prometheus: refused
  str2duration: refused
  sosodev/duration: refused
  ms: 0.0006944
  parse-duration: 0.0006944
  luxon: refused
P1M
  Prometheus: refused
  str2duration: refused
  sosodev/duration: 30.42
  ms: refused
  parse-duration: 0.0006944
  luxon: 30
1y
  Prometheus: 365
  str2duration: refused
  sosodev/duration: refused
  ms: 365.3
  parse-duration: 365.3
  luxon: refused
P1Y
  Prometheus: refused
  str2duration: refused
  sosodev/duration: 365
  ms: refused
  parse-duration: 365.3
  luxon: 365
14
  Prometheus: refused
  str2duration: refused
  sosodev/duration: refused
  ms: 1.62e-7
  parse-duration: 1.62e-7
  luxon: refused
EOF
