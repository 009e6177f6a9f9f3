/* Who is asked for members, and what is said when it fails. A question lives beside the job it was asked for: the organization may leave
 * the configuration meanwhile, and then nobody is told. */
#include "schedule/members.h"
#include "base/memory.h"
#include "sweep/people.h"

enum { UNKNOWN_EVERY_MS = 10 * 60 * 1000 };

struct question {
  LIST_ENTRY(question) link;
  struct members *members;
  struct people *people;
  struct generation *generation; /* held */
  char *name;
};

struct members {
  struct members_options options;
  LIST_HEAD(questions, question) questions;
};

struct members *members_create(const struct members_options *options) {
  struct members *members = memory_allocate(sizeof *members);
  *members = (struct members){.options = *options};
  LIST_INIT(&members->questions);
  return members;
}

void members_destroy(struct members *members) { memory_free(members); }

bool members_are_settled(const struct members *members) { return LIST_EMPTY(&members->questions); }

void members_stop(struct members *members) {
  struct question *question;
  LIST_FOREACH(question, &members->questions, link)
  people_cancel(question->people);
}

/* A failure that repeats is said once; the database's troubles are the monitor's to tell. */
static void tell(struct members *members, struct job *job, const struct error *error) {
  int64_t now_ms = loop_now_ms(members->options.shared->loop);
  char note[LOG_THROTTLE_NOTE_BYTES];
  if (error == NULL && log_throttle_over(&job->members_throttle, now_ms, note))
    log_write(members->options.shared->log, LOG_LEVEL_INFO, "the members are read again %s organization=%s", note,
              job->name);
  if (error != NULL && error->kind != ERROR_CANCELLED && error->kind != ERROR_UNREACHABLE &&
      log_throttle_failed(&job->members_throttle, now_ms, error->text, note))
    log_write(members->options.shared->log, LOG_LEVEL_WARNING, "could not read the members: %s%s organization=%s",
              error->text, note, job->name);
}

static void on_answer(void *context, bool asked, const struct error *error) {
  struct question *question = context;
  struct members *members = question->members;
  struct job *job = roster_find(members->options.roster, slice_of(question->name));
  if (job != NULL) {
    job->asking_members = false;
    if (asked)
      job->members_at_ms = loop_now_ms(members->options.shared->loop);
    if (asked || error != NULL)
      tell(members, job, error);
  }
  LIST_REMOVE(question, link);
  generation_release(question->generation);
  memory_free(question->name);
  memory_free(question);
  members->options.settled(members->options.context);
}

void members_ask(struct members *members, struct job *job, struct generation *generation, const struct report *report) {
  int64_t now_ms = loop_now_ms(members->options.shared->loop);
  bool verified = report->verified || job->owes_members;
  bool just_asked = job->members_at_ms != 0 && now_ms - job->members_at_ms < UNKNOWN_EVERY_MS;
  if (report->outcome == OUTCOME_FAILED || job->organization_id == NULL || job->asking_members ||
      job->organization == NULL)
    return;
  if (!verified &&
      (just_asked || report->added + report->changed + report->rescoped == 0 || !generation->config->sync.members))
    return;
  struct question *question = memory_allocate(sizeof *question);
  struct people_options options = {.shared = &generation->shared,
                                   .organization = job->organization,
                                   .organization_id = job->organization_id,
                                   .unknown_alone = !verified};
  *question = (struct question){
      .members = members, .generation = generation_hold(generation), .name = memory_copy_text(job->name)};
  LIST_INSERT_HEAD(&members->questions, question, link);
  job->asking_members = true;
  job->owes_members = false;
  question->people = people_start(&options, on_answer, question);
}
