/* SPDX-License-Identifier: MIT */
/* grants: CreateGrant, RetireGrant, RevokeGrant, ListGrants, ListRetirableGrants. */
#include <string.h>

#include "core/limit/quota.h"
#include "core/page.h"
#include "services/kms/change.h"
#include "services/kms/grant.h"
#include "services/kms/list.h"
#include "services/kms/token.h"
#include "services/kms/use.h"
#include "services/kms/validate.h"

enum { GRANT_ID_SIZE = 64 };

/* ---- CreateGrant ---- */

static enum err take_principal(struct call *call, struct str arn,
			       struct kms_grant_principal *out_principal)
{
	if (!arn.data)
		return ERR_OK;
	out_principal->name = arn;
	if (str_starts(arn, STR("arn:")) &&
	    directory_bind(call->core->directory, call->arena, arn_partition(call->region), arn,
			   &out_principal->id))
		return ERR_OK;
	return fail(call, &KMS_INVALID_ARN, "ARN does not refer to a valid principal: %.*s",
		    STR_ARG(arn));
}

/* In a grant, as among the callers, the name of a service is its principal. */
static enum err take_service(struct call *call, const char *member, struct str service,
			     struct kms_grant_principal *principal)
{
	if (!service.data)
		return ERR_OK;
	if (principal->name.data || !str_ends(service, STR(".amazonaws.com")))
		return fail(call, &KMS_VALIDATION,
			    "%s must be the name of a service, and the only principal of its kind.",
			    member);
	principal->name = service;
	return ERR_OK;
}

/* True if the operation exists for keys of that spec. */
static bool fits_key(int operation, const struct kms_key *key)
{
	struct str name = kms_grant_operations[operation];

	if (str_equal(name, STR("CreateGrant")) || str_equal(name, STR("RetireGrant")) ||
	    str_equal(name, STR("DescribeKey")))
		return true;
	if (str_equal(name, STR("GetPublicKey")))
		return kms_specs[key->spec].kind >= KMS_KIND_RSA;
	if (str_equal(name, STR("Sign")) || str_equal(name, STR("Verify")))
		return key->usage == KMS_USAGE_SIGN_VERIFY;
	if (str_ends(name, STR("Mac")))
		return key->usage == KMS_USAGE_MAC;
	if (str_equal(name, STR("DeriveSharedSecret")))
		return key->usage == KMS_USAGE_KEY_AGREEMENT;
	if (str_starts(name, STR("Generate")))
		return key->spec == KMS_SPEC_SYMMETRIC_DEFAULT;
	return key->usage == KMS_USAGE_ENCRYPT_DECRYPT;
}

static enum err read_operations(struct call *call, const struct kms_create_grant_in *in,
				uint32_t *out_operations)
{
	uint32_t operations = 0, bit;

	for (size_t i = 0; i < in->operations_count; i++) {
		if (!kms_grant_operation_find(in->operations[i], &bit) ||
		    str_starts(in->operations[i], STR("kms:")))
			return fail(call, &KMS_UNSUPPORTED_OPERATION,
				    "Operation %.*s is not supported.", STR_ARG(in->operations[i]));
		operations |= bit;
	}
	*out_operations = operations;
	return ERR_OK;
}

static enum err check_fits(struct call *call, const struct kms_key *key,
			   const struct kms_grant *grant)
{
	for (int i = 0; i < KMS_GRANT_OPERATIONS; i++)
		if ((grant->operations & 1u << i) && !fits_key(i, key))
			return fail(call, &KMS_VALIDATION,
				    "Grant operation %.*s is not valid for a key with key spec "
				    "%.*s and key usage %.*s.",
				    STR_ARG(kms_grant_operations[i]),
				    STR_ARG(kms_specs[key->spec].name),
				    STR_ARG(kms_usages[key->usage]));
	if ((grant->equals || grant->subset) && key->spec != KMS_SPEC_SYMMETRIC_DEFAULT)
		return fail(call, &KMS_VALIDATION,
			    "Encryption context constraints are only valid with symmetric "
			    "encryption keys.");
	return ERR_OK;
}

