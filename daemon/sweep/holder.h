#pragma once
/* Who is in the way: another session that has the organization's lock, or its row. Where the client of that session is gone (this process
 * lost the session, or its process was stopped in the middle of its work), the session is ended, and the way is free in a moment. */
#include "sweep/drive.h"

/* `is_ended`: try again. Else `conflict` says who it is, or is the error that was given. Does not come to a sweep that stops. */
typedef void holder_fn(struct sweep *sweep, bool is_ended, const struct error *conflict);

void holder_of_lock(struct sweep *sweep, holder_fn *told);
void holder_of_row(struct sweep *sweep, const struct error *error, holder_fn *told);
