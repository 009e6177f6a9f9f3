/* Hundreds of daemons for ten minutes, simulated: the slots are the daemon's own code, the database's statement (sql/query/fleet_heartbeat)
 * is told again here. Daemons are killed, stopped, cut off and join; answers are lost, and a session is then silent until it is given up;
 * clocks run at different speeds. No slot is swept by two daemons for longer than a ttl (by none at all while clocks are halfway right), and
 * none is left by all for longer than a ttl and a heartbeat after the last mishap of its holder. */
#include "base/memory.h"
#include "base/random.h"
#include "schedule/slots.h"
#include <criterion/criterion.h>

enum { TTL = 15000, BEAT = TTL / 3, STEP = 250, ROUNDS = 10 * 60 * 1000 / STEP, DRAIN_MAX = TTL / 6 };

struct daemon {
  struct slots slots;
  double speed; /* of its clock */
  bool dead, stopped, cut;
  int64_t back_ms;    /* when it goes on, or is reachable again */
  int64_t next_ms;    /* its next heartbeat, by its own clock */
  int64_t hangs_ms;   /* its session is silent until then; 0: it is not */
  int64_t expires_ms; /* in the database */
  int64_t drained_ms[SLOTS];
};

struct world {
  struct random random;
  int64_t now_ms;
  struct daemon *daemons;
  int count, lost_per_mille, pause; /* pause: rounds between two mishaps */
  struct {
    int64_t epoch, expires_ms;
    int holder; /* -1: nobody */
    int64_t since_ms, twice_ms;
  } slots[SLOTS];
  int64_t longest_ms, longest_twice_ms;
};

static int64_t local_ms(const struct world *world, const struct daemon *daemon) {
  return (int64_t)((double)world->now_ms * daemon->speed);
}

/* ---- the database ---- */

static int share(const struct world *world) {
  int living = 0;
  for (int i = 0; i < world->count; i++)
    living += world->daemons[i].expires_ms > world->now_ms;
  return (255 + living) / living;
}

static int renew(struct world *world, int number) {
  int kept = 0;
  for (int slot = 0; slot < SLOTS; slot++)
    if (world->slots[slot].holder == number && world->slots[slot].expires_ms > world->now_ms) {
      world->slots[slot].expires_ms = world->now_ms + TTL;
      kept++;
    }
  return kept;
}

static void beat_database(struct world *world, int number) {
  world->daemons[number].expires_ms = world->now_ms + TTL;
  int free = share(world) - renew(world, number);
  for (int slot = 0; slot < SLOTS && free > 0; slot++)
    if (world->slots[slot].holder < 0 || world->slots[slot].expires_ms <= world->now_ms) {
      world->slots[slot].holder = number;
      world->slots[slot].epoch++;
      world->slots[slot].expires_ms = world->now_ms + TTL;
      free--;
    }
}

/* ---- a daemon ---- */

static void mishap(struct world *world, int number) {
  for (int slot = 0; slot < SLOTS; slot++)
    if (world->slots[slot].holder == number)
      world->slots[slot].since_ms = world->now_ms;
}

static void beat(struct world *world, int number) {
  struct daemon *daemon = &world->daemons[number];
  int64_t local = local_ms(world, daemon);
  daemon->next_ms = local + BEAT;
  if (daemon->cut)
    return;
  beat_database(world, number);
  slots_ask(&daemon->slots);
  for (int slot = 0; slot < SLOTS; slot++)
    if (world->slots[slot].holder == number)
      slots_tell(&daemon->slots, slot, world->slots[slot].epoch);
  if (random_between(&world->random, 1, 1000) <= world->lost_per_mille) { /* the answer's end is lost */
    daemon->hangs_ms = local + TTL / 3;
    mishap(world, number);
    return;
  }
  slots_hear(&daemon->slots, local, share(world));
}

static void drain(struct world *world, int number) {
  struct daemon *daemon = &world->daemons[number];
  for (int slot = 0; slot < SLOTS; slot++) {
    if (daemon->slots.states[slot] != SLOT_LEAVING && daemon->slots.states[slot] != SLOT_LOST)
      continue;
    if (daemon->drained_ms[slot] == 0)
      daemon->drained_ms[slot] = world->now_ms + random_between(&world->random, 0, DRAIN_MAX);
    if (world->now_ms < daemon->drained_ms[slot])
      continue;
    daemon->drained_ms[slot] = 0;
    if (slots_release(&daemon->slots, slot) && world->slots[slot].holder == number && !daemon->cut)
      world->slots[slot].holder = -1;
  }
  slots_given_back(&daemon->slots, !daemon->cut);
}

static void live(struct world *world, int number) {
  struct daemon *daemon = &world->daemons[number];
  if ((daemon->stopped || daemon->cut) && world->now_ms >= daemon->back_ms)
    daemon->stopped = daemon->cut = false;
  if (daemon->dead || daemon->stopped)
    return;
  int64_t local = local_ms(world, daemon);
  slots_listen(&daemon->slots, local);
  if (daemon->hangs_ms > 0 && local >= daemon->hangs_ms) {
    daemon->hangs_ms = 0;
    daemon->next_ms = local + TTL / 12;
  }
  if (daemon->hangs_ms == 0 && local >= daemon->next_ms)
    beat(world, number);
  drain(world, number);
}

