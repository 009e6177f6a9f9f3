/* Pages are kept for a second, so that nobody makes the daemon work by asking; who asks for one that is being made waits for it.
 *
 * A sheet is one page, whole or in the making. It is held by the list of the newest ones, by each reply that waits for it and by the
 * statement under way, and is gone with the last of them. Its sections are asked for one after the other: each has two seconds of the
 * server's time, all together a few more, and what does not come is told in its place. */
#include "monitor/page/page.h"
#include "base/memory.h"
#include "monitor/page/frame.h"
#include "monitor/page/index.h"
#include "monitor/page/organization.h"
#include "monitor/page/style.h"
#include "sql/embedded.h"
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
  FRESH_MS = 1000,
  IDLE_MS = 60 * 1000,
  PATIENCE_MS = 5 * 1000, /* for all sections of a page */
  CONNECT_TIMEOUT_MS = 3 * 1000,
  ANSWER_TIMEOUT_MS = 4 * 1000,
  ASK_EVERY_MS = 10 * 1000,
  SHEETS_MAX = 8,
  KEY_BYTES = 512,
  PAGE_BYTES_MAX = 8 * 1024 * 1024,
};

#define ORGANIZATION "/organization/"

struct sheet {
  TAILQ_ENTRY(sheet) link;
  struct page *page; /* NULL: it is gone */
  int references;
  char key[KEY_BYTES];
  int64_t made_ms; /* when it was begun */
  bool whole;
  int status;
  struct buffer text;
  struct html html;
  char *organization_id; /* or NULL */
  int section;           /* that is asked for now */
  struct section_state state;
  LIST_HEAD(, waiter) waiters;
};

struct waiter {
  LIST_ENTRY(waiter) link;
  struct sheet *sheet;
  struct serve_reply *reply;
};

struct page {
  struct loop *loop;
  const struct config *config;
  const struct health *(*health)(void *context, bool scraped);
  void *context;
  struct db *db; /* NULL: nobody asked lately */
  struct timer *idle;
  struct index_order *order; /* or NULL */
  int64_t ordered_ms;
  TAILQ_HEAD(sheets, sheet) sheets; /* newest first */
  int sheet_count;
  char policy[STYLE_POLICY_BYTES];
};

static void release(struct sheet *sheet) {
  if (--sheet->references > 0)
    return;
  buffer_finish(&sheet->text);
  memory_free(sheet->organization_id);
  memory_free(sheet);
}

static void forget(struct page *page, struct sheet *sheet) {
  TAILQ_REMOVE(&page->sheets, sheet, link);
  page->sheet_count--;
  sheet->page = NULL;
  release(sheet);
}

static void forget_all(struct page *page) {
  index_order_destroy(page->order);
  page->order = NULL;
  while (!TAILQ_EMPTY(&page->sheets))
    forget(page, TAILQ_FIRST(&page->sheets));
}

/* ---- the session ---- */

static void close_session(struct page *page) {
  struct db *db = page->db;
  page->db = NULL;
  db_destroy(db);
}

static void on_idle(void *context) {
  struct page *page = context;
  forget_all(page);
  close_session(page);
}

static void open_session(struct page *page) {
  const struct config *config = page->config;
  struct db_statement hello = {.sql = sql_query_session,
                               .count = 3,
                               .values = {slice_of(config->database.schema), slice_of("2s"), slice_of("1s")}};
  struct db_options options = {.conninfo = config->database.conninfo,
                               .application_name = "closesyncd",
                               .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                               .answer_timeout_ms = ANSWER_TIMEOUT_MS,
                               .ask_every_ms = ASK_EVERY_MS,
                               .hello = &hello};
  if (page->db == NULL)
    page->db = db_create(page->loop, &options);
}

/* ---- an organization's page, section by section ---- */

static void finish(struct sheet *sheet) {
  struct waiter *waiter;
  organization_end(&sheet->html);
  sheet->whole = true;
  LIST_FOREACH(waiter, &sheet->waiters, link)
  serve_go_on(waiter->reply);
}

static void on_row(void *context, const struct db_row *row) {
  struct sheet *sheet = context;
  section_write_row(organization_sections[sheet->section], &sheet->state, row);
}

static void ask(struct sheet *sheet);

static void on_done(void *context, const struct error *error) {
  struct sheet *sheet = context;
  const struct section *section = organization_sections[sheet->section];
  if (sheet->state.rows > 0)
    section_end(section, &sheet->state);
  if (sheet->page == NULL) {
    ask(sheet);
    release(sheet);
    return;
  }
  if (sheet->state.rows == 0 && error == NULL)
    frame_note(&sheet->html, "%s", section->none);
  if (error != NULL)
    organization_tell_silence(&sheet->html, "this could not be read", error);
  sheet->section++;
  if (error != NULL && error->kind != ERROR_DATABASE) /* it is away, and not this statement's trouble */
    finish(sheet);
  else
    ask(sheet);
  release(sheet); /* the statement's hold */
}

