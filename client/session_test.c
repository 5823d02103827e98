/* SPDX-License-Identifier: MIT */
/* Tests of where a session finds its endpoint, region and credentials. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/iam.h"
#include "api/sqs.h"
#include "base/fixture.h"
#include "client/session_private.h"

static char home[] = "/tmp/tern-session-XXXXXX";
static struct tern_session *session;
static char problem[TERN_PROBLEM_SIZE];
static char made_up[TERN_ENDPOINT_SIZE];

static void write_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const struct tern_credentials *credentials(void)
{
	const struct tern_credentials *found = NULL;

	if (tern_session_credentials(session, &found, problem) != ERR_OK)
		fail_msg("%s", problem);
	return found;
}

static int setup(void **state)
{
	static const char *const variables[] = {
		"AWS_ACCESS_KEY_ID",	"AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN",	"AWS_REGION",
		"AWS_DEFAULT_REGION",	"AWS_ENDPOINT_URL",
		"AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SNS",
		"AWS_PROFILE",		"AWS_DEFAULT_PROFILE",
		"AWS_MAX_ATTEMPTS",	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	memcpy(home + sizeof(home) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(home));
	setenv("HOME", home, 1);
	setenv("AWS_CONFIG_FILE", "~/config", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "~/credentials", 1);
	return 0;
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	tern_session_free(&session);
	snprintf(path, sizeof(path), "%s/config", home);
	unlink(path);
	snprintf(path, sizeof(path), "%s/credentials", home);
	unlink(path);
	rmdir(home);
	return 0;
}

static enum err make(const struct tern_options *options)
{
	tern_session_free(&session);
	problem[0] = '\0';
	return tern_session_new(options, &session, problem);
}

static const struct tern_options at_home = {.endpoint_url_default =
						    STR_INIT("http://127.0.0.1:4566")};

#define assert_endpoint(literal)                                                                   \
	assert_str(tern_session_endpoint(session, &sqs_client_service, made_up), literal)
#define assert_problem(text) assert_non_null(strstr(problem, (text)))

static void test_session_without_any_configuration_uses_the_default(void **state)
{
	(void)state;
	assert_int_equal(make(&at_home), ERR_OK);
	assert_endpoint("http://127.0.0.1:4566");
	assert_str(tern_session_region(session), "us-east-1");
	assert_str(credentials()->access_key_id, "tern");
	assert_int_equal(session->policy.attempts_max, 3);
}

static void test_session_prefers_endpoints_in_the_documented_order(void **state)
{
	struct tern_options options = at_home;

	(void)state;
	write_file("config", "[default]\nendpoint_url = http://profile/\n");
	assert_int_equal(make(&options), ERR_OK);
	assert_endpoint("http://profile");

	write_file("config", "[default]\nendpoint_url = http://profile\nservices = s\n"
			     "[services s]\nsns =\n  endpoint_url = http://sns\n"
			     "sqs =\n  endpoint_url = http://section\n");
	assert_int_equal(make(&options), ERR_OK);
	assert_endpoint("http://section");

	setenv("AWS_ENDPOINT_URL", "http://everywhere", 1);
	setenv("AWS_ENDPOINT_URL_SNS", "http://sns", 1);
	assert_int_equal(make(&options), ERR_OK);
	assert_endpoint("http://everywhere");

	setenv("AWS_ENDPOINT_URL_SQS", "http://sqs:1/base/", 1);
	assert_int_equal(make(&options), ERR_OK);
	assert_endpoint("http://sqs:1/base");

	options.endpoint_url = STR("https://option");
	assert_int_equal(make(&options), ERR_OK);
	assert_endpoint("https://option");
}

static void test_session_knows_a_service_by_the_name_of_the_sdks(void **state)
{
	const struct service monitoring = {.name = STR("monitoring"), .sdk_id = STR("cloudwatch")};

	(void)state;
	setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://cloudwatch", 1);
	setenv("AWS_ENDPOINT_URL_MONITORING", "http://monitoring", 1);
	assert_int_equal(make(&at_home), ERR_OK);
	assert_str(tern_session_endpoint(session, &monitoring, made_up), "http://cloudwatch");
	unsetenv("AWS_ENDPOINT_URL_CLOUDWATCH");
	unsetenv("AWS_ENDPOINT_URL_MONITORING");
}

static void test_session_can_ignore_configured_endpoints(void **state)
{
	(void)state;
	setenv("AWS_ENDPOINT_URL_SQS", "http://sqs", 1);
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	assert_int_equal(make(&at_home), ERR_OK);
	assert_endpoint("http://127.0.0.1:4566");
}

static void test_session_at_aws_wants_region_and_credentials(void **state)
{
	struct tern_options options = at_home;

	(void)state;
	options.wants_aws = true;
	setenv("AWS_ENDPOINT_URL", "http://everywhere", 1);
	assert_int_equal(make(&options), ERR_INVALID);
	assert_problem("no region");
	setenv("AWS_DEFAULT_REGION", "cn-north-1", 1);
	assert_int_equal(make(&options), ERR_INVALID);
	assert_problem("no credentials");
	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	assert_int_equal(make(&options), ERR_OK);
	assert_endpoint("https://sqs.cn-north-1.amazonaws.com.cn");
	setenv("AWS_REGION", "eu-west-1", 1);
	assert_int_equal(make(&options), ERR_OK);
	assert_endpoint("https://sqs.eu-west-1.amazonaws.com");
}

static void test_session_finds_credentials_in_the_documented_order(void **state)
{
	struct tern_options options = at_home;

	(void)state;
	write_file("config", "[profile dev]\naws_access_key_id = C\naws_secret_access_key = c\n"
			     "region = eu-north-1\nmax_attempts = 7\n");
	setenv("AWS_PROFILE", "dev", 1);
	assert_int_equal(make(&options), ERR_OK);
	assert_str(credentials()->access_key_id, "C");
	assert_str(tern_session_region(session), "eu-north-1");
	assert_int_equal(session->policy.attempts_max, 7);

	write_file("credentials", "[dev]\naws_access_key_id = S\naws_secret_access_key = s\n"
				  "aws_session_token = t\n");
	assert_int_equal(make(&options), ERR_OK);
	assert_str(credentials()->access_key_id, "S");
	assert_str(credentials()->session_token, "t");

	setenv("AWS_ACCESS_KEY_ID", "E", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
	assert_int_equal(make(&options), ERR_OK);
	assert_str(credentials()->access_key_id, "E");
	assert_int_equal(credentials()->session_token.size, 0);

	options.profile = STR("dev");
	assert_int_equal(make(&options), ERR_OK);
	assert_str(credentials()->access_key_id, "S");
}

static void test_session_does_not_pass_over_credentials_from_elsewhere(void **state)
{
	(void)state;
	write_file("config", "[default]\nsso_session = work\n");
	assert_int_equal(make(&at_home), ERR_INVALID);
	assert_problem("sso_session");
	assert_problem("export-credentials");
	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	assert_int_equal(make(&at_home), ERR_OK);
}

static enum err ask(void)
{
	const struct tern_credentials *found;

	return tern_session_credentials(session, &found, problem);
}

/* Each run of the process prints another key, by a file that grows. */
#define COUNTING "n=$(cat ~/runs 2>/dev/null | wc -l); echo >> ~/runs; "

