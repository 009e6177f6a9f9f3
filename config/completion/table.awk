# Reads `closesyncd --words` (daemon/cli/help.h): what the three shells' files beside this one make their completions of. Run at build
# time: awk -f table.awk -f bash.awk.
BEGIN { FS = "\t" }
$1 == "command" { commands[++count] = $2; operand[$2] = $3; does[$2] = $4 }
# $2 is "-" for the options that every command takes.
$1 == "option" { number[$2]++; name[$2, number[$2]] = $3; letter[$2, number[$2]] = $4; argument[$2, number[$2]] = $5; text[$2, number[$2]] = $6 }

function command_names(i, list) {
  for (i = 1; i <= count; i++) list = list (i > 1 ? " " : "") commands[i]
  return list
}

# Within single quotes of a shell.
function quoted(word) {
  gsub(/'/, "'\\''", word)
  return word
}

# A shell's pipeline that prints the NAMEs in the configuration whose path is the shell's word `file`.
function names_of(file) {
  return "sed -n 's/^[[:space:]]*\\[[[:space:]]*organization[[:space:]]\\{1,\\}\\([a-z0-9_-]\\{1,\\}\\)[[:space:]]*\\].*/\\1/p' " file " " file ".d/*.conf 2>/dev/null | sort -u"
}
