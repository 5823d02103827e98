/* SPDX-License-Identifier: MIT */
/* permissions: PutPermission and RemovePermission, which edit the policy of an event bus. */
#include "core/policies.h"
#include "core/policy_document.h"
#include "services/events/change.h"
#include "services/events/place.h"

/* An empty text takes the policy away. */
static enum err set_policy(struct call *call, const struct events_place *place, struct str text)
{
	struct events_bus draft = events_bus_draft(place->bus);
	const struct policy *policy = NULL;
	struct str problem;
	enum err err = ERR_OK;

	if (text.size > LIMIT_EVENTS_POLICY_SIZE)
		return fail(call, &EVENTS_POLICY_LENGTH_EXCEEDED,
			    "The policy of an event bus may have at most %d bytes.",
			    LIMIT_EVENTS_POLICY_SIZE);
	if (text.size > 0)
		err = policies_compile(call, text, POLICY_RESOURCE, &policy, &problem);
	if (err == ERR_INVALID || err == ERR_NOTFOUND)
		return fail(call, &EVENTS_VALIDATION, "Parameter Policy is not valid. Reason: %.*s",
			    STR_ARG(problem));
	if (err)
		return err;
	draft.policy = policy;
	draft.modified_ms = call->now_ms;
	if (draft.created_ms == 0)
		draft.created_ms = call->now_ms;
	err = events_bus_change(call->core, &draft);
	policy_release(policy);
	return err;
}

static struct str policy_of(const struct events_bus *bus)
{
	return bus->policy ? policy_text(bus->policy) : STR("");
}

static enum err check_statement(struct call *call, const struct events_put_permission_in *in)
{
	const char *missing = !in->action.data	       ? "Action"
			      : !in->principal.data    ? "Principal"
			      : !in->statement_id.data ? "StatementId"
						       : NULL;

	if (missing)
		return fail(call, &EVENTS_VALIDATION, "Parameter(s) %s must be specified.",
			    missing);
	if (!str_equal(in->action, STR("events:PutEvents")))
		return fail(call, &EVENTS_VALIDATION,
			    "Provided value in parameter 'action' is not supported.");
	if (str_equal(in->principal, STR("*")) || in->principal.size == 12)
		return ERR_OK;
	return fail(call, &EVENTS_VALIDATION,
		    "Provided value in parameter 'principal' is not valid.");
}

static struct str principal_of(struct call *call, struct str principal)
{
	if (str_equal(principal, STR("*")))
		return principal;
	return arn_root(call->arena, call->region, principal);
}

/* The statement's text as AWS writes it. */
static struct str statement_of(struct call *call, const struct events_put_permission_in *in,
			       struct str bus_arn)
{
	struct str principal = principal_of(call, in->principal);
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	json_open_object(&writer);
	json_key(&writer, STR("Sid"));
	json_str(&writer, in->statement_id);
	json_key(&writer, STR("Effect"));
	json_str(&writer, STR("Allow"));
	json_key(&writer, STR("Principal"));
	if (str_equal(principal, STR("*"))) {
		json_str(&writer, principal);
	} else {
		json_open_object(&writer);
		json_key(&writer, STR("AWS"));
		json_str(&writer, principal);
		json_close_object(&writer);
	}
	json_key(&writer, STR("Action"));
	json_str(&writer, in->action);
	json_key(&writer, STR("Resource"));
	json_str(&writer, bus_arn);
	if (in->condition) {
		json_key(&writer, STR("Condition"));
		json_open_object(&writer);
		json_key(&writer, in->condition->type);
		json_open_object(&writer);
		json_key(&writer, in->condition->key);
		json_str(&writer, in->condition->value);
		json_close_object(&writer);
		json_close_object(&writer);
	}
	json_close_object(&writer);
	struct str text = arena_copy(call->arena, buf_str(&out));
	buf_done(&out);
	return text;
}

enum err events_put_permission(struct call *call, const struct events_put_permission_in *in,
			       struct events_put_permission_out *out)
{
	struct events_place place;

	(void)out;
	enum err err = events_place_of_call(call, in->event_bus_name, &place);
	if (!err)
		err = events_authorize_bus(call, STR("events:PutPermission"), &place);
	if (err)
		return err;
	if (in->policy.data)
		return set_policy(call, &place, in->policy);
	err = check_statement(call, in);
	if (err)
		return err;
	struct policy_document *document =
		policy_document_open(policy_of(place.bus), STR("2012-10-17"), (struct str){0});
	(void)policy_document_remove(document, in->statement_id); /* it is replaced */
	policy_document_add(document, statement_of(call, in, place.bus->arn));
	struct str text = policy_document_text(document, call->arena);
	policy_document_close(&document);
	return set_policy(call, &place, text);
}

enum err events_remove_permission(struct call *call, const struct events_remove_permission_in *in,
				  struct events_remove_permission_out *out)
{
	struct events_place place;

	(void)out;
	enum err err = events_place_of_call(call, in->event_bus_name, &place);
	if (!err)
		err = events_authorize_bus(call, STR("events:RemovePermission"), &place);
	if (err)
		return err;
	if (in->remove_all_permissions)
		return set_policy(call, &place, STR(""));
	if (!in->statement_id.data)
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter(s) StatementId must be specified.");
	struct policy_document *document =
		policy_document_open(policy_of(place.bus), STR("2012-10-17"), (struct str){0});
	bool is_removed = policy_document_remove(document, in->statement_id);
	struct str text = STR("");
	if (policy_document_count(document) > 0)
		text = policy_document_text(document, call->arena);
	policy_document_close(&document);
	if (!is_removed)
		return fail(call, &EVENTS_RESOURCE_NOT_FOUND,
			    "Statement with the provided id does not exist.");
	return set_policy(call, &place, text);
}
