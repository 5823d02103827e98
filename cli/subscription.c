/* SPDX-License-Identifier: MIT */
/* subscription: `tern sub`: who gets the messages of a topic. */
#include "commands.h"

#include "api/sns.h"
#include "attributes.h"
#include "base/arn.h"
#include "base/clock.h"
#include "batch.h"
#include "document.h"
#include "format/json.h"
#include "grant.h"
#include "match/filter_policy.h"
#include "match/matcher.h"
#include "name.h"
#include "output.h"
#include "view.h"

/* ---- attributes ---- */

struct sub_values {
	bool is_raw, is_on_body;
	struct str filter, dlq, delivery_policy, replay_from, replay_to;
	struct option_list attributes;
};

/* clang-format off */
#define SUB_OPTIONS(type, member) \
	{"raw", OPTION_FLAG, offsetof(type, member.is_raw), NULL, \
	 "RawMessageDelivery: the message alone, not in SNS's JSON", \
	 0, 0}, \
	{"filter", OPTION_TEXT, offsetof(type, member.filter), "JSON|FILE", \
	 "FilterPolicy: only messages that match it, by their attributes", \
	 0, 0}, \
	{"on-body", OPTION_FLAG, offsetof(type, member.is_on_body), NULL, \
	 "FilterPolicyScope: the filter is about the body, which is JSON", \
	 0, 0}, \
	{"dlq", OPTION_TEXT, offsetof(type, member.dlq), "QUEUE", \
	 "RedrivePolicy: the queue for messages that cannot be delivered", \
	 0, 0}, \
	{"delivery-policy", OPTION_TEXT, offsetof(type, member.delivery_policy), "JSON|FILE", \
	 "DeliveryPolicy: retries and rate of an HTTP endpoint", \
	 0, 0}, \
	{"replay-from", OPTION_TEXT, offsetof(type, member.replay_from), "TIME", \
	 "ReplayPolicy: send the archive's messages since 2026-11-24T12:00:00Z again; never: end it", \
	 0, 0}, \
	{"replay-to", OPTION_TEXT, offsetof(type, member.replay_to), "TIME", \
	 "ReplayPolicy: only messages before this time; then the subscription is paused", \
	 0, 0}, \
	{"attribute", OPTION_LIST, offsetof(type, member.attributes), "NAME=VALUE", \
	 "any other attribute by AWS's name; may be repeated", \
	 0, 0}
/* clang-format on */
enum { OWN_NAMES = 6 };

static enum cli_exit append_json(struct cli *cli, const char *name, struct str given,
				 struct attribute_list *list)
{
	struct str text;

	if (!given.data)
		return CLI_OK;
	enum cli_exit code = document_read_json(cli, given, &text);
	if (code == CLI_OK)
		attributes_append(list, str_from(name), text);
	return code;
}

static enum cli_exit append_dlq(struct cli *cli, struct str given, struct attribute_list *list)
{
	struct str arn;

	if (!given.data)
		return CLI_OK;
	enum cli_exit code = name_queue_arn(cli, given, &arn);
	if (code == CLI_OK)
		attributes_append_dlq(cli, list, arn, 0);
	return code;
}

static enum cli_exit append_point(struct cli *cli, const char *option, struct str text,
				  struct json_writer *json, const char *name)
{
	int64_t time_ms;
	char formatted[CLOCK_TEXT_MAX];

	if (!clock_parse_iso(text, &time_ms))
		return cli_fail(cli, CLI_USAGE, "--%s is no time such as 2026-11-24T12:00:00Z",
				option);
	json_key(json, str_from(name));
	json_str(json, str_of(formatted, (size_t)clock_format_iso(time_ms, formatted)));
	return CLI_OK;
}

static enum cli_exit append_replay(struct cli *cli, const struct sub_values *values,
				   struct attribute_list *list)
{
	struct json_writer json;
	struct buf out = {0};

	if (!values->replay_from.data)
		return values->replay_to.data
			       ? cli_fail(cli, CLI_USAGE, "--replay-to goes with --replay-from")
			       : CLI_OK;
	if (str_equal(values->replay_from, STR("never"))) {
		attributes_append(list, STR("ReplayPolicy"), STR("{}"));
		return CLI_OK;
	}
	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("PointType"));
	json_str(&json, STR("Timestamp"));
	enum cli_exit code =
		append_point(cli, "replay-from", values->replay_from, &json, "StartingPoint");
	if (code == CLI_OK && values->replay_to.data)
		code = append_point(cli, "replay-to", values->replay_to, &json, "EndingPoint");
	json_close_object(&json);
	if (code == CLI_OK)
		attributes_append(list, STR("ReplayPolicy"),
				  arena_copy(&cli->arena, buf_str(&out)));
	buf_done(&out);
	return code;
}

