/* SPDX-License-Identifier: MIT */
/*
 * assume: AssumeRole. The trust policy of the role must allow the caller; the caller's own policies
 * count as for any resource.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html
 */
#include "base/arn.h"
#include "core/keep.h"
#include "services/sts/grant.h"

/* One AssumeRole on its way. */
struct assuming {
	struct call *call;
	const struct sts_assume_role_in *in;
	const struct directory_entity *role;
	struct session session;
};

/* ---- may it ---- */

static enum err denied(const struct assuming *assuming, struct str action)
{
	struct call *call = assuming->call;

	return fail(call, &call->operation->service->denied,
		    "User: %.*s is not authorized to perform: %.*s on resource: %.*s",
		    STR_ARG(call->principal->arn), STR_ARG(action),
		    STR_ARG(assuming->in->role_arn));
}

/* A missing role is refused like a role that does not allow the caller. */
static enum err find_role(struct assuming *assuming)
{
	struct call *call = assuming->call;

	enum err err = sts_check_role_arn(call, assuming->in->role_arn);
	if (err)
		return err;
	assuming->role = call_keep_entity(
		call, directory_find_arn(call->core->directory, assuming->in->role_arn));
	if (!assuming->role || assuming->role->kind != DIRECTORY_ROLE)
		return denied(assuming, STR("sts:AssumeRole"));
	assuming->session.account = assuming->role->account;
	assuming->session.entity_id = assuming->role->id;
	return ERR_OK;
}

static enum err ask(const struct assuming *assuming, struct str action)
{
	struct resource resource = authorize_role_resource(assuming->role);

	enum err err = call_authorize(assuming->call, action, &resource);
	/* AWS gives no reason here. */
	return err == ERR_FAULT ? denied(assuming, action) : err;
}

static void add_text_key(struct call *call, struct str name, struct str value)
{
	struct str *values;

	if (!value.data)
		return;
	values = arena_new(call->arena, struct str);
	*values = value;
	call_add_key(call, name, values, 1);
}

/* IAM has its own condition key for a role's tags, beside aws:ResourceTag. */
static void add_role_tags(const struct assuming *assuming)
{
	const struct directory_entity *role = assuming->role;
	struct call *call = assuming->call;

	for (size_t i = 0; i < role->tag_count; i++)
		add_text_key(call,
			     arena_format(call->arena, "iam:ResourceTag/%.*s",
					  STR_ARG(role->tags[i].key)),
			     role->tags[i].value);
}

static enum err authorize(struct assuming *assuming)
{
	struct call *call = assuming->call;
	const struct sts_assume_role_in *in = assuming->in;
	const struct session *session = &assuming->session;

	add_role_tags(assuming);
	add_text_key(call, STR("sts:ExternalId"), in->external_id);
	add_text_key(call, STR("sts:RoleSessionName"), in->role_session_name);
	if (session->source_identity.size > 0)
		add_text_key(call, STR("sts:SourceIdentity"), session->source_identity);
	if (in->transitive_tag_keys_count > 0)
		call_add_key(call, STR("sts:TransitiveTagKeys"), in->transitive_tag_keys,
			     in->transitive_tag_keys_count);
	call_set_request_tags(call, session->tags, session->tag_count);
	if (call->core->is_enforcing && call->principal->type == PRINCIPAL_ROOT)
		return fail(call, &call->operation->service->denied,
			    "Roles may not be assumed by root accounts.");
	enum err err = ask(assuming, STR("sts:AssumeRole"));
	if (!err && session->tag_count > 0)
		err = ask(assuming, STR("sts:TagSession"));
	if (!err && session->source_identity.size > 0)
		err = ask(assuming, STR("sts:SetSourceIdentity"));
	return err;
}

/* ---- tags and identity that a session hands on ---- */

static bool has_key(const struct shape_pair *tags, size_t count, struct str key, size_t *out_index)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal_nocase(tags[i].key, key)) {
			*out_index = i;
			return true;
		}
	}
	return false;
}

static void swap(struct shape_pair *a, struct shape_pair *b)
{
	struct shape_pair kept = *a;

	*a = *b;
	*b = kept;
}

