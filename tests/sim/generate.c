/* Realistic accounts of the five types (close-api.md 1.3) from a seed. The text is appended piece by piece,
 * as a printf per account would make the simulator the bottleneck of the benchmarks. */
#include "sim/generate.h"

#include <stdlib.h>
#include <string.h>

static const char BASE62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { ID_LETTERS = 43, NUMBER_LETTERS = 8 };

enum account_type { GOOGLE, MICROSOFT, CUSTOM_EMAIL, ZOOM, CALENDLY };

static const char *const TYPE_NAMES[] = {"google", "microsoft", "custom_email", "zoom", "calendly"};

/* The mix of an ordinary organization. */
static const enum account_type MIX[10] = {GOOGLE, GOOGLE, MICROSOFT, GOOGLE,       CUSTOM_EMAIL,
                                          ZOOM,   GOOGLE, MICROSOFT, CUSTOM_EMAIL, CALENDLY};

/* What one account's rendering needs to know. */
struct sketch {
  enum account_type type;
  uint64_t hash;
  unsigned int version; /* how many changes have touched it */
  const char *organization_id;
  char id[GENERATED_ID_BYTES];
  char user_id[GENERATED_ID_BYTES];
  char name[24];
  char email[48];
  char date[40];
};

static uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

static void random_letters(char *out, size_t count, uint64_t seed) {
  uint64_t bits = 0;
  for (size_t i = 0; i < count; i++) {
    if (i % 10 == 0)
      bits = mix(seed + i);
    out[i] = BASE62[bits % 62];
    bits /= 62;
  }
}

static void random_id(char *out, const char *prefix, uint64_t seed) {
  size_t length = strlen(prefix);
  memcpy(out, prefix, length);
  random_letters(out + length, ID_LETTERS, seed);
  out[length + ID_LETTERS] = '\0';
}

void generator_finish(struct generator *generator) {
  free(generator->changes);
  *generator = (struct generator){0};
}

void generator_change(struct generator *generator, struct change change) {
  generator->changes = grow(generator->changes, generator->change_count + 1, sizeof *generator->changes);
  generator->changes[generator->change_count++] = change;
}

void generate_organization_id(uint64_t seed, char id[GENERATED_ID_BYTES]) {
  random_id(id, "orga_", mix(seed ^ 0x0a9a));
}

void generate_user_id(uint64_t seed, size_t n, char id[GENERATED_ID_BYTES]) {
  random_id(id, "user_", mix(seed ^ 0x05e9) + n / 3 * 64);
}

void generate_account_id(uint64_t seed, size_t n, char id[GENERATED_ID_BYTES]) {
  random_id(id, "emailacct_", mix(seed ^ 0xacc7) + n * 64);
  char *last = strchr(id, '\0') - 1;
  for (size_t i = 0, left = n; i < NUMBER_LETTERS; i++, left /= 62)
    *last-- = BASE62[left % 62];
}

size_t generated_number(const struct generator *generator, const char *id) {
  size_t length = strlen(id);
  if (length < NUMBER_LETTERS)
    return SIZE_MAX;
  size_t n = 0;
  for (const char *at = id + length - NUMBER_LETTERS; *at; at++) {
    const char *digit = strchr(BASE62, *at);
    if (!digit)
      return SIZE_MAX;
    n = n * 62 + (size_t)(digit - BASE62);
  }
  char exact[GENERATED_ID_BYTES];
  generate_account_id(generator->seed, n, exact);
  return n < generator->count && strcmp(id, exact) == 0 ? n : SIZE_MAX;
}

static unsigned int version_of(const struct generator *generator, size_t n) {
  unsigned int version = 0;
  for (size_t i = 0; i < generator->change_count; i++) {
    const struct change *change = &generator->changes[i];
    double draw = (double)(mix(mix(change->seed ^ generator->seed) + n) >> 11) / 9007199254740992.0;
    version += draw * 100.0 < change->percent;
  }
  return version;
}

static void two_digits(char *out, uint64_t value) {
  out[0] = (char)('0' + value / 10 % 10);
  out[1] = (char)('0' + value % 10);
}

static void make_date(char *out, uint64_t hash) {
  memcpy(out, "2022-01-01T00:00:00.319000+00:00", 33);
  two_digits(out + 2, 20 + hash % 6);
  two_digits(out + 5, 1 + hash / 8 % 12);
  two_digits(out + 8, 1 + hash / 128 % 28);
  two_digits(out + 11, hash / 4096 % 24);
  two_digits(out + 14, hash / 131072 % 60);
  two_digits(out + 17, hash / 8388608 % 60);
}

static void sketch_account(struct sketch *sketch, const struct generator *generator, const char *organization_id,
                           size_t n) {
  sketch->type = MIX[n % 10];
  sketch->hash = mix(generator->seed + n * 7919);
  sketch->version = version_of(generator, n);
  sketch->organization_id = organization_id;
  generate_account_id(generator->seed, n, sketch->id);
  generate_user_id(generator->seed, n, sketch->user_id);
  memcpy(sketch->name, "Person ", 7);
  random_letters(sketch->name + 7, 8, sketch->hash);
  sketch->name[15] = '\0';
  memcpy(sketch->email, "person.", 7);
  random_letters(sketch->email + 7, 8, sketch->hash);
  strcpy(sketch->email + 15, "@example.com");
  make_date(sketch->date, sketch->hash);
}

