/* SPDX-License-Identifier: MIT */
/* phone: answers when the obligation is durable. */
#include "services/sns/phone.h"

#include "core/authorize.h"
#include "core/request_context.h"
#include "services/sns/delivery.h"
#include "services/sns/fanout.h"

struct phone_call {
	struct sns_message message;
	struct obligation obligation;
	struct target_send send;
};

static enum err check_phone(struct call *call, struct str number,
			    const struct sns_publish_entry *entry)
{
	enum err err = call_authorize_any(call, STR("SNS:Publish"));

	if (err)
		return err;
	if (!sns_is_phone_number(number) || call->core->webhook_url.size == 0)
		return sns_invalid(call, "PhoneNumber Reason: %.*s is not valid to publish to",
				   STR_ARG(number));
	if (str_count_characters(entry->message) > LIMIT_SMS_SIZE)
		return sns_invalid(call, "Message too long");
	return ERR_OK;
}

static enum err stored(struct call *call)
{
	const struct phone_call *phone = call_state(call, struct phone_call);
	struct sns_publish_out *out = call->out;

	if (!phone->obligation.is_stored)
		return sns_fanout_fault(call);
	out->message_id = phone->message.id;
	return ERR_OK;
}

static void on_stored(void *context)
{
	call_go_on(context);
}

enum err sns_publish_to_phone(struct call *call, const struct sns_publish_in *in,
			      const struct sns_publish_entry *entry)
{
	struct phone_call *phone = arena_new(call->arena, struct phone_call);
	struct sns_message *message = &phone->message;
	const struct sns_signature none = {0};

	enum err err = check_phone(call, in->phone_number, entry);
	if (!err)
		err = sns_entry_check(call, NULL, entry, message);
	if (err)
		return err;
	message->id = uuid_make(call->arena);
	message->timestamp_ms = call->now_ms;
	message->trace = call->trace_header;
	struct str body = sns_message_body(message, SNS_PROTOCOL_SMS);
	sns_owed_phone(
		call->arena, call->account,
		arn_make(call->arena, STR("sns"), call->region, call->account, STR("phone-number")),
		in->phone_number, sns_owed_message(call->arena, message, body, &none),
		&phone->obligation);
	phone->send =
		(struct target_send){.obligations = &phone->obligation, .obligation_count = 1};
	call_set_state(call, struct phone_call, phone);
	enum err parked = call_wait(call, stored);
	target_deliver(call->core, request_context_of(call)->home, &phone->send, on_stored, call);
	return parked;
}
