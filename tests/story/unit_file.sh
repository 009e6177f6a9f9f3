#!/usr/bin/env bash
# The units are understood by systemd, and each service is as locked up as one with a network can be (an exposure of at most 1.2).
set -uo pipefail
source=${CLOSESYNCD_SOURCE:?}
directory=$(mktemp -d "${TMPDIR:-/tmp}/unit-file.XXXXXX")
trap 'rm -rf "$directory"' EXIT
failures=0

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

# The binary is where the build put it; instances have a name.
for unit in "$source"/systemd/*.service "$source"/systemd/*.timer; do
  sed -E "s|^(Exec[A-Za-z]+=)closesyncd |\\1${CLOSESYNCD_BINARY:?} |" "$unit" >"$directory/$(basename "${unit/@/@other}")"
done
cd "$directory" || exit
units=(*.service *.timer)
[[ ${units[*]} == 'closesyncd-verify.service closesyncd-verify@other.service closesyncd.service closesyncd@other.service '\
'closesyncd-verify.timer closesyncd-verify@other.timer' ]] || complain "the units are ${units[*]}"
for unit in "${units[@]}"; do
  said=$(systemd-analyze verify --man=no "./$unit" 2>&1) || said+=' (refused)'
  [[ -z $said ]] || complain "systemd does not like $unit: $said"
done
for unit in *.service; do
  systemd-analyze security --offline=true --threshold=12 --no-pager "./$unit" >security 2>&1 ||
    complain "$unit is too open: $(tail -n 1 security)"
  tail -n 1 security
done

has() { # has UNIT LINE...: what contract and operation rely on
  local unit=$1 line
  shift
  for line; do grep -qxF -- "$line" "$unit" || complain "$unit lacks \"$line\""; done
}
for unit in closesyncd.service closesyncd@other.service; do
  # shellcheck disable=SC2016 # systemd expands it
  has "$unit" Type=notify NotifyAccess=main "ExecReload=/bin/sh -c 'kill -HUP \$MAINPID'" Restart=on-failure RestartSec=5 StartLimitIntervalSec=0 \
    'RestartPreventExitStatus=78 64' LimitCORE=0 User=closesyncd
  # A refused configuration fails the reload before the signal is sent.
  [[ $(grep '^ExecReload=' $unit | sed 's|.* check|check|' | tr '\n' ' ') == 'ExecReload=/bin/true check --offline ExecReload=/bin/sh'* ]] ||
    complain "$unit does not check before it reloads"
  grep -q '^WatchdogSec=' $unit || complain "$unit has no watchdog"
  grep -qE '^LoadCredential=[a-z_]+$' $unit || complain "$unit: the credential is not of the soft form"
done
has closesyncd.service StateDirectory=closesyncd Also=closesyncd-verify.timer
has closesyncd@other.service StateDirectory=closesyncd/%i Also=closesyncd-verify@%i.timer \
  "ExecStart=$CLOSESYNCD_BINARY -c /etc/closesyncd/%i.conf run"
for unit in closesyncd-verify.service closesyncd-verify@other.service; do
  has "$unit" Type=oneshot User=closesyncd LimitCORE=0
  grep -q 'verify --record --since heads; else .*verify --record; fi' $unit || complain "$unit does not keep the result"
  grep -q '^#OnFailure=' $unit || complain "$unit does not say how one is told"
  ! grep -q '^LoadCredential' $unit || complain "$unit gets a key"
done
for unit in *.timer; do has "$unit" OnCalendar=daily Persistent=yes; done

# All services are locked up alike: the lines from the comment on.
locked() { sed -n '/^# The network, PostgreSQL/,/^SystemCallFilter=~/p' "$1"; }
for unit in *.service; do
  [[ $(locked "$unit" | wc -l) -gt 25 && $(locked "$unit") == "$(locked closesyncd.service)" ]] ||
    complain "$unit is locked up otherwise than closesyncd.service"
done
# An instance differs from the service in its paths alone.
plain() { grep -vE '^(#|Description=|Also=|WantedBy=|RuntimeDirectory=)' "$1" | sed 's| -c /etc/closesyncd/%i\.conf||g; s|closesyncd/%i|closesyncd|'; }
diff <(plain closesyncd.service) <(plain closesyncd@other.service) || complain 'closesyncd@.service is another service'
diff <(plain closesyncd-verify.service) <(plain closesyncd-verify@other.service) || complain 'closesyncd-verify@.service is another service'

mkdir root root/etc
systemd-sysusers --dry-run --root="$directory/root" "$source/systemd/closesyncd.sysusers.conf" >users 2>&1
grep -qi "creat.* user.* 'closesyncd'" users || complain "sysusers makes no user: $(cat users)"
exit $((failures > 0))
