/* Feeds every file of the folders and files named as arguments to a fuzz target: the corpus as an ordinary test. */
#include "check.h"
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static int feed_file(const char *path) {
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  CHECK(size >= 0);
  uint8_t *data = malloc((size_t)size + (size == 0)); /* of its exact size, so that ASan sees its end */
  CHECK(data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size);
  fclose(file);
  fprintf(stderr, "%s\n", path);
  LLVMFuzzerTestOneInput(data, (size_t)size);
  free(data);
  return 1;
}

static int feed(const char *path) {
  struct stat status;
  CHECK(stat(path, &status) == 0);
  if (!S_ISDIR(status.st_mode))
    return feed_file(path);
  int count = 0;
  DIR *folder = opendir(path);
  CHECK(folder != NULL);
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    char inner[4096];
    if (entry->d_name[0] == '.')
      continue;
    CHECK(snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) < (int)sizeof inner);
    count += feed(inner);
  }
  closedir(folder);
  return count;
}

int main(int argc, char **argv) {
  int count = 0;
  for (int i = 1; i < argc; i++)
    count += feed(argv[i]);
  printf("%d inputs hold\n", count);
  return count == 0;
}
