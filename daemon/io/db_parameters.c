/* One scratch buffer for all values of a statement. */
#include "io/db_parameters.h"
#include <string.h>

#define SCRATCH_BYTES (64 * 1024)

void parameters_init(struct parameters *parameters) {
  *parameters = (struct parameters){.values = {NULL}};
  buffer_init(&parameters->scratch, SIZE_MAX);
}

void parameters_finish(struct parameters *parameters) { buffer_finish(&parameters->scratch); }

bool parameters_fill(struct parameters *parameters, const struct db_statement *statement) {
  struct buffer *scratch = &parameters->scratch;
  size_t offsets[DB_PARAMETERS_MAX];
  buffer_clear(scratch);
  if (statement->count < 0 || statement->count > DB_PARAMETERS_MAX)
    return false;
  for (int i = 0; i < statement->count; i++) {
    struct slice value = statement->values[i];
    offsets[i] = scratch->length;
    if (value.bytes == NULL)
      continue;
    if (memchr(value.bytes, '\0', value.length) != NULL)
      return false;
    if (!buffer_append(scratch, value.bytes, value.length) || !buffer_append(scratch, "", 1))
      return false;
  }
  for (int i = 0; i < statement->count; i++) /* only now: the buffer may have moved */
    parameters->values[i] = statement->values[i].bytes != NULL ? scratch->bytes + offsets[i] : NULL;
  return true;
}

size_t parameters_bytes(const struct parameters *parameters) { return parameters->scratch.length; }

void parameters_release(struct parameters *parameters) {
  if (parameters->scratch.capacity > SCRATCH_BYTES)
    buffer_finish(&parameters->scratch);
}
