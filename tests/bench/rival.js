// What a quick script would do instead of closesyncd: fetch a page, upsert it as one jsonb parameter, follow has_more. One flat table (that
// of rival.sql), each page committed for itself: no removals, no history, no transaction around a listing, every row written each time.
// usage: node rival.js BASE_URL KEY; PGHOST, PGUSER, PGDATABASE as for psql. Debian's nodejs and node-pg (or NODE_PATH where pg is)
'use strict';
const { Client } = require('pg');
const [base, key] = process.argv.slice(2);

const upsert = `
insert into connected_account
select page.*, raw
from jsonb_array_elements($1::jsonb) as raw
cross join lateral (
  select
    raw ->> 'id', raw ->> 'organization_id', raw ->> '_type', raw ->> 'user_id', raw ->> 'email', (raw ->> 'date_created')::timestamptz,
    raw -> 'default_identity' ->> 'email', raw -> 'default_identity' ->> 'name', raw ->> 'send_status', raw ->> 'receive_status',
    raw ->> 'email_receive_status', raw ->> 'calendar_receive_status', raw ->> 'latest_send_error', raw ->> 'latest_receive_error',
    (raw ->> 'is_imap_archive_sync_enabled')::boolean, raw ->> 'zoom_account_plan'
) as page
on conflict (id) do update set
  (organization_id, type, user_id, email, date_created, default_identity_email, default_identity_name,
  send_status, receive_status, email_receive_status, calendar_receive_status, latest_send_error, latest_receive_error,
  is_imap_archive_sync_enabled, zoom_account_plan, raw) = row (
  excluded.organization_id, excluded.type, excluded.user_id, excluded.email, excluded.date_created,
  excluded.default_identity_email, excluded.default_identity_name, excluded.send_status, excluded.receive_status,
  excluded.email_receive_status, excluded.calendar_receive_status, excluded.latest_send_error, excluded.latest_receive_error,
  excluded.is_imap_archive_sync_enabled, excluded.zoom_account_plan, excluded.raw)`;

async function main() {
  const client = new Client();
  await client.connect();
  const headers = { authorization: 'Basic ' + Buffer.from(key + ':').toString('base64') };
  for (let skip = 0, more = true; more; skip += 100) {
    const answer = await fetch(`${base}/connected_account/?_limit=100&_skip=${skip}`, { headers });
    if (!answer.ok) throw new Error(`Close answered ${answer.status}`);
    const page = await answer.json();
    await client.query(upsert, [JSON.stringify(page.data)]);
    more = page.has_more;
  }
  await client.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
