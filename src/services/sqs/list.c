/* SPDX-License-Identifier: MIT */
/*
 * list: ListQueues, GetQueueUrl, ListDeadLetterSourceQueues.
 *
 * A page's token names the last queue on it (core/page.h).
 */
#include <string.h>

#include "api/sqs.h"
#include "core/page.h"
#include "services/sqs/authorize.h"
#include "services/sqs/locate.h"
#include "services/sqs/state.h"

struct page {
	struct call *call;
	struct str account;	/* of the queues */
	struct str prefix;	/* of names; empty: all */
	struct str dead_letter; /* ARN: only queues with this dead-letter queue; empty: all */
	struct str after;	/* name: the last of the page before */
	struct str *urls;
	size_t count, most;
	struct str last; /* name, in the call's arena */
	bool has_more;
};

static bool add_queue(void *context, const struct sqs_queue *queue)
{
	struct page *page = context;

	if (str_equal(queue->name, page->after) && page->after.size > 0)
		return true;
	if (!str_starts(queue->name, page->prefix))
		return false; /* names are sorted, and the walk begins with the prefix */
	if (page->count == page->most) {
		page->has_more = true;
		return false;
	}
	page->urls[page->count++] = sqs_queue_url(page->call, queue);
	page->last = arena_copy(page->call->arena, queue->name);
	return true;
}

static enum err fill(struct page *page, bool has_most, int64_t most, struct str token,
		     struct str *out_token)
{
	struct call *call = page->call;
	struct sqs_registry *registry = sqs_of(call->core)->registry;

	has_most = has_most && most > 0;
	page->most = has_most ? (size_t)most : LIMIT_LIST_RESULTS;
	page->urls = arena_array(call->arena, struct str, page->most);
	if (token.size > 0) {
		enum err err = page_token_open(call, token, LIMIT_PAGE_TOKEN_MS, &page->after);
		if (err)
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "Invalid or expired next token.");
	}
	bool is_behind = str_compare(page->after, page->prefix) > 0;
	struct str from = is_behind ? page->after : page->prefix;
	if (page->dead_letter.size > 0)
		sqs_registry_each_source(registry, page->dead_letter, from, add_queue, page);
	else
		sqs_registry_each(registry, page->account, call->region, from, add_queue, page);
	if (page->has_more && has_most)
		*out_token = page_token_make(call, page->last);
	return ERR_OK;
}

enum err sqs_list_queues(struct call *call, const struct sqs_list_queues_in *in,
			 struct sqs_list_queues_out *out)
{
	struct page page = {
		.call = call, .account = call->account, .prefix = in->queue_name_prefix};
	char text[ARN_SIZE_MAX];
	struct str arn = arn_format(STR("sqs"), call->region, call->account, STR(""), text);

	enum err err = sqs_authorize(call, SQS_LIST_QUEUES, arn, call->account, NULL);
	if (err)
		return err;
	err = fill(&page, in->has_max_results, in->max_results, in->next_token, &out->next_token);
	out->queue_urls = page.urls;
	out->queue_urls_count = page.count;
	return err;
}

enum err sqs_list_dead_letter_source_queues(struct call *call,
					    const struct sqs_list_dead_letter_source_queues_in *in,
					    struct sqs_list_dead_letter_source_queues_out *out)
{
	const struct sqs_queue *queue;

	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	struct page page = {.call = call, .account = queue->account, .dead_letter = queue->arn};
	err = fill(&page, in->has_max_results, in->max_results, in->next_token, &out->next_token);
	out->queue_urls = page.urls;
	out->queue_urls_count = page.count;
	return err;
}

enum err sqs_get_queue_url(struct call *call, const struct sqs_get_queue_url_in *in,
			   struct sqs_get_queue_url_out *out)
{
	struct str account = call->account;
	const struct sqs_queue *queue;

	if (in->queue_owner_aws_account_id.size > 0)
		account = in->queue_owner_aws_account_id;
	struct str url =
		arena_format(call->arena, "/%.*s/%.*s", STR_ARG(account), STR_ARG(in->queue_name));
	enum err err = sqs_queue_of_call(call, url, &queue);
	if (call->fault == &call->operation->service->denied && !str_equal(account, call->account))
		return fail(call, &SQS_QUEUE_DOES_NOT_EXIST,
			    "The specified queue does not exist or you do not have access to it.");
	if (err)
		return err;
	out->queue_url = sqs_queue_url(call, queue);
	return ERR_OK;
}