static enum cli_exit collect(struct cli *cli, const struct sub_values *values,
			     struct attribute_list *out_list)
{
	if (!attributes_split(cli, "attribute", &values->attributes, OWN_NAMES, out_list))
		return CLI_USAGE;
	if (values->is_raw)
		attributes_append(out_list, STR("RawMessageDelivery"), STR("true"));
	if (values->is_on_body)
		attributes_append(out_list, STR("FilterPolicyScope"), STR("MessageBody"));
	enum cli_exit code = append_json(cli, "FilterPolicy", values->filter, out_list);
	if (code == CLI_OK)
		code = append_json(cli, "DeliveryPolicy", values->delivery_policy, out_list);
	if (code == CLI_OK)
		code = append_replay(cli, values, out_list);
	return code ? code : append_dlq(cli, values->dlq, out_list);
}

/* ---- add ---- */

struct add_values {
	struct sub_values sub;
	struct str protocol;
	bool grants;
};

static const struct option add_options[] = {
	{"protocol", OPTION_TEXT, offsetof(struct add_values, protocol), "NAME",
	 "sqs, http, https, email, email-json, lambda, sms; without it told from ENDPOINT", 0, 0},
	{"grant", OPTION_FLAG, offsetof(struct add_values, grants), NULL, GRANT_HELP, 0, 0},
	SUB_OPTIONS(struct add_values, sub),
};

static bool is_of_service(struct str endpoint, const char *service)
{
	struct arn arn;

	return arn_parse(endpoint, &arn) && str_equal(arn.service, str_from(service));
}

/* The protocol that an endpoint is told by; that of a queue's name is sqs. */
static struct str guess_protocol(struct str endpoint)
{
	if (str_starts(endpoint, STR("http://")))
		return STR("http");
	if (str_starts(endpoint, STR("https://")))
		return STR("https");
	if (is_of_service(endpoint, "lambda"))
		return STR("lambda");
	if (str_starts(endpoint, STR("+")))
		return STR("sms");
	return str_find_char(endpoint, '@', 0) < endpoint.size ? STR("email") : STR("sqs");
}

static enum cli_exit resolve(struct cli *cli, const struct add_values *values,
			     struct sns_subscribe_in *in)
{
	in->protocol =
		values->protocol.data ? values->protocol : guess_protocol(cli->arguments.items[1]);
	in->endpoint = cli->arguments.items[1];
	bool is_queue = str_equal(in->protocol, STR("sqs"));
	if (values->grants && !is_queue)
		return cli_fail(cli, CLI_USAGE, "--grant goes with a queue");
	enum cli_exit code = name_arn(cli, "sns", "", cli->arguments.items[0], &in->topic_arn);
	if (code == CLI_OK && is_queue)
		code = name_queue_arn(cli, in->endpoint, &in->endpoint);
	return code;
}

static enum cli_exit add_run(struct cli *cli, const void *values_given)
{
	const struct add_values *values = values_given;
	struct sns_subscribe_in in = {.return_subscription_arn = true,
				      .has_return_subscription_arn = true};
	struct sns_subscribe_out out;
	struct attribute_list attributes;

	enum cli_exit code = resolve(cli, values, &in);
	if (code == CLI_OK)
		code = collect(cli, &values->sub, &attributes);
	if (code == CLI_OK && values->grants)
		code = grant_service(cli, in.endpoint, "sns.amazonaws.com", in.topic_arn);
	if (code)
		return code;
	in.attributes = attributes.pairs;
	in.attributes_count = attributes.count;
	code = cli_call(cli, &sns_operations[SNS_SUBSCRIBE], &in, &out);
	if (code == CLI_OK)
		output_text(cli, "SubscriptionArn", out.subscription_arn);
	return code;
}

static const struct command add_command = {
	.name = "add",
	.arguments = "TOPIC ENDPOINT",
	.summary = "subscribe an endpoint to a topic and print the subscription's ARN",
	.details = "ENDPOINT is a queue, an http or https URL, an e-mail address, or a function's "
		   "ARN. URLs and addresses get a message first, whose link confirms.\n"
		   "\n"
		   "  tern sub add orders orders-new --grant --filter '{\"kind\": [\"new\"]}'\n"
		   "  tern sub add orders https://example.com/hook --dlq orders-failed",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = add_run,
	CLI_OPTIONS(add_options, struct add_values),
};

