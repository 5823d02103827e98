/* SPDX-License-Identifier: MIT */
/*
 * confirm: ConfirmSubscription, and the obligations of its messages.
 *
 * A token confirms the subscription that it names, or restores one that was deleted.
 */
#include "services/sns/confirm.h"

#include "api/sns.h"
#include "core/authorize.h"
#include "core/group.h"
#include "services/sns/change.h"
#include "services/sns/delivery.h"
#include "services/sns/locate.h"
#include "services/sns/replay.h"
#include "services/sns/sign.h"
#include "services/sns/store.h"
#include "services/sns/token.h"

/* ---- sending ---- */

/* Freed when the commit and the send have both ended. */
struct notice {
	struct core_commit commit;
	struct core *core;
	struct arena arena;
	struct obligation obligation;
	struct target_send send;
	bool is_committed, is_sending;
};

static void free_if_done(struct notice *notice)
{
	if (!notice->is_committed || notice->is_sending)
		return;
	arena_done(&notice->arena);
	heap_free(notice);
}

static void on_sent(void *context)
{
	struct notice *notice = context;

	notice->is_sending = false;
	free_if_done(notice);
}

static void on_commit(struct core *core, struct core_commit *commit, enum err result)
{
	struct notice *notice = container_of(commit, struct notice, commit);

	if (result != ERR_OK)
		return;
	notice->is_sending = true;
	notice->send = (struct target_send){
		.obligations = &notice->obligation,
		.obligation_count = 1,
	};
	target_deliver(core, NULL, &notice->send, on_sent, notice);
}

static enum err on_finish(struct core *core, struct core_commit *commit)
{
	struct notice *notice = container_of(commit, struct notice, commit);

	(void)core;
	notice->is_committed = true;
	free_if_done(notice);
	return ERR_OK;
}

static struct str write_mail(struct arena *arena, const struct sns_control *control)
{
	struct str url = sns_subscribe_url(arena, control);

	if (control->is_unsubscribe)
		return arena_format(
			arena,
			"Your subscription to the topic %.*s was deleted.\n\nTo restore "
			"it, open this link:\n%.*s\n",
			STR_ARG(control->topic_arn), STR_ARG(url));
	return arena_format(arena,
			    "You have chosen to subscribe to the topic %.*s.\n\nTo confirm the "
			    "subscription, open this link:\n%.*s\n\nIf this was not your wish, "
			    "nothing needs to be done.\n",
			    STR_ARG(control->topic_arn), STR_ARG(url));
}

static struct str write_document(struct core *core, struct arena *arena, const struct topic *topic,
				 enum sns_protocol protocol, const struct sns_control *control)
{
	if (protocol == SNS_PROTOCOL_EMAIL)
		return write_mail(arena, control);
	struct sns_signature signature =
		sns_sign(core, arena, topic->signature_version, sns_signed_control(arena, control));
	return sns_envelope_control(arena, control, &signature);
}

static enum err send(struct call *call, const struct topic *topic,
		     const struct subscription *subscription, const struct sns_token *token)
{
	struct notice *notice = heap_alloc(sizeof(*notice));
	struct arena *arena = &notice->arena;

	arena_init(arena);
	struct sns_control control = {
		.is_unsubscribe = token->is_restore,
		.id = uuid_make(arena),
		.topic_arn = subscription->topic_arn,
		.subscription_arn = subscription->arn,
		.token = sns_token_encode(call->core->seal, arena, token),
		.base_url = call->core->base_url,
		.timestamp_ms = call->now_ms,
	};
	struct subscription copy = *subscription;
	copy.account = arena_copy(arena, subscription->account);
	copy.arn = arena_copy(arena, subscription->arn);
	copy.endpoint = arena_copy(arena, subscription->endpoint);
	sns_owed_control(arena, &copy, &control,
			 write_document(call->core, arena, topic, subscription->protocol, &control),
			 &notice->obligation);
	notice->core = call->core;
	notice->commit = (struct core_commit){.run = on_commit, .finish = on_finish};
	return core_on_commit(call->core, &notice->commit);
}

enum err sns_confirm_start(struct call *call, const struct topic *topic,
			   const struct subscription *subscription)
{
	struct sns_token token = {
		.expires_ms = call->now_ms + SNS_TOKEN_MS,
		.subscription_arn = subscription->arn,
	};

	bool has_token = sns_protocol_is_confirmed_by_link(subscription->protocol) ||
			 subscription->protocol == SNS_PROTOCOL_SQS;
	if (!subscription->is_pending || !has_token)
		return ERR_OK;
	return send(call, topic, subscription, &token);
}

