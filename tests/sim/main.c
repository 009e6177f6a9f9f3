/* close-sim: a Close on 127.0.0.1 for tests and the quickstart. README.md tells its scenes and its control API.
 * Prints "port N", then one line "key KEY ORGANIZATION_ID" for each --data file; ends on SIGTERM or SIGINT. */
#include "sim/server.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char HELP[] =
    "usage: close-sim [--port N] [--scene FILE] [--data FILE]... [--tls CERTIFICATE KEY] [--with-parent]\n"
    "                 [--organizations N --accounts N [--seed S] [--change PERCENT]] [--gzip | --no-gzip]\n";

struct options {
  uint16_t port;
  size_t organizations, accounts;
  unsigned long long seed;
  double change_percent;
  struct text certificate, key;
  int gzip; /* -1: as the scene says */
};

static bool load(struct scene *scene, const char *path, const char *(*read)(struct scene *scene, const char *json)) {
  struct text json = {0};
  const char *problem = text_file(&json, path) ? NULL : strerror(errno);
  if (!problem)
    problem = read(scene, json.bytes ? json.bytes : "");
  if (problem)
    fprintf(stderr, "close-sim: could not read \"%s\": %s\n", path, problem);
  text_finish(&json);
  return problem == NULL;
}

static bool take_option(struct options *options, struct scene *scene, int option, char **argv) {
  switch (option) {
  case 'p':
    options->port = (uint16_t)strtoul(optarg, NULL, 10);
    return true;
  case 's':
    return load(scene, optarg, scene_read);
  case 'd':
    return load(scene, optarg, scene_read_data);
  case 'o':
    options->organizations = strtoul(optarg, NULL, 10);
    return true;
  case 'a':
    options->accounts = strtoul(optarg, NULL, 10);
    return true;
  case 'e':
    options->seed = strtoull(optarg, NULL, 10);
    return true;
  case 'c':
    options->change_percent = strtod(optarg, NULL);
    return true;
  case 'g':
  case 'G':
    options->gzip = option == 'g';
    return true;
  case 'w':
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() != 1;
  case 't':
    return argv[optind] && text_file(&options->certificate, optarg) && text_file(&options->key, argv[optind++]);
  default:
    fputs(HELP, stderr);
    return false;
  }
}

static bool read_options(struct options *options, struct scene *scene, int argc, char **argv) {
  static const struct option known[] = {
      {"port", required_argument, NULL, 'p'},     {"scene", required_argument, NULL, 's'},
      {"data", required_argument, NULL, 'd'},     {"organizations", required_argument, NULL, 'o'},
      {"accounts", required_argument, NULL, 'a'}, {"seed", required_argument, NULL, 'e'},
      {"change", required_argument, NULL, 'c'},   {"tls", required_argument, NULL, 't'},
      {"with-parent", no_argument, NULL, 'w'},    {"gzip", no_argument, NULL, 'g'},
      {"no-gzip", no_argument, NULL, 'G'},        {NULL, 0, NULL, 0},
  };
  int option;
  while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
    if (!take_option(options, scene, option, argv))
      return false;
  scene_generate(scene, options->organizations, options->accounts, options->seed);
  for (size_t i = 0; i < scene->count && options->change_percent > 0; i++)
    generator_change(&scene->organizations[i].generator,
                     (struct change){.seed = 1, .percent = options->change_percent});
  if (options->gzip >= 0)
    scene->settings.gzip = options->gzip;
  scene_index(scene);
  return true;
}

static void announce(const struct scene *scene, uint16_t port) {
  printf("port %u\n", port);
  for (size_t i = 0; i < scene->count; i++)
    if (strncmp(scene->organizations[i].key, "api_data_", 9) == 0)
      printf("key %s %s\n", scene->organizations[i].key, scene->organizations[i].id);
  fflush(stdout);
}

int main(int argc, char **argv) {
  struct options options = {.gzip = -1, .seed = 1};
  struct sim sim = {.lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP,
                    .counters = PTHREAD_MUTEX_INITIALIZER,
                    .released = PTHREAD_COND_INITIALIZER};
  sigset_t endings;
  sigemptyset(&endings);
  sigaddset(&endings, SIGTERM);
  sigaddset(&endings, SIGINT);
  sigaddset(&endings, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &endings, NULL);
  signal(SIGPIPE, SIG_IGN);
  scene_init(&sim.scene);
  if (!read_options(&options, &sim.scene, argc, argv))
    return 64;
  timeline_note(&sim.timeline, sim.scene.organizations, sim.scene.count, timeline_now_us());
  struct MHD_Daemon *daemon = server_start(&sim, options.port, options.certificate.bytes, options.key.bytes);
  if (!daemon) {
    fprintf(stderr, "close-sim: could not listen on 127.0.0.1 port %u\n", options.port);
    return 1;
  }
  pthread_rwlock_rdlock(&sim.lock);
  announce(&sim.scene, server_port(daemon));
  pthread_rwlock_unlock(&sim.lock);
  int ending;
  sigwait(&endings, &ending);
  /* Threads in the midst of an endless reply are not waited for. */
  _exit(0);
}