/* Adds all the strings up to a NULL. */
static void add(struct text *text, const char *const pieces[]) {
  for (; *pieces; pieces++)
    text_string(text, *pieces);
}

#define ADD(text, ...) add((text), (const char *const[]){__VA_ARGS__, NULL})

static void add_server(struct text *text, const struct sketch *account, const char *protocol, const char *port) {
  static const char *const hosts[] = {".gmail.com", ".office365.com", ".mail.example.com"};
  ADD(text, ",\"", protocol, "\":{\"use_ssl\":true,\"date_updated\":\"", account->date,
      "\",\"port\":", account->version % 3 == 2 ? "2525" : port, ",\"username\":\"", account->email, "\",\"host\":\"",
      protocol, hosts[account->type], "\"}");
}

static void add_calendar(struct text *text, const char *id, const char *name, bool is_default) {
  ADD(text, "{\"id\":\"", id, "\",\"name\":\"", name,
      "\",\"status\":\"ok\",\"default\":", is_default ? "true" : "false", ",\"synced\":true}");
}

static void add_calendars(struct text *text, const struct sketch *account) {
  char id[64];
  random_letters(id, 20, account->hash + 99);
  strcpy(id + 20, "@import.calendar.google.com");
  ADD(text, ",\"sync_all_calendars\":false,\"has_meeting_creation_scopes\":true,\"synced_calendars\":[\"",
      account->email, "\",\"", id, "\"],\"available_calendars\":[");
  add_calendar(text, account->email, account->email, true);
  text_string(text, ",");
  add_calendar(text, id, account->version % 4 == 3 ? "Close Tasks: Renamed" : "Close Tasks: Team", false);
  text_string(text, "]");
}

static void add_mail(struct text *text, const struct sketch *account) {
  bool calendars = account->type != CUSTOM_EMAIL;
  bool failing = account->version % 2 == 1;
  const char *features = calendars ? "[\"calendar_syncing\",\"email_sending\",\"email_syncing\"]"
                                   : "[\"email_sending\",\"email_syncing\"]";
  ADD(text, ",\"identities\":[{\"name\":\"", account->name, "\",\"email\":\"", account->email, "\"}]");
  if (account->type == MICROSOFT) {
    text_string(text, ",\"smtp\":null,\"imap\":null");
  } else {
    add_server(text, account, "smtp", "465");
    add_server(text, account, "imap", "993");
  }
  ADD(text, ",\"available_features\":", features, ",\"enabled_features\":", features,
      ",\"send_status\":\"ok\",\"receive_status\":", failing ? "\"error\"" : "\"ok\"",
      ",\"email_receive_status\":", failing ? "\"error\"" : "\"ok\"",
      ",\"calendar_receive_status\":", calendars ? "\"ok\"" : "null", ",\"latest_send_error\":null",
      ",\"latest_receive_error\":", failing ? "\"could not sign in: the token was revoked\"" : "null",
      ",\"lead_suggestions_updated_at\":\"", account->date, "\"");
  if (calendars)
    add_calendars(text, account);
}

static void add_meeting(struct text *text, const struct sketch *account) {
  static const char quiet[] =
      ",\"identities\":[],\"smtp\":null,\"imap\":null,\"available_features\":[],"
      "\"enabled_features\":[],\"send_status\":null,\"receive_status\":null,"
      "\"email_receive_status\":null,\"calendar_receive_status\":null,\"latest_send_error\":null,"
      "\"latest_receive_error\":null,\"lead_suggestions_updated_at\":null";
  text_add(text, quiet, sizeof quiet - 1);
  if (account->type == ZOOM)
    ADD(text,
        ",\"has_meeting_creation_scopes\":true,\"zoom_account_plan\":", account->version % 2 ? "\"pro\"" : "null");
  else
    ADD(text, ",\"calendly\":{\"scheduling_url\":\"https://calendly.com/", account->name + 7,
        "\",\"plan\":", account->version % 2 ? "\"teams\"}" : "\"standard\"}");
}

void generate_account(struct text *text, const struct generator *generator, const char *organization_id, size_t n) {
  struct sketch account;
  sketch_account(&account, generator, organization_id, n);
  text_reserve(text, 2048);
  ADD(text, "{\"_type\":\"", TYPE_NAMES[account.type], "\",\"id\":\"", account.id, "\",\"organization_id\":\"",
      account.organization_id, "\",\"user_id\":\"", account.user_id, "\",\"email\":\"", account.email,
      "\",\"date_created\":\"", account.date, "\",\"default_identity\":{\"name\":\"", account.name, "\",\"email\":\"",
      account.email, "\"},\"receive_attempts_count\":0,\"is_imap_archive_sync_enabled\":true");
  if (account.type == ZOOM || account.type == CALENDLY)
    add_meeting(text, &account);
  else
    add_mail(text, &account);
  text_string(text, "}");
}
