#include "store/verifier.h"
#include "base/memory.h"
#include "crm/account.h"
#include "sql/embedded.h"
#include "store/apply.h"
#include <stdio.h>
#include <string.h>

/* What this file is for: verifying. The database proves the chain and compares columns; the canonical form is ours alone, so the
 * digests made with it are proven here, by the code that makes them. */

enum { VOLATILE_MAX = 64 };

struct evidence {
  struct tools tools;
  char *organization_id;
  evidence_problem_fn *problem;
  evidence_done_fn *done;
  void *context;
  /* With the volatile fields that the database says the digests were made with, read from the first row. */
  struct account_reader *reader;
  char *volatile_text;
  const char *volatile_names[VOLATILE_MAX];
};

static void conclude(struct evidence *evidence, const struct error *error) {
  evidence->done(evidence->context, error);
  account_reader_destroy(evidence->reader);
  memory_free(evidence->volatile_text);
  memory_free(evidence->organization_id);
  memory_free(evidence);
}

/* "a,b" -> names; the text is kept, for the reader borrows them. */
static void open_reader(struct evidence *evidence, struct slice names) {
  int count = 0;
  char *rest = NULL;
  evidence->volatile_text = memory_copy(names.bytes, names.length);
  for (char *name = strtok_r(evidence->volatile_text, ",", &rest); name != NULL && count < VOLATILE_MAX;
       name = strtok_r(NULL, ",", &rest))
    evidence->volatile_names[count++] = name;
  evidence->reader = account_reader_create(evidence->volatile_names, count);
}

static bool fits(struct account_reader *reader, struct slice document, struct slice digest) {
  unsigned char made[HASH_BYTES];
  char hex[2 * HASH_BYTES + 1];
  if (!account_digest_stored(reader, document, made))
    return false;
  text_hex(made, HASH_BYTES, hex);
  return slice_equals(digest, hex);
}

static void on_document(void *context, const struct db_row *row) {
  struct evidence *evidence = context;
  const struct config *config = evidence->tools.config;
  struct slice digest = db_row_text(row, 1), document = db_row_text(row, 2);
  if (evidence->reader == NULL)
    open_reader(evidence, db_row_text(row, 3));
  if (fits(evidence->reader, document, digest))
    return;
  /* After an incomplete sweep with another sync.volatile_fields some are made with those already. */
  struct account_reader *other = account_reader_create(config->sync.volatile_fields, config->sync.volatile_count);
  bool fine = fits(other, document, digest);
  account_reader_destroy(other);
  if (!fine)
    evidence->problem(evidence->context,
                      &(struct evidence_problem){.what = slice_of("account_digest"),
                                                 .seq = -1,
                                                 .account_id = db_row_text(row, 0),
                                                 .text = slice_of("canonical_digest does not fit the document")});
}

static void on_documents(void *context, const struct error *error) { conclude(context, error); }

static void on_row(void *context, const struct db_row *row) {
  struct evidence *evidence = context;
  evidence->problem(evidence->context,
                    &(struct evidence_problem){.what = db_row_text(row, 0),
                                               .seq = db_row_is_null(row, 1) ? -1 : db_row_int(row, 1),
                                               .account_id = db_row_text(row, 2),
                                               .text = db_row_text(row, 3)});
}

static void on_rows(void *context, const struct error *error) {
  struct evidence *evidence = context;
  char version[16];
  snprintf(version, sizeof version, "%d", APPLY_DIGEST_VERSION);
  struct db_statement documents = {.sql = sql_query_verify_documents,
                                   .read_only = true,
                                   .count = 2,
                                   .values = {slice_of(evidence->organization_id), slice_of(version)}};
  if (error != NULL)
    conclude(evidence, error);
  else
    db_query(evidence->tools.watch, &documents, on_document, on_documents, evidence);
}

void evidence_verify(const struct tools *tools, const char *organization_id, evidence_problem_fn *problem,
                     evidence_done_fn *done, void *context) {
  struct evidence *evidence = memory_allocate(sizeof *evidence);
  *evidence = (struct evidence){.tools = *tools,
                                .organization_id = memory_copy_text(organization_id),
                                .problem = problem,
                                .done = done,
                                .context = context};
  struct db_statement verify = {
      .sql = sql_query_verify, .read_only = true, .count = 1, .values = {slice_of(evidence->organization_id)}};
  db_query(tools->watch, &verify, on_row, on_rows, evidence);
}
