# Who calls whom: reads what nm says of the objects ("nm -A", with the path of the source before the first colon), names each call
# that goes to another floor than it may, and each circle of sources that call each other. A call through a pointer is none.
# After floors.awk.

{
  path = $1; sub(/:.*/, "", path)
  if ($(NF - 1) == "U") uses[path] = uses[path] " " $NF
  else if ($(NF - 1) ~ /^[TDRB]$/) home_of[$NF] = path
}

function visit(path, way, parts, count, i, circle) {
  if (colour[path] == 1) {
    circle = substr(way, index(way, " " path))
    print path ": a circle of calls:" circle " " path
    return
  }
  if (colour[path] == 2) return
  colour[path] = 1
  count = split(calls[path], parts, " ")
  for (i = 1; i <= count; i++) visit(parts[i], way " " path)
  colour[path] = 2
}

END {
  for (path in uses) {
    count = split(uses[path], names, " ")
    for (i = 1; i <= count; i++) {
      target = home_of[names[i]]
      if (target == "" || target == path) continue
      known++
      if (!((target) in called_by) || called_by[target] != path) calls[path] = calls[path] " " target
      called_by[target] = path
      if (!((floor_of(path), floor_of(target)) in may)) print path ": a call from " floor_of(path) " to " floor_of(target) " (" names[i] ")"
    }
  }
  for (path in calls) visit(path, "")
  if (known < least) print "only " known + 0 " calls were seen"
}
