/* SPDX-License-Identifier: MIT */
/*
 * oidc_providers: the OpenID Connect providers of an account. access/issuers.h verifies the tokens
 * of a provider. Thumbprints are stored but never compared, as the server fetches no certificate of
 * a provider.
 */
#include <string.h>

#include "services/iam/store.h"
#include "services/iam/view.h"

#define SCHEME STR("https://")

/* A host, and perhaps a port and a path; neither a query nor a fragment. */
static enum err check_url(struct call *call, struct str url)
{
	bool is_valid =
		str_starts(url, SCHEME) && url.size > SCHEME.size && url.data[SCHEME.size] != '/';

	for (size_t i = 0; i < url.size; i++)
		is_valid &= url.data[i] > ' ' && url.data[i] <= '~' && !strchr("?#*", url.data[i]);
	if (is_valid)
		return ERR_OK;
	return fail(call, &IAM_VALIDATION_ERROR, "Invalid Open ID Connect Provider URL");
}

static enum err check_thumbprints(struct call *call, size_t count)
{
	if (count <= LIMIT_IAM_THUMBPRINTS)
		return ERR_OK;
	return fail(call, &IAM_INVALID_INPUT, "Thumbprint list must contain fewer than %d entries.",
		    LIMIT_IAM_THUMBPRINTS);
}

static enum err check_client_ids(struct call *call, size_t count)
{
	if (count <= LIMIT_IAM_CLIENT_IDS)
		return ERR_OK;
	return fail(call, &IAM_LIMIT_EXCEEDED,
		    "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d",
		    LIMIT_IAM_CLIENT_IDS);
}

/* An answer's list. */
static struct str *show_texts(struct call *call, struct directory_texts texts, size_t *out_count)
{
	struct str *items = iam_array(call, struct str, texts.count);

	for (size_t i = 0; i < texts.count; i++)
		items[i] = texts.items[i];
	*out_count = texts.count;
	return items;
}

enum err
iam_create_open_id_connect_provider(struct call *call,
				    const struct iam_create_open_id_connect_provider_in *in,
				    struct iam_create_open_id_connect_provider_out *out)
{
	struct directory_entity draft;

	enum err err = check_url(call, in->url);
	if (!err)
		err = check_thumbprints(call, in->thumbprint_list_count);
	if (!err)
		err = check_client_ids(call, in->client_id_list_count);
	if (!err)
		err = iam_draft_new(call, DIRECTORY_OIDC_PROVIDER, (struct str){0},
				    str_slice(in->url, SCHEME.size, SIZE_MAX), in->tags,
				    in->tags_count, &draft);
	if (err)
		return err;
	draft.lists[DIRECTORY_CLIENT_IDS] =
		(struct directory_texts){in->client_id_list, in->client_id_list_count};
	draft.lists[DIRECTORY_THUMBPRINTS] =
		(struct directory_texts){in->thumbprint_list, in->thumbprint_list_count};
	err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->open_id_connect_provider_arn = draft.arn;
	out->tags = iam_show_tags(call, &draft, &out->tags_count);
	return ERR_OK;
}

enum err iam_get_open_id_connect_provider(struct call *call,
					  const struct iam_get_open_id_connect_provider_in *in,
					  struct iam_get_open_id_connect_provider_out *out)
{
	const struct directory_entity *provider;

	enum err err = iam_open_arn(call, DIRECTORY_OIDC_PROVIDER, in->open_id_connect_provider_arn,
				    &provider);
	if (err)
		return err;
	out->url = provider->name;
	out->client_id_list =
		show_texts(call, provider->lists[DIRECTORY_CLIENT_IDS], &out->client_id_list_count);
	out->thumbprint_list = show_texts(call, provider->lists[DIRECTORY_THUMBPRINTS],
					  &out->thumbprint_list_count);
	out->create_date = provider->created_ms;
	out->has_create_date = true;
	out->tags = iam_show_tags(call, provider, &out->tags_count);
	return ERR_OK;
}

enum err iam_list_open_id_connect_providers(struct call *call,
					    const struct iam_list_open_id_connect_providers_in *in,
					    struct iam_list_open_id_connect_providers_out *out)
{
	(void)in;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	const struct iam_list *list =
		iam_list(call, DIRECTORY_OIDC_PROVIDER, call->account, STR(""), STR(""), SIZE_MAX);
	out->open_id_connect_provider_list_count = list->count;
	out->open_id_connect_provider_list =
		iam_array(call, struct iam_open_id_connect_provider_list_entry, list->count);
	for (size_t i = 0; i < list->count; i++)
		out->open_id_connect_provider_list[i].arn = list->items[i]->arn;
	return ERR_OK;
}

enum err
iam_delete_open_id_connect_provider(struct call *call,
				    const struct iam_delete_open_id_connect_provider_in *in,
				    struct iam_delete_open_id_connect_provider_out *out)
{
	const struct directory_entity *provider;