enum err sns_confirm_unsubscribed(struct call *call, const struct subscription *subscription)
{
	struct sns_token token = {
		.is_restore = true,
		.expires_ms = call->now_ms + SNS_TOKEN_MS,
		.subscription_arn = subscription->arn,
	};
	struct buf record = {0};

	if (subscription->is_pending || subscription->needs_unsubscribe_auth ||
	    !sns_protocol_is_confirmed_by_link(subscription->protocol))
		return ERR_OK;
	const struct topic *topic =
		sns_keep_topic(call, sns_registry_find_topic(sns_of(call->core)->registry,
							     subscription->topic_arn));
	if (!topic)
		return ERR_OK;
	sns_subscription_encode(&record, subscription);
	if (record.size <= SNS_TOKEN_RECORD_MAX)
		token.record = buf_str(&record);
	enum err err = send(call, topic, subscription, &token);
	buf_done(&record);
	return err;
}

/* ---- ConfirmSubscription ---- */

static enum err open_token(struct call *call, const struct sns_confirm_subscription_in *in,
			   struct sns_token *out_token)
{
	enum err err = sns_token_decode(call->core->seal, call->arena, in->token, out_token);
	if (err == ERR_INVALID)
		return sns_invalid(call, "Token");
	if (err || out_token->expires_ms <= call->now_ms ||
	    !str_starts(out_token->subscription_arn, in->topic_arn) ||
	    str_slice(out_token->subscription_arn, in->topic_arn.size, 1).data[0] != ':')
		return fail(call, &SNS_INVALID_PARAMETER, "Invalid token");
	return ERR_OK;
}

static void set_confirmed(const struct call *call, const struct sns_confirm_subscription_in *in,
			  struct subscription *draft)
{
	bool is_signed = call->access_key_id.data || !call->core->signers.find;

	draft->is_pending = false;
	draft->is_authenticated = is_signed;
	draft->needs_unsubscribe_auth =
		is_signed && str_equal_nocase(in->authenticate_on_unsubscribe, STR("true"));
}

static enum err restore(struct call *call, const struct sns_confirm_subscription_in *in,
			const struct sns_token *token)
{
	struct sns_registry *registry = sns_of(call->core)->registry;
	struct subscription draft;

	if (!token->is_restore || token->record.size == 0 ||
	    sns_subscription_decode(call->arena, token->record, &draft) != ERR_OK)
		return fail(call, &SNS_INVALID_PARAMETER, "Invalid token");
	/* The endpoint may have subscribed again meanwhile. */
	const struct subscription *other = sns_keep_subscription(
		call, sns_registry_find_endpoint(registry, draft.topic_arn, draft.protocol,
						 draft.endpoint));
	if (other)
		return fail(call, &SNS_INVALID_PARAMETER, "Invalid token");
	draft.created_ms = call->now_ms;
	set_confirmed(call, in, &draft);
	return sns_subscription_put(call->core, &draft);
}

enum err sns_confirm_subscription(struct call *call, const struct sns_confirm_subscription_in *in,
				  struct sns_confirm_subscription_out *out)
{
	struct sns_registry *registry = sns_of(call->core)->registry;
	struct sns_token token;
	struct arn parts;

	/* The token is the permission: its holder reads what the endpoint gets. */
	enum err err = call_authorize_endpoint(call, STR("SNS:ConfirmSubscription"));
	if (err)
		return err;
	if (!arn_parse(in->topic_arn, &parts) || !str_equal(parts.service, STR("sns")))
		return sns_invalid(call, "Topic");
	/* Without a token, the answer does not depend on the topic. */
	err = open_token(call, in, &token);
	if (err)
		return err;
	const struct topic *topic =
		sns_keep_topic(call, sns_registry_find_topic(registry, in->topic_arn));
	if (!topic)
		return sns_invalid(call, "Topic");
	const struct subscription *subscription = sns_keep_subscription(
		call, sns_registry_find_subscription(registry, token.subscription_arn));
	if (!subscription) {
		err = restore(call, in, &token);
	} else if (subscription->is_pending) {
		struct subscription draft = sns_subscription_draft(subscription);
		set_confirmed(call, in, &draft);
		err = sns_subscription_put(call->core, &draft);
		if (!err)
			sns_replay_go_on(call->core, &draft);
	}
	if (!err)
		out->subscription_arn = token.subscription_arn;
	return err;
}
