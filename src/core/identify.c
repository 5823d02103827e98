/* SPDX-License-Identifier: MIT */
/*
 * identify: verifies the credential, or under --auth open accepts it without verification; then
 * sets the condition keys about the caller in the call.
 */
#include "core/identify.h"

#include "base/arn.h"
#include "core/keep.h"
#include "core/limit/penalty.h"
#include "core/limit/source.h"
#include "core/partition.h"
#include "core/seal/session_store.h"
#include "wire/credential.h"
#include "wire/route.h"

/* ---- where from ---- */

bool identify_endpoint(struct core *core, const struct net_request *request,
		       const struct endpoint **out_endpoint)
{
	*out_endpoint = NULL;
	if (!core->endpoints || request->listener < core->first_endpoint)
		return true;
	*out_endpoint = core->endpoints->hold(core, request->listener);
	return *out_endpoint != NULL;
}

static void release_endpoint(void *subject)
{
	struct call *call = subject;

	call->core->endpoints->release(call->endpoint);
}

void identify_origin(struct request_context *context, const struct endpoint *endpoint)
{
	struct call *call = &context->call;
	struct source source = source_of(context->request, call->core->proxies);

	call->asked.source_ip = source.ip;
	call->asked.is_secure = source.is_secure;
	call->asked.user_agent = context->request->http.fields[HTTP_FIELD_USER_AGENT];
	call->asked.referer = context->request->http.fields[HTTP_FIELD_REFERER];
	if (!endpoint)
		return;
	call->endpoint = endpoint;
	call->asked.source_vpce = endpoint->id;
	call->asked.source_vpc = endpoint->vpc;
	call_on_end(call, release_endpoint, call);
}

/* ---- caller ---- */

/* Takes over the reference. */
static void set_principal(struct call *call, const struct principal *principal)
{
	call->principal = call_keep_principal(call, principal);
	if (principal->account.size > 0)
		call->account = principal->account;
}

/* The root user of the account that a caller names, without verification. */
static const struct principal *root_of(struct dispatch_thread *thread, struct str account)
{
	if (!thread->root || !str_equal(thread->root->account, account)) {
		principal_release(thread->root);
		thread->root = principal_root(account);
	}
	return principal_hold(thread->root);
}

/* The principal behind a key that this server issued; ERR_NOTFOUND: another key. */
static enum err accept_key(struct call *call, struct str key_id, struct str token)
{
	struct signer_source signers = session_store_signers(call->core->sessions);
	struct signer signer = {0};

	switch (signers.find(signers.context, key_id, token, call->now_ms, &signer)) {
	case SIGNER_FOUND:
		signer_wipe(&signer);
		set_principal(call, signer.principal);
		return ERR_OK;
	case SIGNER_EXPIRED:
		return fail(call, &access_faults[ACCESS_EXPIRED_TOKEN],
			    "The security token included in the request is expired");
	case SIGNER_UNKNOWN:
		break;
	}
	return ERR_NOTFOUND;
}

/*
 * The account whose resources the caller means, from the credential, which open mode accepts
 * without verification: an account's number, or a key that this server issued.
 */
static enum err accept_unverified(struct request_context *context, const struct form *form)
{
	struct call *call = &context->call;
	struct str authorization = context->request->http.fields[HTTP_FIELD_AUTHORIZATION];
	struct str token = context->request->http.fields[HTTP_FIELD_X_AMZ_SECURITY_TOKEN];
	struct credential credential = {0};
	struct str account = call->account;
	struct str scope;

	if (authorization.data) {
		(void)credential_parse_header(authorization, &credential); /* absent is fine too */
	} else if (form_find(form, STR("X-Amz-Credential"), &scope)) {
		(void)credential_parse_scope(scope, &credential);
		(void)form_find(form, STR("X-Amz-Security-Token"), &token);
	}
	if (arn_is_region(credential.region))
		call->region = credential.region;
	if (arn_is_account(credential.access_key)) {
		account = credential.access_key;
	} else if (credential.access_key.size > 0) {
		enum err err = accept_key(call, credential.access_key, token);
		if (!err)
			call->access_key_id = credential.access_key;
		if (err != ERR_NOTFOUND)
			return err;
	}
	set_principal(call, root_of(context->thread, account));
	return ERR_OK;
}

