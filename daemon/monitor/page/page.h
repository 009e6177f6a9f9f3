#pragma once
/* What people are shown over HTTP: `/`, and /organization/NAME. A page is made at most once a second, whoever asks; the first from memory,
 * the others also from a session of their own, which is opened when somebody asks and closed when nobody did for a minute. */
#include "config/config.h"
#include "io/serve.h"
#include "monitor/health.h"

struct page;

/* The configuration is borrowed until page_use(). `health`: as of now, asked for only when a page is made; as in struct routes. */
struct page *page_create(struct loop *loop, const struct config *config,
                         const struct health *health(void *context, bool scraped), void *context);
void page_use(struct page *page, const struct config *config); /* the configuration in force from now on */
/* When the server is gone; what is still asked of the database ends in the loop. NULL is allowed. */
void page_destroy(struct page *page);

/* As a serve_fn. False: it is none of these paths. */
bool page_answer(struct page *page, const struct serve_request *request, struct serve_reply *reply);
