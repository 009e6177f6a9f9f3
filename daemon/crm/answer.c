/* What the answers to two questions have in common: who the key acts as, and who belongs to the organization. */
#include "crm/answer.h"
#include "crm/page.h"

enum { WRITTEN_TIMES_MAX = 8 }; /* 1e99 is written out */

bool answer_read(struct canonical *canonical, struct slice body, size_t bytes_max, struct slice *ret_text) {
  struct page_entry entry;
  bool good = page_read_single(body, bytes_max, &entry, NULL) && entry.object && entry.depth <= ENTRY_DEPTH_MAX &&
              canonical_write(canonical, entry.raw, WRITTEN_TIMES_MAX * bytes_max) != CANONICAL_LARGE;
  if (good)
    *ret_text = canonical_text(canonical);
  return good;
}
