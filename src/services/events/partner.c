/* SPDX-License-Identifier: MIT */
/*
 * partner: partner event sources, which SaaS partners create for other accounts. No account of this
 * server is a partner, so none has sources: the operations of partners are disabled, and those of
 * other accounts find nothing.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-saas.html
 */
#include "api/events.h"
#include "base/arn.h"
#include "core/authorize.h"

static enum err authorize(struct call *call, struct str name)
{
	struct resource resource = {
		.arn = arn_make(call->arena, STR("events"), call->region, STR(""),
				arena_format(call->arena, "event-source/%.*s", STR_ARG(name))),
		.account = call->account,
	};

	return call_authorize(call, call->operation->action, &resource);
}

/* Of an account that has no such source. */
static enum err find(struct call *call, struct str name)
{
	enum err err = authorize(call, name);

	return err ? err
		   : fail(call, &EVENTS_RESOURCE_NOT_FOUND, "Event source %.*s does not exist.",
			  STR_ARG(name));
}

/* Of partners; data NULL: the operation names no source. */
static enum err disable(struct call *call, struct str name)
{
	enum err err = name.data ? authorize(call, name)
				 : call_authorize_any(call, call->operation->action);

	return err ? err
		   : fail(call, &EVENTS_OPERATION_DISABLED,
			  "%.*s is for SaaS partners of EventBridge; this account is none.",
			  STR_ARG(call->operation->name));
}

enum err events_activate_event_source(struct call *call,
				      const struct events_activate_event_source_in *in,
				      struct events_activate_event_source_out *out)
{
	(void)out;
	return find(call, in->name);
}

enum err events_deactivate_event_source(struct call *call,
					const struct events_deactivate_event_source_in *in,
					struct events_deactivate_event_source_out *out)
{
	(void)out;
	return find(call, in->name);
}

enum err events_describe_event_source(struct call *call,
				      const struct events_describe_event_source_in *in,
				      struct events_describe_event_source_out *out)
{
	(void)out;
	return find(call, in->name);
}

enum err events_list_event_sources(struct call *call, const struct events_list_event_sources_in *in,
				   struct events_list_event_sources_out *out)
{
	(void)in;
	(void)out;
	return call_authorize_any(call, STR("events:ListEventSources"));
}

enum err events_create_partner_event_source(struct call *call,
					    const struct events_create_partner_event_source_in *in,
					    struct events_create_partner_event_source_out *out)
{
	(void)out;
	return disable(call, in->name);
}

enum err events_delete_partner_event_source(struct call *call,
					    const struct events_delete_partner_event_source_in *in,
					    struct events_delete_partner_event_source_out *out)
{
	(void)out;
	return disable(call, in->name);
}

enum err
events_describe_partner_event_source(struct call *call,
				     const struct events_describe_partner_event_source_in *in,
				     struct events_describe_partner_event_source_out *out)
{
	(void)out;
	return disable(call, in->name);
}

enum err events_list_partner_event_source_accounts(
	struct call *call, const struct events_list_partner_event_source_accounts_in *in,
	struct events_list_partner_event_source_accounts_out *out)
{
	(void)out;
	return disable(call, in->event_source_name);
}

enum err events_list_partner_event_sources(struct call *call,
					   const struct events_list_partner_event_sources_in *in,
					   struct events_list_partner_event_sources_out *out)
{
	(void)in;
	(void)out;
	return disable(call, (struct str){0});
}

enum err events_put_partner_events(struct call *call, const struct events_put_partner_events_in *in,
				   struct events_put_partner_events_out *out)
{
	(void)in;
	(void)out;
	return disable(call, (struct str){0});
}
