/* SPDX-License-Identifier: MIT */
/*
 * transform: what a target gets of an event: all of it, a part, or a text made from parts.
 *
 * A path is "$", names behind points and indexes: "$.detail.items[0].id". A template is JSON with
 * placeholders "<name>". Outside of quotes a placeholder becomes the JSON of its value; within
 * quotes it becomes text: objects and arrays lose their quotes there. A value that the event does
 * not have is an empty text. An event is the compact JSON of the envelope (envelope.h).
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 * Pure, any thread.
 */
#ifndef TERN_SERVICES_EVENTS_TRANSFORM_H
#define TERN_SERVICES_EVENTS_TRANSFORM_H

#include "api/events.h"
#include "base/base.h"

bool transform_is_json(struct arena *arena, struct str text);
bool transform_is_path(struct str path);
/* False with AWS's text: a path is not valid, or a placeholder is not known. */
bool transform_check(struct arena *arena, struct str target_id, struct str input_template,
		     const struct shape_pair *paths, size_t path_count, struct str *out_problem);

/* The JSON of the value at a valid path; data NULL: the event has none. A view of the event. */
struct str transform_path(struct str event, struct str path);

/* Values of the reserved placeholders. */
struct transform_context {
	struct str event;
	struct str rule_arn, rule_name;
	int64_t ingestion_ms;
};
/* The template, which transform_check accepts, with its placeholders replaced; in the arena. */
struct str transform_template(struct arena *arena, struct str input_template,
			      const struct shape_pair *paths, size_t path_count,
			      const struct transform_context *context);

#endif
