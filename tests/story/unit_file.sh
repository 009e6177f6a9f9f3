#!/usr/bin/env bash
# The unit is understood by systemd, and is as locked up as a service with a network can be (an exposure of at most 1.2).
set -uo pipefail
directory=$(mktemp -d "${TMPDIR:-/tmp}/unit-file.XXXXXX")
trap 'rm -rf "$directory"' EXIT
unit=$directory/closesyncd.service
sed "s|^ExecStart=closesyncd |ExecStart=${CLOSESYNCD_BINARY:?} |" "${CLOSESYNCD_SOURCE:?}/systemd/closesyncd.service" >"$unit"
failures=0

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

said=$(systemd-analyze verify --man=no "$unit" 2>&1) || said+=' (refused)'
[[ -z $said ]] || complain "systemd does not like the unit: $said"
systemd-analyze security --offline=true --threshold=12 --no-pager "$unit" >"$directory/security" 2>&1 ||
  complain "the unit is too open: $(tail -n 1 "$directory/security")"
# What contract and operation rely on.
# shellcheck disable=SC2016 # systemd expands it
for line in Type=notify NotifyAccess=main 'ExecReload=/bin/kill -HUP $MAINPID' Restart=on-failure RestartSec=5 StartLimitIntervalSec=0 \
  'RestartPreventExitStatus=78 64' LimitCORE=0 User=closesyncd StateDirectory=closesyncd; do
  grep -qxF -- "$line" "$unit" || complain "the unit lacks \"$line\""
done
grep -q '^WatchdogSec=' "$unit" || complain 'the unit has no watchdog'
grep -qE '^LoadCredential=[a-z_]+$' "$unit" || complain 'the credential is not of the soft form'
mkdir "$directory/etc"
systemd-sysusers --dry-run --root="$directory" "$CLOSESYNCD_SOURCE/systemd/closesyncd.sysusers.conf" >"$directory/users" 2>&1
grep -qi "creat.* user.* 'closesyncd'" "$directory/users" || complain "sysusers makes no user: $(cat "$directory/users")"
((failures == 0)) && tail -n 1 "$directory/security"
exit $((failures > 0))
