#pragma once
/* An organization's page: what this daemon remembers of it; what the database tells comes below, section by section. */
#include "config/config.h"
#include "monitor/health.h"
#include "monitor/page/section.h"

extern const struct section *const organization_sections[]; /* in their order, up to a NULL */

/* Up to an open <main>, and the end of it. */
void organization_begin(const struct health *health, const struct health_organization *organization, bool show,
                        struct html *html);
void organization_end(struct html *html);
/* Why the database tells nothing, or no more. */
void organization_tell_silence(struct html *html, const char *reason, const struct error *error);
/* organization_begin() for one that is configured here, and held by another daemon of the fleet. */
void organization_begin_elsewhere(const struct health *health, struct slice name, bool show, struct html *html);
/* The whole page of a NAME of which nothing can be told here; `configured` NULL: nobody knows it. */
void organization_write_unknown(const struct health *health, struct slice name,
                                const struct config_organization *configured, struct html *html);