enum err identify_verify(struct dispatch_thread *thread, struct net_request *request,
			 struct str body, struct str service, struct signature *out_signature,
			 const struct fault_type **out_fault, struct str *out_problem)
{
	struct signature_request signed_request = {
		.http = &request->http,
		.body = body,
		.service = service,
		.now_ms = clock_now_ms() - clock_offset_ms(),
	};

	return signature_verify(&request->arena, &thread->core->signers, &thread->signatures,
				&signed_request, out_signature, out_fault, out_problem);
}

void identify_slow_down(const struct core *core, struct net_request *request)
{
	uint32_t user;

	if (!core->penalty)
		return;
	struct str source = source_of(request, core->proxies).ip;
	if (!source.data && net_request_user_id(request, &user))
		source = arena_format(&request->arena, "unix:%u", user);
	net_request_hold(request, penalty_failed(core->penalty, source, clock_base_ms()));
}

void identify_dialect(struct request_context *context)
{
	const struct route_table *routes = &context->call.core->routes;
	const struct service *unused;
	const struct dialect *dialect = route_guess(routes, &context->request->http, &unused);

	context->call.dialect = dialect ? dialect : &dialect_query;
}

/* The operation is unknown so far, so the headers choose a fault's dialect. */
enum err identify_coded(struct request_context *context)
{
	struct call *call = &context->call;
	const struct http_request *http = &context->request->http;
	struct signature signature;

	if (!call->core->signers.find || !http->fields[HTTP_FIELD_CONTENT_ENCODING].data)
		return ERR_OK;
	identify_dialect(context);
	enum err err =
		identify_verify(context->thread, context->request, http->body, (struct str){0},
				&signature, &call->fault, &call->fault_text);
	if (!err)
		principal_release(signature.principal);
	return err;
}

/* An account, a principal's id, or the address of an anonymous caller. */
static struct str sender_of(const struct call *call)
{
	const struct principal *principal = call->principal;

	if (principal->type == PRINCIPAL_ROOT)
		return call->account;
	if (principal->type == PRINCIPAL_ANONYMOUS && call->asked.source_ip.data)
		return call->asked.source_ip;
	return principal->id;
}

/* Once the region is known. */
static void localize(struct call *call)
{
	const struct principal *found = call->principal;
	const struct principal *moved = partition_principal(call, principal_hold(found));

	if (moved != found)
		set_principal(call, moved);
	else
		principal_release(moved);
}

enum err identify(struct request_context *context, struct str body, const struct form *form)
{
	struct call *call = &context->call;
	struct str service =
		context->service ? service_signing_name(context->service) : (struct str){0};
	struct signature signature;
	enum err err;

	call->account = call->core->default_account;
	call->region = call->core->default_region;
	if (!call->core->signers.find) {
		err = accept_unverified(context, form);
		if (err)
			return err;
	} else if (identify_verify(context->thread, context->request, body, service, &signature,
				   &call->fault, &call->fault_text) == ERR_OK) {
		set_principal(call, signature.principal);
		call->access_key_id = signature.key_id;
		if (arn_is_region(signature.region))
			call->region = signature.region;
	} else if (call->fault == &access_faults[ACCESS_MISSING_TOKEN] && call->operation &&
		   call->operation->serves_anonymous) {
		set_principal(call, principal_hold(&principal_anonymous));
		call->fault = NULL;
	} else {
		return ERR_FAULT;
	}
	localize(call);
	if (call->access_key_id.size > 0)
		directory_note_use(call->core->directory, call->access_key_id, service,
				   call->region, call->now_ms);
	call->sender = sender_of(call);
	return ERR_OK;
}
