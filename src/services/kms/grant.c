/* SPDX-License-Identifier: MIT */
/* grant: constraints are met by operations that have an encryption context only, and do not count
 * for those that have none, such as DescribeKey. */
#include "services/kms/grant.h"

#include <stdlib.h>

const struct str kms_grant_operations[KMS_GRANT_OPERATIONS] = {
	STR_INIT("Decrypt"),
	STR_INIT("Encrypt"),
	STR_INIT("GenerateDataKey"),
	STR_INIT("GenerateDataKeyWithoutPlaintext"),
	STR_INIT("ReEncryptFrom"),
	STR_INIT("ReEncryptTo"),
	STR_INIT("Sign"),
	STR_INIT("Verify"),
	STR_INIT("GetPublicKey"),
	STR_INIT("CreateGrant"),
	STR_INIT("RetireGrant"),
	STR_INIT("DescribeKey"),
	STR_INIT("GenerateDataKeyPair"),
	STR_INIT("GenerateDataKeyPairWithoutPlaintext"),
	STR_INIT("GenerateMac"),
	STR_INIT("VerifyMac"),
	STR_INIT("DeriveSharedSecret"),
};

bool kms_grant_operation_find(struct str name, uint32_t *out_bit)
{
	if (str_starts(name, STR("kms:")))
		name = str_slice(name, 4, SIZE_MAX);
	for (int i = 0; i < KMS_GRANT_OPERATIONS; i++) {
		if (!str_equal(kms_grant_operations[i], name))
			continue;
		*out_bit = 1u << i;
		return true;
	}
	return false;
}

bool kms_grant_names(const struct kms_grant_principal *named, const struct principal *principal)
{
	return policy_name_means(named->name, named->id, principal);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct shape_pair *first = a, *second = b;
	int order = str_compare(first->key, second->key);

	return order != 0 ? order : str_compare(first->value, second->value);
}

const struct shape_pair *kms_pairs_sort(struct arena *arena, const struct shape_pair *pairs,
					size_t count)
{
	struct shape_pair *sorted = arena_array(arena, struct shape_pair, count);

	for (size_t i = 0; i < count; i++)
		sorted[i] = pairs[i];
	if (count > 1)
		qsort(sorted, count, sizeof(*sorted), compare_pairs);
	return sorted;
}

static bool has_pair(const struct shape_pair *pairs, size_t count, const struct shape_pair *pair)
{
	return count > 0 && bsearch(pair, pairs, count, sizeof(*pair), compare_pairs);
}

static bool contains(const struct shape_pair *pairs, size_t count, const struct shape_pair *wanted,
		     size_t wanted_count)
{
	for (size_t i = 0; i < wanted_count; i++)
		if (!has_pair(pairs, count, &wanted[i]))
			return false;
	return true;
}

static bool fits_context(const struct kms_grant *grant, const struct kms_grant_question *question)
{
	const struct shape_pair *context = question->context;
	size_t count = question->context_count;

	if (grant->source_arn.size > 0 && !str_equal(grant->source_arn, question->source_arn))
		return false;
	if (!context)
		return true;
	if (grant->equals && (count != grant->equals_count ||
			      !contains(context, count, grant->equals, grant->equals_count)))
		return false;
	return !grant->subset || contains(context, count, grant->subset, grant->subset_count);
}

const struct kms_grant *kms_grant_find(const struct kms_key *key,
				       const struct kms_grant_question *question)
{
	uint32_t bit;

	if (key->grant_count == 0 || !question->principal ||
	    !kms_grant_operation_find(question->action, &bit))
		return NULL;
	for (size_t i = 0; i < key->grant_count; i++) {
		const struct kms_grant *grant = &key->grants[i];
		if ((grant->operations & bit) &&
		    kms_grant_names(&grant->grantee, question->principal) &&
		    fits_context(grant, question))
			return grant;
	}
	return NULL;
}
