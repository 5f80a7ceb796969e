#!/usr/bin/env bash
# docker-parse-image 3.0.1 and parse-docker-image-name 3.0.0 (npm) read image references
# that Kubernetes takes as something else, and raise no error.
#
# docker-parse-image takes a port for the tag where the repository has more than two parts,
# answers null for four parts without a registry, and puts "localhost" in the namespace.
# parse-docker-image-name answers with an empty object for an IPv6 registry.
# @swimlane/docker-reference 2.0.1 reads the first three as distribution/reference does,
# and refuses the last.
#
# Seen: the table below: registry, repository, tag. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit docker-parse-image@3.0.1 parse-docker-image-name@3.0.0 @swimlane/docker-reference@2.0.1 >/dev/null
cat >read.js <<'EOF'
const one = require('docker-parse-image')
const two = require('parse-docker-image-name')
const three = require('@swimlane/docker-reference')

const tell = (parts) => parts.map((part) => part || '-').join(' ')
const read = {
  'docker-parse-image': (text) => {
    const r = one(text)
    return r ? tell([r.registry, r.namespace ? `${r.namespace}/${r.repository}` : r.repository, r.tag]) : 'null'
  },
  'parse-docker-image-name': (text) => { const r = (two.default || two)(text); return tell([r.domain, r.path, r.tag]) },
  '@swimlane/docker-reference': (text) => { const r = three.parseFamiliarName(text); return tell([r.domain, r.path || r._repository, r.tag]) }
}
for (const text of ['registry.example.com:5000/team/shop/web:1.2.0', 'team/shop/web/app:1.2.0', 'localhost/web:1.2.0', '[fd00::1]:5000/web:1.2.0']) {
  console.log(text)
  for (const [name, parse] of Object.entries(read)) {
    let answer
    try { answer = parse(text) } catch (error) { answer = 'error' }
    console.log(`  ${name}: ${answer}`)
  }
}
EOF
node read.js | tee seen
diff seen - <<'EOF'
registry.example.com:5000/team/shop/web:1.2.0
  docker-parse-image: - registry.example.com 5000/team/shop/web:1.2.0
  parse-docker-image-name: registry.example.com:5000 team/shop/web 1.2.0
  @swimlane/docker-reference: registry.example.com:5000 team/shop/web 1.2.0
team/shop/web/app:1.2.0
  docker-parse-image: null
  parse-docker-image-name: - team/shop/web/app 1.2.0
  @swimlane/docker-reference: docker.io team/shop/web/app 1.2.0
localhost/web:1.2.0
  docker-parse-image: - localhost/web 1.2.0
  parse-docker-image-name: localhost web 1.2.0
  @swimlane/docker-reference: localhost web 1.2.0
[fd00::1]:5000/web:1.2.0
  docker-parse-image: [fd00::1]:5000 web 1.2.0
  parse-docker-image-name: - - -
  @swimlane/docker-reference: error
EOF