/* The next section, if there is one and the page still is. */
static void ask(struct sheet *sheet) {
  const struct section *section = organization_sections[sheet->section];
  struct page *page = sheet->page;
  if (page == NULL)
    organization_tell_silence(&sheet->html, "the configuration has changed: ask again", NULL);
  if (section == NULL || page == NULL) {
    finish(sheet);
    return;
  }
  html_element(&sheet->html, "h2", NULL, section->title);
  if (loop_now_ms(page->loop) - sheet->made_ms > PATIENCE_MS) {
    organization_tell_silence(&sheet->html, "the database takes too long: ask again later", NULL);
    finish(sheet);
    return;
  }
  struct db_statement statement = {.sql = section->sql,
                                   .count = 1,
                                   .values = {slice_of(sheet->organization_id)},
                                   .prepare = true,
                                   .read_only = true};
  sheet->state = (struct section_state){.html = &sheet->html, .show = sheet->state.show, .now_s = sheet->state.now_s};
  sheet->references++;
  open_session(page);
  db_query(page->db, &statement, on_row, on_done, sheet);
}

/* ---- one that another daemon of the fleet holds: the database knows its id ---- */

static void on_id(void *context, const struct db_row *row) {
  struct sheet *sheet = context;
  if (sheet->organization_id == NULL)
    sheet->organization_id = slice_copy(db_row_text(row, 0));
}

static void on_id_done(void *context, const struct error *error) {
  struct sheet *sheet = context;
  if (sheet->organization_id != NULL || sheet->page == NULL) {
    ask(sheet);
  } else {
    organization_tell_silence(&sheet->html, "the database tells nothing of it", error);
    finish(sheet);
  }
  release(sheet); /* the statement's hold */
}

static void ask_elsewhere(struct sheet *sheet, const char *name) {
  struct db_statement statement = {
      .sql = sql_query_page_organization, .count = 1, .values = {slice_of(name)}, .prepare = true, .read_only = true};
  sheet->references++;
  open_session(sheet->page);
  db_query(sheet->page->db, &statement, on_id, on_id_done, sheet);
}

/* ---- making, keeping ---- */

/* What is being made stays: somebody waits for it. */
static void forget_oldest(struct page *page) {
  struct sheet *sheet;
  TAILQ_FOREACH_REVERSE(sheet, &page->sheets, sheets, link) {
    if (sheet->whole) {
      forget(page, sheet);
      return;
    }
  }
}

static struct sheet *begin_sheet(struct page *page, const struct health *health, const char *key) {
  struct sheet *sheet = memory_allocate(sizeof *sheet);
  *sheet = (struct sheet){.page = page, .references = 1, .made_ms = loop_now_ms(page->loop), .status = 200};
  snprintf(sheet->key, sizeof sheet->key, "%s", key);
  sheet->state.show = page->config->http.show_addresses;
  sheet->state.now_s = health->now_s;
  buffer_init(&sheet->text, PAGE_BYTES_MAX);
  html_init(&sheet->html, &sheet->text);
  if (page->sheet_count >= SHEETS_MAX)
    forget_oldest(page);
  TAILQ_INSERT_HEAD(&page->sheets, sheet, link);
  page->sheet_count++;
  return sheet;
}

static struct sheet *find_sheet(struct page *page, const char *key) {
  struct sheet *sheet;
  TAILQ_FOREACH(sheet, &page->sheets, link) {
    bool is_fresh = !sheet->whole || loop_now_ms(page->loop) - sheet->made_ms < FRESH_MS;
    if (is_fresh && strcmp(sheet->key, key) == 0)
      return sheet;
  }
  return NULL;
}

static void put_in_order(struct page *page, const struct health *health) {
  index_order_destroy(page->order);
  page->order = index_order_create(health);
  page->ordered_ms = loop_now_ms(page->loop);
}

static struct sheet *make_index(struct page *page, const struct index_query *query, const char *key) {
  const struct health *health = page->health(page->context, false);
  struct sheet *sheet = begin_sheet(page, health, key);
  if (index_order_count(page->order) != health->organization_count)
    put_in_order(page, health);
  index_write(health, page->order, query, sheet->state.show, &sheet->html);
  sheet->whole = true;
  return sheet;
}

