/* SPDX-License-Identifier: MIT */
/* Keys, tokens, grants and records, without a server. */
#include <string.h>

#include "base/fixture.h"
#include "services/kms/grant.h"
#include "services/kms/store.h"
#include "services/kms/token.h"

#define POLICY                                                                                     \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\","     \
	"\"Action\":\"kms:*\",\"Resource\":\"*\"}}"

static const uint8_t master[SEAL_KEY_SIZE] = "a key of thirty-two bytes, so so";
static struct seal *seal;

static void begin(void)
{
	seal = seal_new(master);
}

static void end(void)
{
	seal_free(&seal);
}

/* A key of that last digit, with one material and the given aliases and grants. */
static const struct kms_key *make_key(char digit, const struct kms_alias *aliases,
				      size_t alias_count, const struct kms_grant *grants,
				      size_t grant_count)
{
	char *id = arena_cstr(&arena, STR("01234567-89ab-cdef-0123-456789abcde0"));
	struct kms_secret secret = kms_secret_generate(KMS_SPEC_SYMMETRIC_DEFAULT);
	struct kms_material *material = kms_material_new(KMS_SPEC_SYMMETRIC_DEFAULT, &secret);
	const struct kms_material *const materials[] = {material};
	struct str problem;
	struct kms_key draft = {
		.account = STR("000000000000"),
		.region = STR("us-east-1"),
		.description = STR("d"),
		.aliases = aliases,
		.alias_count = alias_count,
		.grants = grants,
		.grant_count = grant_count,
		.materials = materials,
		.material_count = 1,
	};

	id[KMS_KEY_ID_SIZE - 1] = digit;
	draft.id = str_of(id, KMS_KEY_ID_SIZE);
	draft.arn = arena_format(&arena, "arn:aws:kms:us-east-1:000000000000:key/%s", id);
	material->number = 1;
	memset(material->id, 'a', sizeof(material->id));
	assert_int_equal(
		policy_compile(&arena, STR(POLICY), POLICY_RESOURCE, &draft.policy, &problem),
		ERR_OK);
	const struct kms_key *key = kms_key_new(&draft);
	policy_release(draft.policy);
	kms_material_release(material);
	return key;
}

static void test_alias_moves_in_one_step(void **state)
{
	struct kms_alias alias = {.name = STR("alias/x"), .arn = STR("arn:x")};
	struct kms_registry *registry = kms_registry_new();

	(void)state;
	begin();
	const struct kms_key *first[] = {make_key('1', &alias, 1, NULL, 0),
					 make_key('2', NULL, 0, NULL, 0)};
	kms_registry_put(registry, first, 2);
	const struct kms_key *found = kms_registry_find_alias(registry, STR("arn:x"));
	assert_ptr_equal(found, first[0]);
	const struct kms_key *moved[] = {make_key('2', &alias, 1, NULL, 0),
					 make_key('1', NULL, 0, NULL, 0)};
	kms_registry_put(registry, moved, 2);
	/* The old snapshot stays valid for its holder. */
	assert_true(str_equal(found->aliases[0].name, STR("alias/x")));
	kms_key_release(found);
	found = kms_registry_find_alias(registry, STR("arn:x"));
	assert_ptr_equal(found, moved[0]);
	kms_registry_remove(registry, found->id);
	assert_null(kms_registry_find_alias(registry, STR("arn:x")));
	assert_int_equal(kms_registry_count(registry), 1);
	kms_key_release(found);
	kms_registry_free(&registry);
	end();
}

static bool collect(void *context, const struct kms_key *key)
{
	char **end = context;

	*(*end)++ = key->id.data[KMS_KEY_ID_SIZE - 1];
	return true;
}

static void test_keys_are_visited_in_order_of_their_ids(void **state)
{
	struct kms_registry *registry = kms_registry_new();
	char seen[16] = "", *last = seen;
	struct str all = {0};

	(void)state;
	begin();
	for (const char *digit = "3912"; *digit; digit++) {
		const struct kms_key *key = make_key(*digit, NULL, 0, NULL, 0);
		kms_registry_put(registry, &key, 1);
	}
	kms_registry_each(registry, all, all, STR(""), collect, &last);
	kms_registry_each(registry, STR("000000000000"), STR("us-east-1"),
			  STR("01234567-89ab-cdef-0123-456789abcde2"), collect, &last);
	kms_registry_each(registry, STR("000000000000"), STR("us-east-2"), STR(""), collect, &last);
	assert_string_equal(seen, "123939");
	kms_registry_free(&registry);
	end();
}

