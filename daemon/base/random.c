/* splitmix64 (Vigna, public domain): eight bytes of state and good enough to spread timers. */
#include "base/random.h"
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

void random_seed(struct random *random, uint64_t seed) { random->state = seed; }

void random_seed_system(struct random *random) {
  uint64_t seed;
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (long)sizeof seed) { /* only before the kernel is seeded */
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    seed = (uint64_t)now.tv_nsec ^ ((uint64_t)getpid() << 32);
  }
  random_seed(random, seed);
}

static uint64_t next(struct random *random) {
  uint64_t value = (random->state += 0x9e3779b97f4a7c15u);
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

int64_t random_between(struct random *random, int64_t low, int64_t high) {
  if (high <= low)
    return low;
  uint64_t count = (uint64_t)high - (uint64_t)low + 1;
  if (count == 0) /* all 2^64 values */
    return (int64_t)next(random);
  uint64_t unfair = (UINT64_MAX - count + 1) % count; /* values below it would make some results likelier */
  uint64_t value;
  do
    value = next(random);
  while (value < unfair);
  return (int64_t)((uint64_t)low + value % count);
}
