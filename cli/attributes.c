/* SPDX-License-Identifier: MIT */
/* attributes: options become pairs in one list; a dead-letter queue's name becomes a policy. */
#include "attributes.h"

#include "api/sqs.h"
#include "document.h"
#include "format/json.h"

enum { OWN_NAMES = 8, RECEIVES_DEFAULT = 3 };

void attributes_append(struct attribute_list *list, struct str name, struct str value)
{
	list->pairs[list->count++] = (struct shape_pair){name, value};
}

void attributes_append_dlq(struct cli *cli, struct attribute_list *list, struct str queue_arn,
			   int64_t receives)
{
	struct json_writer json;
	struct buf policy = {0};

	json_begin(&json, &policy);
	json_open_object(&json);
	json_key(&json, STR("deadLetterTargetArn"));
	json_str(&json, queue_arn);
	if (receives > 0) {
		json_key(&json, STR("maxReceiveCount"));
		json_i64(&json, receives);
	}
	json_close_object(&json);
	attributes_append(list, STR("RedrivePolicy"), arena_copy(&cli->arena, buf_str(&policy)));
	buf_done(&policy);
}

bool attributes_split(struct cli *cli, const char *option, const struct option_list *texts,
		      size_t extra, struct attribute_list *out_list)
{
	*out_list = (struct attribute_list){
		arena_array(&cli->arena, struct shape_pair, texts->count + extra), 0};
	for (size_t i = 0; i < texts->count; i++) {
		struct shape_pair *pair = &out_list->pairs[out_list->count++];
		if (!cli_split(cli, option, texts->items[i], &pair->key, &pair->value))
			return false;
	}
	return true;
}

static enum cli_exit get_named(struct cli *cli, struct str queue_url, struct str *names,
			       size_t count, struct str *out_values)
{
	const struct sqs_get_queue_attributes_in in = {
		.queue_url = queue_url, .attribute_names = names, .attribute_names_count = count};
	struct sqs_get_queue_attributes_out out;

	enum cli_exit code = cli_run(cli, SQS_GET_QUEUE_ATTRIBUTES, &in, &out);
	if (code)
		return code;
	for (size_t i = 0; i < count; i++) {
		out_values[i] = (struct str){0};
		for (size_t j = 0; j < out.attributes_count; j++)
			if (str_equal(out.attributes[j].key, names[i]))
				out_values[i] = arena_copy(&cli->arena, out.attributes[j].value);
	}
	return CLI_OK;
}

enum cli_exit attributes_get(struct cli *cli, struct str queue_url, struct str name,
			     struct str *out_value)
{
	return get_named(cli, queue_url, &name, 1, out_value);
}

enum cli_exit attributes_get_counts(struct cli *cli, struct str queue_url,
				    struct str out_counts[ATTRIBUTE_COUNTS])
{
	struct str names[ATTRIBUTE_COUNTS] = {STR("ApproximateNumberOfMessages"),
					      STR("ApproximateNumberOfMessagesNotVisible"),
					      STR("ApproximateNumberOfMessagesDelayed")};

	return get_named(cli, queue_url, names, ATTRIBUTE_COUNTS, out_counts);
}

static enum cli_exit append_dlq(struct cli *cli, const struct attribute_values *values,
				struct attribute_list *list)
{
	int64_t receives = values->receives.is_given ? values->receives.value : RECEIVES_DEFAULT;
	struct str url, arn;

	if (!values->dlq.data)
		return values->receives.is_given
			       ? cli_fail(cli, CLI_USAGE, "--receives goes with --dlq QUEUE")
			       : CLI_OK;
	enum cli_exit code = cli_queue_url(cli, values->dlq, &url);
	if (code)
		return code;
	code = attributes_get(cli, url, STR("QueueArn"), &arn);
	if (code == CLI_OK)
		attributes_append_dlq(cli, list, arn, receives);
	return code;
}

/* From --policy FILE, or from --attribute Policy=TEXT, which is in the list already. */
static enum cli_exit append_policy(struct cli *cli, const struct attribute_values *values,
				   struct attribute_list *list)
{
	struct str text;

	for (size_t i = 0; i < list->count; i++) {
		const struct shape_pair *pair = &list->pairs[i];
		if (!str_equal(pair->key, STR("Policy")))
			continue;
		if (values->policy.data)
			return cli_fail(cli, CLI_USAGE,
					"--policy and --attribute Policy= exclude each other");
		return pair->value.size > 0
			       ? document_check_policy(cli, pair->value, POLICY_RESOURCE)
			       : CLI_OK;
	}
	if (!values->policy.data)
		return CLI_OK;
	enum cli_exit code = document_read_policy(cli, values->policy, POLICY_RESOURCE, &text);
	if (code == CLI_OK)
		attributes_append(list, STR("Policy"), text);
	return code;
}

enum cli_exit attributes_collect(struct cli *cli, const struct attribute_values *values,
				 size_t extra, struct attribute_list *out_list)
{
	const struct {
		struct str name;
		const struct option_number *number;
	} numbers[] = {
		{STR("VisibilityTimeout"), &values->visibility},
		{STR("DelaySeconds"), &values->delay},
		{STR("MessageRetentionPeriod"), &values->retention},
		{STR("ReceiveMessageWaitTimeSeconds"), &values->wait},
		{STR("MaximumMessageSize"), &values->size},
	};

	if (!attributes_split(cli, "attribute", &values->attributes, OWN_NAMES + extra, out_list))
		return CLI_USAGE;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].number->is_given)
			attributes_append(out_list, numbers[i].name,
					  arena_format(&cli->arena, "%lld",
						       (long long)numbers[i].number->value));
	if (values->kms_key.data)
		attributes_append(out_list, STR("KmsMasterKeyId"), values->kms_key);
	enum cli_exit code = append_policy(cli, values, out_list);
	return code ? code : append_dlq(cli, values, out_list);
}
