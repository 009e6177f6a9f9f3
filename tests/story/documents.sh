#!/usr/bin/env bash
# The pages for people: links lead somewhere, files and commands that they name exist, the README keeps to its length.
set -uo pipefail
cd "${CLOSESYNCD_SOURCE:?}" || exit
failed=0
complain() {
  echo "documents: $*" >&2
  failed=1
}
mapfile -t commands < <("${CLOSESYNCD_BINARY:?}" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sort -u)
((${#commands[@]} >= 10)) || complain "--help lists ${#commands[@]} commands"

# check_page FILE
check_page() {
  local page=$1 folder link name
  folder=$(dirname "$page")
  while read -r link; do
    [[ $link == http* || $link == '#'* || -e $folder/${link%%#*} ]] || complain "$page links to $link"
  done < <(grep -oP '\]\(\K[^) ]+' "$page")
  # `tests/x`, `daemon/y.c`: from the root of the sources. `*`, `NAME` and `<` are places for something.
  while read -r name; do
    compgen -G "$name" >/dev/null || compgen -G "$name.c" >/dev/null || complain "$page names $name"
  done < <(grep -oP '`\K(config|daemon|sql|systemd|tests)/[A-Za-z0-9_./*-]+(?=[ `])' "$page" | grep -v NAME | sort -u)
  while read -r name; do
    [[ " ${commands[*]} " == *" $name "* ]] || complain "$page names the command \"closesyncd $name\""
  done < <({
    grep -oP '`closesyncd[^`]*' "$page" | cut -c 2-
    awk '/^```/ { code = !code } code' "$page" | grep -oP '(^|sudo (-u [a-z]+ )?|build/)\Kclosesyncd .*'
  } | grep -oP '^closesyncd (-c [^ ]+ )?\K[a-z]+(?= |$)' | sort -u)
}
pages=(README.md */README.md */*/README.md)
((${#pages[@]} >= 7)) || complain "there are ${#pages[@]} pages"
for page in "${pages[@]}"; do
  check_page "$page"
done

# Each line of story/README.md ends with the tests that show it.
while read -r name; do
  case $name in
  fault/* | io/*) [[ -e tests/${name%/*}/test_${name##*/}.c ]] ;;
  *) compgen -G "tests/story/$name.*" >/dev/null ;;
  esac || complain "tests/story/README.md names the test $name"
done < <(grep '^| ' tests/story/README.md | grep -v '| test |$' | sed 's/.*| \(.*\) |$/\1/' | grep -oP '`\K[a-z0-9_/]+(?=`)' | sort -u)

lines=$(wc -l <README.md)
((lines <= 200)) || complain "README.md has $lines lines; what is for fewer people goes into the README of its folder"
exit "$failed"
