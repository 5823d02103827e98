/* SPDX-License-Identifier: MIT */
/* Tests of envelopes, with a KMS of one key that counts its calls. */
#include <stdio.h>
#include <string.h>

#include "base/fixture.h"
#include "core/seal/envelope.h"

enum { REUSE_MS = 300000, BLOB_SIZE = 40 };

/* ---- a KMS ---- */

/* A blob is "<version> <context's hash>" and then the data key in the clear. */
static struct {
	enum kms_problem problem; /* of everything */
	enum kms_problem blob_problem;
	char version; /* of the key that the alias means; blobs of others are refused */
	int generated, decrypted, asked;
} kms;

static uint32_t sum(const struct kms_use *use)
{
	uint32_t crc = crc32c(0, use->context[0].key);

	assert_int_equal(use->context_count, 1);
	assert_true(str_equal(use->via_service, STR("sqs")));
	return crc32c(crc, use->context[0].value);
}

static enum kms_problem refuse(enum kms_problem problem, struct str *out_text)
{
	if (problem)
		*out_text = STR("no");
	return problem;
}

static enum kms_problem generate(const struct kms_use *use, struct str account, struct str key_id,
				 uint8_t out_key[KMS_DATA_KEY_SIZE], struct str *out_blob,
				 struct str *out_text)
{
	char *blob = arena_bytes(&arena, BLOB_SIZE);
	uint32_t crc = sum(use);

	assert_true(str_equal(account, STR("111122223333")));
	assert_true(str_equal(key_id, STR("alias/k")));
	kms.generated++;
	if (kms.problem)
		return refuse(kms.problem, out_text);
	random_bytes(out_key, KMS_DATA_KEY_SIZE);
	memset(blob, 0, BLOB_SIZE);
	blob[0] = kms.version;
	memcpy(blob + 1, &crc, 4);
	memcpy(blob + 8, out_key, KMS_DATA_KEY_SIZE);
	*out_blob = str_of(blob, BLOB_SIZE);
	return KMS_PROBLEM_NONE;
}

static enum kms_problem check_blob(const struct kms_use *use, struct str blob, struct str *out_text)
{
	uint32_t crc = sum(use);

	kms.asked++;
	if (blob.size != BLOB_SIZE || memcmp(blob.data + 1, &crc, 4) != 0)
		return refuse(KMS_PROBLEM_DAMAGED, out_text);
	return refuse(kms.problem ? kms.problem : kms.blob_problem, out_text);
}

static enum kms_problem decrypt(const struct kms_use *use, struct str blob,
				uint8_t out_key[KMS_DATA_KEY_SIZE], struct str *out_text)
{
	kms.decrypted++;
	enum kms_problem problem = check_blob(use, blob, out_text);
	if (!problem)
		memcpy(out_key, blob.data + 8, KMS_DATA_KEY_SIZE);
	return problem;
}

static enum kms_problem may(const struct kms_use *use, struct str account, struct str key_id,
			    struct str action, struct str *out_text)
{
	(void)use;
	(void)account;
	(void)key_id;
	kms.asked++;
	assert_true(str_equal(action, STR("kms:GenerateDataKey")));
	return refuse(kms.problem, out_text);
}

static const struct core_kms core_kms = {
	.generate_data_key = generate,
	.decrypt_data_key = decrypt,
	.check = may,
	.check_blob = check_blob,
};

/* ---- a caller ---- */

struct world {
	struct data_keys *keys;
	struct str principal;
};

static struct world world;

static int setup(void **state)
{
	(void)state;
	memset(&kms, 0, sizeof(kms));
	kms.version = 'a';
	memset(&world, 0, sizeof(world));
	world.keys = data_keys_new(NULL, NULL);
	world.principal = STR("arn:aws:iam::111122223333:user/one");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	data_keys_free(&world.keys);
	return 0;
}

static struct envelope_use use_now(void)
{
	return (struct envelope_use){.kms = &core_kms,
				     .keys = world.keys,
				     .arena = &arena,
				     .principal = world.principal,
				     .service = STR("sqs"),
				     .context_name = STR("aws:sqs:arn"),
				     .reuse_ms = REUSE_MS};
}

