/* Makes replies in slices, so that one of any size holds up nobody. It promises that one reply at a time is in the making, but for those
 * that wait, so that a crowd that asks for the longest one costs the memory of one. */
#include "io/serve_answer.h"
#include "base/memory.h"
#include <string.h>
#include <strings.h>
#define ZLIB_CONST /* what is packed is not written to */
#include <zlib.h>

enum { AT_ONCE_BYTES = 64 * 1024, WORTH_PACKING_BYTES = 512 };

struct serve_answers {
  TAILQ_HEAD(answer_list, serve_answer) list;
  struct timer *timer;
  struct loop *loop;
  void (*finished)(void *context, void *client);
  void *context;
};

/* ---- packing ---- */

enum { LEVEL = 5, WINDOW_BITS = 15, GZIP_HEADER = 16, MEMORY_LEVEL = 8, PIECE_BYTES = 16 * 1024 };

struct gzip {
  z_stream stream;
};

static struct gzip *gzip_create(void) {
  struct gzip *gzip = memory_allocate(sizeof *gzip);
  if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS + GZIP_HEADER, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    memory_exhausted();
  return gzip;
}

static void gzip_destroy(struct gzip *gzip) {
  if (gzip == NULL)
    return;
  deflateEnd(&gzip->stream);
  memory_free(gzip);
}

/* Appends what comes out so far; `last`: and the end. False: it did not fit. A megabyte takes about 10 ms. */
static bool gzip_pack(struct gzip *gzip, struct slice bytes, bool last, struct buffer *packed) {
  unsigned char piece[PIECE_BYTES];
  gzip->stream.next_in = (const unsigned char *)bytes.bytes;
  gzip->stream.avail_in = (uInt)bytes.length;
  do {
    gzip->stream.next_out = piece;
    gzip->stream.avail_out = sizeof piece;
    deflate(&gzip->stream, last ? Z_FINISH : Z_NO_FLUSH);
    buffer_append(packed, piece, sizeof piece - gzip->stream.avail_out);
  } while (gzip->stream.avail_out == 0);
  return buffer_fits(packed);
}

const char *serve_zlib_version(void) { return zlibVersion(); }

/* ---- making ---- */

static void drop_work(struct serve_answer *answer) {
  void (*drop)(void *work) = answer->reply.drop;
  answer->reply.drop = NULL;
  answer->reply.more = NULL;
  if (drop != NULL)
    drop(answer->reply.work);
}

static void fail(struct serve_answer *answer) {
  answer->reply.status = 500;
  answer->reply.content_type = "text/plain; charset=utf-8";
  buffer_clear(&answer->reply.body);
  buffer_append_text(&answer->reply.body,
                     "this is more than one answer holds; gzipped it may fit: ask with Accept-Encoding: gzip\n");
  gzip_destroy(answer->gzip);
  answer->gzip = NULL;
}

/* One slice of it. */
static enum serve_progress step(struct serve_answer *answer) {
  struct serve_reply *reply = &answer->reply;
  enum serve_progress progress = reply->more == NULL ? SERVE_WHOLE : reply->more(reply->work, reply);
  bool fits = buffer_fits(&reply->body);
  if (fits && answer->gzip != NULL && progress != SERVE_WAITS) {
    fits = gzip_pack(answer->gzip, buffer_slice(&reply->body), progress == SERVE_WHOLE, &answer->packed);
    buffer_clear(&reply->body);
  }
  if (!fits) {
    fail(answer);
    progress = SERVE_WHOLE;
  }
  if (progress == SERVE_WHOLE) {
    drop_work(answer);
    answer->finished = true;
  }
  return progress;
}

static void enqueue(struct serve_answer *answer) {
  if (answer->queued)
    return;
  answer->queued = true;
  TAILQ_INSERT_TAIL(&answer->answers->list, answer, link);
  timer_start(answer->answers->timer, 0);
}

static void dequeue(struct serve_answer *answer) {
  if (answer->queued)
    TAILQ_REMOVE(&answer->answers->list, answer, link);
  answer->queued = false;
}

static void work(void *context) {
  struct serve_answers *answers = context;
  struct serve_answer *answer;
  while ((answer = TAILQ_FIRST(&answers->list)) != NULL) {
    enum serve_progress progress = step(answer);
    if (progress != SERVE_MORE)
      dequeue(answer);
    if (progress == SERVE_WHOLE)
      answers->finished(answers->context, answer->client);
    if (!loop_has_time(answers->loop))
      break;
  }
  if (!TAILQ_EMPTY(&answers->list))
    timer_continue(answers->timer);
}

struct serve_answers *serve_answers_create(struct loop *loop, void (*finished)(void *context, void *client),
                                           void *context) {
  struct serve_answers *answers = memory_allocate(sizeof *answers);
  *answers = (struct serve_answers){.loop = loop, .finished = finished, .context = context};
  TAILQ_INIT(&answers->list);
  answers->timer = timer_open(loop, work, answers);
  return answers;
}

void serve_answers_destroy(struct serve_answers *answers) {
  if (answers == NULL)
    return;
  timer_close(answers->timer);
  memory_free(answers);
}

struct serve_answer *serve_answer_create(struct serve_answers *answers, size_t max_body_bytes, bool packs) {
  struct serve_answer *answer = memory_allocate(sizeof *answer);
  answer->answers = answers;
  answer->reply =
      (struct serve_reply){.status = 200, .content_type = "text/plain; charset=utf-8", .policy = "default-src 'none'"};
  buffer_init(&answer->reply.body, max_body_bytes);
  buffer_init(&answer->packed, max_body_bytes);
  answer->packs = packs;
  return answer;
}

void serve_answer_destroy(struct serve_answer *answer) {
  if (answer == NULL)
    return;
  dequeue(answer);
  drop_work(answer);
  gzip_destroy(answer->gzip);
  buffer_finish(&answer->reply.body);
  buffer_finish(&answer->packed);
  memory_free(answer);
}

bool serve_answer_start(struct serve_answer *answer) {
  const struct serve_reply *reply = &answer->reply;
  if (answer->packs && (reply->more != NULL || reply->body.length >= WORTH_PACKING_BYTES))
    answer->gzip = gzip_create();
  if (reply->more == NULL && (answer->gzip == NULL || reply->body.length < AT_ONCE_BYTES))
    step(answer);
  else
    enqueue(answer);
  return answer->finished;
}

void serve_go_on(struct serve_reply *reply) { enqueue((struct serve_answer *)reply); }

/* "gzip", "gzip;q=0.5", "br, gzip"; "gzip;q=0" forbids it. */
bool serve_accepts_gzip(const char *accept_encoding) {
  const char *at = accept_encoding == NULL ? "" : accept_encoding;
  while (*at != '\0') {
    at += strspn(at, " \t,");
    size_t length = strcspn(at, ","), name = strcspn(at, " \t;,");
    if ((name == 4 && strncasecmp(at, "gzip", name) == 0) || (name == 6 && strncasecmp(at, "x-gzip", name) == 0)) {
      const char *q = memmem(at, length, "q=", 2);
      size_t digits = q == NULL ? 0 : strspn(q + 2, "0.");
      return q == NULL || q + 2 + digits < at + length - strspn(q + 2 + digits, " \t");
    }
    at += length;
  }
  return false;
}

const char *serve_path(const char *url, struct slice *host) {
  static const char scheme[] = "http://";
  if (strncasecmp(url, scheme, strlen(scheme)) != 0)
    return url;
  *host = (struct slice){url + strlen(scheme), strcspn(url + strlen(scheme), "/")};
  return host->bytes[host->length] == '/' ? host->bytes + host->length : "/";
}
