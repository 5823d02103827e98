/* SPDX-License-Identifier: MIT */
/*
 * locate: reads the queue from a request's URL or name.
 *
 * The host of a URL is ignored, as one server may have many names. Only the path counts.
 */
#include "services/sqs/locate.h"

#include <string.h>

#include "api/sqs.h"
#include "core/admit.h"
#include "services/sqs/authorize.h"
#include "services/sqs/state.h"

static void release(void *subject)
{
	sqs_queue_release(subject);
}

const struct sqs_queue *sqs_keep_queue(struct call *call, const struct sqs_queue *queue)
{
	if (queue)
		call_on_end(call, release, queue);
	return queue;
}

enum err sqs_no_such_queue(struct call *call)
{
	return fail(call, &SQS_QUEUE_DOES_NOT_EXIST, "%s",
		    call->dialect->is_query
			    ? "The specified queue does not exist for this wsdl version."
			    : "The specified queue does not exist.");
}

/* "/<account>/<name>", after any prefix (tunnels send "/queue/<region>/..."). */
static bool parse_path(struct str path, struct str *out_account, struct str *out_name)
{
	while (path.size > 0 && path.data[path.size - 1] == '/')
		path.size--;
	size_t name = path.size;
	while (name > 0 && path.data[name - 1] != '/')
		name--;
	if (name < 2)
		return false;
	size_t account = name - 1;
	while (account > 0 && path.data[account - 1] != '/')
		account--;
	*out_account = str_slice(path, account, name - 1 - account);
	*out_name = str_slice(path, name, SIZE_MAX);
	return out_account->size == 12 && out_name->size > 0;
}

/* Account and name of the queue in a URL or name; false: it is not one of a queue. */
static bool parse_url(struct str url, struct str *account, struct str *out_name)
{
	size_t scheme = str_find(url, STR("://"), 0);
	struct str path = scheme == SIZE_MAX ? url : str_slice(url, scheme + 3, SIZE_MAX);

	if (str_find_char(path, '/', 0) != SIZE_MAX)
		return parse_path(path, account, out_name);
	*out_name = url;
	return scheme == SIZE_MAX;
}

enum err sqs_queue_of_call(struct call *call, struct str queue_url,
			   const struct sqs_queue **out_queue)
{
	struct sqs_registry *registry = sqs_of(call->core)->registry;
	struct str account = call->account;
	struct str arn = queue_url;
	struct str name;
	char text[ARN_SIZE_MAX];

	if (queue_url.size == 0 && !parse_path(call->path, &account, &name))
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter QueueUrl.");
	if (queue_url.size == 0)
		queue_url = call->path;
	if (str_starts(queue_url, STR("arn:"))) {
		account = arn_account(arn);
		if (!arn_is_account(account))
			return sqs_no_such_queue(call);
	} else {
		if (!parse_url(queue_url, &account, &name))
			return sqs_no_such_queue(call);
		arn = arn_format(STR("sqs"), call->region, account, name, text);
		if (!arn.data)
			return sqs_no_such_queue(call);
	}
	/* The ARN's region must be the region of the caller's signature. */
	const struct sqs_queue *queue = str_equal(arn_region(arn), call->region)
						? sqs_registry_find_arn(registry, arn)
						: NULL;
	sqs_keep_queue(call, queue);
	enum err err = sqs_authorize(call, call->operation->index, arn, account, queue);
	if (err)
		return err;
	if (!queue)
		return sqs_no_such_queue(call);
	*out_queue = queue;
	return call_admit_resource(call, queue->arn, sqs_queue_has_quota(queue));
}

struct str sqs_queue_url(struct call *call, const struct sqs_queue *queue)
{
	return arena_format(call->arena, "%.*s/%.*s/%.*s", STR_ARG(call->base_url),
			    STR_ARG(queue->account), STR_ARG(queue->name));
}
