#pragma once
/* What people are shown over HTTP: `/`, and /organization/NAME. A page is made at most once a second, whoever asks; the first from memory,
 * the others also from a session of their own, which is opened when somebody asks and closed when nobody did for a minute. */
#include "config/config.h"
#include "io/serve.h"
#include "monitor/health.h"

struct page;

struct page *page_create(struct loop *loop, const struct config *config); /* borrowed, until page_use() */
void page_use(struct page *page, const struct config *config);            /* the configuration in force from now on */
/* When the server is gone; what is still asked of the database ends in the loop. NULL is allowed. */
void page_destroy(struct page *page);

/* A serve_fn with a snapshot of the health. False: it is none of these paths. */
bool page_answer(struct page *page, const struct health *health, const struct serve_request *request,
                 struct serve_reply *reply);
