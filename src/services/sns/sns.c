/* SPDX-License-Identifier: MIT */
/* sns: starts and ends the service; functions that several of its modules need. */
#include "services/sns/state.h"

#include "api/handlers.h"
#include "api/sns.h"
#include "core/page.h"
#include "core/seal/kms.h"
#include "services/sns/change.h"
#include "services/sns/delivery.h"
#include "services/sns/gate.h"
#include "services/sns/locate.h"
#include "services/sns/metrics.h"
#include "services/sns/replay.h"
#include "services/sns/sign.h"
#include "services/sns/target.h"

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	(void)start;
	(void)out_problem;
	struct sns *sns = sns_of(core);
	uint8_t stream[16];

	uuid_new(stream);
	uuid_format(stream, sns->log_stream);
	sns->registry = sns_registry_new();
	enum err err = sns_signer_load(core);
	if (!err)
		err = sns_load(core);
	if (!err)
		sns_replays_open(core);
	return err;
}

static void stop(struct core *core)
{
	sns_replays_close(core);
	sns_gates_release(core);
	struct sns_signer *signer = atomic_exchange(&sns_of(core)->signer, NULL);

	sns_signer_free(&signer);
	sns_registry_free(&sns_of(core)->registry);
}

/* The first topic of an account. */
static bool take_first(void *context, const struct topic *topic)
{
	const struct topic **first = context;

	*first = sns_topic_hold(topic);
	return false;
}

static enum err reset(struct core *core, struct str account, uint64_t *count)
{
	struct sns_registry *registry = sns_of(core)->registry;
	const struct topic *topic;
	enum err err = ERR_OK;

	do {
		topic = NULL;
		sns_registry_each_topic(registry, account, (struct str){0}, STR(""), take_first,
					&topic);
		if (topic) {
			err = sns_topic_delete(core, topic);
			*count += 1;
		}
		sns_topic_release(topic);
	} while (topic && !err);
	return err;
}

enum err sns_page_open(struct call *call, struct str token, struct str *out_after)
{
	if (token.size == 0)
		return ERR_OK;
	if (page_token_open(call, token, LIMIT_PAGE_TOKEN_MS, out_after) != ERR_OK)
		return sns_invalid(call, "NextToken");
	return ERR_OK;
}

enum err sns_key_prepare(struct core *core, const struct topic *draft)
{
	if (draft->kms_key.size == 0)
		return ERR_OK;
	return core->kms->prepare(core, draft->account, draft->region, draft->kms_key);
}

static const struct obligation_kind *const obligations[] = {&sns_http_kind, &sns_mail_kind,
							    &sns_webhook_kind, &sns_target_kind};

const struct service_module sns_module = {
	.service = &sns_service,
	.bind = sns_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam kms sqs",
	.state_magic = 0x736e7331,
	.state_size = sizeof(struct sns),
	.start = start,
	.stop = stop,
	.reset = reset,
	.reset_name = "deleted_topics",
	.metrics = sns_metrics,
	.collect = sns_collect,
	.targets = &sns_target_provider,
	.pages = &sns_pages,
	.obligations = obligations,
	.obligation_count = sizeof(obligations) / sizeof(obligations[0]),
};
