/* Proves a history from its rows alone, in C, with OpenSSL's SHA-256: contract section 4, hash_version 1. */
#include "support/inner.h"
#include "support/truth.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
  ORGANIZATION,
  SEQ,
  ACCOUNT,
  VERSION,
  CHANGE,
  NOT_BEFORE,
  OBSERVED_AT,
  FIELDS,
  SWEEP,
  DOCUMENT,
  SALT,
  DIGEST,
  HASH_VERSION,
  PREVIOUS,
  HASH
};

static const char ROWS[] =
    "select organization_id, seq, account_id, version, change,"
    " to_char(not_before at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
    " to_char(observed_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
    " array_to_string(changed_fields, E'\\x01'), sweep_id, document::text, encode(document_salt, 'hex'),"
    " encode(document_digest, 'hex'), hash_version, encode(previous_hash, 'hex'), encode(hash, 'hex')"
    " from account_history order by organization_id collate \"C\", seq";

/* Adds a JSON string as PostgreSQL's jsonb prints it. */
static void add_string(FILE *out, const char *text, size_t length) {
  static const char letters[] = "\b\f\n\r\t\"\\";
  static const char escapes[] = "bfnrt\"\\";
  fputc('"', out);
  for (size_t i = 0; i < length; i++) {
    const char *special = memchr(letters, text[i], sizeof letters - 1);
    if (special)
      fprintf(out, "\\%c", escapes[special - letters]);
    else if ((unsigned char)text[i] < 0x20)
      fprintf(out, "\\u%04x", text[i]);
    else
      fputc(text[i], out);
  }
  fputc('"', out);
}

/* Adds ", " and the column as a string, or null. */
static void add_text(FILE *out, const PGresult *rows, int row, enum column column) {
  fputs(", ", out);
  if (PQgetisnull(rows, row, (int)column))
    fputs("null", out);
  else
    add_string(out, PQgetvalue(rows, row, (int)column), (size_t)PQgetlength(rows, row, (int)column));
}

static void add_fields(FILE *out, const char *fields) {
  fputs(", [", out);
  for (const char *at = fields; *at;) {
    size_t length = strcspn(at, "\x01");
    add_string(out, at, length);
    at += length + (at[length] != '\0');
    fputs(*at ? ", " : "", out);
  }
  fputc(']', out);
}

static size_t from_hex(const char *hex, unsigned char *bytes) {
  size_t count = strlen(hex) / 2;
  for (size_t i = 0; i < count; i++) {
    unsigned int byte = 0;
    sscanf(hex + 2 * i, "%2x", &byte);
    bytes[i] = (unsigned char)byte;
  }
  return count;
}

/* The hex SHA-256 of the bytes hex stands for, followed by text. */
static void digest_of(const char *hex, const char *text, char digest[65]) {
  size_t length = strlen(text);
  unsigned char *bytes = malloc(strlen(hex) / 2 + length + 1);
  unsigned char sum[SHA256_DIGEST_LENGTH];
  if (!bytes)
    abort();
  size_t prefix = from_hex(hex, bytes);
  memcpy(bytes + prefix, text, length);
  SHA256(bytes, prefix + length, sum);
  free(bytes);
  for (size_t i = 0; i < sizeof sum; i++)
    snprintf(digest + 2 * i, 3, "%02x", sum[i]);
}

static const char *cell(const PGresult *rows, int row, enum column column) {
  return PQgetvalue(rows, row, (int)column);
}

static void expect_hash(struct story *story, const PGresult *rows, int row) {
  char *text = NULL;
  size_t length = 0;
  FILE *link = open_memstream(&text, &length);
  fputs("[1", link);
  add_text(link, rows, row, ORGANIZATION);
  fprintf(link, ", %s", cell(rows, row, SEQ));
  add_text(link, rows, row, ACCOUNT);
  fprintf(link, ", %s", cell(rows, row, VERSION));
  add_text(link, rows, row, CHANGE);
  add_text(link, rows, row, NOT_BEFORE);
  add_text(link, rows, row, OBSERVED_AT);
  add_fields(link, cell(rows, row, FIELDS));
  fprintf(link, ", %s", cell(rows, row, SWEEP));
  add_text(link, rows, row, DIGEST);
  fputc(']', link);
  fclose(link);
  char hash[65];
  digest_of(cell(rows, row, PREVIOUS), text, hash);
  if (strcmp(hash, cell(rows, row, HASH)) != 0)
    story_fail(story, "seq %s: the hash of %s is %s, the row says %s", cell(rows, row, SEQ), text, hash,
               cell(rows, row, HASH));
  free(text);
}

static void expect_document(struct story *story, const PGresult *rows, int row) {
  const char *seq = cell(rows, row, SEQ);
  bool removed = strcmp(cell(rows, row, CHANGE), "removed") == 0;
  if (removed != PQgetisnull(rows, row, DOCUMENT) || removed != PQgetisnull(rows, row, DIGEST))
    story_fail(story, "seq %s: a removal has neither document nor digest, everything else has both", seq);
  if (strlen(cell(rows, row, SALT)) != 64)
    story_fail(story, "seq %s: the salt is not 32 bytes", seq);
  if (removed)
    return;
  char digest[65];
  digest_of(cell(rows, row, SALT), cell(rows, row, DOCUMENT), digest);
  if (strcmp(digest, cell(rows, row, DIGEST)) != 0)
    story_fail(story, "seq %s: the document's digest is %s, the row says %s", seq, digest, cell(rows, row, DIGEST));
}

