/* SPDX-License-Identifier: MIT */
/* Tests of session tokens: a token returns all fields of its session, and only an unchanged token
 * opens. */
#include <string.h>

#include "base/fixture.h"
#include "base/limits.h"
#include "core/seal/session_token.h"

static const uint8_t master[SEAL_KEY_SIZE] = "a key of thirty-two bytes, so so";

static struct seal *seal;

static int setup(void **state)
{
	(void)state;
	seal = seal_new(master);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	seal_free(&seal);
	return 0;
}

static const struct str arns[] = {
	STR_INIT("arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"),
	STR_INIT("arn:aws:iam::111122223333:policy/x"),
};
static const struct shape_pair tags[] = {
	{STR_INIT("team"), STR_INIT("blue")},
	{STR_INIT("empty"), STR_INIT("")},
};

static struct session full(void)
{
	return (struct session){
		.kind = SESSION_ROLE,
		.key_id = STR("ASIATERNTERNTERNTERN"),
		.secret = STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
		.account = STR("111122223333"),
		.entity_id = STR("AROATERNTERNTERNTERN1"),
		.name = STR("session@one"),
		.policy = STR("{\"Version\":\"2012-10-17\"}"),
		.policy_arns = arns,
		.policy_arn_count = 2,
		.tags = tags,
		.tag_count = 2,
		.transitive_count = 1,
		.source_identity = STR("alice"),
		.issued_ms = 1795608000123,
		.expires_ms = INT64_MAX,
	};
}

#define assert_text(a, b) assert_true(str_equal((a), (b)))

static void assert_same(const struct session *a, const struct session *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_text(a->key_id, b->key_id);
	assert_text(a->secret, b->secret);
	assert_text(a->account, b->account);
	assert_text(a->entity_id, b->entity_id);
	assert_text(a->name, b->name);
	assert_text(a->policy, b->policy);
	assert_text(a->source_identity, b->source_identity);
	assert_int_equal(a->issued_ms, b->issued_ms);
	assert_int_equal(a->expires_ms, b->expires_ms);
	assert_int_equal(a->policy_arn_count, b->policy_arn_count);
	for (size_t i = 0; i < a->policy_arn_count; i++)
		assert_text(a->policy_arns[i], b->policy_arns[i]);
	assert_int_equal(a->tag_count, b->tag_count);
	assert_int_equal(a->transitive_count, b->transitive_count);
	for (size_t i = 0; i < a->tag_count; i++) {
		assert_text(a->tags[i].key, b->tags[i].key);
		assert_text(a->tags[i].value, b->tags[i].value);
	}
}

static void test_a_token_holds_the_whole_session(void **state)
{
	struct session session = full(), read;

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	assert_int_equal(session_token_decode(seal, &arena, token, &read), ERR_OK);
	assert_same(&session, &read);

	struct session bare = {.kind = SESSION_SELF, .key_id = session.key_id};
	token = session_token_encode(seal, &arena, &bare);
	assert_int_equal(session_token_decode(seal, &arena, token, &read), ERR_OK);
	assert_same(&bare, &read);
}

static void test_a_token_outlives_the_server(void **state)
{
	struct session session = full(), read;
	struct seal *later = seal_new(master);

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	assert_int_equal(session_token_decode(later, &arena, token, &read), ERR_OK);
	assert_same(&session, &read);
	seal_free(&later);
}

static void test_a_token_shows_nothing(void **state)
{
	struct session session = full();
	uint8_t bytes[4096];
	size_t size;

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	assert_true(base64_parse(token, bytes, &size));
	assert_int_equal(str_find(str_of(bytes, size), session.secret, 0), SIZE_MAX);
	assert_int_equal(str_find(str_of(bytes, size), session.account, 0), SIZE_MAX);
}

static void test_a_changed_token_is_invalid(void **state)
{
	struct session session = full(), read;

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	for (size_t i = 0; i < token.size; i++) {
		char *changed = arena_cstr(&arena, token);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_int_equal(
			session_token_decode(seal, &arena, str_of(changed, token.size), &read),
			ERR_INVALID);
		assert_int_equal(session_token_decode(seal, &arena, str_slice(token, 0, i), &read),
				 ERR_INVALID);
	}
	assert_int_equal(session_token_decode(seal, &arena, (struct str){0}, &read), ERR_INVALID);
}

