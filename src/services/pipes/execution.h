/* SPDX-License-Identifier: MIT */
/* execution: one batch of a pipe on its way. Home thread of the pipe's consumer. */
#ifndef TERN_SERVICES_PIPES_EXECUTION_H
#define TERN_SERVICES_PIPES_EXECUTION_H

#include "core/consumer.h"
#include "core/hop.h"
#include "core/invoke.h"
#include "match/matcher.h"
#include "services/pipes/check.h"
#include "services/pipes/event.h"

/* The common part of a pipe's batches; owned by its consumer. */
struct pipe_run {
	struct core *core;
	struct arena arena;
	const struct pipe *pipe; /* held */
	struct pipes_describe_pipe_out shown;
	enum pipe_way way, enrichment_way;
	struct internal_caller caller;
	bool is_fifo;	  /* the source */
	uint32_t running; /* executions */
	/* NULL: no filter. */
	struct matcher *matcher;
	struct match_scratch *scratch;
};

struct execution;

/* An event on its way to the target. */
struct pipe_item {
	struct execution *execution;
	size_t message;		 /* of the batch */
	struct pipe_event event; /* the one that is delivered now */
	/* The enrichment's answer, if it is an array: further events. */
	const struct pipe_event *more;
	size_t more_count;
	size_t event_count; /* in all */
	struct pipe_names names;
	struct str input;
	struct invocation invocation; /* of the enrichment, or of a target */
	int64_t waited_ms;	      /* for its rate */
	struct core_task pause;
	struct core_hop hop;
	void (*again)(struct pipe_item *item);
	/* Of a target of core/target.h. */
	struct target_payload payload;
	struct target_delivery delivery;
	struct target_result result;
	enum queue_result ended;
	bool is_done, has_failed;
	bool is_deleted; /* its message, together with the delivery */
};

struct execution {
	struct pipe_run *run;
	struct consumer_batch *batch;
	struct pipe_item *items;
	size_t count;
	size_t next;		      /* item to begin */
	size_t unfinished;	      /* items in progress, and one while they begin */
	bool *has_failed;	      /* by message */
	struct target_result failure; /* the last one */
	int64_t begin_ms;
	uint8_t id[16];
};

void execution_begin(struct pipe_run *run, struct consumer_batch *batch);

/*
 * Both end with pipe_item_done or pipe_item_fail; later, or before they return. enrichment.c:
 * enriches the item's event, then delivers it. target.c: delivers its event.
 */
void pipe_item_enrich(struct pipe_item *item);
void pipe_item_send(struct pipe_item *item);
/* The values of HttpParameters, of which some are paths into the event. */
void pipe_item_fill_http(struct pipe_item *item,
			 const struct pipes_pipe_target_http_parameters *http);
/*
 * If the invocation was not made, since its rate is used up: runs `again` later, on the home.
 * False: it was made, or the item has waited for long.
 */
bool pipe_item_wait(struct pipe_item *item, void (*again)(struct pipe_item *item));
void pipe_item_fail(struct pipe_item *item, struct str code, struct str text);
/* The item has ended: item->result is filled in. */
void pipe_item_done(struct pipe_item *item);

#endif
