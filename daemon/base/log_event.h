#pragma once
/* What an administrator may wait for in the journal: each event has a MESSAGE_ID, and an entry in systemd/closesyncd.catalog. */

enum log_event {
  LOG_EVENT_NONE,
  LOG_EVENT_RUNNING,          /* the daemon is ready */
  LOG_EVENT_STOPPING,         /* it was told to stop */
  LOG_EVENT_RELOADED,         /* a new configuration is in force */
  LOG_EVENT_RELOAD_REFUSED,   /* the old one stays */
  LOG_EVENT_CHANGED,          /* a sweep wrote something */
  LOG_EVENT_REPAIRED,         /* mirror rows differed from their documents */
  LOG_EVENT_FAILED,           /* an organization's sweeps fail */
  LOG_EVENT_KEY_REFUSED,      /* by Close, or it cannot be read */
  LOG_EVENT_INCOMPLETE,       /* a listing was */
  LOG_EVENT_GUARDED,          /* removals are held back */
  LOG_EVENT_RECOVERED,        /* sweeps are well again */
  LOG_EVENT_SKIPPED,          /* another process has the organization */
  LOG_EVENT_DATABASE_AWAY,    /* cannot be used */
  LOG_EVENT_DATABASE_BACK,    /* can be again */
  LOG_EVENT_DATABASE_REFUSED, /* answers, but refuses a statement */
  LOG_EVENTS
};

/* 32 hex digits; NULL for LOG_EVENT_NONE. */
const char *log_event_id(enum log_event event);
