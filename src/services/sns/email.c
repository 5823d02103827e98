/* SPDX-License-Identifier: MIT */
/*
 * email: notifications and confirmations by e-mail, which a worker hands to the relay.
 *
 * Without a relay e-mail waits, and the list of deliveries says why.
 */
#include "core/mail.h"
#include "core/worker.h"
#include "services/sns/delivery.h"
#include "services/sns/encrypt.h"

enum { HOLD_MS = 60 * 1000, PERMANENT_FROM = 500 };

struct mailing {
	struct work work;
	struct obligation_attempt *attempt;
	struct mail mail;
};

static enum obligation_step prepare_opened(struct obligation_attempt *attempt)
{
	struct sns_delivery *delivery;

	enum obligation_step step = sns_delivery_open(attempt, &delivery);
	if (step != OBLIGATION_READY)
		return step;
	attempt->is_own = true;
	if (mail_has_relay(attempt->core))
		return OBLIGATION_READY;
	attempt->failure.code = STR("NotConfigured");
	attempt->failure.text = STR("no mail server is configured (--smtp-relay)");
	attempt->hold_ms = HOLD_MS;
	return OBLIGATION_HOLD;
}

static enum obligation_step prepare(struct obligation_attempt *attempt)
{
	return sns_open_shared(attempt, prepare_opened);
}

static struct str subject_of(const struct sns_delivery *delivery)
{
	if (delivery->is_control)
		return delivery->is_unsubscribe
			       ? STR("AWS Notification - Unsubscribe Confirmation")
			       : STR("AWS Notification - Subscription Confirmation");
	return delivery->message.subject.data ? delivery->message.subject
					      : STR("AWS Notification Message");
}

static struct str body_of(struct obligation_attempt *attempt, const struct sns_delivery *delivery)
{
	if (delivery->is_control || delivery->protocol == SNS_PROTOCOL_EMAIL_JSON)
		return sns_delivery_body(attempt, delivery);
	return sns_envelope_email(attempt->arena, delivery->message.body, attempt->core->base_url,
				  delivery->subscription_arn);
}

static void answer(struct obligation_attempt *attempt, enum target_outcome outcome, struct str code,
		   struct str text)
{
	attempt->answer.target = (struct target_result){outcome, code, text, .id = STR("")};
	obligation_answered(attempt);
}

static void run(struct work *work, bool may_run)
{
	struct mailing *mailing = container_of(work, struct mailing, work);
	struct obligation_attempt *attempt = mailing->attempt;
	struct mail_result result;

	if (!may_run) {
		answer(attempt, TARGET_RETRY, STR("Stopped"), STR("the server stops"));
		return;
	}
	mail_send(attempt->core, attempt->arena, &mailing->mail, &result);
	attempt->answer.status = result.code;
	if (result.is_sent)
		answer(attempt, TARGET_DELIVERED, STR(""), result.text);
	else
		answer(attempt, result.code >= PERMANENT_FROM ? TARGET_FAILED : TARGET_RETRY,
		       STR("MailFailure"), result.text);
}

static void start(struct obligation_attempt *attempt)
{
	struct sns_delivery *delivery = attempt->state;
	struct mailing *mailing = arena_new(attempt->arena, struct mailing);

	mailing->attempt = attempt;
	mailing->mail = (struct mail){.id = delivery->id,
				      .to = delivery->endpoint,
				      .subject = subject_of(delivery),
				      .body = body_of(attempt, delivery)};
	mailing->work = (struct work){
		.run = run, .account = attempt->account, .size = mailing->mail.body.size};
	if (!worker_submit(attempt->core->workers, &mailing->work))
		answer(attempt, TARGET_RETRY, STR("Throttling"), STR("too much work waits"));
}

const struct obligation_kind sns_mail_kind = {
	.number = OBLIGATION_SNS_MAIL,
	.name = "sns-mail",
	.prepare = prepare,
	.start = start,
	.retry_ms = sns_delivery_retry_customer,
	.dead_letter = sns_delivery_dead_letter,
	.ended = sns_delivery_ended,
};
