/* Tells what a sweep would do, after the same judgement. It promises that the outcome is the one that the sweep would have (repairs
 * apart, which only the mirror's own rows could show). */
#include "sweep/compare.h"
#include "store/difference.h"

static void on_compared(void *context, struct changes *changes, const struct error *error) {
  struct sweep *sweep = context;
  struct report *report = &sweep->report;
  sweep->under_way--;
  if (error != NULL) {
    drive_again(sweep, error);
    return;
  }
  report->changes = changes;
  report->added = changes_count(changes, CHANGE_ADDED);
  report->changed = changes_count(changes, CHANGE_CHANGED);
  report->removed = changes_count(changes, CHANGE_REMOVED);
  report->rescoped = changes_count(changes, CHANGE_RESCOPED);
  report->outcome = sweep->floor;
  if (sweep->floor == OUTCOME_GUARDED || sweep->floor == OUTCOME_INCOMPLETE)
    report->error = sweep->why;
  else if (report->added + report->changed + report->removed + report->rescoped > 0)
    report->outcome = OUTCOME_CHANGED;
  drive_event(sweep, EVENT_WRITTEN);
}

void sweep_compare(struct sweep *sweep) {
  bool nothing = sweep->options.mode == SWEEP_COMPARE_WITH_NOTHING;
  struct difference_work work = {.organization_id = nothing ? NULL : sweep_bound_to(sweep),
                                 .revision =
                                     sweep->mirror_state.organization_id == NULL ? NULL : sweep->mirror_state.revision,
                                 .volatile_fields = buffer_slice(&sweep->volatile_fields),
                                 .excluded_fields = buffer_slice(&sweep->excluded_fields),
                                 .snapshot = listing_snapshot(sweep->listing),
                                 .spool = listing_spool(sweep->listing),
                                 .removed = sweep->removed};
  sweep->under_way++;
  difference_start(sweep->options.shared->watch, &work, on_compared, sweep);
}

void sweep_agree(struct sweep *sweep) {
  sweep->report.outcome = sweep->floor;
  if (sweep->floor != OUTCOME_UNCHANGED)
    sweep->report.error = sweep->why;
  drive_later(sweep, EVENT_WRITTEN, 0);
}
