#!/usr/bin/env bash
# The alerts of config/prometheus fire when they should and not otherwise (promtool test rules), each of them is tried, and every expression
# of the dashboard of config/grafana is one. That each metric is there, story/watched_metrics tells.
set -uo pipefail
cd "${CLOSESYNCD_SOURCE:?}" || exit
PATH=$PWD/build/tools:$PATH
if ! command -v promtool >/dev/null; then
  echo 'alerts: promtool is missing; tests/run installs it'
  exit $((${CI:+1} + 0))
fi
directory=$(mktemp -d "${TMPDIR:-/tmp}/alerts.XXXXXX")
trap 'rm -rf "$directory"' EXIT
failures=0

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

cp config/prometheus/closesyncd.rules.yml tests/prometheus/closesyncd.rules.test.yml "$directory"
(cd "$directory" && promtool check rules closesyncd.rules.yml && promtool test rules closesyncd.rules.test.yml) >"$directory/log" 2>&1 ||
  complain "promtool: $(cat "$directory/log")"
alerts=$(sed -n 's/^ *- alert: //p' config/prometheus/closesyncd.rules.yml)
(($(wc -w <<<"$alerts") == 14)) || complain "these are the alerts: $alerts"
for alert in $alerts; do
  grep -q "alertname: $alert, exp_alerts: \[\]" tests/prometheus/closesyncd.rules.test.yml || complain "nothing tells when $alert is silent"
  grep -q "alertname: $alert\$" tests/prometheus/closesyncd.rules.test.yml || complain "nothing makes $alert fire"
  paragraph=$(sed -n "/alert: $alert\$/,/^\$/p" config/prometheus/closesyncd.rules.yml)
  [[ $paragraph == *severity:* && $paragraph == *summary:* && $paragraph == *description:* ]] || complain "$alert does not say what to do"
done

# What the dashboard asks for, as rules.
python3 - "$directory/dashboard.yml" <<'PYTHON' || complain 'the dashboard cannot be read'
import json, sys
dashboard = json.load(open('config/grafana/closesyncd.json'))
ids = [panel['id'] for panel in dashboard['panels']]
assert len(ids) == len(set(ids)), 'two panels have one id'
assert [panel['title'] for panel in dashboard['panels'] if panel['type'] == 'row'] == ['Fleet', 'Accounts', 'Close', 'PostgreSQL and process']
rules = []
for panel in dashboard['panels']:
    for target in panel.get('targets', []):
        expression = target['expr'].replace('$__rate_interval', '5m').replace('$organization', '.*').replace('$instance', '.*')
        assert '$' not in expression, expression
        rules.append({'record': f'dashboard:{len(rules)}', 'expr': expression})
assert len(rules) > 30, len(rules)
json.dump({'groups': [{'name': 'dashboard', 'rules': rules}]}, open(sys.argv[1], 'w'))
PYTHON
promtool check rules "$directory/dashboard.yml" >"$directory/log" 2>&1 || complain "the dashboard: $(cat "$directory/log")"
((failures == 0)) && echo "alerts: well, $(wc -w <<<"$alerts") alerts"
exit $((failures > 0))
