#!/usr/bin/env bash
# In real shells a TAB completes every command, every option of it, the NAMEs of the configuration and files; and nothing that is not there.
set -uo pipefail
cd "${CLOSESYNCD_BUILD_DIR:?}" || exit
directory=$(mktemp -d "${TMPDIR:-/tmp}/completion.XXXXXX")
trap 'rm -rf "$directory"' EXIT
failures=0

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

# What is typed, and what a TAB makes of it.
typed=() expected=()
expect() { typed+=("$1") expected+=("$2"); }

words=$("${CLOSESYNCD_BINARY:?}" --words)
while IFS=$'\t' read -r _ command _; do
  expect "closesyncd ${command::-1}" "closesyncd $command"
done < <(grep ^command <<<"$words")
while IFS=$'\t' read -r _ command name _ argument _; do
  # The zsh way of "--since FILE" is "--since=FILE".
  [[ $command != - ]] || command=run
  expect "closesyncd $command --${name::-1}" "closesyncd $command --$name"
done < <(grep ^option <<<"$words")
mkdir "$directory/c.conf.d"
printf '[sync]\n[organization acme]\napi_key_file = /x\n[ organization  beta-2 ]\n' >"$directory/c.conf"
printf '#[organization hidden]\n[organization gamma]\n' >"$directory/c.conf.d/10.conf"
touch "$directory/heads-of-today"
expect "closesyncd -c $directory/c.conf sync ac" "closesyncd -c $directory/c.conf sync acme"
expect "closesyncd sync -c $directory/c.conf acme be" "closesyncd sync -c $directory/c.conf acme beta-2"
expect "closesyncd -c $directory/c.conf verify ga" "closesyncd -c $directory/c.conf verify gamma"
expect "closesyncd -c $directory/c.conf plan hid" "closesyncd -c $directory/c.conf plan hid"
expect "closesyncd -c $directory/heads-of-t" "closesyncd -c $directory/heads-of-today"
expect "closesyncd verify --since $directory/heads-of-t" "closesyncd verify --since $directory/heads-of-today"
expect "closesyncd -c $directory/c.conf prune ac" "closesyncd -c $directory/c.conf prune ac"
expect "closesyncd help stat" "closesyncd help status"
expect "closesyncd prune --js" "closesyncd prune --js"
expect "closesyncd nonsense --js" "closesyncd nonsense --js"

# judge SHELL: the lines that its TAB made, in the order of what was typed, are on stdin. A blank or "=" behind a whole word is well.
judge() {
  local i made
  for i in "${!typed[@]}"; do
    IFS= read -r made || made='(nothing)'
    made=${made%% } made=${made%=}
    [[ $made == "${expected[i]}" ]] || complain "$1: \"${typed[i]}\" became \"$made\", not \"${expected[i]}\""
  done
  printf '%s: %d inputs\n' "$1" "${#typed[@]}"
}

in_bash() {
  bash --norc -c '
    source "$0"
    complete -p closesyncd | grep -q "_closesyncd closesyncd" || exit
    for line; do
      COMP_LINE=$line COMP_POINT=${#line}
      read -ra COMP_WORDS <<<"$line"
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
      _closesyncd 2>/dev/null
      ((${#COMPREPLY[@]} != 1)) || line=${line% *}\ ${COMPREPLY[0]}
      printf "%s\n" "$line"
    done' completions/closesyncd.bash "${typed[@]}"
}

in_fish() {
  HOME=$directory XDG_CONFIG_HOME=$directory XDG_DATA_HOME=$directory fish --no-config -c '
    source $argv[1]
    for line in $argv[2..]
      set -l made (complete -C $line | string replace -r "\t.*" "")
      test (count $made) = 1; and set line (string replace -r "[^ ]*\$" "" -- $line)$made
      echo $line
    end' completions/closesyncd.fish "${typed[@]}"
}

# A terminal of its own: what a line has become after the TAB is asked of the line editor.
in_zsh() {
  mkdir -p "$directory/zsh" && cp completions/_closesyncd "$directory/zsh"
  ZDOTDIR=$directory zsh -f -c '
    zmodload zsh/zpty || exit
    zpty shell zsh -f -i
    zpty -w shell "unset PROMPT RPROMPT; PS1= PS2=; stty -echo; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D"
    zpty -w shell "show() { print -r -- \"<<\$BUFFER>>\"; BUFFER=; zle -I }; zle -N show; bindkey \"^X\" show; setopt no_list_beep no_auto_remove_slash; unsetopt auto_list auto_menu beep; print ready\$((6 * 7))"
    zpty -r shell made "*ready42*"
    shift
    for line; do
      zpty -n -w shell "$line"$'\''\t'\''$'\''\x18'\''
      zpty -r shell made "*<<*>>*" || exit
      print -r -- "${${made##*<<}%%>>*}"
    done
    zpty -d shell' zsh "$directory/zsh" "${typed[@]}"
}

for shell in bash zsh fish; do
  if command -v "$shell" >/dev/null; then
    judge "$shell" < <("in_$shell")
  else
    echo "$shell: not installed, not tried"
  fi
done
((failures == 0)) && echo 'completion: well'
exit $((failures > 0))
