#!/usr/bin/env bash
# Renovate 44.121.2 (npm), versioning "docker": of a tag, what stands behind the digits up to the
# first hyphen is a pre-release, what stands behind the hyphen is a flavour of the image, and
# this is not what the tags in use mean by either.
#
# The fourth part that Temurin and others write behind an underscore makes each of their releases
# a pre-release, and two of them are compared as text, so that _9 comes after _11. 1.3.0-rc.1 is
# a stable release of the flavour "rc.1", for which neither -rc.2 nor 1.3.0 is an update; nor is a
# later day of 2024-01-05, since the flavour is "01-05". Numbers are read as floating point: a
# time stamp with milliseconds (17 digits) and the next one are the same version.
#
# Seen: the table below. "update" is what Renovate asks of a candidate: compatible and greater.
# The script fails if it changes. What is run is the package's own module for that versioning,
# without the 300 MB of the other dependencies.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm pack --silent renovate@44.121.2 >/dev/null
tar xzf renovate-44.121.2.tgz
echo '{"type": "module"}' >package.json
npm install --silent --no-fund --no-audit @sindresorhus/is@8.1.0 >/dev/null
cat >ask.js <<'EOF'
import { api as docker } from './package/dist/modules/versioning/docker/index.js'

const update = (from, to) => docker.isCompatible(to, from) && docker.isGreaterThan(to, from)
for (const tag of ['17.0.12', '17.0.12_7-jdk', '1.3.0-rc.1']) {
  console.log(`${tag} stable=${docker.isStable(tag)}`)
}
for (const [from, to] of [
  ['17.0.12_9', '17.0.12_11'],
  ['17.0.12_11', '17.0.12_9'],
  ['1.3.0-rc.1', '1.3.0-rc.2'],
  ['1.3.0-rc.1', '1.3.0'],
  ['1.3.0-rc.1', '1.4.0-rc.1'],
  ['2024-01-05', '2024-01-06'],
  ['20261130080002123', '20261130080002124']
]) {
  console.log(`${from} to ${to} update=${update(from, to)}`)
}
EOF
RENOVATE_X_IGNORE_RE2=1 node ask.js | tee seen
diff seen - <<'EOF'
17.0.12 stable=true
17.0.12_7-jdk stable=false
1.3.0-rc.1 stable=true
17.0.12_9 to 17.0.12_11 update=false
17.0.12_11 to 17.0.12_9 update=true
1.3.0-rc.1 to 1.3.0-rc.2 update=false
1.3.0-rc.1 to 1.3.0 update=false
1.3.0-rc.1 to 1.4.0-rc.1 update=true
2024-01-05 to 2024-01-06 update=false
20261130080002123 to 20261130080002124 update=false
EOF
