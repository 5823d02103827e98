/* SPDX-License-Identifier: MIT */
#include "core/policy_document.h"

#include "base/fixture.h"

static const struct str arn = STR_INIT("arn:t");
static const struct str root_a = STR_INIT("arn:aws:iam::111122223333:root");
static const struct str publish = STR_INIT("SNS:Publish");

static void allow(struct policy_document *document, const char *sid)
{
	const struct policy_grant grant = {.sid = str_from(sid),
					   .principals = &root_a,
					   .principal_count = 1,
					   .actions = &publish,
					   .action_count = 1,
					   .resource = arn};

	policy_document_allow(document, &grant);
}

static void assert_text(struct policy_document *document, const char *wanted)
{
	struct str text = policy_document_text(document, &arena);

	assert_true(str_equal(text, str_from(wanted)));
}

static void test_new_document_gets_version_and_id(void **state)
{
	struct policy_document *document =
		policy_document_open(STR(""), STR("2008-10-17"), STR("x"));

	(void)state;
	assert_text(document, "{\"Version\":\"2008-10-17\",\"Id\":\"x\",\"Statement\":[]}");
	allow(document, "a");
	assert_text(document,
		    "{\"Version\":\"2008-10-17\",\"Id\":\"x\",\"Statement\":[{\"Sid\":\"a\","
		    "\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
		    "\"arn:aws:iam::111122223333:root\"},\"Action\":\"SNS:Publish\","
		    "\"Resource\":\"arn:t\"}]}");
	policy_document_close(&document);
	assert_null(document);
}

static void test_statements_are_found_and_removed_by_sid(void **state)
{
	struct policy_document *document = policy_document_open(
		STR("{\"Statement\":{\"Sid\":\"old\",\"Effect\":\"Deny\"}}"), STR("v"), STR("i"));

	(void)state;
	assert_int_equal(policy_document_count(document), 1);
	assert_true(policy_document_has(document, STR("old")));
	allow(document, "new");
	assert_int_equal(policy_document_count(document), 2);
	assert_false(policy_document_remove(document, STR("none")));
	assert_true(policy_document_remove(document, STR("new")));
	assert_text(document, "{\"Statement\":[{\"Sid\":\"old\",\"Effect\":\"Deny\"}]}");
	policy_document_close(&document);
}

static void test_several_values_become_a_list(void **state)
{
	const struct str both[] = {STR_INIT("SNS:Publish"), STR_INIT("SNS:Subscribe")};
	const struct policy_grant grant = {.sid = STR("s"),
					   .principals = both,
					   .principal_count = 2,
					   .actions = both,
					   .action_count = 2,
					   .resource = arn};
	struct policy_document *document =
		policy_document_open(STR("{\"Statement\":[]}"), STR(""), STR(""));

	(void)state;
	policy_document_allow(document, &grant);
	assert_text(document, "{\"Statement\":[{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Principal\":"
			      "{\"AWS\":[\"SNS:Publish\",\"SNS:Subscribe\"]},\"Action\":"
			      "[\"SNS:Publish\",\"SNS:Subscribe\"],\"Resource\":\"arn:t\"}]}");
	policy_document_close(&document);
}
