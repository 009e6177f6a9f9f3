/* The diagram of daemon/README.md is the transition table's. When the machine changed, this prints what belongs there. */
#include "sweep/machine.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *read_readme(void) {
  const char *source = getenv("CLOSESYNCD_SOURCE");
  char path[4096];
  snprintf(path, sizeof path, "%s/daemon/README.md", source ? source : ".");
  FILE *file = fopen(path, "r");
  cr_assert_not_null(file, "could not open \"%s\"", path);
  char *text = NULL;
  size_t capacity = 0;
  ssize_t length = getdelim(&text, &capacity, '\0', file);
  cr_assert(length > 0);
  fclose(file);
  return text;
}

Test(readme, shows_the_machine_as_it_is) {
  char *diagram = NULL;
  size_t length = 0;
  FILE *stream = open_memstream(&diagram, &length);
  machine_print_diagram(stream);
  fclose(stream);
  char *readme = read_readme();
  cr_assert(length > 500);
  cr_assert_not_null(strstr(readme, diagram), "this belongs between ```mermaid and ``` in daemon/README.md:\n%s",
                     diagram);
  free(diagram);
  free(readme);
}
