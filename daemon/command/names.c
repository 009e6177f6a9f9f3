#include "command/names.h"
#include "base/memory.h"

void names_init(struct names *names, const struct arguments *arguments) {
  *names = (struct names){.arguments = arguments,
                          .found = memory_allocate(sizeof(bool) * ((size_t)arguments->name_count + 1))};
}

void names_finish(struct names *names) {
  memory_free(names->found);
  names->found = NULL;
}

bool names_take(struct names *names, struct slice name) {
  const struct arguments *arguments = names->arguments;
  bool wanted = arguments->name_count == 0;
  for (int i = 0; i < arguments->name_count; i++)
    if (slice_equals(name, arguments->names[i]))
      wanted = names->found[i] = true;
  return wanted;
}

bool names_judge(const struct names *names, const struct config *config, bool asked) {
  const struct arguments *arguments = names->arguments;
  bool good = true;
  for (int i = 0; i < arguments->name_count; i++) {
    if (names->found[i] || config_find(config, arguments->names[i]) != NULL)
      continue;
    app_complain_name(config, arguments->names[i],
                      asked ? "configured or in the database" : "configured, and the database cannot be asked for it");
    good = false;
  }
  return good;
}
