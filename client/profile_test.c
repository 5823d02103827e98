/* SPDX-License-Identifier: MIT */
/* Tests of the shared config and credentials files. */
#include "base/fixture.h"
#include "client/profile.h"

static struct profile_file file;

static const char *find(const char *kind, const char *name, const char *parent, const char *key)
{
	struct str value;

	if (!profile_find(&file, str_from(kind), str_from(name), str_from(parent), str_from(key),
			  &value))
		return "(absent)";
	return arena_cstr(&arena, value);
}

static void test_profile_reads_sections_of_the_config_file(void **state)
{
	(void)state;
	profile_parse(&arena,
		      STR("# a comment\r\n"
			  "[default]\r\n"
			  "region = eu-west-1\r\n"
			  "\n"
			  "[profile dev] # the team's\n"
			  "Region=us-east-2 ; why not\n"
			  "endpoint_url = http://localhost:4566/#x\n"
			  "  [ profile  'two words' ]\n"
			  "[profile 'two words']\n"
			  "region =  a b \n"),
		      false, &file);
	assert_string_equal(find("profile", "default", "", "region"), "eu-west-1");
	assert_string_equal(find("profile", "dev", "", "region"), "us-east-2");
	assert_string_equal(find("profile", "dev", "", "endpoint_url"), "http://localhost:4566/#x");
	assert_string_equal(find("profile", "two words", "", "region"), "a b");
	assert_string_equal(find("profile", "dev", "", "output"), "(absent)");
	assert_string_equal(find("profile", "other", "", "region"), "(absent)");
}

static void test_profile_reads_nested_settings(void **state)
{
	(void)state;
	profile_parse(&arena,
		      STR("[profile dev]\nservices = local\ns3 =\n  max = 5\nregion = r\n"
			  "[services local]\nsqs =\n  endpoint_url = http://q:1\n"
			  "\tother = x\nsns =\n  endpoint_url = http://t:2\n"),
		      false, &file);
	assert_string_equal(find("profile", "dev", "", "services"), "local");
	assert_string_equal(find("profile", "dev", "s3", "max"), "5");
	assert_string_equal(find("profile", "dev", "", "region"), "r");
	assert_string_equal(find("services", "local", "sqs", "endpoint_url"), "http://q:1");
	assert_string_equal(find("services", "local", "sqs", "other"), "x");
	assert_string_equal(find("services", "local", "sns", "endpoint_url"), "http://t:2");
	assert_string_equal(find("services", "local", "", "endpoint_url"), "(absent)");
}

static void test_profile_reads_the_credentials_file(void **state)
{
	(void)state;
	profile_parse(&arena,
		      STR("[dev]\naws_access_key_id = A\naws_secret_access_key = b+/c=#d\n"
			  "[profile odd]\naws_access_key_id = B\n"),
		      true, &file);
	assert_string_equal(find("profile", "dev", "", "aws_access_key_id"), "A");
	assert_string_equal(find("profile", "dev", "", "aws_secret_access_key"), "b+/c=#d");
	assert_string_equal(find("profile", "odd", "", "aws_access_key_id"), "(absent)");
}

static void test_profile_prefers_the_prefixed_default_and_the_last_value(void **state)
{
	(void)state;
	profile_parse(&arena, STR("[profile default]\nregion = a\n[default]\nregion = b\n"), false,
		      &file);
	assert_string_equal(find("profile", "default", "", "region"), "a");
	profile_parse(&arena, STR("[default]\nregion = a\nregion = b\n"), false, &file);
	assert_string_equal(find("profile", "default", "", "region"), "b");
}

static void test_profile_exists_without_settings(void **state)
{
	(void)state;
	profile_parse(&arena, STR("[profile bare]\n[other]\nregion = x\n[broken\nregion = y"),
		      false, &file);
	assert_true(profile_exists(&file, STR("profile"), STR("bare")));
	assert_false(profile_exists(&file, STR("profile"), STR("other")));
	assert_int_equal(file.setting_count, 1);
}

static void test_profile_of_a_missing_file_is_empty(void **state)
{
	(void)state;
	assert_int_equal(profile_load(&arena, "/nonexistent/config", false, &file), ERR_OK);
	assert_int_equal(file.setting_count, 0);
	assert_int_equal(profile_load(&arena, "/", false, &file), ERR_IO);
}
