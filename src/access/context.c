/* SPDX-License-Identifier: MIT */
/* context: a table of names, and a switch that finds each key's value in the request. */
#include "access/context.h"

static const struct {
	struct str name;
	enum context_key key;
} names[] = {
	{STR_INIT("CalledVia"), CONTEXT_CALLED_VIA},
	{STR_INIT("CalledViaFirst"), CONTEXT_CALLED_VIA_FIRST},
	{STR_INIT("CalledViaLast"), CONTEXT_CALLED_VIA_LAST},
	{STR_INIT("CurrentTime"), CONTEXT_CURRENT_TIME},
	{STR_INIT("EpochTime"), CONTEXT_EPOCH_TIME},
	{STR_INIT("FederatedProvider"), CONTEXT_FEDERATED_PROVIDER},
	{STR_INIT("MultiFactorAuthAge"), CONTEXT_MFA_AGE},
	{STR_INIT("MultiFactorAuthPresent"), CONTEXT_MFA_PRESENT},
	{STR_INIT("PrincipalAccount"), CONTEXT_PRINCIPAL_ACCOUNT},
	{STR_INIT("PrincipalArn"), CONTEXT_PRINCIPAL_ARN},
	{STR_INIT("PrincipalIsAWSService"), CONTEXT_PRINCIPAL_IS_SERVICE},
	{STR_INIT("PrincipalServiceName"), CONTEXT_PRINCIPAL_SERVICE_NAME},
	{STR_INIT("PrincipalServiceNamesList"), CONTEXT_PRINCIPAL_SERVICE_NAMES},
	{STR_INIT("PrincipalType"), CONTEXT_PRINCIPAL_TYPE},
	{STR_INIT("Referer"), CONTEXT_REFERER},
	{STR_INIT("RequestedRegion"), CONTEXT_REQUESTED_REGION},
	{STR_INIT("ResourceAccount"), CONTEXT_RESOURCE_ACCOUNT},
	{STR_INIT("SecureTransport"), CONTEXT_SECURE_TRANSPORT},
	{STR_INIT("SourceAccount"), CONTEXT_SOURCE_ACCOUNT},
	{STR_INIT("SourceArn"), CONTEXT_SOURCE_ARN},
	{STR_INIT("SourceIdentity"), CONTEXT_SOURCE_IDENTITY},
	{STR_INIT("SourceIp"), CONTEXT_SOURCE_IP},
	{STR_INIT("SourceOwner"), CONTEXT_SOURCE_OWNER},
	{STR_INIT("SourceVpc"), CONTEXT_SOURCE_VPC},
	{STR_INIT("SourceVpce"), CONTEXT_SOURCE_VPCE},
	{STR_INIT("TagKeys"), CONTEXT_TAG_KEYS},
	{STR_INIT("TokenAge"), CONTEXT_TOKEN_AGE},
	{STR_INIT("TokenIssueTime"), CONTEXT_TOKEN_ISSUE_TIME},
	{STR_INIT("UserAgent"), CONTEXT_USER_AGENT},
	{STR_INIT("userid"), CONTEXT_USER_ID},
	{STR_INIT("username"), CONTEXT_USER_NAME},
	{STR_INIT("ViaAWSService"), CONTEXT_VIA_SERVICE},
	{STR_INIT("VpcSourceIp"), CONTEXT_VPC_SOURCE_IP},
	{STR_INIT("PrincipalTag/"), CONTEXT_PRINCIPAL_TAG},
	{STR_INIT("RequestTag/"), CONTEXT_REQUEST_TAG},
	{STR_INIT("ResourceTag/"), CONTEXT_RESOURCE_TAG},
};

struct context_name context_name_of(struct str text)
{
	struct context_name name = {.text = text};
	struct str rest = text;

	if (!str_equal_nocase(str_cut(&rest, ':'), STR("aws")))
		return name;
	size_t slash = str_find_char(rest, '/', 0);
	struct str plain = slash == SIZE_MAX ? rest : str_slice(rest, 0, slash + 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal_nocase(plain, names[i].name)) {
			name.key = names[i].key;
			name.tag = str_slice(rest, plain.size, rest.size);
			break;
		}
	return name;
}

static bool give(struct context_values *out, struct str text)
{
	out->single = text;
	out->texts = &out->single;
	out->count = 1;
	return text.data != NULL;
}