static void join(struct world *world, int number) {
  struct daemon *daemon = &world->daemons[number];
  *daemon = (struct daemon){.speed = daemon->speed};
  slots_init(&daemon->slots, TTL);
  daemon->next_ms = local_ms(world, daemon) + random_between(&world->random, 0, BEAT);
}

/* Something happens to a daemon; half of them are spared, so that somebody is always there. */
static void befall(struct world *world) {
  int number = (int)random_between(&world->random, world->count / 2, world->count - 1);
  struct daemon *daemon = &world->daemons[number];
  int64_t kind = random_between(&world->random, 0, 2);
  if (daemon->dead) {
    join(world, number);
    return;
  }
  if (daemon->stopped || daemon->cut)
    return;
  daemon->dead = kind == 0;
  daemon->stopped = kind == 1;
  daemon->cut = kind == 2;
  daemon->back_ms = world->now_ms + random_between(&world->random, BEAT, 2 * TTL);
  mishap(world, number);
}

/* ---- what is promised ---- */

static void watch(struct world *world) {
  int owners[SLOTS] = {0};
  for (int i = 0; i < world->count; i++)
    for (int slot = 0; !world->daemons[i].dead && !world->daemons[i].stopped && slot < SLOTS; slot++)
      owners[slot] += world->daemons[i].slots.states[slot] == SLOT_OWNED;
  for (int slot = 0; slot < SLOTS; slot++) {
    if (owners[slot] > 0)
      world->slots[slot].since_ms = world->now_ms;
    world->slots[slot].twice_ms = owners[slot] > 1 ? world->slots[slot].twice_ms + STEP : 0;
    int64_t left_ms = world->now_ms - world->slots[slot].since_ms;
    world->longest_ms = left_ms > world->longest_ms ? left_ms : world->longest_ms;
    if (world->slots[slot].twice_ms > world->longest_twice_ms)
      world->longest_twice_ms = world->slots[slot].twice_ms;
  }
}

static void simulate(struct world *world, uint64_t seed, double drift) {
  random_seed(&world->random, seed);
  world->daemons = memory_allocate(sizeof *world->daemons * (size_t)world->count);
  for (int slot = 0; slot < SLOTS; slot++)
    world->slots[slot].holder = -1;
  for (int i = 0; i < world->count; i++) {
    world->daemons[i].speed = 1 + drift * (double)random_between(&world->random, -1000, 1000) / 1000;
    join(world, i);
  }
  for (int round = 0; round < ROUNDS; round++) {
    world->now_ms += STEP;
    if (round % world->pause == 0)
      befall(world);
    for (int i = 0; i < world->count; i++)
      live(world, i);
    watch(world);
  }
}

static void expect(uint64_t seed, struct world world, double drift, int64_t twice_at_most_ms) {
  simulate(&world, seed, drift);
  int count = world.count;
  int64_t beat_ms = (int64_t)(BEAT / (1 - drift)) + STEP; /* of the slowest clock */
  cr_assert_leq(world.longest_twice_ms, twice_at_most_ms, "seed %llu, %d daemons: owned twice for %lld ms",
                (unsigned long long)seed, count, (long long)world.longest_twice_ms);
  cr_assert_leq(world.longest_ms, TTL + beat_ms, "seed %llu, %d daemons: left by all for %lld ms",
                (unsigned long long)seed, count, (long long)world.longest_ms);
  memory_free(world.daemons);
}

Test(fleet_life, clocks_that_are_halfway_right) {
  for (uint64_t seed = 1; seed <= 3; seed++)
    expect(seed, (struct world){.count = 100 * (int)seed, .lost_per_mille = 10, .pause = 40}, 0.1, 0);
}

Test(fleet_life, clocks_of_very_different_speeds) {
  for (uint64_t seed = 11; seed <= 13; seed++)
    expect(seed, (struct world){.count = 100, .lost_per_mille = 10, .pause = 40}, 0.65, TTL);
}

/* One mishap after the other: what a daemon has just joined for is nobody's until it is seen to be gone again. */
Test(fleet_life, a_small_fleet) {
  for (uint64_t seed = 21; seed <= 40; seed++)
    expect(seed, (struct world){.count = 3 + (int)seed % 6, .pause = 240}, 0.1, 0);
}

/* Nothing happens but that all begin within a heartbeat: three heartbeats later the shares are equal, and stay so. */
Test(fleet_life, shares_are_equal_after_three_heartbeats) {
  for (int count = 1; count <= 64; count++) {
    struct world world = {.count = count};
    random_seed(&world.random, (uint64_t)count);
    world.daemons = memory_allocate(sizeof *world.daemons * (size_t)count);
    for (int slot = 0; slot < SLOTS; slot++)
      world.slots[slot].holder = -1;
    for (int i = 0; i < count; i++) {
      world.daemons[i].speed = 1;
      join(&world, i);
    }
    for (; world.now_ms < 10 * TTL; world.now_ms += STEP) {
      for (int i = 0; i < count; i++)
        live(&world, i);
      int owned = 0;
      for (int i = 0; world.now_ms >= 4 * BEAT && i < count; i++) {
        int own = slots_count(&world.daemons[i].slots, "owned");
        cr_assert_leq(own, (255 + count) / count, "%d daemons, %lld ms", count, (long long)world.now_ms);
        owned += own;
      }
      cr_assert(world.now_ms < 4 * BEAT || owned == SLOTS, "%d daemons: %d are owned after %lld ms", count, owned,
                (long long)world.now_ms);
    }
    memory_free(world.daemons);
  }
}
