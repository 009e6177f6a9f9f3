/* The one place that knows of escape sequences. The progress line is written to stderr, ends where it began ("\r"), and is wiped before
 * anybody else writes, so that no line of output is ever mixed with it. */
#include "command/terminal.h"
#include "base/memory.h"
#include "base/moment.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PROGRESS_FIRST_MS = 400, PROGRESS_EVERY_MS = 150, PROGRESS_BYTES = 240 };

struct terminal {
  bool colour;
  struct timer *timer; /* NULL: no progress */
  terminal_progress_fn *write;
  void *context;
  bool shown;
};

static bool is_capable(int fd) {
  const char *term = getenv("TERM");
  return isatty(fd) == 1 && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

static void on_timer(void *context);

struct terminal *terminal_open(struct loop *loop) {
  struct terminal *terminal = memory_allocate(sizeof *terminal);
  const char *refused = getenv("NO_COLOR");
  terminal->colour = is_capable(STDOUT_FILENO) && (refused == NULL || *refused == '\0');
  if (loop != NULL && is_capable(STDERR_FILENO))
    terminal->timer = timer_open(loop, on_timer, terminal);
  return terminal;
}

void terminal_close(struct terminal *terminal) {
  if (terminal == NULL)
    return;
  terminal_clear(terminal);
  timer_close(terminal->timer);
  memory_free(terminal);
}

static const char *const tones[] = {
    [TONE_PLAIN] = "",           [TONE_QUIET] = "\033[2m", [TONE_GOOD] = "\033[32m", [TONE_CHANGE] = "\033[36m",
    [TONE_WARNING] = "\033[33m", [TONE_BAD] = "\033[31m",  [TONE_STRONG] = "\033[1m"};

void terminal_word(const struct terminal *terminal, enum tone tone, int width, const char *word) {
  int columns = terminal_columns(slice_of(word));
  bool colour = terminal->colour && tone != TONE_PLAIN;
  printf("%s%s%s%*s", colour ? tones[tone] : "", word, colour ? "\033[0m" : "", width > columns ? width - columns : 0,
         "");
}

int terminal_columns(struct slice text) { return (int)text_characters(text); }

void terminal_clean(int width, struct slice text) {
  struct buffer clean;
  int columns = terminal_columns(text);
  buffer_init(&clean, text.length);
  if (text_append_clean(&clean, text) && clean.length > 0) /* it never grows */
    fwrite(clean.bytes, 1, clean.length, stdout);
  buffer_finish(&clean);
  printf("%*s", width > columns ? width - columns : 0, "");
}

static size_t line_bytes(void) {
  struct winsize size;
  bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known && size.ws_col < PROGRESS_BYTES ? (size_t)size.ws_col : PROGRESS_BYTES;
}

static void on_timer(void *context) {
  struct terminal *terminal = context;
  char text[PROGRESS_BYTES];
  terminal->write(terminal->context, text, line_bytes());
  fprintf(stderr, "\r%s\033[K\r", text);
  fflush(stderr);
  terminal->shown = true;
  timer_start(terminal->timer, PROGRESS_EVERY_MS);
}

void terminal_progress(struct terminal *terminal, terminal_progress_fn *write, void *context) {
  terminal->write = write;
  terminal->context = context;
  if (terminal->timer != NULL)
    timer_start(terminal->timer, PROGRESS_FIRST_MS);
}

void terminal_clear(struct terminal *terminal) {
  if (!terminal->shown)
    return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
  terminal->shown = false;
}

void terminal_age(int64_t seconds, char ret_text[TERMINAL_SPAN_BYTES]) {
  long long count;
  const char *unit = moment_span(seconds, &count);
  if (seconds < 1)
    snprintf(ret_text, TERMINAL_SPAN_BYTES, "just now");
  else
    snprintf(ret_text, TERMINAL_SPAN_BYTES, "%lld %s ago", count, unit);
}

void terminal_duration(int64_t duration_ms, char ret_text[TERMINAL_SPAN_BYTES]) {
  long long ms = (long long)duration_ms;
  if (ms < 1000)
    snprintf(ret_text, TERMINAL_SPAN_BYTES, "%lld ms", ms);
  else if (ms < 60 * 1000)
    snprintf(ret_text, TERMINAL_SPAN_BYTES, "%lld.%lld s", ms / 1000, ms / 100 % 10);
  else
    snprintf(ret_text, TERMINAL_SPAN_BYTES, "%lld min %lld s", ms / 60000, ms / 1000 % 60);
}

const char *terminal_plural(int64_t count, const char *singular, const char *plural) {
  return count == 1 ? singular : plural;
}