/* ---- ls, show ---- */

static const struct view_column columns[] = {
	{"PROTOCOL", "Protocol"},
	{"ENDPOINT", "Endpoint"},
	{"TOPIC", "TopicArn"},
	{"ARN", "SubscriptionArn"},
};

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const char nothing[] =
		"No subscriptions. Make one with: tern sub add TOPIC ENDPOINT";
	const struct view_list all = {&sns_operations[SNS_LIST_SUBSCRIPTIONS], "Subscriptions",
				      VIEW_COLUMNS(columns)};
	const struct view_list of_topic = {&sns_operations[SNS_LIST_SUBSCRIPTIONS_BY_TOPIC],
					   "Subscriptions", VIEW_COLUMNS(columns)};
	const struct sns_list_subscriptions_in all_in = {0};
	struct sns_list_subscriptions_by_topic_in in = {0};

	(void)values; /* it has no options */
	if (cli->arguments.count == 0)
		return view_list(cli, &all, &all_in, nothing);
	enum cli_exit code = name_arn(cli, "sns", "", cli->arguments.items[0], &in.topic_arn);
	return code ? code : view_list(cli, &of_topic, &in, nothing);
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[TOPIC]",
	.summary = "list subscriptions, of a topic if one is given",
	.arguments_max = 1,
	.run = ls_run,
};

static enum cli_exit show_run(struct cli *cli, const void *values)
{
	const struct sns_get_subscription_attributes_in in = {.subscription_arn =
								      cli->arguments.items[0]};

	(void)values; /* it has no options */
	return view_run(cli, &sns_operations[SNS_GET_SUBSCRIPTION_ATTRIBUTES], &in);
}

static const struct command show_command = {
	.name = "show",
	.arguments = "ARN",
	.summary = "print a subscription's attributes",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
};

/* ---- set, rm, confirm ---- */

struct set_values {
	struct sub_values sub;
};

static const struct option set_options[] = {SUB_OPTIONS(struct set_values, sub)};

static enum cli_exit set_run(struct cli *cli, const void *values_given)
{
	const struct set_values *values = values_given;
	struct sns_set_subscription_attributes_out out;
	struct attribute_list attributes;

	enum cli_exit code = collect(cli, &values->sub, &attributes);
	if (code == CLI_OK && attributes.count == 0)
		return cli_fail(cli, CLI_USAGE, "nothing to set: see tern sub set --help");
	for (size_t i = 0; code == CLI_OK && i < attributes.count; i++) {
		const struct sns_set_subscription_attributes_in in = {
			.subscription_arn = cli->arguments.items[0],
			.attribute_name = attributes.pairs[i].key,
			.attribute_value = attributes.pairs[i].value};
		code = cli_call(cli, &sns_operations[SNS_SET_SUBSCRIPTION_ATTRIBUTES], &in, &out);
	}
	return code;
}

static const struct command set_command = {
	.name = "set",
	.arguments = "ARN",
	.summary = "change a subscription's attributes",
	.details = "An attribute that is set to nothing (--attribute RedrivePolicy=) is removed; "
		   "--filter '{}' lets every message through.\n"
		   "\n"
		   "  tern sub set ARN --replay-from 2026-11-24T12:00:00Z",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = set_run,
	CLI_OPTIONS(set_options, struct set_values),
};

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	struct sns_unsubscribe_out out;
	enum cli_exit code = CLI_OK;

	(void)values; /* it has no options */
	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		const struct sns_unsubscribe_in in = {.subscription_arn = cli->arguments.items[i]};
		code = cli_call(cli, &sns_operations[SNS_UNSUBSCRIBE], &in, &out);
	}
	return code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "ARN...",
	.summary = "end subscriptions, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

static enum cli_exit confirm_run(struct cli *cli, const void *values)
{
	struct sns_confirm_subscription_in in = {.token = cli->arguments.items[1]};
	struct sns_confirm_subscription_out out;

	(void)values; /* it has no options */
	enum cli_exit code = name_arn(cli, "sns", "", cli->arguments.items[0], &in.topic_arn);
	if (code == CLI_OK)
		code = cli_call(cli, &sns_operations[SNS_CONFIRM_SUBSCRIPTION], &in, &out);
	if (code == CLI_OK)
		output_text(cli, "SubscriptionArn", out.subscription_arn);
	return code;
}

static const struct command confirm_command = {
	.name = "confirm",
	.arguments = "TOPIC TOKEN",
	.summary = "confirm a subscription by the token that its endpoint got",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = confirm_run,
};