static enum err check_pairs(struct call *call, const struct shape_pair *pairs, size_t count)
{
	bool fits = count <= LIMIT_KMS_GRANT_PAIRS;

	for (size_t i = 0; fits && i < count; i++)
		fits = pairs[i].key.size <= LIMIT_KMS_GRANT_PAIR_SIZE &&
		       pairs[i].value.size <= LIMIT_KMS_GRANT_PAIR_SIZE;
	if (fits)
		return ERR_OK;
	return fail(call, &KMS_VALIDATION,
		    "A constraint may have at most %d encryption context pairs, with names and "
		    "values of at most %d bytes.",
		    LIMIT_KMS_GRANT_PAIRS, LIMIT_KMS_GRANT_PAIR_SIZE);
}

/*
 * Rules across members:
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html, Constraints and
 * GranteeServicePrincipal. An empty constraint is one, too.
 */
static enum err check_constraints(struct call *call, const struct kms_create_grant_in *in,
				  const struct kms_grant *grant)
{
	if (grant->equals && grant->subset)
		return fail(call, &KMS_VALIDATION, "More than one constraint supplied");
	if (in->grantee_service_principal.data && grant->source_arn.size == 0)
		return fail(call, &KMS_VALIDATION,
			    "A SourceArn constraint is required with a GranteeServicePrincipal.");
	if (in->grantee_service_principal.data && !grant->retiring.name.data)
		return fail(call, &KMS_VALIDATION,
			    "A RetiringPrincipal or RetiringServicePrincipal is required with a "
			    "GranteeServicePrincipal.");
	enum err err = check_pairs(call, grant->equals, grant->equals_count);
	return err ? err : check_pairs(call, grant->subset, grant->subset_count);
}

static enum err read_grant(struct call *call, const struct kms_create_grant_in *in,
			   struct kms_grant *grant)
{
	*grant = (struct kms_grant){
		.name = in->name,
		.issuing_account = arn_root(call->arena, call->region, call->account),
		.created_ms = call->now_ms,
	};
	if (in->constraints) {
		grant->source_arn = in->constraints->source_arn;
		grant->equals = in->constraints->encryption_context_equals;
		grant->equals_count = in->constraints->encryption_context_equals_count;
		grant->subset = in->constraints->encryption_context_subset;
		grant->subset_count = in->constraints->encryption_context_subset_count;
	}
	enum err err = take_principal(call, in->grantee_principal, &grant->grantee);
	if (!err)
		err = take_principal(call, in->retiring_principal, &grant->retiring);
	if (!err)
		err = take_service(call, "granteeServicePrincipal", in->grantee_service_principal,
				   &grant->grantee);
	if (!err)
		err = take_service(call, "retiringServicePrincipal", in->retiring_service_principal,
				   &grant->retiring);
	if (!err)
		err = kms_need(call, "granteePrincipal", grant->grantee.name.data != NULL);
	if (!err)
		err = check_constraints(call, in, grant);
	return err ? err : read_operations(call, in, &grant->operations);
}

static bool same_pairs(const struct shape_pair *a, size_t a_count, const struct shape_pair *b,
		       size_t b_count)
{
	if (a_count != b_count || (a == NULL) != (b == NULL))
		return false;
	for (size_t i = 0; i < a_count; i++) {
		bool is_found = false;
		for (size_t j = 0; j < b_count; j++)
			is_found |=
				str_equal(a[i].key, b[j].key) && str_equal(a[i].value, b[j].value);
		if (!is_found)
			return false;
	}
	return true;
}

static bool same_constraints(const struct kms_grant *a, const struct kms_grant *b)
{
	return str_equal(a->source_arn, b->source_arn) &&
	       same_pairs(a->equals, a->equals_count, b->equals, b->equals_count) &&
	       same_pairs(a->subset, a->subset_count, b->subset, b->subset_count);
}

static bool is_constrained(const struct kms_grant *grant)
{
	return grant->equals || grant->subset || grant->source_arn.size > 0;
}

