/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <string.h>

#include "access/directory.h"
#include "base/fixture.h"
#include "base/staging.h"

#define ACCOUNT STR("111122223333")

static struct directory_entity make(enum directory_kind kind, const char *name, const char *id,
				    const char *arn)
{
	return (struct directory_entity){.kind = kind,
					 .account = ACCOUNT,
					 .name = str_from(name),
					 .path = STR("/"),
					 .id = str_from(id),
					 .arn = str_from(arn)};
}

static const struct policy *compile(const char *text)
{
	const struct policy *policy;
	struct str problem;

	enum err err = policy_compile(&arena, str_from(text), POLICY_IDENTITY, &policy, &problem);
	assert_int_equal(err, ERR_OK);
	return policy;
}

static const char allow[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
			    "\"Action\":\"sqs:*\",\"Resource\":\"*\"}]}";

/* A member of a group that may be there or not. */
static void put_user(struct directory *directory, const char *name, bool is_active)
{
	struct str group_id = STR("AGPA1");
	struct directory_key key = {
		.id = STR("AKIAEXAMPLE"), .secret = STR("secret"), .is_active = is_active};
	struct directory_entity user =
		make(DIRECTORY_USER, name, "AIDA1", "arn:aws:iam::111122223333:user/alice");

	user.keys = &key;
	user.key_count = 1;
	user.groups = &group_id;
	user.group_count = 1;
	directory_put(directory, &user);
}

static const struct principal *sign(struct directory *directory)
{
	struct signer_source source = directory_signers(directory);
	struct signer signer;

	enum signer_outcome outcome =
		source.find(source.context, STR("AKIAEXAMPLE"), STR(""), 0, &signer);
	if (outcome != SIGNER_FOUND)
		return NULL;
	assert_true(str_equal(str_of(signer.secret, signer.secret_size), STR("secret")));
	return signer.principal;
}

static void test_signer_is_the_owner_of_an_active_key(void **state)
{
	struct directory *directory = directory_new(false);

	(void)state;
	put_user(directory, "alice", true);
	const struct principal *principal = sign(directory);
	assert_non_null(principal);
	assert_true(str_equal(principal->arn, STR("arn:aws:iam::111122223333:user/alice")));
	assert_true(str_equal(principal->name, STR("alice")));
	put_user(directory, "alice", false);
	assert_null(sign(directory));
	put_user(directory, "alice", true);
	directory_remove(directory, STR("AIDA1"));
	assert_null(sign(directory));
	principal_release(principal);
	directory_free(&directory);
}

static void test_principal_is_kept_until_something_changes(void **state)
{
	struct directory *directory = directory_new(false);

	(void)state;
	put_user(directory, "alice", true);
	const struct principal *first = sign(directory), *second = sign(directory);
	assert_ptr_equal(first, second);
	uint64_t generation = directory_generation(directory);
	struct directory_entity group = make(DIRECTORY_GROUP, "readers", "AGPA1",
					     "arn:aws:iam::111122223333:group/readers");
	directory_put(directory, &group);
	assert_true(directory_generation(directory) > generation);
	const struct principal *third = sign(directory);
	assert_ptr_not_equal(first, third);
	principal_release(first);
	principal_release(second);
	principal_release(third);
	directory_free(&directory);
}

static void test_principal_has_policies_of_its_groups_and_attachments(void **state)
{
	struct directory *directory = directory_new(false);
	const struct policy *policy = compile(allow);
	struct directory_inline own = {STR("own"), policy}, shared = {STR("shared"), policy};
	struct str attached = STR("arn:aws:iam::aws:policy/AmazonSQSFullAccess");
	struct str group_id = STR("AGPA1");
	struct directory_entity group = make(DIRECTORY_GROUP, "readers", "AGPA1",
					     "arn:aws:iam::111122223333:group/readers");
	struct directory_entity user =
		make(DIRECTORY_USER, "bob", "AIDA2", "arn:aws:iam::111122223333:user/bob");

	(void)state;
	group.inlines = &shared;
	group.inline_count = 1;
	directory_put(directory, &group);
	user.inlines = &own;
	user.inline_count = 1;
	user.attached = &attached;
	user.attached_count = 1;
	user.groups = &group_id;
	user.group_count = 1;
	user.boundary = attached;
	directory_put(directory, &user);
	const struct principal *principal = directory_find_principal(directory, user.arn);
	assert_non_null(principal);
	assert_int_equal(principal->identity_count, 3);
	assert_non_null(principal->boundary);
	principal_release(principal);
	policy_release(policy);
	directory_free(&directory);
}

static void test_a_deleted_boundary_denies_everything(void **state)
{
	struct directory *directory = directory_new(false);
	const struct policy *policy = compile(allow);
	struct directory_inline own = {STR("own"), policy};
	struct directory_entity user =
		make(DIRECTORY_USER, "bob", "AIDA2", "arn:aws:iam::111122223333:user/bob");

	(void)state;
	user.inlines = &own;
	user.inline_count = 1;
	user.boundary = STR("arn:aws:iam::111122223333:policy/gone");
	directory_put(directory, &user);
	const struct principal *principal = directory_find_principal(directory, user.arn);
	assert_non_null(principal);
	assert_non_null(principal->boundary);
	struct policy_request request = {
		.principal = principal,
		.action = STR("sqs:SendMessage"),
		.resource = STR("arn:aws:sqs:eu-west-1:111122223333:q"),
	};
	assert_int_not_equal(policy_evaluate(principal->boundary, &request).outcome, POLICY_ALLOW);
	principal_release(principal);
	policy_release(policy);
	directory_free(&directory);
}

static void test_names_are_found_without_case_and_listed_in_order(void **state)
{
	struct directory *directory = directory_new(false);
	struct directory_entity first =
		make(DIRECTORY_ROLE, "Zebra", "AROA1", "arn:aws:iam::111122223333:role/Zebra");
	struct directory_entity second =
		make(DIRECTORY_ROLE, "ape", "AROA2", "arn:aws:iam::111122223333:role/ape");

	(void)state;
	directory_put(directory, &first);
	directory_put(directory, &second);
	const struct directory_entity *role =
		directory_find(directory, DIRECTORY_ROLE, ACCOUNT, STR("zEBRA"));
	assert_non_null(role);
	assert_true(str_equal(role->name, STR("Zebra")));
	directory_release(role);
	first.name = STR("aardvark");
	directory_put(directory, &first);
	assert_null(directory_find(directory, DIRECTORY_ROLE, ACCOUNT, STR("Zebra")));
	role = directory_find_id(directory, STR("AROA1"));
	assert_true(str_equal(role->name, STR("aardvark")));
	directory_release(role);
	directory_free(&directory);
}

static void test_session_is_of_its_role_with_tags_of_its_own(void **state)
{
	struct directory *directory = directory_new(false);
	struct shape_pair tags[] = {{STR("team"), STR("red")}, {STR("unit"), STR("one")}};
	struct shape_pair passed = {STR("Team"), STR("blue")};
	struct directory_entity role =
		make(DIRECTORY_ROLE, "deploy", "AROA1", "arn:aws:iam::111122223333:role/ci/deploy");

	(void)state;
	role.tags = tags;
	role.tag_count = 2;
	directory_put(directory, &role);
	struct directory_session session = {.kind = DIRECTORY_SESSION_ROLE,
					    .account = ACCOUNT,
					    .entity_id = STR("AROA1"),
					    .name = STR("me"),
					    .tags = &passed,
					    .tag_count = 1,
					    .issued_ms = 1,
					    .expires_ms = 2};
	const struct principal *principal = directory_session(directory, &session);
	assert_true(
		str_equal(principal->arn, STR("arn:aws:sts::111122223333:assumed-role/deploy/me")));
	assert_true(str_equal(principal->entity_arn, role.arn));
	assert_true(str_equal(principal->id, STR("AROA1:me")));
	assert_int_equal(principal->tag_count, 2);
	assert_true(str_equal(principal->tags[0].value, STR("blue")));
	principal_release(principal);
	session.kind = DIRECTORY_SESSION_SELF;
	assert_null(directory_session(directory, &session));
	session.kind = DIRECTORY_SESSION_ROLE;
	session.account = STR("999999999999");
	assert_null(directory_session(directory, &session));
	directory_free(&directory);
}

static void test_principals_of_policies_exist_or_not(void **state)
{
	static const struct {
		const char *text;
		bool is_known, is_known_open;
	} cases[] = {
		{"111122223333", true, true},
		{"999999999999", false, true},
		{"arn:aws:iam::111122223333:root", true, true},
		{"arn:aws:iam::999999999999:root", false, true},
		{"arn:aws:iam::111122223333:user/alice", true, true},
		{"arn:aws:iam::111122223333:user/path/alice", false, true},
		{"arn:aws:iam::111122223333:group/alice", false, false},
		{"arn:aws:iam::1:user/alice", false, false},
		{"arn:aws:sts::111122223333:assumed-role/none/x", false, true},
		{"arn:aws:sts::111122223333:federated-user/x", true, true},
		{"AIDA1", true, true},
		{"AIDA9", false, true},
		{"arn:aws:sqs::111122223333:user/alice", false, false},
		{"arn:aws-us-gov:iam::111122223333:user/alice", false, false},
		{"arn:aws-us-gov:iam::111122223333:root", false, false},
		{"arn:aws-cn:sts::111122223333:federated-user/x", false, false},
	};

	(void)state;
	for (int is_open = 0; is_open < 2; is_open++) {
		struct directory *directory = directory_new(is_open);
		struct str id;
		struct directory_entity account =
			make(DIRECTORY_ACCOUNT, "111122223333", "111122223333",
			     "arn:aws:iam::111122223333:root");
		directory_put(directory, &account);
		put_user(directory, "alice", true);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			assert_int_equal(directory_bind(directory, &arena, STR("aws"),
							str_from(cases[i].text), &id),
					 is_open ? cases[i].is_known_open : cases[i].is_known);
		directory_free(&directory);
	}
}

static void put_named(struct directory *directory, const char *id, const char *name)
{
	struct directory_entity user =
		make(DIRECTORY_USER, name, id,
		     arena_cstr(&arena,
				arena_format(&arena, "arn:aws:iam::111122223333:user/%s", name)));

	directory_put(directory, &user);
}

static bool shows(struct directory *directory, const struct policy *policy, const char *expected)
{
	return str_equal(
		directory_show_policy(directory, &arena, policy_text(policy), policy_names(policy)),
		str_from(expected));
}

static void test_policy_follows_only_its_principals(void **state)
{
#define TRUST(name)                                                                                \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":" \
	"["                                                                                        \
	"\"111122223333\",\"" name "\"]},\"Action\":\"sts:AssumeRole\",\"Condition\":{"            \
	"\"StringNotEquals\":{\"aws:PrincipalArn\":\"arn:aws:iam::111122223333:user/alice\"}}}]}"
	static const char text[] = TRUST("arn:aws:iam::111122223333:user\\/alice");
	static const char renamed[] = TRUST("arn:aws:iam::111122223333:user/bob");
	struct directory *directory = directory_new(true);
	struct policy_names names;
	const struct policy *policy;
	struct str problem;

	(void)state;
	put_named(directory, "AIDA1", "alice");
	assert_true(directory_bind_policy(directory, &arena, STR("aws"), str_from(text), &names,
					  &problem));
	assert_int_equal(names.count, 1);
	assert_true(str_equal(names.items[0].value, STR("AIDA1")));
	assert_int_equal(policy_compile_bound(&arena, str_from(text), POLICY_TRUST, names, &policy,
					      &problem),
			 ERR_OK);
	assert_true(shows(directory, policy, text));
	put_named(directory, "AIDA1", "bob");
	put_named(directory, "AIDA2", "alice");
	assert_true(shows(directory, policy, renamed));
	directory_remove(directory, STR("AIDA1"));
	assert_true(shows(directory, policy, TRUST("AIDA1")));
	policy_release(policy);
	assert_false(directory_bind_policy(directory, &arena, STR("aws-cn"), str_from(text), &names,
					   &problem));
	assert_true(str_equal(problem, STR("arn:aws:iam::111122223333:user/alice")));
	directory_free(&directory);
}

static void test_use_of_a_key_is_noted(void **state)
{
	struct directory *directory = directory_new(false);
	struct directory_use use;

	(void)state;
	put_user(directory, "alice", true);
	directory_note_use(directory, STR("AKIAEXAMPLE"), STR("sqs"), STR("eu-west-1"), 100000);
	directory_release(directory_find_key(directory, STR("AKIAEXAMPLE"), &use));
	assert_int_equal(use.at_ms, 100000);
	assert_string_equal(use.service, "sqs");
	put_user(directory, "alice", false);
	directory_note_use(directory, STR("AKIAEXAMPLE"), STR("sns"), STR("eu-west-1"), 100001);
	directory_release(directory_find_key(directory, STR("AKIAEXAMPLE"), &use));
	assert_string_equal(use.service, "sns");
	assert_null(directory_find_key(directory, STR("AKIANONE"), &use));
	directory_free(&directory);
}

struct reading {
	struct directory *directory;
	_Atomic bool ends;
	_Atomic size_t found;
};

/* Readers see only principals that were built of one state of the directory. */
static void *read_signers(void *context)
{
	struct reading *reading = context;

	while (!reading->ends) {
		const struct principal *principal = sign(reading->directory);
		if (!principal)
			continue;
		check(principal->identity_count <= 1);
		check(str_equal(principal->entity_id, STR("AIDA1")));
		principal_release(principal);
		reading->found++;
	}
	return NULL;
}

static void test_readers_see_whole_principals_while_the_directory_changes(void **state)
{
	enum { READERS = 3, CHANGES = 200 };
	struct reading reading = {.directory = directory_new(false)};
	struct directory_entity group = make(DIRECTORY_GROUP, "readers", "AGPA1",
					     "arn:aws:iam::111122223333:group/readers");
	const struct policy *policy = compile(allow);
	struct directory_inline own = {STR("own"), policy};
	pthread_t threads[READERS];

	(void)state;
	group.inlines = &own;
	put_user(reading.directory, "alice", true);
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_signers, &reading), 0);
	for (size_t i = 0; i < CHANGES; i++) {
		size_t before = reading.found;
		put_user(reading.directory, "alice", i % 3 != 0);
		group.inline_count = i % 2;
		directory_put(reading.directory, &group);
		/* Each state with an active key is met by a reader. */
		while (i % 3 != 0 && reading.found == before)
			continue;
	}
	reading.ends = true;
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	policy_release(policy);
	directory_free(&reading.directory);
}

