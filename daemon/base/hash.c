/* SHA-256 through one reused EVP context. */
#include "base/hash.h"
#include "base/memory.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct hasher {
  EVP_MD *algorithm;
  EVP_MD_CTX *context;
};

static _Noreturn void no_sha256(void) {
  fputs("could not compute SHA-256: libcrypto offers no such digest, look at the provider in openssl.cnf\n", stderr);
  abort();
}

const char *hash_library_version(void) { return OpenSSL_version(OPENSSL_VERSION_STRING); }

struct hasher *hasher_create(void) {
  struct hasher *hasher = memory_allocate(sizeof *hasher);
  hasher->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
  hasher->context = EVP_MD_CTX_new();
  if (!hasher->algorithm || !hasher->context || !EVP_DigestInit_ex2(hasher->context, hasher->algorithm, NULL))
    no_sha256();
  return hasher;
}

void hasher_destroy(struct hasher *hasher) {
  if (!hasher)
    return;
  EVP_MD_CTX_free(hasher->context);
  EVP_MD_free(hasher->algorithm);
  free(hasher);
}

void hasher_digest(struct hasher *hasher, struct slice slice, unsigned char ret_digest[HASH_BYTES]) {
  if (!EVP_DigestInit_ex2(hasher->context, NULL, NULL) ||
      !EVP_DigestUpdate(hasher->context, slice.bytes ? slice.bytes : "", slice.length) ||
      !EVP_DigestFinal_ex(hasher->context, ret_digest, NULL))
    no_sha256();
}

void hash_base64(const unsigned char digest[HASH_BYTES], char ret_text[HASH_BASE64_BYTES]) {
  EVP_EncodeBlock((unsigned char *)ret_text, digest, HASH_BYTES);
}