/* A grant may pass on only its own operations, under its own constraints. */
static bool may_hand_on(struct call *call, const struct kms_key *key, const struct kms_grant *grant)
{
	uint32_t create;

	check(kms_grant_operation_find(STR("CreateGrant"), &create));
	for (size_t i = 0; call->principal && i < key->grant_count; i++) {
		const struct kms_grant *parent = &key->grants[i];
		if ((parent->operations & create) &&
		    (grant->operations & ~parent->operations) == 0 &&
		    kms_grant_names(&parent->grantee, call->principal) &&
		    (!is_constrained(parent) || same_constraints(parent, grant)))
			return true;
	}
	return false;
}

static void add_key(struct call *call, const char *name, struct str value)
{
	struct str *values = arena_new(call->arena, struct str);

	if (!value.data)
		return;
	values[0] = value;
	call_add_key(call, str_from(name), values, 1);
}

static enum err ask_to_create(struct call *call, const struct kms_create_grant_in *in,
			      const struct kms_target *target, const struct kms_grant *grant)
{
	struct kms_question question = {
		.action = STR("kms:CreateGrant"),
		.target = target,
		.ignores_grants = true,
		.is_granted = may_hand_on(call, target->key, grant),
	};

	call_add_key(call, STR("kms:GrantOperations"), in->operations, in->operations_count);
	add_key(call, "kms:GranteePrincipal", grant->grantee.name);
	add_key(call, "kms:RetiringPrincipal", grant->retiring.name);
	add_key(call, "kms:GrantIsForAWSResource", STR("false"));
	if (grant->equals)
		add_key(call, "kms:GrantConstraintType", STR("EncryptionContextEquals"));
	else if (grant->subset)
		add_key(call, "kms:GrantConstraintType", STR("EncryptionContextSubset"));
	return kms_ask(call, &question);
}

static bool same_principal(const struct kms_grant_principal *a, const struct kms_grant_principal *b)
{
	return str_equal(a->name, b->name) && str_equal(a->id, b->id);
}

/* A grant of an earlier equal request; only named ones are compared. */
static const struct kms_grant *find_same(const struct kms_key *key, const struct kms_grant *grant)
{
	for (size_t i = 0; grant->name.data && i < key->grant_count; i++) {
		const struct kms_grant *other = &key->grants[i];
		if (str_equal(other->name, grant->name) &&
		    same_principal(&other->grantee, &grant->grantee) &&
		    same_principal(&other->retiring, &grant->retiring) &&
		    other->operations == grant->operations && same_constraints(other, grant))
			return other;
	}
	return NULL;
}

static struct str make_id(struct arena *arena)
{
	char *id = arena_bytes(arena, GRANT_ID_SIZE);
	uint8_t bytes[GRANT_ID_SIZE / 2];

	random_bytes(bytes, sizeof(bytes));
	hex_format(str_of(bytes, sizeof(bytes)), id);
	return str_of(id, GRANT_ID_SIZE);
}

static enum err store_grant(struct call *call, const struct kms_key *key, struct kms_grant *grant)
{
	struct kms_grant *grants = arena_array(call->arena, struct kms_grant, key->grant_count + 1);
	struct kms_key draft = kms_key_draft(key);

	int64_t most = quota_most(call->core->quotas, QUOTA_KMS_GRANTS);
	if ((int64_t)key->grant_count >= most)
		return fail(call, &KMS_LIMIT_EXCEEDED, "A key may have at most %lld grants.",
			    (long long)most);
	grant->id = make_id(call->arena);
	if (key->grant_count > 0)
		memcpy(grants, key->grants, key->grant_count * sizeof(*grants));
	grants[key->grant_count] = *grant;
	draft.grants = grants;
	draft.grant_count++;
	return kms_key_change(call->core, &draft);
}

enum err kms_create_grant(struct call *call, const struct kms_create_grant_in *in,
			  struct kms_create_grant_out *out)
{
	struct kms_target target;
	struct kms_grant grant;

