# Completion for fish.
function specs(command, condition, i, line) {
  for (i = 1; i <= number[command]; i++) {
    line = "complete -c closesyncd" condition
    if (letter[command, i] != "-") line = line " -s " letter[command, i]
    line = line " -l " name[command, i]
    if (argument[command, i] == "FILE") line = line " -r -F"
    else if (argument[command, i] !~ /^(-|\[.*)$/) line = line " -x"
    print line " -d '" fish(text[command, i]) "'"
  }
}

# Within single quotes of fish.
function fish(word) {
  gsub(/\\/, "\\\\", word)
  gsub(/'/, "\\'", word)
  return word
}

END {
  print "# Completion of closesyncd for fish, made from its own table of commands."
  print "function __closesyncd_names"
  print "    set -l words (commandline -opc)"
  print "    set -l file /etc/closesyncd/closesyncd.conf"
  print "    for i in (seq 2 (count $words))"
  print "        string match -q -- '--config=*' $words[$i]; and set file (string replace -- '--config=' '' $words[$i])"
  print "        contains -- $words[$i] -c --config; and set file $words[(math $i + 1)]"
  print "    end"
  print "    set -l files $file $file.d/*.conf"
  print "    sed -n 's/^[[:space:]]*\\\\[[[:space:]]*organization[[:space:]]\\\\{1,\\\\}\\\\([a-z0-9_-]\\\\{1,\\\\}\\\\)[[:space:]]*\\\\].*/\\\\1/p' $files 2>/dev/null | sort -u"
  print "end"
  print "complete -c closesyncd -f"
  specs("-", "")
  for (i = 1; i <= count; i++) {
    print "complete -c closesyncd -n 'not __fish_seen_subcommand_from " command_names() "' -a " commands[i] " -d '" fish(does[commands[i]]) "'"
    specs(commands[i], " -n '__fish_seen_subcommand_from " commands[i] "'")
    if (operand[commands[i]] == "NAME") print "complete -c closesyncd -n '__fish_seen_subcommand_from " commands[i] "' -a '(__closesyncd_names)'"
    if (operand[commands[i]] == "COMMAND") print "complete -c closesyncd -n '__fish_seen_subcommand_from " commands[i] "' -a '" command_names() "'"
  }
}
