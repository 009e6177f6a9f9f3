#!/usr/bin/env bash
# The simulator, where real clients of Close would stumble over it: whole seconds in RateLimit (or decimal ones, on request), a bad _skip
# told as _skip, the list without its slash, Allow beside a 405.
set -uo pipefail
directory=$(mktemp -d "${TMPDIR:-/tmp}/simulator.XXXXXX")
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$directory"' EXIT
failures=0

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

scene() { printf '{"settings": {%s}, "organizations": [{"key": "api_a", "limiter": {"limit": 2, "window_ms": 700},
  "accounts": [{"id": "emailacct_1"}]}, {"key": "api_b", "accounts": [{"id": "emailacct_2"}]}]}' "$1"; }

scene '' >"$directory/scene.json"
"${CLOSE_SIM:?}" --with-parent --scene "$directory/scene.json" >"$directory/out" &
for _ in {1..200}; do
  port=$(sed -n 's/^port //p' "$directory/out")
  [[ -z $port ]] || break
  sleep 0.05
done
base=http://127.0.0.1:$port/api/v1

# ask KEY PATH [OPTION...]: the answer's head and body.
ask() { curl -s -i --noproxy '*' --max-time 10 -u "$1:" "${@:3}" "$base$2" | tr -d '\r'; }
become() { curl -s --noproxy '*' -X PUT --data-binary "$(scene "$1")" "http://127.0.0.1:$port/_sim/scene" >/dev/null; }
expect() { grep -qiE -- "$2" <<<"$1" || complain "no \"$2\" in: $1"; }
refuse() { ! grep -qiE -- "$2" <<<"$1" || complain "\"$2\" in: $1"; }

answer=$(ask api_a '/me/?n=[1-3]' -w '\n') # one curl asks three times, so all lie in one window
expect "$answer" '^ratelimit: limit=2, remaining=1, reset=1$'
expect "$answer" '^HTTP/1.1 429'
expect "$answer" '^ratelimit: limit=2, remaining=0, reset=1$'
expect "$answer" '^retry-after: 1$'

answer=$(ask api_b '/connected_account/?_skip=-1')
expect "$answer" '^HTTP/1.1 400'
expect "$answer" '_skip must be an integer \(got \\"-1\\"'
answer=$(ask api_b '/connected_account/?_skip=0&_limit=ten')
expect "$answer" '_limit must be an integer \(got \\"ten\\"'

answer=$(ask api_b '/connected_account?_limit=1')
expect "$answer" '^HTTP/1.1 200'
expect "$answer" '"emailacct_2"'
expect "$(ask api_b /me)" '^HTTP/1.1 404'
answer=$(ask api_b /connected_account/ -X POST)
expect "$answer" '^HTTP/1.1 405'
expect "$answer" '^allow: GET$'

become '"decimal_reset": true, "redirect_without_slash": true'
expect "$(ask api_a /me/)" '^ratelimit: limit=2, remaining=1, reset=0\.[0-9]{3}$'
answer=$(ask api_b '/connected_account?_limit=1')
expect "$answer" '^HTTP/1.1 301'
expect "$answer" '^location: /api/v1/connected_account/\?_limit=1$'
become '"refuse_without_slash": true'
answer=$(ask api_b /connected_account)
expect "$answer" '^HTTP/1.1 404'
refuse "$answer" emailacct
((failures == 0)) && echo 'simulator: well'
exit $((failures > 0))