	enum err err = read_grant(call, in, &grant);
	if (!err)
		err = kms_grant_tokens_check(call, in->grant_tokens, in->grant_tokens_count);
	if (!err)
		err = kms_target_of_call(call, in->key_id, false, STR("kms:CreateGrant"), &target);
	if (!err)
		err = ask_to_create(call, in, &target, &grant);
	if (!err)
		err = kms_check_enabled(call, target.key);
	if (!err)
		err = check_fits(call, target.key, &grant);
	if (!err)
		err = kms_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	const struct kms_grant *same = find_same(target.key, &grant);
	if (same)
		grant.id = same->id;
	else
		err = store_grant(call, target.key, &grant);
	out->grant_id = grant.id;
	out->grant_token =
		kms_grant_token_make(call->arena, call->core->seal, target.key->arn, grant.id);
	return err;
}

/* ---- ending grants ---- */

static size_t place_of(const struct kms_key *key, struct str grant_id)
{
	size_t place = 0;

	while (place < key->grant_count && !str_equal(key->grants[place].id, grant_id))
		place++;
	return place;
}

static enum err end_grant(struct call *call, const struct kms_key *key, size_t place)
{
	struct kms_grant *grants = arena_array(call->arena, struct kms_grant, key->grant_count);
	struct kms_key draft = kms_key_draft(key);

	for (size_t i = 0; i < key->grant_count; i++)
		if (i != place)
			grants[i < place ? i : i - 1] = key->grants[i];
	draft.grants = grants;
	draft.grant_count--;
	return kms_key_change(call->core, &draft);
}

static enum err refuse_id(struct call *call, struct str grant_id)
{
	return fail(call, &KMS_NOT_FOUND, "Grant ID %.*s not found", STR_ARG(grant_id));
}

enum err kms_revoke_grant(struct call *call, const struct kms_revoke_grant_in *in,
			  struct kms_revoke_grant_out *out)
{
	const struct kms_key *key;

	(void)out;
	enum err err = kms_managed_key(call, in->key_id, STR("kms:RevokeGrant"), true, &key);
	if (err)
		return err;
	size_t place = place_of(key, in->grant_id);
	if (place == key->grant_count)
		return refuse_id(call, in->grant_id);
	err = kms_end_dry_run(call, in->dry_run);
	return err ? err : end_grant(call, key, place);
}

/* True if the grant itself lets the caller retire it. */
static bool may_retire(const struct kms_grant *grant, const struct principal *principal)
{
	uint32_t retire;

	check(kms_grant_operation_find(STR("RetireGrant"), &retire));
	if (!principal)
		return true;
	return kms_grant_names(&grant->retiring, principal) ||
	       ((grant->operations & retire) && kms_grant_names(&grant->grantee, principal)) ||
	       (principal->type == PRINCIPAL_ROOT &&
		str_equal(principal->account, arn_account(grant->issuing_account)));
}

enum err kms_retire_grant(struct call *call, const struct kms_retire_grant_in *in,
			  struct kms_retire_grant_out *out)
{
	struct str key_id = in->key_id, grant_id = in->grant_id;
	struct kms_target target;

	(void)out;
	if (in->grant_token.data &&
	    kms_grant_token_read(call->arena, call->core->seal, in->grant_token, &key_id,
				 &grant_id) != ERR_OK)
		return fail(call, &KMS_INVALID_GRANT_TOKEN, "The grant token is invalid.");
	if (!in->grant_token.data && !(in->key_id.data && in->grant_id.data))
		return fail(call, &KMS_VALIDATION,
			    "Either a grant token or a key ARN with a grant ID is required.");
	if (in->grant_token.data && (in->key_id.data || in->grant_id.data))
		return fail(call, &KMS_VALIDATION,
			    "A grant token cannot be specified with a key ARN or a grant ID.");
	enum err err = kms_target_of_call(call, key_id, false, STR("kms:RetireGrant"), &target);
	if (err)
		return err;
	size_t place = place_of(target.key, grant_id);
	struct kms_question question = {
		.action = STR("kms:RetireGrant"),
		.target = &target,
		.ignores_grants = true,
		.is_named = place < target.key->grant_count &&
			    may_retire(&target.key->grants[place], call->principal),
	};
	err = kms_ask(call, &question);
	if (err)
		return err;
	if (place == target.key->grant_count)
		return refuse_id(call, grant_id);
	err = kms_end_dry_run(call, in->dry_run);
	return err ? err : end_grant(call, target.key, place);
}

