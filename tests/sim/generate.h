/* Accounts made from a seed: the same seed gives the same accounts, each in constant time and no memory. */
#pragma once

#include "sim/text.h"

#include <stddef.h>
#include <stdint.h>

/* What one control request changed: each account with this chance, decided by the seed. */
struct change {
  uint64_t seed;
  double percent;
};

struct generator {
  uint64_t seed; /* of this organization */
  size_t count;
  struct change *changes; /* owned */
  size_t change_count;
};

enum { GENERATED_ID_BYTES = 64 };

void generator_finish(struct generator *generator);
void generator_change(struct generator *generator, struct change change);

/* Writes "orga_..." for a generator's seed. */
void generate_organization_id(uint64_t seed, char id[GENERATED_ID_BYTES]);

/* Writes "user_..." of the owner of account number n; every user owns three accounts. */
void generate_user_id(uint64_t seed, size_t n, char id[GENERATED_ID_BYTES]);

/* Writes "emailacct_..." of account number n; its last eight letters are n. */
void generate_account_id(uint64_t seed, size_t n, char id[GENERATED_ID_BYTES]);

/* The number of the account with this id; SIZE_MAX when it is none of the generator's. */
size_t generated_number(const struct generator *generator, const char *id);

/* Adds account number n as one JSON object; 0.8 to 2 kB, one of five types. */
void generate_account(struct text *text, const struct generator *generator, const char *organization_id, size_t n);
