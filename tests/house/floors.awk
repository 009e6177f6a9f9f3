# The floors of the house, and which may look at which; for house.awk (includes) and calls.awk (calls).

# daemon/crm/page.c -> crm; daemon/app.c -> app; daemon/main.c -> main
function floor_of(file, parts, count) {
  count = split(file, parts, "/")
  if (parts[1] == "daemon") { file = substr(file, 8); count-- }
  if (count > 1) return substr(file, 1, index(file, "/") - 1)
  sub(/\.[ch]$/, "", file)
  return file
}

BEGIN {
  foundation = "base config crm io remote store sweep sql"
  split("base: base|config: base config|crm: base crm|io: base io|remote: base crm io remote|store: base crm io store sql|" \
        "sweep: " foundation "|app: " foundation " app|monitor: " foundation " app monitor|" \
        "schedule: " foundation " app monitor schedule|command: " foundation " app monitor schedule command|" \
        "cli: " foundation " app command cli|main: " foundation " app command cli", rows, "|")
  for (i in rows) {
    split(rows[i], row, ": ")
    count = split(row[2], targets, " ")
    for (k = 1; k <= count; k++) may[row[1], targets[k]] = 1
    known_floor[row[1]] = 1
  }
}
