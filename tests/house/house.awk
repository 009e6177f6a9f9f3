# Violations of the house's rules (design.md, habits.md) in the C files named as arguments; run from the project's top.
# After floors.awk.
# Comments and strings are blanked first, except for the text of #include lines.

function violation(text) { print FILENAME ":" FNR ": " text }
function about(file, text) { print file ": " text }

BEGIN {
  home["uv.h"] = "^daemon/io/loop(_[a-z]+)?\\.c$"
  home["curl"] = "^daemon/io/http(_[a-z]+)?\\.c$"
  home["libpq-fe.h"] = "^daemon/io/db(_[a-z]+)?\\.c$"
  home["json-c"] = "^daemon/crm/[a-z_]+\\.c$"
  home["zlib.h"] = "^daemon/io/serve_answer\\.c$"
  home["openssl"] = "^daemon/base/hash\\.c$"
  home["systemd"] = "^daemon/io/(journal|service)\\.c$"
  home["microhttpd.h"] = "^daemon/io/serve\\.c$"
  count = split("arpa assert ctype dirent errno fcntl fnmatch getopt glob grp inttypes langinfo limits linux locale math net " \
    "netdb netinet poll pthread pwd sched setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio " \
    "stdlib stdnoreturn string strings sys syslog time unistd wchar", names, " ")
  for (i = 1; i <= count; i++) libc[names[i]] = 1
  asserting = "(^|[^A-Za-z_])(cr_assert|cr_expect|cr_fail|story_expect|expect|assert|EXPECT)[A-Za-z_0-9]* *\\("
}

# What a line says without comments and the inside of strings.
function code_of(line, out, at, two, one) {
  out = ""
  for (at = 1; at <= length(line); at++) {
    two = substr(line, at, 2); one = substr(line, at, 1)
    if (in_comment) { if (two == "*/") { in_comment = 0; at++ } continue }
    if (quote != "") {
      if (one == "\\") at++
      else if (one == quote) { quote = ""; out = out one }
      continue
    }
    if (two == "/*") { in_comment = 1; at++; continue }
    if (two == "//") break
    if (one == "\"" || one == "'") quote = one
    out = out one
  }
  quote = ""
  sub(/[ \t]+$/, "", out)
  return out
}

