/* SPDX-License-Identifier: MIT */
/* store: snapshots and records have the same members. */
#include "services/pipes/store.h"

#include "api/pipes_records.h"

struct str pipe_key(struct arena *arena, const struct pipe *pipe)
{
	return arena_format(arena, "%.*s/%.*s/%.*s", STR_ARG(pipe->account), STR_ARG(pipe->region),
			    STR_ARG(pipe->name));
}

void pipe_encode(struct buf *out, const struct pipe *pipe)
{
	const struct pipes_pipe_record record = {
		.account = pipe->account,
		.region = pipe->region,
		.name = pipe->name,
		.shown = pipe->shown,
		.is_running = pipe->is_running,
		.created_ms = pipe->created_ms,
		.modified_ms = pipe->modified_ms,
		.tags = (struct shape_pair *)(uintptr_t)pipe->tags,
		.tags_count = pipe->tag_count,
	};

	pipes_pipe_record_encode(out, &record);
}

enum err pipe_decode(struct arena *arena, struct str bytes, struct pipe *out_draft)
{
	struct pipes_pipe_record record;

	enum err err = pipes_pipe_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.name.size == 0 || record.shown.size == 0)
		return ERR_DAMAGED;
	*out_draft = (struct pipe){
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.shown = record.shown,
		.is_running = record.is_running,
		.created_ms = record.created_ms,
		.modified_ms = record.modified_ms,
		.tags = record.tags,
		.tag_count = record.tags_count,
	};
	return ERR_OK;
}