static bool give_bool(struct context_values *out, bool value)
{
	return give(out, value ? STR("true") : STR("false"));
}

static bool give_time(struct context_values *out, int64_t at_ms)
{
	return give(out, str_of(out->made, (size_t)clock_format_iso(at_ms, out->made)));
}

static bool give_seconds(struct context_values *out, int64_t at_ms)
{
	char *place = out->made + sizeof(out->made);
	uint64_t seconds = at_ms > 0 ? (uint64_t)at_ms / 1000 : 0;

	do {
		*--place = (char)('0' + seconds % 10);
		seconds /= 10;
	} while (seconds > 0);
	return give(out, str_of(place, (size_t)(out->made + sizeof(out->made) - place)));
}

static bool give_tag(struct context_values *out, const struct shape_pair *tags, size_t count,
		     struct str key)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal_nocase(tags[i].key, key))
			return give(out, tags[i].value);
	return false;
}

/* If a request tag is given twice, the last value is stored. */
static bool give_last_tag(struct context_values *out, const struct shape_pair *tags, size_t count,
			  struct str key)
{
	for (size_t i = count; i > 0; i--)
		if (str_equal_nocase(tags[i - 1].key, key))
			return give(out, tags[i - 1].value);
	return false;
}

static bool give_if(struct context_values *out, bool is_there, struct str text)
{
	return is_there && give(out, text);
}

static struct str type_text(enum principal_type type)
{
	switch (type) {
	case PRINCIPAL_ANONYMOUS:
		return STR("Anonymous");
	case PRINCIPAL_ROOT:
		return STR("Account");
	case PRINCIPAL_USER:
		return STR("User");
	case PRINCIPAL_ROLE_SESSION:
		return STR("AssumedRole");
	case PRINCIPAL_FEDERATED_USER:
		return STR("FederatedUser");
	case PRINCIPAL_SERVICE:
		break;
	}
	return (struct str){0};
}

static bool find_of_principal(const struct principal *principal, const struct context_name *name,
			      struct context_values *out)
{
	bool is_service = principal->type == PRINCIPAL_SERVICE;
	bool is_anonymous = principal->type == PRINCIPAL_ANONYMOUS;
	bool has_account = !is_service && !is_anonymous;

	switch (name->key) {
	case CONTEXT_MFA_PRESENT: /* long-term credentials do not have it */
		return principal->token_issued_ms > 0 && give_bool(out, principal->mfa_ms > 0);
	case CONTEXT_FEDERATED_PROVIDER:
		return give_if(out, principal->provider.size > 0, principal->provider);
	case CONTEXT_PRINCIPAL_ACCOUNT:
		return give_if(out, has_account, principal->account);
	case CONTEXT_PRINCIPAL_ARN:
		return give_if(out, has_account, principal->entity_arn);
	case CONTEXT_PRINCIPAL_IS_SERVICE:
		return !is_anonymous && give_bool(out, is_service);
	case CONTEXT_PRINCIPAL_SERVICE_NAME:
	case CONTEXT_PRINCIPAL_SERVICE_NAMES:
		return give_if(out, is_service, principal->arn);
	case CONTEXT_PRINCIPAL_TYPE:
		return give(out, type_text(principal->type));
	case CONTEXT_SOURCE_IDENTITY:
		return give_if(out, principal->source_identity.size > 0,
			       principal->source_identity);
	case CONTEXT_TOKEN_ISSUE_TIME:
		return principal->token_issued_ms > 0 && give_time(out, principal->token_issued_ms);
	case CONTEXT_USER_ID:
		return is_anonymous ? give(out, STR("anonymous"))
				    : give_if(out, principal->id.size > 0, principal->id);
	case CONTEXT_USER_NAME:
		return give_if(out, principal->name.size > 0, principal->name);
	default:
		return give_tag(out, principal->tags, principal->tag_count, name->tag);
	}
}

static bool find_of_source(const struct policy_request *request, const struct context_name *name,
			   struct context_values *out)
{
	bool is_private = request->source_vpce.data != NULL;