static struct str sealed_as_token(struct str plain, uint64_t subject)
{
	struct str sealed = seal_close(seal, &arena, subject, plain);
	char *text = arena_bytes(&arena, base64_size(sealed.size));

	base64_format(sealed, text);
	return str_of(text, base64_size(sealed.size));
}

static struct str plain_of(struct str token)
{
	char *sealed = arena_bytes(&arena, token.size);
	struct str plain;
	size_t size;

	assert_true(base64_parse(token, (uint8_t *)sealed, &size));
	assert_int_equal(seal_open(seal, sealed, size, &plain), ERR_OK);
	return plain;
}

static void test_other_sealed_bytes_are_no_token(void **state)
{
	struct session session = full(), read;

	(void)state;
	struct str plain = plain_of(session_token_encode(seal, &arena, &session));
	struct str same = sealed_as_token(plain, SEAL_SUBJECT_SESSIONS);
	assert_int_equal(session_token_decode(seal, &arena, same, &read), ERR_OK);
	assert_int_equal(session_token_decode(seal, &arena, sealed_as_token(plain, 7), &read),
			 ERR_INVALID);
	assert_int_equal(session_token_decode(seal, &arena, sealed_as_token(plain, 0), &read),
			 ERR_INVALID);
}

static void test_a_token_of_wrong_length_is_invalid(void **state)
{
	struct session session = full(), read;

	(void)state;
	struct str plain = plain_of(session_token_encode(seal, &arena, &session));
	for (size_t i = 0; i < plain.size; i++) {
		struct str token = sealed_as_token(str_slice(plain, 0, i), SEAL_SUBJECT_SESSIONS);
		assert_int_equal(session_token_decode(seal, &arena, token, &read), ERR_INVALID);
	}
	char *bytes = arena_bytes(&arena, plain.size + 1);
	memcpy(bytes, plain.data, plain.size);
	bytes[plain.size] = '!';
	struct str token = sealed_as_token(str_of(bytes, plain.size + 1), SEAL_SUBJECT_SESSIONS);
	assert_int_equal(session_token_decode(seal, &arena, token, &read), ERR_INVALID);
}

static void test_the_largest_session_fits_a_token(void **state)
{
	struct session session = full(), read;
	char *policy = arena_bytes(&arena, LIMIT_SESSION_PACKED_SIZE);

	(void)state;
	memset(policy, ' ', LIMIT_SESSION_PACKED_SIZE);
	session.policy = (struct str){0};
	size_t rest = LIMIT_SESSION_PACKED_SIZE - session_packed_size(&session);
	session.policy = str_of(policy, rest);
	session.name = session.source_identity = str_of(policy, 64);
	assert_int_equal(session_packed_size(&session), LIMIT_SESSION_PACKED_SIZE);
	struct str token = session_token_encode(seal, &arena, &session);
	assert_true(token.size <= LIMIT_SESSION_TOKEN_SIZE);
	assert_int_equal(session_token_decode(seal, &arena, token, &read), ERR_OK);
}

static void test_generated_keys_name_their_account(void **state)
{
	static const char *const accounts[] = {"000000000000", "111122223333", "999999999999"};
	char id[SESSION_KEY_ID_SIZE], secret[SESSION_SECRET_SIZE], other[SESSION_KEY_ID_SIZE];
	char account[12];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		session_generate(str_from(accounts[i]), id, secret);
		session_generate(str_from(accounts[i]), other, secret);
		assert_true(str_starts(str_of(id, sizeof(id)), SESSION_KEY_PREFIX));
		assert_memory_not_equal(id, other, sizeof(id));
		assert_true(session_account(str_of(id, sizeof(id)), account));
		assert_memory_equal(account, accounts[i], 12);
	}
	/* A token of AWS, from a public description of the format. */
	assert_true(session_account(STR("ASIAQNZGKIQY56JQ7WML"), account));
	assert_memory_equal(account, "029608264753", 12);
	assert_false(session_account(STR("AKIAQNZGKIQY56JQ7WML"), account));
	assert_false(session_account(STR("ASIAQNZGKIQY56JQ7WM1"), account));
	assert_false(session_account(STR("ASIA"), account));
}
