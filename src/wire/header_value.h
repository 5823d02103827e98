/* SPDX-License-Identifier: MIT */
/*
 * header_value: lists in one HTTP header, divided by commas (RFC 9110, 5.6.1). Pure, any thread.
 */
#ifndef TERN_WIRE_HEADER_VALUE_H
#define TERN_WIRE_HEADER_VALUE_H

#include "base/base.h"

/* The most items that a value can have. */
size_t header_value_room(struct str value);
/*
 * Cuts the first item off *rest: without its quotes, or up to the next comma. Of dates of HTTP,
 * which contain a comma themselves, up to the next but one. False: there is none, or it is no list.
 */
bool header_value_cut(struct arena *arena, struct str *rest, bool is_date, struct str *out_item);
/* Appends an item, in quotes if it has a comma, a quote or blanks around. */
void header_value_append(struct buf *out, struct str item, bool is_date);
/* The text without what a header cannot hold (CR, LF, NUL): blanks stand in for them. */
struct str header_value_clean(struct arena *arena, struct str text);

#endif