/* Moves the named ones to the front: they are the transitive ones. */
static enum err mark_transitive(struct assuming *assuming, struct shape_pair *tags)
{
	const struct sts_assume_role_in *in = assuming->in;
	struct session *session = &assuming->session;
	size_t index;

	for (size_t i = 0; i < in->transitive_tag_keys_count; i++) {
		if (!has_key(tags, session->tag_count, in->transitive_tag_keys[i], &index))
			return fail(assuming->call, &STS_INVALID_PARAMETER_VALUE,
				    "The specified transitive tag key must be included in the "
				    "requested tags.");
		if (index >= session->transitive_count)
			swap(&tags[index], &tags[session->transitive_count++]);
	}
	return ERR_OK;
}

/* The transitive tags of the caller's session stay transitive, and cannot be changed. */
static enum err join_tags(struct assuming *assuming)
{
	const struct principal *caller = assuming->call->principal;
	struct session *session = &assuming->session;
	size_t passed_count = session->tag_count, index;
	struct shape_pair *tags = arena_array(assuming->call->arena, struct shape_pair,
					      caller->transitive_tag_count + passed_count);

	for (size_t i = 0; i < caller->transitive_tag_count; i++) {
		tags[i] = caller->tags[i];
		if (has_key(session->tags, passed_count, tags[i].key, &index))
			return fail(assuming->call, &STS_INVALID_PARAMETER_VALUE,
				    "One of the specified transitive tag keys can't be set because "
				    "it conflicts with a transitive tag key from the calling "
				    "session.");
	}
	session->transitive_count = caller->transitive_tag_count;
	for (size_t i = 0; i < passed_count; i++)
		tags[session->transitive_count + i] = session->tags[i];
	session->tags = tags;
	session->tag_count = session->transitive_count + passed_count;
	return mark_transitive(assuming, tags);
}

/* A source identity stays, through all sessions that this one begins. */
static enum err join_source_identity(struct assuming *assuming)
{
	struct str earlier = assuming->call->principal->source_identity;
	struct str asked = assuming->in->source_identity;

	if (earlier.size > 0 && asked.data && !str_equal(earlier, asked))
		return denied(assuming, STR("sts:SetSourceIdentity"));
	assuming->session.source_identity = earlier.size > 0 ? earlier : asked;
	return ERR_OK;
}

/* ---- the answer ---- */

static void answer(struct assuming *assuming, int64_t seconds, int64_t percent,
		   struct sts_assume_role_out *out)
{
	struct call *call = assuming->call;
	struct session *session = &assuming->session;

	out->credentials = sts_issue(call, session, seconds);
	out->assumed_role_user = sts_show_role_user(call, assuming->role, session);
	out->packed_policy_size = percent;
	out->has_packed_policy_size = percent > 0;
	if (session->source_identity.size > 0)
		out->source_identity = session->source_identity;
}

enum err sts_assume_role(struct call *call, const struct sts_assume_role_in *in,
			 struct sts_assume_role_out *out)
{
	struct assuming assuming = {
		.call = call,
		.in = in,
		.session = {.kind = SESSION_ROLE, .name = in->role_session_name},
	};
	struct sts_passed passed = {in->policy, in->policy_arns, in->policy_arns_count, in->tags,
				    in->tags_count};
	int64_t seconds = 0, percent = 0, mfa_ms = 0;

	enum err err = sts_check_mfa(call, in->serial_number, in->token_code, &mfa_ms);
	/* Checks that do not depend on the role come first, so that they reveal nothing about
	 * one. */
	if (!err)
		err = sts_take_passed(call, &passed, &assuming.session);
	if (!err)
		err = join_tags(&assuming);
	if (!err)
		err = join_source_identity(&assuming);
	if (!err)
		err = find_role(&assuming);
	if (!err)
		sts_add_mfa_keys(call,
				 mfa_ms); /* for the trust policy; the session has no MFA keys */
	if (!err)
		err = authorize(&assuming);
	if (!err)
		err = sts_check_managed(call, &assuming.session);
	if (!err)
		err = sts_role_seconds(call, assuming.role, in->has_duration_seconds,
				       in->duration_seconds, &seconds);
	if (!err)
		err = sts_check_packed(call, &assuming.session, &percent);
	if (!err)
		answer(&assuming, seconds, percent, out);
	return err;
}
