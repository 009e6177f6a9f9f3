#include "base/log_event.h"

/* Random numbers, each for ever: rules and scripts wait for them. */
const char *log_event_id(enum log_event event) {
  static const char *const ids[LOG_EVENTS] = {
      [LOG_EVENT_RUNNING] = "cf63476118e14d48a93a46cbc4a81cb0",
      [LOG_EVENT_STOPPING] = "708eb5c6d18948b3b4b9886f91c060ad",
      [LOG_EVENT_RELOADED] = "c4862a58af2044939ee60169eb0a3dc2",
      [LOG_EVENT_RELOAD_REFUSED] = "dfe9188937f545fbbe409912cba8ac7a",
      [LOG_EVENT_CHANGED] = "5593fb4c013345bda9f62da2b41eabc9",
      [LOG_EVENT_REPAIRED] = "068fd3d370cc4eb5851ea113008b5a97",
      [LOG_EVENT_FAILED] = "0a9defbde6644b83ac4c51da6ebba750",
      [LOG_EVENT_KEY_REFUSED] = "5786cc2ae8ce4c66b41970222594b8d2",
      [LOG_EVENT_INCOMPLETE] = "e31b9f462df74742beccb2e48469f423",
      [LOG_EVENT_GUARDED] = "0957061e9f474034a75ba1f62381f5e2",
      [LOG_EVENT_RECOVERED] = "8ba11f6a2a724cf39530d959d75e3ca1",
      [LOG_EVENT_SKIPPED] = "9aa0e6a029ad4c5ab1768015bf283b3e",
      [LOG_EVENT_DATABASE_AWAY] = "04f38acfc86743a59dea048e51cb05b1",
      [LOG_EVENT_DATABASE_BACK] = "a4fb6fb225ed4a04af1dac0c69fdacc9",
      [LOG_EVENT_DATABASE_REFUSED] = "ddabda711ed74033b87d1c11c613f376",
  };
  return ids[event];
}
