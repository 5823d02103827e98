/* SPDX-License-Identifier: MIT */
/*
 * roff: text of a manual page, in the language of man(7). Pure, any thread.
 */
#ifndef TERN_FORMAT_ROFF_H
#define TERN_FORMAT_ROFF_H

#include "base/base.h"

/*
 * Appends one line of text, without its newline: nothing in it is a request or an escape, and a
 * hyphen is the character that is typed.
 */
void roff_append(struct buf *out, struct str line);

#endif
