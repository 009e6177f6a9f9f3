/* SHA-256 against NIST's examples (FIPS 180-4). */
#include "base/hash.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect(struct hasher *hasher, struct slice slice, const char *expected) {
  unsigned char digest[HASH_BYTES];
  char hex[2 * HASH_BYTES + 1];
  hasher_digest(hasher, slice, digest);
  text_hex(digest, sizeof digest, hex);
  cr_assert_str_eq(hex, expected);
}

Test(hash, known_answers_from_one_context) {
  struct hasher *hasher = hasher_create();
  char *million = malloc(1000000);
  memset(million, 'a', 1000000);
  for (int i = 0; i < 2; i++) {
    expect(hasher, slice_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(hasher, slice_of(NULL), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(hasher, (struct slice){million, 1000000},
           "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
  free(million);
  hasher_destroy(hasher);
}

Test(hash, base64_of_a_digest) {
  struct hasher *hasher = hasher_create();
  unsigned char digest[HASH_BYTES];
  char text[HASH_BASE64_BYTES];
  hasher_digest(hasher, slice_of(NULL), digest);
  hash_base64(digest, text);
  cr_assert_str_eq(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  hasher_destroy(hasher);
}

Test(hash, destroy_takes_null) {
  hasher_destroy(NULL);
  cr_assert_eq(HASH_BYTES, 32);
}
