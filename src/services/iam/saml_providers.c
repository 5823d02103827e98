/* SPDX-License-Identifier: MIT */
/*
 * saml_providers: SAML is not served. Accounts have no such providers, and none can be created; the
 * answers are those that AWS gives to an account without any.
 */
#include "base/arn.h"
#include "services/iam/common.h"

/* May the caller do that to the provider; then: there is none of that ARN. */
static enum err open_missing(struct call *call, struct str text)
{
	struct arn arn;

	if (!arn_parse(text, &arn))
		return fail(call, &IAM_VALIDATION_ERROR, "Invalid ARN:  Could not be parsed!");
	if (!str_starts(arn.resource, STR("saml-provider/")))
		return fail(call, &IAM_INVALID_INPUT, "ARN %.*s is not valid.", STR_ARG(text));
	struct resource resource = {.arn = text, .account = arn.account};
	enum err err = call_authorize(call, call->operation->action, &resource);
	if (err)
		return err;
	return fail(call, &IAM_NO_SUCH_ENTITY, "Manifest not found for arn %.*s", STR_ARG(text));
}

enum err iam_create_saml_provider(struct call *call, const struct iam_create_saml_provider_in *in,
				  struct iam_create_saml_provider_out *out)
{
	struct resource resource = {.account = call->account};

	(void)out;
	resource.arn = arn_make(call->arena, STR("iam"), STR(""), call->account,
				arena_format(call->arena, "saml-provider/%.*s", STR_ARG(in->name)));
	iam_ask_about_tags(call, in->tags, in->tags_count);
	enum err err = call_authorize(call, call->operation->action, &resource);
	if (err)
		return err;
	return fail(call, &IAM_INVALID_INPUT,
		    "SAML providers are not supported by this server. OpenID Connect providers "
		    "are: CreateOpenIDConnectProvider.");
}

enum err iam_get_saml_provider(struct call *call, const struct iam_get_saml_provider_in *in,
			       struct iam_get_saml_provider_out *out)
{
	(void)out;
	return open_missing(call, in->saml_provider_arn);
}

enum err iam_update_saml_provider(struct call *call, const struct iam_update_saml_provider_in *in,
				  struct iam_update_saml_provider_out *out)
{
	(void)out;
	return open_missing(call, in->saml_provider_arn);
}

enum err iam_delete_saml_provider(struct call *call, const struct iam_delete_saml_provider_in *in,
				  struct iam_delete_saml_provider_out *out)
{
	(void)out;
	return open_missing(call, in->saml_provider_arn);
}

enum err iam_list_saml_providers(struct call *call, const struct iam_list_saml_providers_in *in,
				 struct iam_list_saml_providers_out *out)
{
	(void)in;
	(void)out;
	return call_authorize_any(call, call->operation->action);
}