	switch (name->key) {
	case CONTEXT_SOURCE_ACCOUNT:
		return give(out, request->source_account);
	case CONTEXT_SOURCE_ARN:
		return give(out, request->source_arn);
	case CONTEXT_SOURCE_IP:
		return give_if(out, !is_private, request->source_ip);
	case CONTEXT_SOURCE_OWNER: /* of the client that a service acts for, or of the caller itself
				    */
		return request->source_account.data
			       ? give(out, request->source_account)
			       : give_if(out, request->principal->account.size > 0,
					 request->principal->account);
	case CONTEXT_SOURCE_VPC:
		return give(out, request->source_vpc);
	case CONTEXT_SOURCE_VPCE:
		return give(out, request->source_vpce);
	default: /* CONTEXT_VPC_SOURCE_IP */
		return give_if(out, is_private, request->source_ip);
	}
}

/* A decision that depends on the time may be another at the next request. */
static int64_t time_of(const struct policy_request *request)
{
	if (request->steps)
		request->steps->has_time = true;
	return request->now_ms;
}

static bool find_known(const struct policy_request *request, const struct context_name *name,
		       struct context_values *out)
{
	switch (name->key) {
	case CONTEXT_OTHER:
		return false;
	case CONTEXT_CALLED_VIA:
	case CONTEXT_CALLED_VIA_FIRST:
	case CONTEXT_CALLED_VIA_LAST:
		return give(out, request->via_service);
	case CONTEXT_VIA_SERVICE:
		return give_bool(out, request->via_service.data != NULL);
	case CONTEXT_CURRENT_TIME:
		return give_time(out, time_of(request));
	case CONTEXT_EPOCH_TIME:
		return give_seconds(out, time_of(request));
	case CONTEXT_TOKEN_AGE: /* in seconds */
		return request->principal->token_issued_ms > 0 &&
		       give_seconds(out, time_of(request) - request->principal->token_issued_ms);
	case CONTEXT_MFA_AGE: /* in seconds */
		return request->principal->mfa_ms > 0 &&
		       give_seconds(out, time_of(request) - request->principal->mfa_ms);
	case CONTEXT_REFERER:
		return give(out, request->referer);
	case CONTEXT_USER_AGENT:
		return give(out, request->user_agent);
	case CONTEXT_REQUESTED_REGION:
		return give(out, request->region);
	case CONTEXT_RESOURCE_ACCOUNT:
		return give_if(out, request->resource_account.size > 0, request->resource_account);
	case CONTEXT_SECURE_TRANSPORT:
		return give_bool(out, request->is_secure);
	case CONTEXT_TAG_KEYS:
		out->texts = NULL;
		out->pairs = request->request_tags;
		out->count = request->request_tag_count;
		return out->count > 0;
	case CONTEXT_REQUEST_TAG:
		return give_last_tag(out, request->request_tags, request->request_tag_count,
				     name->tag);
	case CONTEXT_RESOURCE_TAG:
		return give_tag(out, request->resource_tags, request->resource_tag_count,
				name->tag);
	case CONTEXT_SOURCE_ACCOUNT:
	case CONTEXT_SOURCE_ARN:
	case CONTEXT_SOURCE_IP:
	case CONTEXT_SOURCE_OWNER:
	case CONTEXT_SOURCE_VPC:
	case CONTEXT_SOURCE_VPCE:
	case CONTEXT_VPC_SOURCE_IP:
		return find_of_source(request, name, out);
	default:
		return find_of_principal(request->principal, name, out);
	}
}

/* Names are compared one by one; most differ in size. */
static size_t steps_of_names(const struct policy_request *request, const struct context_name *name)
{
	size_t count = request->key_count;

	if (name->key == CONTEXT_PRINCIPAL_TAG)
		count += request->principal->tag_count;
	else if (name->key == CONTEXT_REQUEST_TAG)
		count += request->request_tag_count;
	else if (name->key == CONTEXT_RESOURCE_TAG)
		count += request->resource_tag_count;
	return 1 + count / 2;
}

bool context_find(const struct policy_request *request, const struct context_name *name,
		  struct context_values *out_values)
{
	if (!steps_take(request->steps, steps_of_names(request, name)))
		return false;
	for (size_t i = 0; i < request->key_count; i++)
		if (str_equal_nocase(request->keys[i].name, name->text)) {
			out_values->texts = request->keys[i].values;
			out_values->count = request->keys[i].count;
			return out_values->count > 0;
		}
	return find_known(request, name, out_values);
}