/* ---- listing ---- */

/* The principal's current ARN, or the id of a deleted principal. */
static struct str name_of(struct call *call, const struct kms_grant_principal *principal)
{
	return directory_name_of(call->core->directory, call->arena, principal->name,
				 principal->id);
}

static void show_principal(struct call *call, const struct kms_grant_principal *principal,
			   struct str *out_entity, struct str *out_service)
{
	bool is_entity = str_starts(principal->name, STR("arn:"));

	if (principal->name.size > 0)
		*(is_entity ? out_entity : out_service) = name_of(call, principal);
}

static void fill_entry(struct call *call, const struct kms_key *key, const struct kms_grant *grant,
		       struct kms_grant_list_entry *entry)
{
	*entry = (struct kms_grant_list_entry){
		.key_id = key->arn,
		.grant_id = grant->id,
		.name = grant->name.size > 0 ? grant->name : (struct str){0},
		.creation_date = grant->created_ms,
		.has_creation_date = true,
		.issuing_account = grant->issuing_account,
	};
	show_principal(call, &grant->grantee, &entry->grantee_principal,
		       &entry->grantee_service_principal);
	show_principal(call, &grant->retiring, &entry->retiring_principal,
		       &entry->retiring_service_principal);
	entry->operations = arena_array(call->arena, struct str, KMS_GRANT_OPERATIONS);
	for (int i = 0; i < KMS_GRANT_OPERATIONS; i++)
		if (grant->operations & 1u << i)
			entry->operations[entry->operations_count++] = kms_grant_operations[i];
	if (!is_constrained(grant))
		return;
	entry->constraints = arena_new(call->arena, struct kms_grant_constraints);
	if (grant->source_arn.size > 0)
		entry->constraints->source_arn = grant->source_arn;
	entry->constraints->encryption_context_equals = (struct shape_pair *)grant->equals;
	entry->constraints->encryption_context_equals_count = grant->equals_count;
	entry->constraints->encryption_context_subset = (struct shape_pair *)grant->subset;
	entry->constraints->encryption_context_subset_count = grant->subset_count;
}

struct grant_list {
	struct call *call;
	struct kms_page page;
	struct str after_key, after_place; /* the two parts of page.after */
	struct kms_grant_list_entry *entries;
	size_t count;
	struct str last_key; /* id of the key of the last entry, and the grant's place */
	size_t last_place;
	struct str retiring; /* ListRetirableGrants */
	struct str next_marker;
};

static void close_list(const struct grant_list *list, bool *out_has_truncated, bool *out_truncated,
		       struct str *out_marker)
{
	*out_has_truncated = true;
	*out_truncated = list->next_marker.data != NULL;
	*out_marker = list->next_marker;
}

/* False once the page is full. */
static bool add_entry(struct grant_list *list, const struct kms_key *key, size_t place)
{
	struct call *call = list->call;

	if (list->count == list->page.limit) {
		struct str last = page_place_key(call->arena, list->last_place,
						 list->entries[list->count - 1].grant_id);
		list->next_marker = page_token_make(
			call, arena_join(call->arena, (struct str[]){list->last_key, last}, 2));
		return false;
	}
	fill_entry(call, key, &key->grants[place], &list->entries[list->count++]);
	list->last_key = key->id;
	list->last_place = place;
	return true;
}

static struct str grant_id_of(const void *key, size_t index)
{
	return ((const struct kms_key *)key)->grants[index].id;
}

/* Start of the page among the grants of a key; keys are in order of their ids. */
static size_t first_place(const struct grant_list *list, const struct kms_key *key)
{
	int order = str_compare(key->id, list->after_key);
	size_t place = 0;

	if (order != 0)
		return order < 0 ? key->grant_count : 0;
	enum err err =
		page_place_find(list->after_place, key, key->grant_count, grant_id_of, &place);
	check(err == ERR_OK); /* begin_list checked its size */
	return place;
}

