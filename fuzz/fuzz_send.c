/* SPDX-License-Identifier: MIT */
/*
 * A SendMessage body from its JSON to its stored form: validation answers with a fault or lets
 * through what can be digested, stored and read again.
 */
#include "api/sqs.h"
#include "format/json.h"
#include "fuzz.h"
#include "services/sqs/digest.h"
#include "services/sqs/validate.h"
#include "wire/fault.h"
#include "wire/json.h"

static enum err validate(struct call *call, const struct sqs_send_message_in *in,
			 struct str *out_trace)
{
	enum err err = sqs_check_body(call, in->message_body);

	if (!err)
		err = sqs_check_attributes(call, in->message_attributes,
					   in->message_attributes_count);
	if (!err)
		err = sqs_check_system_attributes(call, in->message_system_attributes,
						  in->message_system_attributes_count, out_trace);
	if (!err && in->message_group_id.data)
		err = sqs_check_id(call, "MessageGroupId", in->message_group_id);
	return err;
}

static void check_stored(struct arena *arena, const struct sqs_send_message_in *in,
			 struct str trace)
{
	struct sqs_stored_message again, message = {
						 .body = in->message_body,
						 .sender = STR("sender"),
						 .group = in->message_group_id,
						 .trace = trace,
						 .attributes = in->message_attributes,
						 .attribute_count = in->message_attributes_count,
					 };

	check(str_is_utf8(in->message_body));
	struct str digest = sqs_attributes_md5(arena, message.attributes, message.attribute_count);
	check(digest.size == (message.attribute_count > 0 ? 32 : 0));
	struct str payload = sqs_message_encode(arena, &message);
	check(sqs_message_decode(arena, payload, &again) == ERR_OK);
	check(str_equal(again.body, message.body));
	check(str_equal(again.group, message.group) && !again.group.data == !message.group.data);
	check(again.attribute_count == message.attribute_count);
	check(str_equal(sqs_message_encode(arena, &again), payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct shape *shape = sqs_operations[SQS_SEND_MESSAGE].in;
	struct sqs_send_message_in in = {0};
	struct str problem, trace = {0};
	struct buf body = {0};
	struct arena arena;
	yyjson_val *root;

	arena_init(&arena);
	struct call call = {.arena = &arena};
	if (wire_json_decode(&arena, str_of(data, size), shape, &in, &problem) == ERR_OK) {
		if (validate(&call, &in, &trace) == ERR_OK) {
			check_stored(&arena, &in, trace);
		} else {
			check(call.fault && call.fault_text.size > 0);
			wire_fault_encode_json(&body, STR("n"), call.fault, call.fault_text);
			check(json_parse(&arena, buf_str(&body), &root) == ERR_OK);
		}
	}
	buf_done(&body);
	arena_done(&arena);
	return 0;
}
