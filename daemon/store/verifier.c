/* The database proves the chain and compares columns; the canonical form is ours alone, so the digests made with it are proven here, by
 * the code that makes them. */
#include "store/verifier.h"
#include "base/memory.h"
#include "crm/account.h"
#include "sql/embedded.h"
#include "store/apply.h"
#include <stdio.h>
#include <string.h>

enum { VOLATILE_MAX = 64 };

struct verifier {
  struct verifier_options options;
  char *organization_id;
  /* With the volatile fields that the database says the digests were made with, read from the first row. */
  struct account_reader *reader;
  char *volatile_text;
  const char *volatile_names[VOLATILE_MAX];
};

static void conclude(struct verifier *verifier, const struct error *error) {
  verifier->options.done(verifier->options.context, error);
  account_reader_destroy(verifier->reader);
  memory_free(verifier->volatile_text);
  memory_free(verifier->organization_id);
  memory_free(verifier);
}

/* "a,b" -> names; the text is kept, for the reader borrows them. */
static void open_reader(struct verifier *verifier, struct slice names) {
  int count = 0;
  char *rest = NULL;
  verifier->volatile_text = slice_copy(names);
  for (char *name = strtok_r(verifier->volatile_text, ",", &rest); name != NULL && count < VOLATILE_MAX;
       name = strtok_r(NULL, ",", &rest))
    verifier->volatile_names[count++] = name;
  verifier->reader = account_reader_create(verifier->volatile_names, count);
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
  struct verifier *verifier = context;
  struct slice digest = db_row_text(row, 1), document = db_row_text(row, 2);
  if (verifier->reader == NULL)
    open_reader(verifier, db_row_text(row, 3));
  if (fits(verifier->reader, document, digest))
    return;
  /* After an incomplete sweep with another sync.volatile_fields some are made with those already. */
  if (!fits(verifier->options.reader, document, digest))
    verifier->options.problem(
        verifier->options.context,
        &(struct verifier_problem){.what = slice_of("account_digest"),
                                   .seq = -1,
                                   .account_id = db_row_text(row, 0),
                                   .text = slice_of("canonical_digest does not fit the document")});
}

static void on_documents(void *context, const struct error *error) { conclude(context, error); }

static void on_row(void *context, const struct db_row *row) {
  struct verifier *verifier = context;
  verifier->options.problem(verifier->options.context,
                            &(struct verifier_problem){.what = db_row_text(row, 0),
                                                       .seq = db_row_is_null(row, 1) ? -1 : db_row_int(row, 1),
                                                       .account_id = db_row_text(row, 2),
                                                       .text = db_row_text(row, 3)});
}

static void on_rows(void *context, const struct error *error) {
  struct verifier *verifier = context;
  char version[16];
  snprintf(version, sizeof version, "%d", APPLY_DIGEST_VERSION);
  struct db_statement documents = {.sql = sql_query_verify_documents,
                                   .read_only = true,
                                   .count = 2,
                                   .values = {slice_of(verifier->organization_id), slice_of(version)}};
  if (error != NULL)
    conclude(verifier, error);
  else
    db_query(verifier->options.db, &documents, on_document, on_documents, verifier);
}

void verifier_verify(const struct verifier_options *options, const char *organization_id) {
  struct verifier *verifier = memory_allocate(sizeof *verifier);
  *verifier = (struct verifier){.options = *options, .organization_id = memory_copy_text(organization_id)};
  struct db_statement verify = {
      .sql = sql_query_verify, .read_only = true, .count = 1, .values = {slice_of(verifier->organization_id)}};
  db_query(options->db, &verify, on_row, on_rows, verifier);
}
