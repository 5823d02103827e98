/* SPDX-License-Identifier: MIT */
/* Tests of signers with a session's key: only the session's own token is accepted, only while its
 * role exists. */
#include <pthread.h>
#include <string.h>

#include "base/fixture.h"
#include "core/seal/session_store.h"

#define ACCOUNT STR_INIT("111122223333")
#define KEY_ID STR("ASIATERNTERNTERNTERN")
#define ROLE_ID STR("AROATERNTERNTERNTERN1")

static const uint8_t master[SEAL_KEY_SIZE] = "a key of thirty-two bytes, so so";
static const char allow[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
			    "\"Action\":\"sqs:*\",\"Resource\":\"*\"}]}";

static struct seal *seal;
static struct directory *directory;
static struct session_store *sessions;

static const struct policy *compiled(void)
{
	const struct policy *policy;
	struct str problem;

	assert_int_equal(
		policy_compile(&arena, str_from(allow), POLICY_IDENTITY, &policy, &problem),
		ERR_OK);
	return policy;
}

static void put_role(const char *tag)
{
	struct shape_pair tags[] = {{STR("team"), str_from(tag)}, {STR("kept"), STR("role's")}};
	struct directory_entity role = {
		.kind = DIRECTORY_ROLE,
		.account = ACCOUNT,
		.name = STR("worker"),
		.path = STR("/"),
		.arn = STR("arn:aws:iam::111122223333:role/worker"),
		.id = ROLE_ID,
		.tags = tags,
		.tag_count = 2,
	};

	directory_put(directory, &role);
}

static void put_managed(void)
{
	struct directory_version version = {.id = STR("v1"), .policy = compiled()};
	struct directory_entity managed = {
		.kind = DIRECTORY_POLICY,
		.account = ACCOUNT,
		.name = STR("small"),
		.path = STR("/"),
		.arn = STR("arn:aws:iam::111122223333:policy/small"),
		.id = STR("ANPATERNTERNTERNTERN1"),
		.versions = &version,
		.version_count = 1,
		.version_default = 1,
		.version_next = 2,
	};

	directory_put(directory, &managed);
	policy_release(version.policy);
}

static int setup(void **state)
{
	(void)state;
	seal = seal_new(master);
	directory = directory_new(false);
	sessions = session_store_new(seal, directory);
	put_role("role's");
	put_managed();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	session_store_free(&sessions);
	directory_free(&directory);
	seal_free(&seal);
	return 0;
}

static const struct str managed_arn = STR_INIT("arn:aws:iam::111122223333:policy/small");
static const struct shape_pair session_tags[] = {{STR_INIT("team"), STR_INIT("session's")}};

static struct session role_session(void)
{
	return (struct session){
		.kind = SESSION_ROLE,
		.key_id = KEY_ID,
		.secret = STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
		.account = ACCOUNT,
		.entity_id = ROLE_ID,
		.name = STR("one"),
		.policy = str_from(allow),
		.policy_arns = &managed_arn,
		.policy_arn_count = 1,
		.tags = session_tags,
		.tag_count = 1,
		.transitive_count = 1,
		.source_identity = STR("alice"),
		.issued_ms = clock_now_ms(),
		.expires_ms = clock_now_ms() + 900000,
	};
}

static enum signer_outcome find(struct str key_id, struct str token, struct signer *out_signer)
{
	struct signer_source source = session_store_signers(sessions);

	return source.find(source.context, key_id, token, 0, out_signer);
}

static void assert_outcome(struct str key_id, struct str token, enum signer_outcome outcome)
{
	struct signer signer = {0};

	assert_int_equal(find(key_id, token, &signer), outcome);
	principal_release(signer.principal);
}

static void test_a_token_identifies_principal_and_policies(void **state)
{
	struct session session = role_session();
	struct signer signer = {0};

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	for (int i = 0; i < 2; i++) { /* the second time from the table */
		assert_int_equal(find(KEY_ID, token, &signer), SIGNER_FOUND);
		assert_true(str_equal(str_of(signer.secret, signer.secret_size), session.secret));
		const struct principal *who = signer.principal;
		assert_int_equal(who->type, PRINCIPAL_ROLE_SESSION);
		assert_str(who->arn, "arn:aws:sts::111122223333:assumed-role/worker/one");
		assert_str(who->entity_arn, "arn:aws:iam::111122223333:role/worker");
		assert_str(who->id, "AROATERNTERNTERNTERN1:one");
		assert_str(who->source_identity, "alice");
		assert_int_equal(who->session_count, 2);
		assert_int_equal(who->tag_count, 2);
		assert_int_equal(who->transitive_tag_count, 1);
		assert_str(who->tags[0].value, "session's");
		assert_int_equal(who->expires_ms, session.expires_ms);
		principal_release(who);
	}
}

static void test_only_its_own_token_opens_a_key(void **state)
{
	struct session session = role_session();

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	assert_outcome(STR("ASIATERNTERNTERNTERX"), token, SIGNER_UNKNOWN);
	assert_outcome(STR("AKIATERNTERNTERNTERN"), token, SIGNER_UNKNOWN);
	assert_outcome(KEY_ID, (struct str){0}, SIGNER_UNKNOWN);
	assert_outcome(KEY_ID, token, SIGNER_FOUND);
	assert_outcome(KEY_ID, (struct str){0}, SIGNER_UNKNOWN);
	char *changed = arena_cstr(&arena, token);
	changed[70] = changed[70] == 'A' ? 'B' : 'A';
	assert_outcome(KEY_ID, str_of(changed, token.size), SIGNER_UNKNOWN);
}

static void test_a_session_ends_by_the_clock(void **state)
{
	struct session session = role_session();

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	assert_outcome(KEY_ID, token, SIGNER_FOUND);
	clock_shift(901000);
	assert_outcome(KEY_ID, token, SIGNER_EXPIRED); /* from the table */
	session_store_free(&sessions);
	sessions = session_store_new(seal, directory);
	assert_outcome(KEY_ID, token, SIGNER_EXPIRED); /* from the token */
	clock_shift(-901000);
	assert_outcome(KEY_ID, token, SIGNER_FOUND);
}

static void test_a_session_ends_with_its_role(void **state)
{
	struct session session = role_session();
	struct signer signer = {0};

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	assert_outcome(KEY_ID, token, SIGNER_FOUND);
	put_role("other");
	assert_int_equal(find(KEY_ID, token, &signer), SIGNER_FOUND);
	principal_release(signer.principal);
	directory_remove(directory, ROLE_ID);
	assert_outcome(KEY_ID, token, SIGNER_UNKNOWN);
}

static void test_a_deleted_session_policy_still_limits(void **state)
{
	struct session session = role_session();
	struct signer signer = {0};

	(void)state;
	session.policy = (struct str){0};
	struct str token = session_token_encode(seal, &arena, &session);
	directory_remove(directory, STR("ANPATERNTERNTERNTERN1"));
	assert_int_equal(find(KEY_ID, token, &signer), SIGNER_FOUND);
	assert_int_equal(signer.principal->session_count, 1);
	struct policy_request request = {
		.principal = signer.principal,
		.action = STR("sqs:SendMessage"),
		.resource = STR("arn:aws:sqs:eu-west-1:111122223333:q"),
	};
	assert_int_equal(policy_evaluate(signer.principal->session[0], &request).outcome,
			 POLICY_SILENT);
	principal_release(signer.principal);
}

static void test_sessions_of_a_root_user_and_of_a_federated_one(void **state)
{
	struct session session = role_session();
	struct directory_entity account = {
		.kind = DIRECTORY_ACCOUNT, .account = ACCOUNT, .name = ACCOUNT, .id = ACCOUNT};
	struct signer signer = {0};

	(void)state;
	session.entity_id = session.account;
	session.kind = SESSION_SELF;
	struct str token = session_token_encode(seal, &arena, &session);
	assert_outcome(KEY_ID, token, SIGNER_UNKNOWN);
	directory_put(directory, &account);
	assert_int_equal(find(KEY_ID, token, &signer), SIGNER_FOUND);
	assert_int_equal(signer.principal->type, PRINCIPAL_ROOT);
	principal_release(signer.principal);
	session.kind = SESSION_FEDERATED;
	token = session_token_encode(seal, &arena, &session);
	assert_int_equal(find(KEY_ID, token, &signer), SIGNER_FOUND);
	assert_str(signer.principal->arn, "arn:aws:sts::111122223333:federated-user/one");
	principal_release(signer.principal);
}

enum { THREADS = 4, ROUNDS = 500 };

static void *find_again_and_again(void *context)
{
	const struct str *token = context;
	struct signer signer = {0};
	size_t found = 0;

	for (int i = 0; i < ROUNDS; i++) {
		if (find(KEY_ID, *token, &signer) != SIGNER_FOUND)
			continue;
		found += str_equal(signer.principal->source_identity, STR("alice"));
		principal_release(signer.principal);
	}
	return (void *)found;
}

static void test_threads_find_while_the_directory_changes(void **state)
{
	struct session session = role_session();
	pthread_t threads[THREADS];
	void *found;

	(void)state;
	struct str token = session_token_encode(seal, &arena, &session);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, find_again_and_again, &token),
				 0);
	for (int i = 0; i < 100; i++)
		put_role(i % 2 ? "one" : "other");
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &found), 0);
		assert_int_equal((size_t)found, ROUNDS);
	}
}