static void expect_link(struct story *story, const PGresult *rows, int row) {
  static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
  bool first = row == 0 || strcmp(cell(rows, row - 1, ORGANIZATION), cell(rows, row, ORGANIZATION)) != 0;
  long expected_seq = first ? 1 : strtol(cell(rows, row - 1, SEQ), NULL, 10) + 1;
  const char *expected_previous = first ? zeros : cell(rows, row - 1, HASH);
  if (strtol(cell(rows, row, SEQ), NULL, 10) != expected_seq)
    story_fail(story, "seq %s stands where %ld should", cell(rows, row, SEQ), expected_seq);
  if (strcmp(cell(rows, row, PREVIOUS), expected_previous) != 0)
    story_fail(story, "seq %s does not link to the row before", cell(rows, row, SEQ));
  if (strcmp(cell(rows, row, HASH_VERSION), "1") != 0)
    story_fail(story, "seq %s has hash_version %s", cell(rows, row, SEQ), cell(rows, row, HASH_VERSION));
  if (!first && strcmp(cell(rows, row - 1, OBSERVED_AT), cell(rows, row, OBSERVED_AT)) > 0)
    story_fail(story, "seq %s: observed_at goes back", cell(rows, row, SEQ));
}

/* What each row says beside the row of the same account before it; SQL, as it is about sets. */
static const char CONTRADICTIONS[] =
    "with step as (select h.*, lag(version) over same as old_version, lag(change) over same as old_change,"
    " lag(document) over same as old_document, lag(observed_at) over same as old_observed_at"
    " from account_history h window same as (partition by organization_id, account_id order by version)), fields as ("
    " select *, array(select k from (select jsonb_object_keys(document) union select jsonb_object_keys(old_document)) "
    "n (k)"
    "  where document -> k is distinct from old_document -> k"
    "   and (change = 'rescoped' or k <> all (string_to_array($1, ',')))"
    "  order by k collate \"C\") as differing from step)"
    " select string_agg(format('seq %s: %s', seq, case"
    "  when version <> coalesce(old_version, 0) + 1 then 'version is not the next'"
    "  when (change = 'added') <> (old_change is null or old_change = 'removed') then change || ' after ' || old_change"
    "  when not_before >= observed_at then 'not_before is not before observed_at'"
    "  when change in ('changed', 'rescoped') and changed_fields <> differing then format('changed_fields %s, differ "
    "%s',"
    "   changed_fields, differing)"
    "  when change in ('changed', 'rescoped') and changed_fields = '{}' then 'nothing changed'"
    "  when change in ('added', 'removed') and changed_fields <> '{}' then 'changed_fields of ' || change end), E'\\n')"
    " from fields where version <> coalesce(old_version, 0) + 1"
    "  or (change = 'added') <> (old_change is null or old_change = 'removed') or not_before >= observed_at"
    "  or change in ('changed', 'rescoped') and (changed_fields <> differing or changed_fields = '{}')"
    "  or change in ('added', 'removed') and changed_fields <> '{}'";

/* The mirror holds the accounts whose newest history row is no removal, with that stay's time, and that of the newest row that
 * states a change at Close. */
static const char ALIVE[] =
    "select string_agg(coalesce(a.account_id, h.account_id), ', ') from account a full join ("
    " select distinct on (organization_id, account_id) organization_id, account_id, change,"
    "  (select max(observed_at) from account_history b where b.organization_id = n.organization_id"
    "   and b.account_id = n.account_id and b.change <> 'rescoped') as observed_at,"
    "  (select max(observed_at) from account_history b where b.organization_id = n.organization_id"
    "   and b.account_id = n.account_id and b.change = 'added') as came_at"
    " from account_history n order by organization_id, account_id, version desc) h using (organization_id, account_id)"
    " where coalesce(h.change, 'removed') = 'removed' and a.account_id is not null"
    "  or h.change <> 'removed' and (a.changed_at is distinct from h.observed_at"
    "   or a.first_seen_at is distinct from h.came_at)";

void story_expect_history(struct story *story) {
  static const char *const volatile_fields = "lead_suggestions_updated_at";
  PGresult *rows = story_query(story, ROWS, 0, NULL);
  for (int row = 0; row < PQntuples(rows); row++) {
    expect_link(story, rows, row);
    expect_document(story, rows, row);
    expect_hash(story, rows, row);
  }
  PQclear(rows);
  PGresult *wrong = story_query(story, CONTRADICTIONS, 1, &volatile_fields);
  if (!PQgetisnull(wrong, 0, 0))
    story_fail(story, "the history contradicts itself\n%s", PQgetvalue(wrong, 0, 0));
  PQclear(wrong);
  const char *undated = story_sql(
      story, "select string_agg(seq::text, ', ') from account_history where change <> 'added' and not_before is null");
  if (*undated && !(story->spared & TRUTH_DATED))
    story_fail(story, "not_before is absent of seq %s", undated);
  const char *strangers = story_sql(story, ALIVE);
  if (*strangers)
    story_fail(story, "mirror and history disagree about who is there, or since when: %s", strangers);
}
