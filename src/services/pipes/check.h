/* SPDX-License-Identifier: MIT */
/* check: the settings of a pipe as a request gives them. The call's thread: control. */
#ifndef TERN_SERVICES_PIPES_CHECK_H
#define TERN_SERVICES_PIPES_CHECK_H

#include "core/call.h"
#include "services/pipes/pipes.h"

/* Kinds of targets and enrichments, by their ARN. */
enum pipe_way {
	PIPE_QUEUE,
	PIPE_TOPIC,
	PIPE_BUS,
	PIPE_LOGS,
	PIPE_API,    /* API destination */
	PIPE_ABSENT, /* of a service that this server does not have yet */
	PIPE_REFUSED,
};
/* *out_things: what PIPE_ABSENT is, such as "functions". */
enum pipe_way pipe_way_of(struct str arn, struct str *out_things);

struct str pipe_arn(struct arena *arena, struct str account, struct str region, struct str name);
/* "pipes:<operation>" on that pipe of the caller; `pipe` NULL: there is none. */
must_check enum err pipe_authorize(struct call *call, struct str action, struct str name,
				   const struct pipe *pipe);

/*
 * Source, enrichment, target with their parameters, log configuration and role, which the caller
 * must be allowed to pass. Fills in what AWS does.
 */
must_check enum err pipe_check(struct call *call, struct pipes_describe_pipe_out *shown);

#endif
