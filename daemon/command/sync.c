/* `closesyncd sync`: one sweep of every (or the named) organization, concurrently, then the worst of what happened as exit status. */
#include "command/command.h"
#include "command/sweeps.h"

int command_sync(const struct arguments *arguments) {
  struct sweeps_options options = {.verify = arguments->verify, .allow_removals = arguments->allow_removals};
  return sweeps_run(arguments, &options);
}
