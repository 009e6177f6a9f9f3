#pragma once
/* systemd's journal, natively: the line with its priority, and each of its fields in capitals (ORGANIZATION=, OUTCOME=, …) with the event's
 * MESSAGE_ID. Only this file and io/service include libsystemd. */
#include "base/log.h"

/* Whether what is written to stderr goes to the journal: $JOURNAL_STREAM names that very stream. */
bool journal_is_stderr(void);
/* For log_set_sink(). False when the journal cannot be reached, or without libsystemd. */
bool journal_send(const struct log_record *record);