function finish_file() {
  if (file == "") return
  limit = file ~ /\.h$/ ? 100 : 400
  if (lines > limit) about(file, lines " lines, at most " limit)
  if (file ~ /^daemon\// && file ~ /\.h$/ && !has_pragma) about(file, "no #pragma once")
  if (file ~ /^daemon\/.*\.h$/ && !has_opening) about(file, "does not open by saying what it is for")
}

FNR == 1 {
  finish_file()
  file = FILENAME; in_comment = 0; quote = ""; function_start = 0; first_include = 1; has_pragma = 0; has_opening = 0
  split("", asserts)
  in_daemon = file ~ /^daemon\//
  present[file] = 1
}
{ lines = FNR }
FNR <= 2 && /^\/\*/ { has_opening = 1 }
/^#pragma once/ { has_pragma = 1 }

# ---- includes
in_daemon && !in_comment && /^[ \t]*# *include/ {
  name = $0
  sub(/^[ \t]*# *include[ \t]*/, "", name)
  angle = name ~ /^</
  sub(/^[<"]/, "", name)
  sub(/[>"].*/, "", name)
  head = name; sub(/\/.*/, "", head)
  own = FILENAME; sub(/^daemon\//, "", own); sub(/\.c$/, ".h", own)
  if (first_include && FILENAME ~ /\.c$/ && name != own && FILENAME !~ /^daemon\/(main\.c|command\/)/)
    violation("its own header is not the first include")
  if (angle || head in home) judge_foreign(name, head)
  else judge_own(name)
  first_include = 0
}

function judge_foreign(name, head, plain) {
  if (head in home) {
    if (FILENAME ~ /\.h$/) violation("a foreign header (" name ") in a header")
    else if (FILENAME !~ home[head]) violation("a foreign header (" name ") outside its home")
    return
  }
  plain = head; sub(/\.h$/, "", plain)
  if (!(plain in libc)) violation("an unknown foreign header (" name "); give it a home in tests/house/house.awk")
}

function judge_own(name, from, to) {
  from = floor_of(FILENAME); to = floor_of("daemon/" name)
  if (name !~ /\.h$/) violation("includes what is no header (" name ")")
  else if (!(from in known_floor)) violation("\"" from "\" is no floor of the house")
  else if (!((from, to) in may)) violation("an arrow from " from " to " to " (" name ")")
  if (name != "sql/embedded.h" && name != "cli/revision.h") # made by the build
    wanted["daemon/" name] = FILENAME ":" FNR
  edges[FILENAME] = edges[FILENAME] " daemon/" name
}

# ---- what a line says
{
  code = code_of($0)
  if (code ~ /^typedef (struct|union)[^(]*$/) violation("a typedef'd struct")
  if (in_daemon && code ~ /^(static|_Thread_local) / && code !~ /const|[()]|^static_assert/ && code ~ /[;={]$/)
    violation("a global that can change")
  if (in_daemon && FILENAME ~ /\.h$/ && code ~ /(^|[^a-zA-Z_])(uv_|curl_|CURL|PQ[a-z]|PGconn|PGresult|json_object|json_tokener|EVP_|MHD_|sd_)/)
    tainted[FILENAME] = 1
  if (!in_daemon && code ~ /cr_(assert|expect)\((true|1)[,)]/) violation("an assertion that cannot fail")
}

# ---- functions: clang-format ends their heads with ") {" and their bodies with "}" in the first column
!function_start && code ~ /\) \{$/ && code !~ /^ *(else|if|for|while|switch)/ {
  function_start = FNR
  signature = (code ~ /^[^ ]/ ? code : previous " " code)
  does_assert = signature ~ /\.(signal|exit_code) *=/
  next_previous()
  next
}
function_start {
  if (code ~ asserting) does_assert = 1
  for (helper in asserts) if (!does_assert && index(code, helper "(")) does_assert = 1
}
function_start && /^}/ {
  length_in_lines = FNR - function_start + 1
  most = in_daemon ? 50 : 60
  if (length_in_lines > most) violation("a function of " length_in_lines " lines, at most " most)
  called = signature; sub(/\(.*/, "", called); sub(/.*[ *]/, "", called)
  is_test = called ~ /^(Test|ParameterizedTest|Theory)$/
  if (!in_daemon && is_test && !does_assert) violation("a test that asserts nothing (" signature ")")
  if (!is_test && does_assert) asserts[called] = 1
  function_start = 0
}
{ next_previous() }

# The head of a function that goes over several lines begins in the first column.
function next_previous() { if (code ~ /^[A-Za-z_]/) previous = code }

# ---- the whole graph
function visit(node, path, parts, count, i) {
  if (colour[node] == 1) { about(node, "an include cycle:" path " " node); return }
  if (colour[node] == 2) return
  colour[node] = 1
  count = split(edges[node], parts, " ")
  for (i = 1; i <= count; i++) visit(parts[i], path " " node)
  colour[node] = 2
}

# A header that shows a foreign library's names, itself or through one it includes, is for its own floor only.
function shows_foreign(node, parts, count, i) {
  if (tainted[node] || node !~ /\.h$/ || (node in looked_at)) return tainted[node]
  looked_at[node] = 1
  count = split(edges[node], parts, " ")
  for (i = 1; i <= count; i++) if (shows_foreign(parts[i])) tainted[node] = 1
  return tainted[node]
}

function judge_names(node, parts, count, i) {
  count = split(edges[node], parts, " ")
  for (i = 1; i <= count; i++)
    if (floor_of(parts[i]) != floor_of(node) && shows_foreign(parts[i])) about(node, "a foreign name leaves its floor (" parts[i] ")")
}

END {
  finish_file()
  for (name in wanted) if (!(name in present)) print wanted[name] ": includes \"" name "\", which is not there"
  for (name in present) {
    if (name !~ /^daemon\//) continue
    visit(name, "")
    judge_names(name)
    header = name; sub(/\.c$/, ".h", header)
    if (name !~ /^daemon\/(main\.c|command\/)/ && !(header in present)) about(name, "has no header of its own")
  }
}