static enum kms_problem hold(struct str context, struct data_key **out_key)
{
	struct envelope_use use = use_now();
	struct str text = {0};

	enum kms_problem problem =
		data_key_hold(&use, STR("111122223333"), STR("alias/k"), context, out_key, &text);
	assert_true(problem == KMS_PROBLEM_NONE || text.size > 0);
	return problem;
}

static struct str seal(struct str context, struct str plain)
{
	struct data_key *key;

	assert_int_equal(hold(context, &key), KMS_PROBLEM_NONE);
	struct str sealed = envelope_close(key, &arena, plain);
	data_key_release(key);
	return sealed;
}

static enum kms_problem open_copy(struct str sealed, struct str *out_plain)
{
	struct envelope_reader reader = {.use = use_now()};
	struct str copy = arena_copy(&arena, sealed);

	enum kms_problem problem =
		envelope_open(&reader, (char *)(uintptr_t)copy.data, copy.size, out_plain);
	envelope_reader_done(&reader);
	return problem;
}

static void assert_opens(struct str sealed, struct str expected)
{
	struct str plain;

	assert_int_equal(open_copy(sealed, &plain), KMS_PROBLEM_NONE);
	assert_true(str_equal(plain, expected));
}

/* ---- tests ---- */

static void test_envelope_round_trips(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 1048576};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *bytes = arena_bytes(&arena, sizes[i] + 1);
		memset(bytes, 'x', sizes[i]);
		struct str sealed = seal(STR("queue"), str_of(bytes, sizes[i]));
		assert_true(envelope_is_one(sealed));
		assert_true(sizes[i] < 15 || str_find(sealed, str_of(bytes, 15), 0) == SIZE_MAX);
		assert_opens(sealed, str_of(bytes, sizes[i]));
	}
}

