/* SPDX-License-Identifier: MIT */
/* tags: ListTagsForResource, TagResource, UntagResource. */
#include "core/tags.h"
#include "base/arn.h"
#include "core/authorize.h"
#include "services/pipes/change.h"
#include "services/pipes/check.h"

static void release(const void *pipe)
{
	pipe_release(pipe);
}

/* Other accounts' and regions' pipes do not exist for the caller. */
static enum err open_arn(struct call *call, struct str action, struct str text,
			 const struct pipe **out_pipe)
{
	struct str prefix = STR("pipe/");
	const struct pipe *pipe = NULL;
	struct arn arn;

	if (!arn_parse(text, &arn) || !str_equal(arn.service, STR("pipes")) ||
	    !str_starts(arn.resource, prefix))
		return fail(call, &PIPES_VALIDATION, "%.*s is not the ARN of a pipe.",
			    STR_ARG(text));
	struct str name = str_slice(arn.resource, prefix.size, SIZE_MAX);
	if (str_equal(arn.account, call->account) && str_equal(arn.region, call->region))
		pipe = pipes_registry_find(pipes_of(call->core)->registry, call->account,
					   call->region, name);
	if (pipe)
		call_on_end(call, (call_end_fn)release, pipe);
	struct resource resource = {.arn = text, .account = arn.account};
	if (pipe) {
		resource.tags = pipe->tags;
		resource.tag_count = pipe->tag_count;
	}
	enum err err = call_authorize(call, action, &resource);
	if (!err && !pipe)
		err = fail(call, &PIPES_NOT_FOUND, "Pipe %.*s does not exist.", STR_ARG(name));
	*out_pipe = pipe;
	return err;
}

enum err pipes_list_tags_for_resource(struct call *call,
				      const struct pipes_list_tags_for_resource_in *in,
				      struct pipes_list_tags_for_resource_out *out)
{
	const struct pipe *pipe;

	enum err err = open_arn(call, STR("pipes:ListTagsForResource"), in->resource_arn, &pipe);
	if (err)
		return err;
	out->tags = (struct shape_pair *)(uintptr_t)pipe->tags;
	out->tags_count = pipe->tag_count;
	return ERR_OK;
}

static enum err change_tags(struct call *call, const struct pipe *pipe, const struct tag_set *set)
{
	struct pipe draft = pipe_draft(pipe);

	if (set->count > LIMIT_PIPE_TAGS)
		return fail(call, &PIPES_VALIDATION, "A pipe can have %d tags at most.",
			    LIMIT_PIPE_TAGS);
	draft.tags = set->tags;
	draft.tag_count = set->count;
	return pipe_change_tags(call->core, &draft);
}

enum err pipes_tag_resource(struct call *call, const struct pipes_tag_resource_in *in,
			    struct pipes_tag_resource_out *out)
{
	const struct pipe *pipe;

	(void)out;
	call_set_request_tags(call, in->tags, in->tags_count);
	enum err err = open_arn(call, STR("pipes:TagResource"), in->resource_arn, &pipe);
	if (err)
		return err;
	struct tag_set set = tag_set_copy(call->arena, pipe->tags, pipe->tag_count, in->tags_count);
	for (size_t i = 0; i < in->tags_count; i++)
		tag_set_put(&set, in->tags[i].key, in->tags[i].value);
	return change_tags(call, pipe, &set);
}

enum err pipes_untag_resource(struct call *call, const struct pipes_untag_resource_in *in,
			      struct pipes_untag_resource_out *out)
{
	const struct pipe *pipe;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = open_arn(call, STR("pipes:UntagResource"), in->resource_arn, &pipe);
	if (err)
		return err;
	struct tag_set set = tag_set_copy(call->arena, pipe->tags, pipe->tag_count, 0);
	for (size_t i = 0; i < in->tag_keys_count; i++)
		tag_set_remove(&set, in->tag_keys[i]);
	return change_tags(call, pipe, &set);
}
