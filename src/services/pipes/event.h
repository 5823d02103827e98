/* SPDX-License-Identifier: MIT */
/*
 * event: what a pipe makes of a message, and what it takes out of it. Pure, any thread.
 *
 * An event is compact JSON: the record of a message as AWS shows it, or what the enrichment
 * answered. In the decoded form of a record, a body that is an object or array of JSON is no longer
 * text, so that filters and paths reach into it.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
 */
#ifndef TERN_SERVICES_PIPES_EVENT_H
#define TERN_SERVICES_PIPES_EVENT_H

#include "base/base.h"
#include "core/source.h"

struct pipe_event {
	struct str json;
	struct str decoded; /* the same as json, if it has no body to decode */
	bool is_json;	    /* the original payload is JSON */
};

/* In the arena. */
struct pipe_event pipe_event_of_message(struct arena *arena, struct str source_arn,
					const struct source_message *message);
/* Of an enrichment's answer, which is JSON. */
struct pipe_event pipe_event_of_json(struct str json);

/* Values of the reserved variables. */
struct pipe_names {
	struct str pipe_arn, pipe_name, source_arn, enrichment_arn, target_arn;
	int64_t now_ms; /* aws.pipes.event.ingestion-time */
};
/* The input template filled in; without one, the event itself. In the arena. */
struct str pipe_input(struct arena *arena, struct str input_template,
		      const struct pipe_event *event, const struct pipe_names *names);
/* A parameter of a target: the text at a path "$.a.b" of the event, or the text itself. */
struct str pipe_parameter(struct arena *arena, struct str parameter,
			  const struct pipe_event *event);

#endif
