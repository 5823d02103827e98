/* SPDX-License-Identifier: MIT */
/*
 * topics: CreateTopic, DeleteTopic, ListTopics.
 *
 * CreateTopic returns a topic that exists, unless an attribute or tag of the request differs from
 * the topic's.
 */
#include "api/sns.h"
#include "core/page.h"
#include "services/sns/attributes.h"
#include "services/sns/change.h"
#include "services/sns/protection.h"
#include "services/sns/sign.h"
#include "services/sns/tags.h"

static bool is_name(struct str name, bool is_fifo)
{
	static const struct str suffix = STR_INIT(".fifo");
	bool has_suffix = str_ends(name, suffix);
	struct str stem = has_suffix ? str_slice(name, 0, name.size - suffix.size) : name;

	if (stem.size == 0 || name.size > LIMIT_TOPIC_NAME_SIZE || has_suffix != is_fifo)
		return false;
	for (size_t i = 0; i < stem.size; i++) {
		char c = stem.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return true;
}

static enum err read_fifo(struct call *call, const struct sns_create_topic_in *in,
			  bool *out_is_fifo)
{
	*out_is_fifo = false;
	for (size_t i = 0; i < in->attributes_count; i++) {
		struct str value = in->attributes[i].value;
		if (!str_equal(in->attributes[i].key, STR("FifoTopic")))
			continue;
		*out_is_fifo = str_equal_nocase(value, STR("true"));
		if (!*out_is_fifo && !str_equal_nocase(value, STR("false")))
			return sns_invalid(call, "Attributes Reason: FifoTopic");
	}
	return ERR_OK;
}

/* ---- the same topic again ---- */

static bool is_same_value(struct str name, struct str ours, struct str given)
{
	bool is_flag = str_equal(name, STR("FifoTopic")) ||
		       str_equal(name, STR("ContentBasedDeduplication"));

	return is_flag ? str_equal_nocase(ours, given) : str_equal(ours, given);
}

static enum err compare(struct call *call, const struct topic *topic,
			const struct sns_create_topic_in *in)
{
	struct str ours;

	for (size_t i = 0; i < in->attributes_count; i++) {
		struct shape_pair given = in->attributes[i];
		if (!sns_attribute_get(topic, given.key, &ours))
			return sns_invalid(call, "AttributeName");
		if (!is_same_value(given.key, ours, given.value))
			return sns_invalid(call, "Attributes Reason: Topic already exists with "
						 "different attributes");
	}
	if (in->tags_count > 0 && !sns_tags_are(topic, in->tags, in->tags_count))
		return sns_invalid(call, "Tags Reason: Topic already exists with different tags");
	return ERR_OK;
}

/* ---- CreateTopic ---- */

static enum err make_draft(struct call *call, const struct sns_create_topic_in *in,
			   struct topic *draft)
{
	enum err err = sns_tags_merge(call, draft, in->tags, in->tags_count);

	draft->policy = sns_default_policy(call->arena, draft);
	for (size_t i = 0; i < in->attributes_count && !err; i++) {
		struct shape_pair given = in->attributes[i];
		if (!str_equal(given.key, STR("FifoTopic")))
			err = sns_attribute_set(call, draft, given.key, given.value, true);
	}
	if (!err && in->data_protection_policy.size > 0)
		err = sns_protection_set(call, draft, in->data_protection_policy);
	return err ? err : sns_key_prepare(call->core, draft);
}

static enum err create(struct call *call, const struct sns_create_topic_in *in, struct topic *draft)
{
	enum err err = make_draft(call, in, draft);
	if (err)
		return err;
	if (sns_registry_count_account_topics(sns_of(call->core)->registry, call->account,
					      call->region) >= LIMIT_ACCOUNT_TOPICS)
		return fail(call, &SNS_TOPIC_LIMIT_EXCEEDED,
			    "The account has reached its limit of %zu topics.",
			    (size_t)LIMIT_ACCOUNT_TOPICS);
	err = sns_signer_ensure(call->core);
	return err ? err : sns_topic_put(call->core, draft);
}

enum err sns_create_topic(struct call *call, const struct sns_create_topic_in *in,
			  struct sns_create_topic_out *out)
{
	struct topic draft = {
		.account = call->account,
		.region = call->region,
		.name = in->name,
		.created_ms = call->now_ms,
	};

	sns_tags_request(call, in->tags, in->tags_count);
	draft.arn = arn_make(call->arena, STR("sns"), call->region, call->account, in->name);
	const struct topic *topic = sns_keep_topic(
		call, sns_registry_find_topic(sns_of(call->core)->registry, draft.arn));
	enum err err = sns_authorize(call, draft.arn, call->account, topic);
	if (!err)
		err = read_fifo(call, in, &draft.is_fifo);
	if (err)
		return err;
	if (!is_name(in->name, draft.is_fifo))
		return sns_invalid(call, "Topic Name");
	err = topic ? compare(call, topic, in) : create(call, in, &draft);
	if (!err)
		out->topic_arn = draft.arn;
	return err;
}

/* ---- DeleteTopic ---- */

enum err sns_delete_topic(struct call *call, const struct sns_delete_topic_in *in,
			  struct sns_delete_topic_out *out)
{
	const struct topic *topic;

	(void)out;
	enum err err = sns_topic_find(call, "TopicArn", in->topic_arn, &topic);
	if (err || !topic)
		return err;
	if (topic->archive_days > 0)
		return fail(call, &SNS_INVALID_STATE,
			    "Invalid state: Cannot delete a topic with an ArchivePolicy");
	return sns_topic_delete(call->core, topic);
}

/* ---- ListTopics ---- */

struct page {
	struct call *call;
	struct sns_topic *topics;
	size_t count;
	struct str last; /* name */
	bool has_more;
};

static bool add_topic(void *context, const struct topic *topic)
{
	struct page *page = context;

	if (page->count == LIMIT_SNS_PAGE) {
		page->has_more = true;
		return false;
	}
	page->topics[page->count++].topic_arn = arena_copy(page->call->arena, topic->arn);
	page->last = arena_copy(page->call->arena, topic->name);
	return true;
}

enum err sns_list_topics(struct call *call, const struct sns_list_topics_in *in,
			 struct sns_list_topics_out *out)
{
	struct str after = STR("");
	struct str arn = arn_make(call->arena, STR("sns"), call->region, call->account, STR("*"));

	enum err err = sns_authorize(call, arn, call->account, NULL);
	if (!err)
		err = sns_page_open(call, in->next_token, &after);
	if (err)
		return err;
	struct page page = {
		.call = call,
		.topics = arena_array(call->arena, struct sns_topic, LIMIT_SNS_PAGE),
	};
	sns_registry_each_topic(sns_of(call->core)->registry, call->account, call->region, after,
				add_topic, &page);
	out->topics = page.topics;
	out->topics_count = page.count;
	if (page.has_more)
		out->next_token = page_token_make(call, page.last);
	return ERR_OK;
}
