# Completion for bash; works with and without the package bash-completion.
function words_of(command, i, list) {
  for (i = 1; i <= number[command]; i++) list = list " --" name[command, i]
  return list
}

# The case arms of what follows an option with an argument: a file, or something nobody can know.
function arms(command, i, pattern, forms) {
  for (i = 1; i <= number[command]; i++) {
    if (argument[command, i] == "-" || argument[command, i] ~ /^\[/) continue
    pattern = command == "-" ? "*" : command
    forms = pattern ":--" name[command, i]
    if (letter[command, i] != "-") forms = forms " | " pattern ":-" letter[command, i]
    print "  " forms ") " (argument[command, i] == "FILE" ? "_closesyncd_files" : ":") "; return ;;"
  }
}

END {
  print "# Completion of closesyncd for bash, made from its own table of commands."
  print "_closesyncd_files() {"
  print "  compopt -o filenames 2>/dev/null"
  print "  mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
  print "}\n"
  print "_closesyncd() {"
  print "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' file=/etc/closesyncd/closesyncd.conf words i"
  print "  COMPREPLY=()"
  print "  [[ $cur != = ]] || cur=''"
  print "  [[ $prev != = ]] || prev=${COMP_WORDS[COMP_CWORD - 2]}"
  print "  [[ ${COMP_WORDS[COMP_CWORD]} != = ]] || prev=${COMP_WORDS[COMP_CWORD - 1]}"
  print "  for ((i = 1; i < COMP_CWORD; i++)); do"
  print "    case ${COMP_WORDS[i]} in"
  print "    -c | --config)"
  print "      ((i++))"
  print "      [[ ${COMP_WORDS[i]} != = ]] || ((i++))"
  print "      file=${COMP_WORDS[i]} ;;"
  print "    -*) ;;"
  print "    *) [[ -n $command ]] || command=${COMP_WORDS[i]} ;;"
  print "    esac"
  print "  done"
  print "  case $command:$prev in"
  arms("-")
  for (i = 1; i <= count; i++) arms(commands[i])
  print "  esac"
  print "  case $command in"
  print "  '') words='" command_names() "' ;;"
  for (i = 1; i <= count; i++) {
    shown = operand[commands[i]] == "COMMAND" ? command_names() : ""
    print "  " commands[i] ") words='" shown "'; [[ $cur != -* ]] || words='" substr(words_of(commands[i]), 2) "' ;;"
  }
  print "  *) return ;;"
  print "  esac"
  print "  [[ $cur != -* ]] || words+='" words_of("-") "'"
  printf "  case $command in"
  separator = "\n  "
  for (i = 1; i <= count; i++)
    if (operand[commands[i]] == "NAME") { printf "%s%s", separator, commands[i]; separator = " | " }
  print ")\n    [[ $cur == -* ]] || words=$(" names_of("\"$file\"") ") ;;"
  print "  esac"
  print "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")"
  print "}"
  print "complete -F _closesyncd closesyncd"
}