static void test_session_runs_a_credential_process(void **state)
{
	char path[128];

	(void)state;
	write_file("config", "[default]\ncredential_process = " COUNTING
			     "echo '{\"Version\": 1, \"AccessKeyId\": \"K'$n'\", "
			     "\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\"}'\n");
	assert_int_equal(make(&at_home), ERR_OK);
	assert_str(credentials()->access_key_id, "K0");
	assert_str(credentials()->access_key_id, "K0");
	assert_str(credentials()->session_token, "t");
	snprintf(path, sizeof(path), "%s/runs", home);
	assert_int_equal(unlink(path), 0);

	for (size_t i = 0; i < 3; i++) {
		static const char *const bad[] = {
			"false", "echo nonsense",
			"echo '{\"AccessKeyId\": \"K\", \"SecretAccessKey\": \"s\"}'"};
		char text[256];
		snprintf(text, sizeof(text), "[default]\ncredential_process = %s\n", bad[i]);
		write_file("config", text);
		assert_int_equal(make(&at_home), ERR_OK);
		assert_int_equal(ask(), ERR_INVALID);
		assert_problem("credential_process");
	}
}

static void test_session_asks_anew_before_credentials_end(void **state)
{
	char path[128];

	(void)state;
	write_file("config",
		   "[default]\ncredential_process = " COUNTING
		   "echo '{\"Version\": 1, \"AccessKeyId\": \"K'$n'\", \"SecretAccessKey\": "
		   "\"s\", \"Expiration\": \"'$(date -u -d '+1 hour' +%FT%TZ)'\"}'\n");
	assert_int_equal(make(&at_home), ERR_OK);
	const struct tern_credentials *first = credentials();
	assert_str(first->access_key_id, "K0");
	clock_shift(54 * 60000);
	assert_str(credentials()->access_key_id, "K0");
	clock_shift(2 * 60000);
	assert_str(credentials()->access_key_id, "K1");
	assert_str(first->access_key_id, "K0");
	/* While the old ones hold, a failure is no harm. */
	session->process = STR("false");
	clock_shift(60000);
	assert_str(credentials()->access_key_id, "K1");
	clock_shift(4 * 60000);
	assert_int_equal(ask(), ERR_INVALID);
	clock_shift(-61 * 60000);
	snprintf(path, sizeof(path), "%s/runs", home);
	assert_int_equal(unlink(path), 0);
}

