# The story config/quickstart tells when there is no key: a pretended Close, a change, and a removal. Sourced by it.
# shellcheck shell=bash disable=SC2154
google=emailacct_QeGtRecordedGoogle00000000000000000000000000
zoom=emailacct_pSuPRecordedZoom00000000000000000000000000000

history_sql="select coalesce(now.document, before.document) ->> 'email' as account, now.change, field,
  before.document -> field as old, now.document -> field as new,
  to_char(now.not_before, 'HH24:MI:SS.MS') as after, to_char(now.observed_at, 'HH24:MI:SS.MS') as \"not after\"
from account_history as now
left join account_history as before
  on (before.organization_id, before.account_id, before.version) = (now.organization_id, now.account_id, now.version - 1)
left join unnest(now.changed_fields) as field on true
where now.change <> 'added'
order by now.observed_at, now.organization_id, now.seq, field"

start_sim() {
  local data=$root/tests/sim/data tenths=50
  "$build/tests/sim/close-sim" --with-parent --data "$data/documented-sample.json" --data "$data/recorded-shapes.json" \
    >"$box/sim" 2>"$box/log" </dev/null &
  sim_pid=$!
  until grep -qs '^key api_data_2 ' "$box/sim"; do
    kill -0 "$sim_pid" 2>/dev/null && ((tenths-- > 0)) || { cat "$box/log" >&2; die 'could not start the pretended Close'; }
    sleep 0.1
  done
  sim_port=$(sed -n 's/^port //p' "$box/sim")
  well 'Close' "a pretended one, on http://127.0.0.1:$sim_port"
}

# at_close METHOD PATH [BODY]: somebody does something at Close. There are no real keys here.
at_close() {
  curl -sS --fail --noproxy '*' -X "$1" ${3:+--data-raw "$3"} -o "$box/reply" "http://127.0.0.1:$sim_port/_sim/$2" ||
    die 'the pretended Close did not answer'
}

show_history() {
  sed "s/^/  $dim/;s/\$/$plain/" <<<"$history_sql;"
  echo
  sql close -c "$history_sql" | sed 's/^./ &/'
}

# What the last sweep asked for, beyond the list.
show_proof() {
  at_close GET requests
  sed -n 's|^{.*"organization": 2, "method": "GET", "target": "/api/v1\(/[^"?]*\).*"status": \([0-9]*\).*|\1 \2|p' "$box/reply" |
    while read -r path status; do
      case $path:$status in
      /connected_account/:*) ;;
      /me/:*) printf '  GET %-76s %s  the key is still the same user'\''s\n' "$path" "$status" ;;
      *:404) printf '  GET %-76s %s  the missing account is gone\n' "$path" "$status" ;;
      *) printf '  GET %-76s %s  an account that is still listed answers\n' "$path" "$status" ;;
      esac
    done
}

tell_story() {
  start_sim
  configure "http://127.0.0.1:$sim_port/api/v1"
  printf '\n[sync]\ninterval = 5s\n' >>"$box/closesyncd.conf"
  add_organization documented api_data_1
  add_organization recorded api_data_2

  title '1. Mirror'
  say 'Two organizations: the sample in Close'\''s documentation, and what was recorded from a real one.'
  sweep || die 'could not mirror the pretended Close'
  show_accounts

  title '2. Something changes at Close'
  say 'g@example.com can no longer send, and its old mail is no longer synced. Close keeps no history of this.'
  at_close POST "edit?key=api_data_2&id=$google" \
    '{"send_status": "error", "latest_send_error": "535 Authentication failed", "is_imap_archive_sync_enabled": false}'
  sweep || die 'could not mirror the change'
  title '   The change in the history: field by field, and between which two moments it happened'
  show_history

  title '3. An account is disconnected'
  say 'z@example.com is missing from the list. That alone proves nothing, so closesyncd asks before it removes it.'
  at_close DELETE requests
  at_close DELETE "account?key=api_data_2&id=$zoom"
  sweep || die 'could not mirror the removal'
  echo
  show_proof
  title '   The mirror has lost it, the history has not'
  sql close -c "select email, change, to_char(not_before, 'HH24:MI:SS.MS') as after, to_char(observed_at, 'HH24:MI:SS.MS') as \"not after\"
    from account_history
    join (select distinct account_id, document ->> 'email' as email from account_history where document is not null) as known
      using (account_id)
    where account_id = '$zoom'
    order by version" | sed 's/^./ &/'
}

hints_for_the_pretended_close() {
  say 'change   a field at the pretended Close, and see it arrive within 5 seconds:'
  say "         curl -s 'http://127.0.0.1:$sim_port/_sim/edit?key=api_data_2&id=$google' -d '{\"send_status\": \"ok\"}'"
}