static void test_record_gives_the_key_back(void **state)
{
	static const struct shape_pair pair = {STR_INIT("a"), STR_INIT("1")};
	struct kms_alias alias = {.name = STR("alias/x"), .arn = STR("arn:x"), .created_ms = 5};
	struct kms_grant grant = {
		.id = STR("g"),
		.grantee = {STR("arn:aws:iam::000000000000:user/u"), STR("AIDAEXAMPLEUSER00001")},
		.operations = 3,
		.subset = &pair,
		.subset_count = 1};
	struct buf record = {0};
	const struct kms_key *loaded;

	(void)state;
	begin();
	const struct kms_key *key = make_key('1', &alias, 1, &grant, 1);
	kms_key_encode(&record, &arena, seal, key);
	assert_true(str_find(buf_str(&record), kms_secret_str(&kms_key_material(key)->secret), 0) ==
		    SIZE_MAX);
	assert_int_equal(kms_key_decode(&arena, seal, buf_str(&record), &loaded), ERR_OK);
	assert_true(str_equal(loaded->arn, key->arn) && loaded->alias_count == 1);
	assert_true(str_equal(kms_secret_str(&kms_key_material(loaded)->secret),
			      kms_secret_str(&kms_key_material(key)->secret)));
	assert_true(str_equal(loaded->grants[0].grantee.id, grant.grantee.id));
	assert_true(str_equal(loaded->grants[0].grantee.name, grant.grantee.name));
	assert_int_equal(loaded->grants[0].retiring.id.size, 0);
	assert_int_equal(loaded->grants[0].operations, 3);
	assert_null(loaded->grants[0].equals);
	assert_true(str_equal(loaded->grants[0].subset[0].value, STR("1")));
	assert_int_equal(kms_key_decode(&arena, seal, str_slice(buf_str(&record), 0, 9), &loaded),
			 ERR_DAMAGED);
	kms_key_release(loaded);
	kms_key_release(key);
	buf_done(&record);
	end();
}

static void test_secret_opens_for_its_key_and_number_only(void **state)
{
	struct kms_secret opened = {0};

	(void)state;
	begin();
	struct str sealed = kms_secret_seal(&arena, seal, STR("arn:1"), 1, STR("secret"));
	assert_int_equal(kms_secret_open(&arena, seal, STR("arn:1"), 1, sealed, &opened), ERR_OK);
	assert_true(str_equal(kms_secret_str(&opened), STR("secret")));
	kms_secret_done(&opened);
	assert_int_equal(kms_secret_open(&arena, seal, STR("arn:2"), 1, sealed, &opened),
			 ERR_DAMAGED);
	assert_int_equal(kms_secret_open(&arena, seal, STR("arn:1"), 2, sealed, &opened),
			 ERR_DAMAGED);
	assert_null(opened.bytes);
	end();
}

static void test_grant_is_for_its_operations_principal_and_context(void **state)
{
	static const struct shape_pair a = {STR_INIT("a"), STR_INIT("1")};
	static const struct shape_pair both[] = {{STR_INIT("b"), STR_INIT("2")},
						 {STR_INIT("a"), STR_INIT("1")}};
	uint32_t decrypt = 0, create = 0;
	struct principal session = {.arn = STR("arn:aws:sts::000000000000:assumed-role/r/s"),
				    .entity_arn = STR("arn:aws:iam::000000000000:role/r"),
				    .entity_id = STR("AROAEXAMPLEROLE00001"),
				    .type = PRINCIPAL_ROLE_SESSION};

	(void)state;
	begin();
	assert_true(kms_grant_operation_find(STR("kms:Decrypt"), &decrypt));
	assert_true(kms_grant_operation_find(STR("CreateGrant"), &create));
	assert_false(kms_grant_operation_find(STR("kms:PutKeyPolicy"), &decrypt));
	struct kms_grant grant = {.id = STR("g"),
				  .grantee = {session.entity_arn, session.entity_id},
				  .operations = decrypt | create,
				  .equals = &a,
				  .equals_count = 1};
	const struct kms_key *key = make_key('1', NULL, 0, &grant, 1);
	struct kms_grant_question question = {&session, STR("kms:Decrypt"), {0}, &a, 1};
	assert_non_null(kms_grant_find(key, &question));
	question.context = both;
	question.context_count = 2;
	assert_null(kms_grant_find(key, &question));
	question.action = STR("kms:Encrypt");
	question.context = &a;
	question.context_count = 1;
	assert_null(kms_grant_find(key, &question));
	question.action = STR("kms:Decrypt");
	session.entity_id = STR("AROAEXAMPLEROLE00002"); /* a namesake */
	assert_null(kms_grant_find(key, &question));
	kms_key_release(key);
	end();
}

static void test_one_kind_of_token_is_invalid_as_another(void **state)
{
	struct kms_import_token token = {.key_arn = STR("arn:1"),
					 .wrapping = KMS_WRAPPING_AES_SHA_1,
					 .spec = KMS_SPEC_RSA_3072,
					 .valid_to_ms = 7,
					 .secret = STR("a secret with blanks")};
	struct kms_import_token read;
	struct str arn, id;

	(void)state;
	begin();
	struct str grant = kms_grant_token_make(&arena, seal, STR("arn:1"), STR("id"));
	assert_int_equal(kms_grant_token_read(&arena, seal, grant, &arn, &id), ERR_OK);
	assert_true(str_equal(arn, STR("arn:1")) && str_equal(id, STR("id")));
	struct str import = kms_import_token_make(&arena, seal, &token);
	assert_int_equal(kms_import_token_read(&arena, seal, import, &read), ERR_OK);
	assert_true(str_equal(read.secret, token.secret) && read.spec == token.spec &&
		    read.wrapping == token.wrapping && read.valid_to_ms == 7);
	kms_import_token_done(&read);
	char *text = arena_bytes(&arena, base64_size(import.size));
	base64_format(import, text);
	assert_int_equal(kms_grant_token_read(&arena, seal, str_of(text, base64_size(import.size)),
					      &arn, &id),
			 ERR_INVALID);
	char *bytes = arena_bytes(&arena, grant.size);
	size_t size;
	assert_true(base64_parse(grant, (uint8_t *)bytes, &size));
	assert_int_equal(kms_import_token_read(&arena, seal, str_of(bytes, size), &read),
			 ERR_INVALID);
	end();
}
