#pragma once
/* SHA-256 (libcrypto); the only file that includes OpenSSL. */
#include "base/text.h"

#define HASH_BYTES        32
#define HASH_BASE64_BYTES 45 /* with the NUL */

struct hasher; /* reusable context: fetching the algorithm is what costs */

const char *hash_library_version(void);

struct hasher *hasher_create(void); /* ends the process when libcrypto has no SHA-256 */
void hasher_destroy(struct hasher *hasher);
void hasher_digest(struct hasher *hasher, struct slice slice, unsigned char ret_digest[HASH_BYTES]);
void hash_base64(const unsigned char digest[HASH_BYTES], char ret_text[HASH_BASE64_BYTES]);
