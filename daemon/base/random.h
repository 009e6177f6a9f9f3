#pragma once
/* Jitter, not cryptography: a small seeded generator, so that tests can repeat it. */
#include <stdint.h>

struct random {
  uint64_t state;
};

void random_seed(struct random *random, uint64_t seed);
void random_seed_system(struct random *random); /* from getrandom(2) */
/* Uniform in [low, high], both included; low when high <= low. */
int64_t random_between(struct random *random, int64_t low, int64_t high);
