/* Replies that are made in slices, and packed for whoever asks for that. Real sockets. */
#include "io/serve_answer.h"
#include "io/stage_client.h"
#include <zlib.h>

static bool begins(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

Test(serve_answer, gzip_is_asked_for) {
  static const char *const yes[] = {"gzip",   "deflate, gzip", "gzip;q=0.5",  "br;q=0, GZIP ; q=1.0",
                                    "x-gzip", "gzip ,br",      "gzip;q=0.001"};
  static const char *const no[] = {NULL,    "",        "identity", "br, deflate", "gzip;q=0", "gzip; q=0.000 , br",
                                   "agzip", "gzipped", "*"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    cr_assert(serve_accepts_gzip(yes[i]), "%s", yes[i]);
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    cr_assert_not(serve_accepts_gzip(no[i]), "%s", no[i]);
}

/* What zlib's own inflate finds behind the header, in `text`: how many bytes. */
static size_t unpack(const char *answer, size_t bytes, char *text, size_t room) {
  const char *body = memmem(answer, bytes, "\r\n\r\n", 4);
  cr_assert_not_null(body);
  z_stream stream = {.next_in = (unsigned char *)body + 4,
                     .avail_in = (unsigned)(bytes - (size_t)(body + 4 - answer)),
                     .next_out = (unsigned char *)text,
                     .avail_out = (unsigned)room};
  cr_assert_eq(inflateInit2(&stream, 15 + 16), Z_OK);
  cr_assert_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
  cr_assert_eq(stream.avail_in, 0, "nothing behind it");
  inflateEnd(&stream);
  return stream.total_out;
}

static void ask_for_slices(struct stage *stage) {
  stage_ask(stage, 0, "GET /slices HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage->counts[0] = (int)stage->received;
  stage_ask(stage, 1, "GET /slices HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
  stage->counts[1] = (int)stage->received - stage->counts[0];
  stage_ask(stage, 2, "HEAD /slices?x=a%20b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  int fd = stage_connect(stage); /* the connection goes on behind it */
  stage_say(fd, "GET /slices HTTP/1.1\r\nHost: localhost\r\n\r\nGET /slices HTTP/1.1\r\nHost: localhost\r\nConnection: "
                "close\r\n\r\n");
  stage->received = 0;
  stage_hear(stage, fd, 3);
  stage->counts[2] = (int)stage->received;
  close(fd);
}

Test(serve_answer, slices_are_one_reply) {
  struct stage stage = {.slices.wait_ms = 20};
  stage_play(&stage, ask_for_slices);
  cr_assert(begins(stage.answers[0], "HTTP/1.1 200 OK\r\n"), "%s", stage.answers[0]);
  cr_assert_not_null(strstr(stage.answers[0], "\r\nContent-Length: 1000000\r\n"));
  cr_assert_not_null(strstr(stage.answers[0], "\r\nVary: Accept-Encoding\r\n"));
  cr_assert_null(strstr(stage.answers[0], "Content-Encoding"));
  cr_assert_gt(stage.counts[0], 1000000);
  cr_assert_not_null(strstr(stage.answers[1], "\r\nContent-Encoding: gzip\r\n"), "%s", stage.answers[1]);
  cr_assert(stage.counts[1] > 300 && stage.counts[1] < 20000, "%d bytes", stage.counts[1]);
  static char text[1000001];
  cr_assert_lt(stage.counts[1], STAGE_ANSWER_BYTES);
  cr_assert_eq(unpack(stage.answers[1], (size_t)stage.counts[1], text, sizeof text), 1000000);
  for (size_t i = 0; i < 1000000; i++)
    cr_assert_eq(text[i], 'a' + (int)(i / 100000), "byte %zu", i);
  cr_assert_not_null(strstr(stage.answers[2], "\r\nContent-Length: 1000000\r\n"), "%s", stage.answers[2]);
  cr_assert_gt(stage.counts[2], 2000000);
  cr_assert_eq(stage.slices.dropped, 5, "each work is dropped once");
}

static void ask_for_too_much(struct stage *stage) {
  stage_ask(stage, 0, "GET /slices HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage_ask(stage, 1, "GET /slices HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
}

Test(serve_answer, too_much_is_told_unless_it_fits_gzipped) {
  struct stage stage = {.options.max_body_bytes = 500 * 1000};
  stage_play(&stage, ask_for_too_much);
  cr_assert(begins(stage.answers[0], "HTTP/1.1 500 "), "%s", stage.answers[0]);
  cr_assert_not_null(strstr(stage.answers[0], "ask with Accept-Encoding: gzip"), "%s", stage.answers[0]);
  cr_assert(begins(stage.answers[1], "HTTP/1.1 200 "), "%s", stage.answers[1]);
  cr_assert_eq(stage.slices.dropped, 2);
}

static void ask_with_an_argument(struct stage *stage) {
  stage_ask(stage, 0, "GET /hello?y=1&x=a%20%22b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

Test(serve_answer, arguments_are_decoded) {
  struct stage stage = {0};
  stage_play(&stage, ask_with_an_argument);
  cr_assert_str_eq(stage.argument, "a \"b");
}

static void leave_early(struct stage *stage) {
  static const char slices[] = "GET /slices HTTP/1.1\r\nHost: localhost\r\n\r\n";
  int fd = stage_connect(stage);
  stage_say(fd, slices); /* gone before it is made */
  close(fd);
  for (int i = 0; i < 8; i++)
    stage_say(stage_connect(stage), slices);
  usleep(50000); /* the server is closed while all of these wait */
}

Test(serve_answer, nobody_waits_any_more) {
  struct stage stage = {.slices.wait_ms = 60000};
  stage_play(&stage, leave_early);
  cr_assert_eq(stage.slices.dropped, stage.asked);
  cr_assert_eq(stage.asked, 9);
}

static void ask_while_it_is_made(struct stage *stage) {
  int fd = stage_connect(stage);
  stage_say(fd, "GET /slices HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage_ask(stage, 0, "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  stage->counts[0] = stage->slices.dropped;
  stage_hear(stage, fd, 1);
  close(fd);
}

Test(serve_answer, others_are_answered_meanwhile) {
  struct stage stage = {.slices.wait_ms = 500};
  stage_play(&stage, ask_while_it_is_made);
  cr_assert_eq(stage.counts[0], 0, "the slow one was not done");
  cr_assert(begins(stage.answers[0], "HTTP/1.1 200 "));
  cr_assert(begins(stage.answers[1], "HTTP/1.1 200 "));
}