static struct sheet *make_organization(struct page *page, const struct health *health, const char *name,
                                       const char *key) {
  const struct health_organization *organization = health_find(health, name);
  struct sheet *sheet = begin_sheet(page, health, key);
  if (organization == NULL) {
    const struct config_organization *configured = config_find(page->config, name);
    if (configured != NULL && configured->enabled && health->database_up) {
      organization_begin_elsewhere(health, slice_of(name), sheet->state.show, &sheet->html);
      ask_elsewhere(sheet, name);
      return sheet;
    }
    organization_write_unknown(health, slice_of(name), configured, &sheet->html);
    sheet->status = 404;
    sheet->whole = true;
    return sheet;
  }
  organization_begin(health, organization, sheet->state.show, &sheet->html);
  if (health->database_up && organization->organization_id != NULL) {
    sheet->organization_id = memory_copy_text(organization->organization_id);
    ask(sheet);
    return sheet;
  }
  if (health->database_up)
    organization_tell_silence(&sheet->html, "it was never reached, so the database knows nothing of it", NULL);
  finish(sheet);
  return sheet;
}

/* ---- replies ---- */

static enum serve_progress on_more(void *work, struct serve_reply *reply) {
  const struct waiter *waiter = work;
  const struct sheet *sheet = waiter->sheet;
  if (!sheet->whole)
    return SERVE_WAITS;
  reply->status = sheet->status;
  if (!buffer_fits(&sheet->text) || !buffer_append(&reply->body, sheet->text.bytes, sheet->text.length))
    reply->status = 500;
  return SERVE_WHOLE;
}

static void on_drop(void *work) {
  struct waiter *waiter = work;
  LIST_REMOVE(waiter, link);
  release(waiter->sheet);
  memory_free(waiter);
}

static void reply_with(struct page *page, struct sheet *sheet, struct serve_reply *reply) {
  struct waiter *waiter = memory_allocate(sizeof *waiter);
  *waiter = (struct waiter){.sheet = sheet, .reply = reply};
  sheet->references++;
  LIST_INSERT_HEAD(&sheet->waiters, waiter, link);
  reply->content_type = "text/html; charset=utf-8";
  reply->policy = page->policy;
  reply->refresh = FRAME_REFRESH;
  reply->more = on_more;
  reply->drop = on_drop;
  reply->work = waiter;
}

static struct sheet *find_index(struct page *page, const struct serve_request *request) {
  const char *number = serve_argument(request, "page");
  struct index_query query = {.state = serve_argument(request, "state"),
                              .name = serve_argument(request, "name"),
                              .page = number == NULL ? 1 : atoi(number)};
  char key[KEY_BYTES];
  if (page->order == NULL || loop_now_ms(page->loop) - page->ordered_ms >= FRESH_MS)
    put_in_order(page, page->health(page->context, false));
  index_clamp(page->order, &query);
  int length = snprintf(key, sizeof key, "/\n%s\n%s\n%d", query.state == NULL ? "" : query.state,
                        query.name == NULL ? "" : query.name, query.page);
  if (length >= (int)sizeof key)
    key[0] = '\0';
  struct sheet *sheet = key[0] == '\0' ? NULL : find_sheet(page, key);
  return sheet != NULL ? sheet : make_index(page, &query, key);
}

static struct sheet *find_organization(struct page *page, const char *path) {
  const char *key = strlen(path) < KEY_BYTES ? path : "";
  struct sheet *sheet = key[0] == '\0' ? NULL : find_sheet(page, key);
  if (sheet != NULL)
    return sheet;
  return make_organization(page, page->health(page->context, false), path + strlen(ORGANIZATION), key);
}

bool page_answer(struct page *page, const struct serve_request *request, struct serve_reply *reply) {
  bool is_index = strcmp(request->path, "/") == 0;
  if (!is_index && strncmp(request->path, ORGANIZATION, strlen(ORGANIZATION)) != 0)
    return false;
  timer_start(page->idle, IDLE_MS);
  reply_with(page, is_index ? find_index(page, request) : find_organization(page, request->path), reply);
  return true;
}

/* ---- the whole ---- */

struct page *page_create(struct loop *loop, const struct config *config,
                         const struct health *health(void *context, bool scraped), void *context) {
  struct page *page = memory_allocate(sizeof *page);
  *page = (struct page){
      .loop = loop, .config = config, .health = health, .context = context, .idle = timer_open(loop, on_idle, page)};
  TAILQ_INIT(&page->sheets);
  style_policy(page->policy);
  return page;
}

void page_use(struct page *page, const struct config *config) {
  forget_all(page);
  close_session(page);
  page->config = config;
}

void page_destroy(struct page *page) {
  if (page == NULL)
    return;
  forget_all(page);
  close_session(page);
  timer_close(page->idle);
  memory_free(page);
}