/* ---- staging ---- */

/* As a net thread sees it. */
static void *sign_elsewhere(void *directory)
{
	return (void *)sign(directory);
}

static const struct principal *sign_on_a_net_thread(struct directory *directory)
{
	pthread_t thread;
	void *principal;

	assert_int_equal(pthread_create(&thread, NULL, sign_elsewhere, directory), 0);
	pthread_join(thread, &principal);
	return principal;
}

static const struct directory_entity *find_user(struct directory *directory, const char *name)
{
	return directory_find(directory, DIRECTORY_USER, ACCOUNT, str_from(name));
}

static void test_a_staged_user_signs_once_it_is_kept(void **state)
{
	struct directory *directory = directory_new(false);

	(void)state;
	uint64_t generation = directory_generation(directory);
	staging_open();
	put_user(directory, "alice", true);
	const struct directory_entity *entity = find_user(directory, "alice");
	assert_non_null(entity);
	directory_release(entity);
	const struct principal *own = sign(directory);
	assert_non_null(own);
	principal_release(own);
	assert_null(sign_on_a_net_thread(directory));
	assert_int_equal(directory_generation(directory), generation);
	staging_end(true);
	assert_true(directory_generation(directory) > generation);
	const struct principal *principal = sign_on_a_net_thread(directory);
	assert_non_null(principal);
	principal_release(principal);

	/* A staged name cannot be used by another entity, and a staged removal is not visible. */
	staging_open();
	put_user(directory, "bob", false);
	directory_remove(directory, STR("AIDA1"));
	assert_null(find_user(directory, "bob"));
	assert_null(sign(directory));
	principal = sign_on_a_net_thread(directory);
	assert_non_null(principal);
	assert_str(principal->name, "alice");
	principal_release(principal);
	staging_end(true);
	assert_null(sign_on_a_net_thread(directory));
	directory_free(&directory);
}

static void test_dropped_changes_leave_nothing(void **state)
{
	struct directory *directory = directory_new(false);
	size_t count = directory_count(directory);

	(void)state;
	for (int is_there = 0; is_there < 2; is_there++) {
		if (is_there)
			put_user(directory, "alice", true);
		const struct principal *before = sign(directory);
		staging_open();
		put_user(directory, "bob", false);
		put_user(directory, "carol", true);
		directory_remove(directory, STR("AIDA1"));
		put_user(directory, "dave", true);
		staging_end(false);
		assert_null(find_user(directory, "bob"));
		assert_null(find_user(directory, "dave"));
		assert_int_equal(directory_count(directory), count + (size_t)is_there);
		const struct principal *after = sign(directory);
		assert_ptr_equal(before, after);
		principal_release(before);
		principal_release(after);
	}
	/* Entities that are added and removed within a committed staging. */
	directory_remove(directory, STR("AIDA1"));
	staging_open();
	put_user(directory, "alice", true);
	directory_remove(directory, STR("AIDA1"));
	staging_end(true);
	assert_null(sign(directory));
	assert_int_equal(directory_count(directory), count);
	directory_free(&directory);
}
