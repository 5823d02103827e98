/* SPDX-License-Identifier: MIT */
/*
 * json_text: values inside JSON text, found without parsing all of it.
 *
 * The text is one valid JSON document, such as one that json_parse has accepted; for other texts
 * results have no meaning, but no function reads beyond the text. Values are views of it, so
 * numbers keep their digits. Pure, any thread.
 */
#ifndef TERN_FORMAT_JSON_TEXT_H
#define TERN_FORMAT_JSON_TEXT_H

#include "base/base.h"

/* Offset behind blanks. */
size_t json_text_blanks(struct str text, size_t at);
/* Offset behind the value that begins there. */
size_t json_text_skip(struct str text, size_t at);
/* The last member of that name of an object; data NULL: there is none, or it is no object. */
struct str json_text_member(struct str value, struct str name);
/* The item of an array, from 0; data NULL: there is none, or it is no array. */
struct str json_text_item(struct str value, size_t index);
/* Appends the document without the blanks between its tokens. */
void json_text_compact(struct buf *out, struct str text);
/* The text of a string of JSON with its quotes; in the arena if it has escapes. */
struct str json_text_decode(struct arena *arena, struct str string);

#endif
