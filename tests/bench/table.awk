# Medians of the records of tests/bench/run, as Markdown: ours beside theirs, and the floors.
# A record: size, measure, side, wall s, client CPU s, backend CPU s, peak RSS KiB, WAL bytes.
{
  which = $1 SUBSEP $2 SUBSEP $3
  if (!(which in count)) order[++kinds] = which
  count[which]++
  for (column = 4; column <= 8; column++) value[which, column, count[which]] = $column
}

function median(which, column,   i, j, n, list, kept) {
  n = count[which]
  for (i = 1; i <= n; i++) {
    kept = value[which, column, i] + 0
    for (j = i - 1; j >= 1 && list[j] > kept; j--) list[j + 1] = list[j]
    list[j + 1] = kept
  }
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function size_of(bytes) {
  if (bytes < 10240) return sprintf("%d B", bytes)
  if (bytes < 10485760) return sprintf("%d kB", bytes / 1024)
  return sprintf("%d MB", bytes / 1048576)
}

function cells(which) {
  return sprintf("%.3f s | %.3f + %.2f s | %.0f MiB | %s", median(which, 4), median(which, 5), median(which, 6),
    median(which, 7) / 1024, size_of(median(which, 8)))
}

# How many times one took of the other, by wall and by CPU: client and PostgreSQL.
function cpu(which) { return median(which, 5) + median(which, 6) }

function compare(title, one, other, target) {
  if (one in count && other in count)
    printf "| %s | %.2f | %.2f | %s |\n", title, median(one, 4) / median(other, 4), cpu(one) / cpu(other), target
}

function compare_all(size,   ours, unchanged, first) {
  first = size SUBSEP "first" SUBSEP "ours"
  unchanged = size SUBSEP "unchanged" SUBSEP "ours"
  print "\n| " size " accounts: ratio | wall | CPU | target |\n|---|---|---|---|"
  compare("first fill against node", first, size SUBSEP "first" SUBSEP "node", "1")
  compare("first fill against curl, jq, psql", first, size SUBSEP "first" SUBSEP "rival", "")
  compare("first fill against COPY of the flat rows", first, size SUBSEP "copy" SUBSEP "floor", "4")
  printf "| its WAL against COPY's | %.2f | | 3 |\n", median(first, 8) / median(size SUBSEP "copy" SUBSEP "floor", 8)
  compare("unchanged against fetching alone", unchanged, size SUBSEP "fetch" SUBSEP "floor", "3")
  compare("unchanged against node", unchanged, size SUBSEP "unchanged" SUBSEP "node", "")
  compare("1% changed against unchanged", size SUBSEP "changed" SUBSEP "ours", unchanged, "1.4")
  compare("1% changed against node", size SUBSEP "changed" SUBSEP "ours", size SUBSEP "changed" SUBSEP "node", "")
}

END {
  print "| accounts | measure | by | wall | CPU: client + PostgreSQL | peak RSS | WAL |"
  print "|---|---|---|---|---|---|---|"
  for (i = 1; i <= kinds; i++) {
    split(order[i], part, SUBSEP)
    print "| " part[1] " | " part[2] " | " part[3] " | " cells(order[i]) " |"
  }
  for (i = 1; i <= kinds; i++) {
    split(order[i], part, SUBSEP)
    if (part[2] == "copy") compare_all(part[1])
  }
  many = "20x" organizations SUBSEP "unchanged" SUBSEP "ours"
  if (many in count)
    printf "\nOne organization of 20 accounts, unchanged: %.3f ms of the client's CPU, %.3f ms of PostgreSQL's.\n",
      median(many, 5) * 1000 / organizations, median(many, 6) * 1000 / organizations
}