static void test_session_refuses_roles_it_cannot_assume(void **state)
{
	static const struct {
		const char *lines, *problem;
	} rows[] = {
		{"", "source_profile"},
		{"source_profile = missing\n", "the profile missing"},
		{"source_profile = other\n[profile other]\nrole_arn = r\nsource_profile = "
		 "default\n",
		 "circle"},
		{"source_profile = default\nmfa_serial = m\n", "mfa_serial"},
		{"source_profile = default\nduration_seconds = long\n", "duration_seconds"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "[default]\nrole_arn = arn\n%s", rows[i].lines);
		write_file("config", text);
		assert_int_equal(make(&at_home), ERR_INVALID);
		assert_problem(rows[i].problem);
	}
}

static void test_session_says_which_role_nobody_lends(void **state)
{
	struct tern_options options = at_home;

	(void)state;
	options.endpoint_url = STR("http://127.0.0.1:1");
	options.attempts_max = 1;
	options.role_arn = STR("arn:aws:iam::111122223333:role/reader");
	assert_int_equal(make(&options), ERR_OK);
	assert_int_equal(ask(), ERR_CLOSED);
	assert_problem("arn:aws:iam::111122223333:role/reader cannot be assumed");
}

static void test_session_refuses_what_cannot_be_meant(void **state)
{
	struct tern_options options = at_home;

	(void)state;
	setenv("AWS_PROFILE", "missing", 1);
	assert_int_equal(make(&options), ERR_INVALID);
	assert_problem("the profile missing");
	unsetenv("AWS_PROFILE");

	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	assert_int_equal(make(&options), ERR_INVALID);
	assert_problem("half of a key pair");
	unsetenv("AWS_ACCESS_KEY_ID");

	setenv("AWS_MAX_ATTEMPTS", "0", 1);
	assert_int_equal(make(&options), ERR_INVALID);
	assert_problem("AWS_MAX_ATTEMPTS");
	unsetenv("AWS_MAX_ATTEMPTS");

	options.region = STR("us east");
	assert_int_equal(make(&options), ERR_INVALID);
	assert_problem("not a region");
}

static void test_session_knows_that_iam_is_one_for_all_regions(void **state)
{
	struct tern_options options = {.wants_aws = true, .region = STR("eu-west-1")};

	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	assert_int_equal(make(&options), ERR_OK);
	assert_endpoint("https://sqs.eu-west-1.amazonaws.com");
	assert_str(tern_session_endpoint(session, &iam_client_service, made_up),
		   "https://iam.amazonaws.com");
	assert_str(session_region_of(session, &iam_client_service), "us-east-1");
	assert_str(session_region_of(session, &sqs_client_service), "eu-west-1");
	options.region = STR("us-gov-east-1");
	assert_int_equal(make(&options), ERR_OK);
	assert_str(tern_session_endpoint(session, &iam_client_service, made_up),
		   "https://iam.us-gov.amazonaws.com");
	assert_str(session_region_of(session, &iam_client_service), "us-gov-west-1");
	options.region = STR("eu-west-1");
	options.wants_aws = false;
	options.endpoint_url = STR("http://127.0.0.1:4566");
	assert_int_equal(make(&options), ERR_OK);
	assert_str(tern_session_endpoint(session, &iam_client_service, made_up),
		   "http://127.0.0.1:4566");
	assert_str(session_region_of(session, &iam_client_service), "eu-west-1");
}

static void test_session_refuses_what_is_no_endpoint(void **state)
{
	static const char *const bad[] = {"127.0.0.1:4566", "http://",	      "ftp://h",
					  "http://h?x",	    "http://u:p@h:1", "http://a b"};
	struct tern_options options = at_home;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		options.endpoint_url = str_from(bad[i]);
		assert_int_equal(make(&options), ERR_INVALID);
		assert_problem("is not an endpoint");
	}
	options.endpoint_url = STR("");
	setenv("AWS_ENDPOINT_URL_SNS", "nonsense", 1);
	assert_int_equal(make(&options), ERR_INVALID);
}
