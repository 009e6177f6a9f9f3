#pragma once
/* The [organization NAME] sections: found again quickly (there may be ten thousand), judged, and their keys read. */
#include "config/credential.h"

struct config_draft {
  struct config_organization organization;
  struct config_credential credentials[CREDENTIALS];
  const char *token_file; /* of OAuth; NULL: not set */
  const char *file;       /* where it is named first */
  int line;
};

struct config_drafts {
  struct config_draft *drafts; /* in file order; free with memory_free() */
  int count;
};

/* Every entry whose section is "organization". Judges the values and what must be there, but reads no key. */
void config_drafts_read(const struct config_file *file, struct arena *arena, struct config_problems *problems,
                        struct config_drafts *ret_drafts);

/* The keys of the enabled organizations; a disabled one's may be missing. `config_path` says whose credentials they are. */
void config_drafts_read_keys(struct config_drafts *drafts, const char *config_path, struct arena *arena);
/* The problems with them: all of them, or only when no organization has a key. */
void config_drafts_judge_keys(const struct config_drafts *drafts, bool all, struct config_problems *problems);
/* Where the OAuth tokens are whose organizations do not say. */
void config_drafts_place_tokens(struct config_drafts *drafts, const char *config_path, struct arena *arena);