/* ---- filter test ---- */

struct test_values {
	struct option_list attributes;
	bool is_on_body;
};

static const struct option test_options[] = {
	{"attribute", OPTION_LIST, offsetof(struct test_values, attributes), "NAME=VALUE[:TYPE]",
	 BATCH_ATTRIBUTE_HELP, 0, 0},
	{"on-body", OPTION_FLAG, offsetof(struct test_values, is_on_body), NULL,
	 "the policy is about the body, which is JSON", 0, 0},
};

static enum cli_exit read_attributes(struct cli *cli, const struct option_list *texts,
				     struct filter_attribute **out_attributes)
{
	struct batch batch = {.cli = cli};
	struct batch_attribute *read;

	enum cli_exit code = batch_read_attributes(&batch, texts, &read);
	*out_attributes = arena_array(&cli->arena, struct filter_attribute, texts->count);
	for (size_t i = 0; i < texts->count && code == CLI_OK; i++)
		(*out_attributes)[i] =
			(struct filter_attribute){read[i].name, read[i].type, read[i].value};
	return code;
}

/* Whether the message passes. ERR_INVALID: it can pass no policy of this scope. */
static enum err match(struct cli *cli, const struct filter_policy *policy,
		      const struct filter_attribute *attributes, size_t count, bool *out_matches)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	struct match_attribute *fields;
	void *const *users;
	yyjson_val *body;
	enum err err;

	matcher_add(matcher, &policy->pattern, NULL);
	if (policy->scope == FILTER_BODY) {
		err = filter_body_read(&cli->arena, cli->arguments.items[1], &body);
		if (!err)
			*out_matches = matcher_match(matcher, scratch, body, &users) > 0;
	} else {
		err = filter_attributes_read(&cli->arena, attributes, count, &fields);
		if (!err)
			*out_matches = matcher_match_attributes(matcher, scratch, fields, count,
								&users) > 0;
	}
	match_scratch_free(&scratch);
	matcher_free(&matcher);
	return err;
}

static enum cli_exit test_run(struct cli *cli, const void *values_given)
{
	const struct test_values *values = values_given;
	enum filter_scope scope = values->is_on_body ? FILTER_BODY : FILTER_ATTRIBUTES;
	struct filter_attribute *attributes;
	struct filter_policy policy;
	struct str text, problem;
	bool matches = true;

	if (values->is_on_body && cli->arguments.count < 2)
		return cli_fail(cli, CLI_USAGE, "give the body that the policy is tested with");
	enum cli_exit code = read_attributes(cli, &values->attributes, &attributes);
	if (code == CLI_OK)
		code = document_read_json(cli, cli->arguments.items[0], &text);
	if (code)
		return code;
	if (filter_policy_parse(&cli->arena, scope, text, &policy, &problem))
		return cli_fail(cli, CLI_USAGE, "%.*s", STR_ARG(problem));
	if (!policy.is_empty && match(cli, &policy, attributes, values->attributes.count, &matches))
		return cli_fail(cli, CLI_FAILED, "%s",
				values->is_on_body
					? "the body is not a JSON object: no policy lets it through"
					: "a String.Array is not a JSON array: no policy lets the "
					  "message through");
	output_text(cli, "Result", matches ? STR("true") : STR("false"));
	return matches ? CLI_OK : CLI_FAILED;
}

static const struct command test_command = {
	.name = "test",
	.arguments = "JSON|FILE [BODY]",
	.summary = "say whether a filter policy lets a message through",
	.details = "Nothing is sent, and no server is asked. Exit status: 0 it does, 1 it does "
		   "not.\n"
		   "\n"
		   "  tern sub filter test '{\"kind\": [\"new\"]}' --attribute kind=new\n"
		   "  tern sub filter test policy.json '{\"size\": 3}' --on-body",
	.arguments_min = 1,
	.arguments_max = 2,
	.run = test_run,
	.is_offline = true,
	CLI_OPTIONS(test_options, struct test_values),
};

static const struct command *const filter_children[] = {&test_command};

static const struct command filter_command = {
	.name = "filter",
	.summary = "filter policies",
	.children = filter_children,
	.child_count = sizeof(filter_children) / sizeof(filter_children[0]),
	.arguments_max = ARGUMENTS_ANY,
};

static const struct command *const children[] = {
	&add_command, &ls_command,	&show_command,	 &set_command,
	&rm_command,  &confirm_command, &filter_command,
};

const struct command sub_command = {
	.name = "sub",
	.summary = "subscriptions: make, list, show, change, confirm and end them",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
