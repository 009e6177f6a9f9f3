# Completion for zsh.
function explained(word) {
  gsub(/[][]/, "\\\\&", word)
  return quoted(word)
}

# The lines of _arguments for the options of a command.
function specs(command, i, behind, plain) {
  for (i = 1; i <= number[command]; i++) {
    plain = argument[command, i]
    behind = plain == "-" ? "" : plain == "FILE" ? ":FILE:_files" : ":" plain ": "
    if (plain ~ /^\[/) behind = ":" behind
    gsub(/[][]/, "", behind)
    if (letter[command, i] != "-")
      printf "    '(-%s --%s)'{-%s,--%s%s}'[%s]%s' \\\n", letter[command, i], name[command, i],
        letter[command, i] (plain == "-" ? "" : "+"), name[command, i], plain == "-" ? "" : "=", explained(text[command, i]), behind
    else
      printf "    '--%s%s[%s]%s' \\\n", name[command, i], plain == "-" ? "" : plain ~ /^\[/ ? "=-" : "=", explained(text[command, i]), behind
  }
}

END {
  print "#compdef closesyncd\n# Completion of closesyncd for zsh, made from its own table of commands."
  print "_closesyncd_commands() {\n  local -a commands=("
  for (i = 1; i <= count; i++) print "    '" commands[i] ":" quoted(does[commands[i]]) "'"
  print "  )\n  _describe command commands\n}\n"
  print "_closesyncd_names() {"
  print "  local file=${opt_args[-c]:-${opt_args[--config]:-${_closesyncd_file:-/etc/closesyncd/closesyncd.conf}}}"
  print "  local -a names=(${(f)\"$(" names_of("${(Q)file}") ")\"})"
  print "  compadd -a names\n}\n"
  print "_closesyncd() {"
  print "  local curcontext=$curcontext state line _closesyncd_file\n  typeset -A opt_args"
  print "  setopt local_options null_glob"
  print "  _arguments -C -S -A \"-*\" \\"
  specs("-")
  print "    '1:command:_closesyncd_commands' '*::argument:->argument'"
  print "  [[ $state == argument ]] || return"
  print "  _closesyncd_file=${opt_args[-c]:-${opt_args[--config]}}"
  print "  case $words[1] in"
  for (i = 1; i <= count; i++) {
    print "  " commands[i] ")\n    _arguments -S \\"
    specs("-")
    specs(commands[i])
    printf "    %s ;;\n", operand[commands[i]] == "NAME" ? "'*:NAME:_closesyncd_names'" : operand[commands[i]] == "COMMAND" ? "'1:command:_closesyncd_commands'" : "&& return"
  }
  print "  esac\n}\n"
  print "_closesyncd \"$@\""
}
