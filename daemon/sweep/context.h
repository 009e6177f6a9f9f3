#pragma once
/* What every sweep of a process shares; borrowed from app for as long as any sweep lives. */
#include "base/random.h"
#include "config/config.h"
#include "crm/account.h"
#include "io/db.h"
#include "remote/rate_limits.h"
#include "remote/request_queue.h"
#include "remote/tokens.h"

struct sweep_context {
  struct loop *loop;
  struct request_queue *request_queue;
  struct rate_limits *rate_limits;
  struct tokens *tokens;
  struct db *watch; /* locks and reads: all advisory locks of the process are held by this session */
  struct db *write; /* transactions; a sweep has its own pick of the writers here */
  struct db *const *writers;
  int writer_count;
  const struct config *config;
  struct account_reader *reader; /* one for all: no read lasts longer than a callback */
  struct log *log;
  struct random *random;
};
