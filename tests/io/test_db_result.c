/* What PostgreSQL says, so that one trouble has one text. */
#include "io/db_result.h"
#include <criterion/criterion.h>
#include <string.h>

Test(db_result, one_trouble_has_one_text) {
  static const char *const rows[][3] = {
      {"53100", "could not extend file \"base/16384/24601.1\": No space left on device",
       "could not extend file: No space left on device"},
      {"53100", "could not write to file \"base/pgsql_tmp/pgsql_tmp4711.3\": No space left on device",
       "could not write to file: No space left on device"},
      {"53100", "could not extend file \"base/16384/2619\": wrote only 4096 of 8192 bytes at block 7",
       "could not extend file: wrote only N of N bytes at block N"},
      {"58030", "could not read block 12 in file \"base/1/2\": Input/output error",
       "could not read block N in file: Input/output error"},
      {"XX001", "invalid page in block 0 of relation base/16384/16390", "invalid page in block N of relation base/N/N"},
      {"53200", "out of memory", "out of memory"},
      {"23505", "duplicate key value violates unique constraint \"a/b1\"",
       "duplicate key value violates unique constraint \"a/b1\""},
      {"53000", "the word \"x1\" and a lone \" quote", "the word \"xN\" and a lone \" quote"},
      {NULL, "server at 127.0.0.1", "server at 127.0.0.1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[200];
    strcpy(text, rows[i][1]);
    message_settle(rows[i][0], text);
    cr_assert_str_eq(text, rows[i][2]);
  }
}
