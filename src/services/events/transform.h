/* SPDX-License-Identifier: MIT */
/*
 * transform: what a target gets of an event: all of it, a part, or a text made from parts.
 *
 * Paths and templates are those of match/template.h. An event is the compact JSON of the envelope
 * (envelope.h).
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 * Pure, any thread.
 */
#ifndef TERN_SERVICES_EVENTS_TRANSFORM_H
#define TERN_SERVICES_EVENTS_TRANSFORM_H

#include "api/events.h"
#include "base/base.h"

bool transform_is_json(struct arena *arena, struct str text);
/* False with AWS's text: a path is not valid, or a placeholder is not known. */
bool transform_check(struct arena *arena, struct str target_id, struct str input_template,
		     const struct shape_pair *paths, size_t path_count, struct str *out_problem);

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
