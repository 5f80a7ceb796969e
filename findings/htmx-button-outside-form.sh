#!/usr/bin/env bash
# htmx 2.0.11: of a submit button outside its form (the attribute "form"), htmx sends name
# and value only if the button says type="submit", which is what a button is without it.
#
# HTML's default for the type of a button is "submit", and a browser's own submission has
# the pressed button's name and value in either case. htmx watches buttons outside of forms
# by the selector [type='submit'], so that one without the attribute submits the form and
# is not in the request: an "approve" and a "reject" button look the same to the server.
#
# Seen: with the attribute "verdict=approve" is sent, without it only the form's own field.
# The script fails if both are sent, or neither.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit htmx.org@2.0.11 jsdom@26.1.0 >/dev/null
cat >press.js <<'EOF'
const { JSDOM } = require('jsdom')
const fs = require('fs')

const htmx = fs.readFileSync(require.resolve('htmx.org/dist/htmx.js'), 'utf8')

// press clicks the button and returns what htmx is about to send.
function press (attributes) {
  const page = `<form id="votes" hx-post="/votes"><input name="update" value="web"></form>
    <button form="votes" name="verdict" value="approve" ${attributes}>Approve</button>`
  const { window } = new JSDOM(page, { runScripts: 'outside-only', url: 'http://localhost/' })
  // jsdom does not know the XPath by which htmx looks for hx-on, which is not used here.
  window.XPathEvaluator.prototype.createExpression = () => ({ evaluate: () => ({ iterateNext: () => null }) })
  window.eval(htmx)
  window.htmx.process(window.document.body)
  let sent
  window.document.body.addEventListener('htmx:configRequest', (event) => {
    sent = new window.URLSearchParams(event.detail.formData).toString()
    event.preventDefault()
  })
  window.document.querySelector('button').click()
  window.close()
  return sent
}

const explicit = press('type="submit"')
const implied = press('')
console.log(`with type="submit": ${explicit}`)
console.log(`without it:         ${implied}`)
if (explicit !== 'update=web&verdict=approve' || implied !== 'update=web') process.exit(1)
EOF
node press.js