/* The key of a marker is the id of a KMS key and the place of a grant. */
static enum err begin_list(struct call *call, bool has_limit, int64_t limit, struct str marker,
			   struct grant_list *list)
{
	*list = (struct grant_list){.call = call};
	enum err err = kms_page_begin(call, has_limit, limit, marker, &list->page);
	if (err)
		return err;
	struct str after = list->page.after;
	if (after.size > 0 && after.size <= PAGE_PLACE_SIZE)
		return kms_refuse_marker(call);
	if (after.size > 0) {
		list->after_key = str_slice(after, 0, after.size - PAGE_PLACE_SIZE);
		list->after_place = str_slice(after, after.size - PAGE_PLACE_SIZE, SIZE_MAX);
	}
	list->entries = arena_array(call->arena, struct kms_grant_list_entry, list->page.limit);
	return ERR_OK;
}

/* A filter names an entity or a service, which both are principals of a grant. */
static enum err choose_principal(struct call *call, struct str entity, struct str service,
				 struct str *out_principal)
{
	if (entity.data && service.data)
		return fail(call, &KMS_VALIDATION,
			    "A principal and a service principal cannot both be specified.");
	*out_principal = entity.data ? entity : service;
	return ERR_OK;
}

enum err kms_list_grants(struct call *call, const struct kms_list_grants_in *in,
			 struct kms_list_grants_out *out)
{
	const struct kms_key *key;
	struct grant_list list;
	struct str grantee;

	enum err err = choose_principal(call, in->grantee_principal, in->grantee_service_principal,
					&grantee);
	if (!err)
		err = begin_list(call, in->has_limit, in->limit, in->marker, &list);
	if (!err)
		err = kms_managed_key(call, in->key_id, STR("kms:ListGrants"), true, &key);
	if (err)
		return err;
	for (size_t i = first_place(&list, key); i < key->grant_count; i++) {
		const struct kms_grant *grant = &key->grants[i];
		if (in->grant_id.data && !str_equal(in->grant_id, grant->id))
			continue;
		if (grantee.data && !str_equal(grantee, name_of(call, &grant->grantee)))
			continue;
		if (!add_entry(&list, key, i))
			break;
	}
	out->grants = list.entries;
	out->grants_count = list.count;
	close_list(&list, &out->has_truncated, &out->truncated, &out->next_marker);
	return ERR_OK;
}

/* The entries are views of the key, which is held until they are written. */
static bool add_retirable(void *context, const struct kms_key *key)
{
	struct grant_list *list = context;
	bool is_held = false;

	for (size_t i = first_place(list, key); i < key->grant_count; i++) {
		if (!str_equal(name_of(list->call, &key->grants[i].retiring), list->retiring))
			continue;
		if (!is_held)
			kms_keep_key(list->call, kms_key_hold(key));
		is_held = true;
		if (!add_entry(list, key, i))
			return false;
	}
	return true;
}

enum err kms_list_retirable_grants(struct call *call, const struct kms_list_retirable_grants_in *in,
				   struct kms_list_retirable_grants_out *out)
{
	struct grant_list list;
	struct str retiring;

	enum err err = choose_principal(call, in->retiring_principal,
					in->retiring_service_principal, &retiring);
	if (!err)
		err = kms_need(call, "retiringPrincipal", retiring.data != NULL);
	if (!err)
		err = begin_list(call, in->has_limit, in->limit, in->marker, &list);
	if (!err)
		err = call_authorize_any(call, STR("kms:ListRetirableGrants"));
	if (err)
		return err;
	list.retiring = retiring;
	kms_registry_each(kms_of(call->core)->registry, call->account, call->region, STR(""),
			  add_retirable, &list);
	out->grants = list.entries;
	out->grants_count = list.count;
	close_list(&list, &out->has_truncated, &out->truncated, &out->next_marker);
	return ERR_OK;
}