static void test_every_changed_bit_is_noticed(void **state)
{
	struct str sealed = seal(STR("queue"), STR("a message"));
	struct str plain;

	(void)state;
	for (size_t bit = 0; bit < sealed.size * 8; bit++) {
		struct str changed = arena_copy(&arena, sealed);
		((char *)(uintptr_t)changed.data)[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_not_equal(open_copy(changed, &plain), KMS_PROBLEM_NONE);
	}
	for (size_t size = 0; size < sealed.size; size++)
		assert_int_not_equal(open_copy(str_slice(sealed, 0, size), &plain),
				     KMS_PROBLEM_NONE);
}

static void test_the_same_is_never_sealed_the_same(void **state)
{
	struct str first = seal(STR("queue"), STR("a message"));
	struct str second = seal(STR("queue"), STR("a message"));

	(void)state;
	assert_int_equal(first.size, second.size);
	assert_false(str_equal(first, second));
	assert_opens(first, STR("a message"));
	assert_opens(second, STR("a message"));
}

static void test_a_data_key_is_reused_for_its_period(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		(void)seal(STR("queue"), STR("a message"));
	assert_int_equal(kms.generated, 1);
	assert_int_equal(kms.decrypted, 1);
	clock_shift(REUSE_MS - 1000);
	struct str before = seal(STR("queue"), STR("before"));
	assert_int_equal(kms.generated, 1);
	clock_shift(2000);
	struct str after = seal(STR("queue"), STR("after"));
	assert_int_equal(kms.generated, 2);
	assert_opens(before, STR("before"));
	assert_opens(after, STR("after"));
}

static void test_a_changed_reuse_period_counts_for_data_keys_in_use(void **state)
{
	struct envelope_use use = use_now();
	struct data_key *keys[3];
	struct str text = {0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		use.reuse_ms = i == 1 ? 60000 : REUSE_MS;
		assert_int_equal(data_key_hold(&use, STR("111122223333"), STR("alias/k"),
					       STR("queue"), &keys[i], &text),
				 KMS_PROBLEM_NONE);
		clock_shift(60000);
	}
	assert_int_equal(kms.generated, 2); /* the second is not as old as the first */
	assert_ptr_not_equal(keys[0], keys[1]);
	assert_ptr_equal(keys[1], keys[2]);
	for (int i = 0; i < 3; i++)
		data_key_release(keys[i]);
}

static void test_principals_and_queues_have_data_keys_of_their_own(void **state)
{
	(void)state;
	(void)seal(STR("queue"), STR("a message"));
	(void)seal(STR("another"), STR("a message"));
	assert_int_equal(kms.generated, 2);
	world.principal = STR("arn:aws:iam::111122223333:user/two");
	(void)seal(STR("queue"), STR("a message"));
	assert_int_equal(kms.generated, 3);
	world.principal = STR("");
	(void)seal(STR("queue"), STR("a message"));
	assert_int_equal(kms.generated, 4);
}

static void test_a_backlog_costs_one_call_a_data_key(void **state)
{
	struct str sealed[2];

	(void)state;
	sealed[0] = seal(STR("queue"), STR("a message"));
	clock_shift(REUSE_MS + 1000);
	sealed[1] = seal(STR("queue"), STR("a message"));
	kms.decrypted = 0;
	for (int i = 0; i < 100; i++)
		assert_opens(sealed[i % 2], STR("a message"));
	assert_int_equal(kms.decrypted, 2);
}

static void test_one_reader_calls_kms_once_for_equal_data_keys(void **state)
{
	struct envelope_reader reader = {.use = use_now()};
	struct str sealed = seal(STR("queue"), STR("a message"));
	struct str plain;

	(void)state;
	assert_opens(sealed, STR("a message"));
	kms.asked = 0;
	for (int i = 0; i < 10; i++) {
		struct str copy = arena_copy(&arena, sealed);
		assert_int_equal(
			envelope_open(&reader, (char *)(uintptr_t)copy.data, copy.size, &plain),
			KMS_PROBLEM_NONE);
	}
	assert_int_equal(kms.asked, 1);
	envelope_reader_done(&reader);
}

static void test_a_key_that_may_not_be_used_counts_at_once(void **state)
{
	struct str sealed = seal(STR("queue"), STR("a message"));
	struct data_key *key;
	struct str plain;

	(void)state;
	assert_opens(sealed, STR("a message"));
	kms.problem = KMS_PROBLEM_DISABLED;
	assert_int_equal(open_copy(sealed, &plain), KMS_PROBLEM_DISABLED);
	assert_int_equal(hold(STR("queue"), &key), KMS_PROBLEM_DISABLED);
	kms.problem = KMS_PROBLEM_NONE;
	assert_opens(sealed, STR("a message"));
	(void)seal(STR("queue"), STR("a message"));
}

static void test_an_alias_of_another_key_means_a_new_data_key(void **state)
{
	struct data_key *key;

	(void)state;
	(void)seal(STR("queue"), STR("a message"));
	/* The earlier data key belongs to a key that is disabled now; the alias's key is
	 * enabled. */
	kms.blob_problem = KMS_PROBLEM_STATE;
	assert_int_equal(hold(STR("queue"), &key), KMS_PROBLEM_STATE);
	assert_int_equal(kms.generated, 2);
	kms.blob_problem = KMS_PROBLEM_NONE;
	(void)seal(STR("queue"), STR("a message"));
	assert_int_equal(kms.generated, 3);
}

static void test_data_keys_in_memory_are_bounded(void **state)
{
	char context[16];

	(void)state;
	for (int i = 0; i <= LIMIT_DATA_KEYS; i++) {
		int size = snprintf(context, sizeof(context), "queue-%d", i);
		(void)seal(str_of(context, (size_t)size), STR("a message"));
	}
	int generated = kms.generated;
	(void)seal(STR("queue-1"), STR("the second one is still there"));
	assert_int_equal(kms.generated, generated);
	(void)seal(STR("queue-0"), STR("the first one is not"));
	assert_int_equal(kms.generated, generated + 1);
}
