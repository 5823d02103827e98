/* SPDX-License-Identifier: MIT */
/* tags: kept sorted by key, so that listing and comparing are plain. */
#include "services/sqs/tags.h"

#include <string.h>

#include "api/sqs.h"
#include "core/authorize.h"
#include "core/tags.h"
#include "services/sqs/lifecycle.h"
#include "services/sqs/locate.h"

/* Letters and digits of any script, blanks and _ . : / = + - @: any other ASCII character is
 * refused. */
static bool has_tag_characters(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		bool is_word =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (c < 0x80 && !is_word && (c == 0 || !strchr(" _.:/=+-@", c)))
			return false;
	}
	return true;
}

static enum err check_tag(struct call *call, struct shape_pair tag)
{
	if (tag.key.size == 0 || str_count_characters(tag.key) > LIMIT_TAG_KEY_SIZE ||
	    !has_tag_characters(tag.key))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %.*s for parameter TagKey is invalid. Reason: Tag keys must be "
			    "between 1 and %d letters, digits, blanks or _.:/=+-@.",
			    STR_ARG(tag.key), LIMIT_TAG_KEY_SIZE);
	if (str_count_characters(tag.value) > LIMIT_TAG_VALUE_SIZE ||
	    !has_tag_characters(tag.value))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %.*s for parameter TagValue is invalid. Reason: Tag values must "
			    "be at most %d letters, digits, blanks or _.:/=+-@.",
			    STR_ARG(tag.value), LIMIT_TAG_VALUE_SIZE);
	return ERR_OK;
}

static enum err too_many_tags(struct call *call, const struct sqs_queue *draft)
{
	return fail(call, &SQS_INVALID_PARAMETER_VALUE, "Too many tags added for queue %.*s.",
		    STR_ARG(draft->name));
}

enum err sqs_tags_merge(struct call *call, struct sqs_queue *draft, const struct shape_pair *tags,
			size_t count)
{
	struct tag_set set;

	if (count > LIMIT_QUEUE_TAGS) /* a set is a short list */
		return too_many_tags(call, draft);
	set = tag_set_copy(call->arena, draft->tags, draft->tag_count, count);
	for (size_t i = 0; i < count; i++) {
		enum err err = check_tag(call, tags[i]);
		if (err)
			return err;
		tag_set_put(&set, tags[i].key, tags[i].value);
	}
	if (set.count > LIMIT_QUEUE_TAGS)
		return too_many_tags(call, draft);
	draft->tags = set.tags;
	draft->tag_count = set.count;
	return ERR_OK;
}

enum err sqs_tag_queue(struct call *call, const struct sqs_tag_queue_in *in,
		       struct sqs_tag_queue_out *out)
{
	const struct sqs_queue *queue;

	(void)out;
	call_set_request_tags(call, in->tags, in->tags_count);
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	struct sqs_queue draft = sqs_queue_draft(queue);
	err = sqs_tags_merge(call, &draft, in->tags, in->tags_count);
	if (err)
		return err;
	return sqs_queue_change(call->core, &draft, false);
}

enum err sqs_untag_queue(struct call *call, const struct sqs_untag_queue_in *in,
			 struct sqs_untag_queue_out *out)
{
	const struct sqs_queue *queue;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	struct sqs_queue draft = sqs_queue_draft(queue);
	struct tag_set set = tag_set_copy(call->arena, draft.tags, draft.tag_count, 0);
	for (size_t i = 0; i < in->tag_keys_count; i++)
		tag_set_remove(&set, in->tag_keys[i]);
	draft.tags = set.tags;
	draft.tag_count = set.count;
	return sqs_queue_change(call->core, &draft, false);
}

enum err sqs_list_queue_tags(struct call *call, const struct sqs_list_queue_tags_in *in,
			     struct sqs_list_queue_tags_out *out)
{
	const struct sqs_queue *queue;

	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	out->tags = arena_array(call->arena, struct shape_pair, queue->tag_count);
	if (queue->tag_count > 0)
		memcpy(out->tags, queue->tags, queue->tag_count * sizeof(*out->tags));
	out->tags_count = queue->tag_count;
	return ERR_OK;
}
