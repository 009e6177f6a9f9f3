#pragma once
/* What libpq says, in our words. `connection` is a PGconn, `result` a PGresult. */
#include "base/error.h"
#include <stddef.h>

struct pg_conn;
struct pg_result;

/* DATABASE with the SQLSTATE; UNREACHABLE when the message means that the session is over. Only the primary message:
 * the detail quotes rows, and rows hold addresses of people. */
void result_error(const struct pg_result *result, struct error *error);

/* UNREACHABLE with libpq's last words about this connection, lines joined by "; ". */
void connection_error(const struct pg_conn *connection, struct error *error);

/* Lines joined by "; ", white space trimmed, cut to `size` with the NUL. */
void message_join_lines(const char *message, char *ret_text, size_t size);

/* Takes the names of files and the numbers out of the text of an error with this SQLSTATE (or NULL), where they differ from one time to the
 * next although the trouble is the same: a full disk names the file that it could not extend. */
void message_settle(const char *code, char *text);
