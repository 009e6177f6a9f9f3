#!/usr/bin/env bash
# The manual tells every command and every setting with its default, the example configuration too, and what `cmake --install`
# puts where is all there.
set -uo pipefail
cd "${CLOSESYNCD_SOURCE:?}" || exit
directory=$(mktemp -d "${TMPDIR:-/tmp}/manual.XXXXXX")
trap 'rm -rf "$directory"' EXIT
failures=0

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

commands=$("${CLOSESYNCD_BINARY:?}" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
[[ -n $commands ]] || complain 'closesyncd --help lists no command'
for command in $commands; do
  grep -q "^\*$command\*" config/closesyncd.1.scd || complain "closesyncd.1.scd does not tell of the command \"$command\""
  grep -q "^|.*\`closesyncd $command\b" README.md || complain "README.md does not list the command \"$command\""
done
# shellcheck disable=SC2013 # words without blanks
for command in $(sed -n '/^# COMMANDS/,/^# OUTCOMES/s/^\*\([a-z]*\)\*.*/\1/p' config/closesyncd.1.scd); do
  [[ $'\n'$commands$'\n' == *$'\n'$command$'\n'* ]] || complain "closesyncd.1.scd tells of a command \"$command\" that is none"
done

# The synopsis of each command is the table's, and each of its options is told of.
while IFS=$'\t' read -r _ command synopsis; do
  synopsis=$(sed -E "s/^$command/*$command*/; s/\b([A-Z]+)\b/_\1_/g" <<<"$synopsis")
  grep -qxF -- "$synopsis" config/closesyncd.1.scd || complain "closesyncd.1.scd: no line \"$synopsis\""
done < <("$CLOSESYNCD_BINARY" --words | grep ^synopsis)
options=0
while IFS=$'\t' read -r _ command name letter _; do
  options=$((options + 1))
  start="*$command*" end='^[*#]'
  [[ $command != - ]] || { start='# OPTIONS' end='^#'; }
  paragraph=$(awk -v s="$start" -v e="$end" 'on && $0 ~ e { exit } index($0, s) == 1 { on = 1 } on' config/closesyncd.1.scd)
  [[ $paragraph == *"*--$name*"* ]] || complain "closesyncd.1.scd does not tell of --$name of \"$command\""
  [[ $letter == - || $paragraph == *"*-$letter*, "* ]] || complain "closesyncd.1.scd does not tell of -$letter"
done < <("$CLOSESYNCD_BINARY" --words | grep ^option)
((options > 15)) || complain "closesyncd --words tells only $options options"

# Lines of the tables in daemon/config/*.c: {"section", "key", "default", … and, of an organization, {"key", …
settings=0
while IFS=$'\t' read -r section key preset; do
  settings=$((settings + 1))
  in_section=$(awk -v s="# [$section" -v k="*$key*" \
    'index($0, "# ") == 1 { on = index($0, s) == 1 } on && index($0, k) == 1' config/closesyncd.conf.5.scd)
  [[ -n $in_section ]] || complain "closesyncd.conf.5.scd does not tell of $section.$key"
  [[ -z $preset || $in_section == *"(default: $preset)"* ]] || complain "closesyncd.conf.5.scd: the default of $section.$key is $preset"
  grep -qF -- "#$key =${preset:+ $preset}" config/closesyncd.conf || complain "closesyncd.conf: no line \"#$key = $preset\""
done < <(sed -nE 's/^    \{"([a-z]+)", "([a-z_]+)", "?([^",]*)"?, .*/\1\t\2\t\3/p' daemon/config/config.c | sed 's/\tNULL$/\t/'
  sed -nE 's/^    \{"([a-z_]+)", config_judge.*/organization\t\1\t/p' daemon/config/organization.c)
((settings > 25)) || complain "only $settings settings were found in daemon/config/*.c"

# Every member of every object but `history --json`'s, which are the columns of account_change; every metric, and nothing that is no metric.
members=$(grep -hoE --exclude=history_line.c '(json_[a-z_]+|write_moment)\(&?(json|list)[a-z_.>-]*, "[a-z_]+"|fputs\(", \\"[a-z_]+\\": ' daemon/{command,command/check,monitor,store}/*.c daemon/sweep/report.c |
  grep -oE '"[a-z_]+\\?"' | tr -d '"\\' | sort -u)
(($(wc -w <<<"$members") > 40)) || complain "only these members were found: $members"
told=$(sed -n '/^# JSON/,/^# EXAMPLES/p' config/closesyncd.1.scd | grep -v closesyncd_ | grep -oE '_[a-z][a-z_]*_' | sed 's/^_//;s/_$//' | sort -u)
[[ $members == "$told" ]] || complain "members of JSON and manual differ: $(diff <(echo "$members") <(echo "$told"))"
metrics=$(grep -ohE '"closesyncd_[a-z_]+"|closesyncd_[a-z_]+ 1\\n|closesyncd_[a-z_]+\{' daemon/monitor/*.c | grep -oE 'closesyncd_[a-z_]+' | sort -u)
told=$(grep -oE '\*closesyncd_[a-z_]+\*' config/closesyncd.1.scd | tr -d '*' | sort -u)
[[ $metrics == "$told" ]] || complain "metrics and manual differ: $(diff <(echo "$metrics") <(echo "$told"))"

# No error, and no warning but of scdoc's own paragraphs and long lines.
if command -v mandoc >/dev/null; then
  for page in closesyncd.1 closesyncd.conf.5; do
    judged=$(mandoc -T lint "$CLOSESYNCD_BUILD_DIR/$page" | grep -vE 'input text line longer|skipping paragraph macro|lower case character in document title')
    [[ -z $judged ]] || complain "mandoc: $judged"
  done
else
  echo 'mandoc: not installed, not tried'
fi

DESTDIR=$directory cmake --install "${CLOSESYNCD_BUILD_DIR:?}" --prefix /usr >"$directory/log" 2>&1 ||
  complain "could not install: $(cat "$directory/log")"
for file in usr/bin/closesyncd etc/closesyncd/closesyncd.conf usr/lib/systemd/system/closesyncd.service usr/lib/sysusers.d/closesyncd.conf \
  usr/share/man/man1/closesyncd.1 usr/share/man/man5/closesyncd.conf.5 usr/share/doc/closesyncd/closesyncd.conf usr/share/bash-completion/completions/closesyncd \
  usr/share/closesyncd/closesyncd.rules.yml usr/share/closesyncd/closesyncd-grafana.json usr/share/zsh/vendor-completions/_closesyncd usr/share/fish/vendor_completions.d/closesyncd.fish; do
  [[ -s $directory/$file ]] || complain "/$file is not installed"
done
echo '# mine' >>"$directory/etc/closesyncd/closesyncd.conf"
DESTDIR=$directory cmake --install "$CLOSESYNCD_BUILD_DIR" --prefix /usr >/dev/null 2>&1
grep -q '^# mine' "$directory/etc/closesyncd/closesyncd.conf" || complain 'installing again overwrites the configuration'
((failures == 0)) && echo "manual: well, $settings settings"
exit $((failures > 0))
