#!/usr/bin/env bash
# The quickstart, as somebody runs it who has just copied the project: it tells its story, or says what is wrong, and in every
# case leaves no process and no directory behind. The build is not made again: CLOSESYNCD_BUILD_DIR names it.
set -uo pipefail

source_dir=${CLOSESYNCD_SOURCE:?} close_sim=${CLOSE_SIM:?}
: "${CLOSESYNCD_BUILD_DIR:?}"
base=$(mktemp -d "${TMPDIR:-/tmp}/quickstart-test.XXXXXX")
mark=quickstart-test-$$-$RANDOM
failures=0
sim_pid=''
trap '[[ -z $sim_pid ]] || kill "$sim_pid"; rm -rf "$base"' EXIT
unset CLOSE_API_KEY CLOSE_BASE_URL

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}
expect() { # expect FILE TEXT
  grep -qF -- "$2" "$1" || { complain "$(basename "$1") does not say \"$2\""; cat "$1"; }
}
expect_status() { # expect_status WANTED GOT FILE
  [[ $1 == "$2" ]] || { complain "$(basename "$3"): exit status $2, not $1"; cat "$3"; }
}

# Every process that inherited our mark, or has the private directory on its command line.
survivors() {
  local box=$1 directory
  for directory in /proc/[0-9]*; do
    [[ $directory != /proc/$$ && $directory != /proc/$BASHPID ]] || continue
    if { tr '\0' '\n' <"$directory/environ" | grep -qxF "QUICKSTART_MARK=$mark"; } 2>/dev/null ||
      { [[ -n $box ]] && grep -qF -- "$box" "$directory/cmdline"; } 2>/dev/null; then
      tr '\0' ' ' <"$directory/cmdline" 2>/dev/null
      echo
    fi
  done
}
expect_nothing_left() { # expect_nothing_left OUTPUT
  local box left
  box=$(sed -n 's|.*Unix socket in \(/.*\)/pg$|\1|p' "$1")
  [[ -n $box ]] || complain "$(basename "$1") names no private directory"
  left=$(survivors "$box")
  [[ -z $left ]] || complain "$(basename "$1"): still running: $left"
  [[ ! -e $box ]] || complain "$(basename "$1"): $box is still there"
}

# A copy whose path is too long for a Unix socket, and which other users may not enter.
long=$base/$(printf 'a-long-way-down-%.0s' {1..8})/checkout
mkdir -p "$long"
chmod 0700 "$base"
cp -r "$source_dir/config" "$long/"
mkdir -p "$long/tests/sim" && cp -r "$source_dir/tests/sim/data" "$long/tests/sim/"
quickstart() { env QUICKSTART_MARK="$mark" "$@"; }

SECONDS=0
echo 'the story, from a long path and another directory'
(cd / && quickstart "$long/config/quickstart" --once) >"$base/story" 2>&1
expect_status 0 $? "$base/story"
for text in 'recorded    changed' '+0 ~1 -0' '+0 ~0 -1' 'g@example.com │ changed │ send_status' '"535 Authentication failed"' \
  'the missing account is gone' 'z@example.com │ removed' 'left join account_history as before' 'is deleted'; do
  expect "$base/story" "$text"
done
! grep -q $'\e' "$base/story" || complain 'there are colours in a file'
expect_nothing_left "$base/story"

echo 'two at once'
quickstart "$long/config/quickstart" --once >"$base/first" 2>&1 &
first=$!
quickstart "$long/config/quickstart" --once >"$base/second" 2>&1
expect_status 0 $? "$base/second"
wait "$first"
expect_status 0 $? "$base/first"
expect_nothing_left "$base/first"
expect_nothing_left "$base/second"

echo 'an organization of its own, by its key'
"$close_sim" --data "$source_dir/tests/sim/data/recorded-shapes.json" >"$base/sim" &
sim_pid=$!
until grep -qs '^key' "$base/sim"; do sleep 0.1; done
url=http://127.0.0.1:$(sed -n 's/^port //p' "$base/sim")/api/v1
CLOSE_API_KEY=api_data_1 CLOSE_BASE_URL=$url quickstart "$long/config/quickstart" --once >"$base/own" 2>&1
expect_status 0 $? "$base/own"
expect "$base/own" 'default'
expect "$base/own" 'c@example.com'
expect_nothing_left "$base/own"

