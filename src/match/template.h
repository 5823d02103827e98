/* SPDX-License-Identifier: MIT */
/*
 * template: paths into JSON, and texts with placeholders that are replaced by parts of it. Input
 * transformers of EventBridge rules and of pipes use it.
 *
 * A path is "$", names behind points and indexes: "$.detail.items[0].id". A template is JSON or a
 * text with placeholders "<name>". Outside of quotes a placeholder becomes the JSON of its value;
 * within quotes it becomes text: objects and arrays lose their quotes there. An absent value is an
 * empty text. The meaning of a placeholder's name is the caller's.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 * Pure, any thread.
 */
#ifndef TERN_MATCH_TEMPLATE_H
#define TERN_MATCH_TEMPLATE_H

#include "base/base.h"

bool template_is_path(struct str path);
/* The JSON of the value at a valid path; data NULL: there is none. A view of `json`, which is one
 * valid document. */
struct str template_path(struct str json, struct str path);
/* The same for paths with indexes "[*]", which collect the values of all items in an array; in the
 * arena then. template_is_selector accepts those paths, too. */
bool template_is_selector(struct str path);
struct str template_select(struct arena *arena, struct str json, struct str path);

/*
 * The next placeholder at or behind *at, and *at behind it; false: there is none. "<" without ">"
 * in its line, or with another "<" before that, is a character like any other.
 */
bool template_next(struct str text, size_t *at, struct str *out_name);

/* The JSON of a placeholder's value; data NULL: absent. */
typedef struct str (*template_value_fn)(void *context, struct arena *arena, struct str name);
/* The template with its placeholders replaced; in the arena. */
struct str template_fill(struct arena *arena, struct str text, template_value_fn value,
			 void *context);
/*
 * The same for free text, such as "Hello, <name>": strings are inserted without quotes and escapes,
 * other values as JSON.
 */
struct str template_fill_text(struct arena *arena, struct str text, template_value_fn value,
			      void *context);

/* The text as a string of JSON, in the arena. */
struct str template_quote(struct arena *arena, struct str text);

#endif