	(void)out;
	enum err err = iam_open_arn(call, DIRECTORY_OIDC_PROVIDER, in->open_id_connect_provider_arn,
				    &provider);
	if (err && call->fault == &IAM_NO_SUCH_ENTITY)
		return fail(call, &IAM_NO_SUCH_ENTITY,
			    "OpenId connect Provider %.*s cannot be found.",
			    STR_ARG(in->open_id_connect_provider_arn));
	return err ? err : iam_store_remove(call->core, provider->id);
}

/* ---- client ids and thumbprints ---- */

/* A provider with another list in place of one. */
static enum err put_list(struct call *call, const struct directory_entity *provider,
			 enum directory_list which, const struct str *items, size_t count)
{
	struct directory_entity draft = directory_draft(provider);

	draft.lists[which] = (struct directory_texts){items, count};
	return iam_store_put(call->core, &draft);
}

/* The provider's client ids but for `dropped`, in the arena, with room for one more. */
static struct str *copy_client_ids(struct call *call, const struct directory_entity *provider,
				   struct str dropped, size_t *out_count)
{
	struct directory_texts ids = provider->lists[DIRECTORY_CLIENT_IDS];
	struct str *copy = arena_array(call->arena, struct str, ids.count + 1);
	size_t count = 0;

	for (size_t i = 0; i < ids.count; i++)
		if (!str_equal(ids.items[i], dropped))
			copy[count++] = ids.items[i];
	*out_count = count;
	return copy;
}

/* The provider without that client id, or with it at the end of its list. */
static enum err set_client_id(struct call *call, struct str arn, struct str client_id,
			      bool is_there)
{
	const struct directory_entity *provider;
	size_t count;

	enum err err = iam_open_arn(call, DIRECTORY_OIDC_PROVIDER, arn, &provider);
	if (err)
		return err;
	struct str *ids = copy_client_ids(call, provider, client_id, &count);
	if (is_there) {
		ids[count++] = client_id;
		err = check_client_ids(call, count);
	}
	return err ? err : put_list(call, provider, DIRECTORY_CLIENT_IDS, ids, count);
}

enum err iam_add_client_id_to_open_id_connect_provider(
	struct call *call, const struct iam_add_client_id_to_open_id_connect_provider_in *in,
	struct iam_add_client_id_to_open_id_connect_provider_out *out)
{
	(void)out;
	return set_client_id(call, in->open_id_connect_provider_arn, in->client_id, true);
}

enum err iam_remove_client_id_from_open_id_connect_provider(
	struct call *call, const struct iam_remove_client_id_from_open_id_connect_provider_in *in,
	struct iam_remove_client_id_from_open_id_connect_provider_out *out)
{
	(void)out;
	return set_client_id(call, in->open_id_connect_provider_arn, in->client_id, false);
}

enum err iam_update_open_id_connect_provider_thumbprint(
	struct call *call, const struct iam_update_open_id_connect_provider_thumbprint_in *in,
	struct iam_update_open_id_connect_provider_thumbprint_out *out)
{
	const struct directory_entity *provider;

	(void)out;
	enum err err = check_thumbprints(call, in->thumbprint_list_count);
	if (!err)
		err = iam_open_arn(call, DIRECTORY_OIDC_PROVIDER, in->open_id_connect_provider_arn,
				   &provider);
	return err ? err
		   : put_list(call, provider, DIRECTORY_THUMBPRINTS, in->thumbprint_list,
			      in->thumbprint_list_count);
}

/* ---- tags ---- */

enum err iam_tag_open_id_connect_provider(struct call *call,
					  const struct iam_tag_open_id_connect_provider_in *in,
					  struct iam_tag_open_id_connect_provider_out *out)
{
	const struct directory_entity *provider;

	(void)out;
	iam_ask_about_tags(call, in->tags, in->tags_count);
	enum err err = iam_open_arn(call, DIRECTORY_OIDC_PROVIDER, in->open_id_connect_provider_arn,
				    &provider);
	return err ? err : iam_tag(call, provider, in->tags, in->tags_count);
}

enum err iam_untag_open_id_connect_provider(struct call *call,
					    const struct iam_untag_open_id_connect_provider_in *in,
					    struct iam_untag_open_id_connect_provider_out *out)
{
	const struct directory_entity *provider;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = iam_open_arn(call, DIRECTORY_OIDC_PROVIDER, in->open_id_connect_provider_arn,
				    &provider);
	return err ? err : iam_untag(call, provider, in->tag_keys, in->tag_keys_count);
}

enum err
iam_list_open_id_connect_provider_tags(struct call *call,
				       const struct iam_list_open_id_connect_provider_tags_in *in,
				       struct iam_list_open_id_connect_provider_tags_out *out)
{
	const struct directory_entity *provider;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open_arn(call, DIRECTORY_OIDC_PROVIDER, in->open_id_connect_provider_arn,
				   &provider);
	if (err)
		return err;
	out->tags = iam_show_tag_page(call, provider, &page, &out->tags_count);
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}