echo 'a wrong key'
CLOSE_API_KEY=api_wrong_secret CLOSE_BASE_URL=$url quickstart "$long/config/quickstart" --once >"$base/wrong" 2>&1
expect_status 1 $? "$base/wrong"
expect "$base/wrong" 'CLOSE_API_KEY'
! grep -q api_wrong_secret "$base/wrong" || complain 'the key is in the output'
expect_nothing_left "$base/wrong"

echo 'stopped or killed in the middle'
for signal in TERM INT KILL; do
  env --default-signal=INT "QUICKSTART_MARK=$mark" "$long/config/quickstart" --once >"$base/$signal" 2>&1 &
  pid=$!
  until grep -qs 'Unix socket in' "$base/$signal"; do sleep 0.05; done
  kill -"$signal" "$pid"
  wait "$pid" 2>/dev/null
  status=$?
  if [[ $signal != KILL ]]; then
    expect_status $((128 + $(kill -l "$signal"))) "$status" "$base/$signal"
    expect_nothing_left "$base/$signal"
  else # nobody can clean up then, but nothing goes on running
    box=$(sed -n 's|.*Unix socket in \(/.*\)/pg$|\1|p' "$base/$signal")
    for ((i = 0; i < 100; i++)); do
      [[ -n $(survivors "$box") ]] || break
      sleep 0.1
    done
    left=$(survivors "$box")
    [[ -z $left ]] || complain "after SIGKILL: still running: $left"
    rm -rf "$box"
  fi
done

await() { # await SECONDS COMMAND...
  local tenths=$(($1 * 10))
  shift
  until "$@"; do
    ((tenths-- > 0)) || return 1
    sleep 0.1
  done
}

stay() { # stay OUTPUT: the quickstart as a daemon, in $pid
  env --default-signal=INT "QUICKSTART_MARK=$mark" "$long/config/quickstart" >"$1" 2>&1 &
  pid=$!
  await 60 grep -q 'Ctrl-C' "$1" || complain "$(basename "$1") does not stay: $(cat "$1")"
}

echo 'the daemon: a change arrives, Ctrl-C ends it'
stay "$base/daemon"
box=$(sed -n 's|.*Unix socket in \(/.*\)/pg$|\1|p' "$base/daemon")
eval "$(sed -n "s/^ *\(curl -s '.*\)/\1/p" "$base/daemon")" # what it tells one to try
# shellcheck disable=SC2317 # await calls it
arrived() {
  [[ $(psql -XAtq -h "$box/pg" close -c "select send_status from account where email = 'g@example.com'") == ok ]]
}
await 20 arrived || complain "the change does not arrive: $(cat "$base/daemon")"
metrics=$(sed -n 's|^ *http *\(http:[^ ]*/metrics\).*|\1|p' "$base/daemon")
curl -sf "$metrics" | grep '^closesyncd_' >/dev/null || complain 'there are no metrics where it says'
curl -sf "$(sed -n 's|^ *page *\(http:[^ ]*\)$|\1|p' "$base/daemon")" | grep -i '^<!doctype html>' >/dev/null || complain 'there is no page where it says'
eval "$(sed -n 's/^ *look *\(.*\) status .*/\1/p' "$base/daemon") status" | grep '^2 organizations: 2 well' >/dev/null || complain 'there is no status where it says'
kill -INT "$pid"
wait "$pid"
expect_status 0 $? "$base/daemon"
expect_nothing_left "$base/daemon"

echo 'the daemon dies'
stay "$base/dies"
box=$(sed -n 's|.*Unix socket in \(/.*\)/pg$|\1|p' "$base/dies")
pkill -KILL -f "^$CLOSESYNCD_BUILD_DIR/closesyncd -c $box/closesyncd.conf run" || complain 'there is no daemon'
wait "$pid"
expect_status 1 $? "$base/dies"
expect_nothing_left "$base/dies"

echo 'a build folder from which a package was made' # without tests, so without the pretended Close
mkdir "$base/bin"
printf '#!/bin/sh\necho "cmake $*"\nexit 1\n' >"$base/bin/cmake"
chmod +x "$base/bin/cmake"
env -u CLOSESYNCD_BUILD_DIR PATH="$base/bin:$PATH" "$long/config/quickstart" --once >"$base/build" 2>&1
expect_status 1 $? "$base/build"
expect "$base/build" ' -DBUILD_TESTING=ON'
expect "$base/build" 'quickstart: could not build'

echo 'a wrong option'
"$long/config/quickstart" --twice >"$base/option" 2>&1
expect_status 64 $? "$base/option"

((failures == 0)) && echo "quickstart: well ($SECONDS s)"
exit $((failures > 0))
