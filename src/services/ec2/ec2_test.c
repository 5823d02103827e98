/* SPDX-License-Identifier: MIT */
/* Tests without a server: patterns of filters, records, the registry, declarations. */
#include "base/fixture.h"

#undef fail

#include "services/ec2/network.h"
#include "services/ec2/query.h"
#include "services/ec2/store.h"

static void test_patterns_fit_as_ec2s_filters_do(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool fits;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"a", "", false},
		{"a", "a", true},
		{"a", "A", false},
		{"*", "", true},
		{"*", "abc", true},
		{"a*c", "abbc", true},
		{"a*c", "ac", true},
		{"a*c", "acb", false},
		{"*b*", "abc", true},
		{"*b*c", "abbcbc", true},
		{"?", "", false},
		{"?", "a", true},
		{"??", "a", false},
		{"a?c", "abc", true},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"\\?", "?", true},
		{"\\?", "a", false},
		{"a\\\\", "a\\", true},
		{"\\", "\\", true},
		{"**", "a", true},
		{"*\\*", "a*", true},
		{"*a", "aaaaaaab", false},
	};

	struct policy_steps steps = {.left = 1000};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(ec2_fits((struct ec2_pattern){str_from(cases[i].pattern), &steps},
				     str_from(cases[i].text)) == cases[i].fits);
}

static const struct str subnets[] = {STR_INIT("subnet-1"), STR_INIT("subnet-2")};
static const struct str groups[] = {STR_INIT("sg-1")};
static const struct shape_pair tags[] = {{STR_INIT("a"), STR_INIT("\"\xc3\xa9\"")},
					 {STR_INIT("b"), STR_INIT("")}};

static struct ec2_endpoint draft_of(struct str id, uint32_t listener)
{
	return (struct ec2_endpoint){
		.shown = {id, STR("vpc-1"), STR("sqs"), NULL},
		.account = STR("000000000000"),
		.region = STR("us-east-1"),
		.service_name = STR("com.amazonaws.us-east-1.sqs"),
		.policy = STR("{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\","
			      "\"Action\":\"*\",\"Resource\":\"*\"}}"),
		.url = STR("http://127.0.0.1:1"),
		.subnets = subnets,
		.subnet_count = 2,
		.groups = groups,
		.group_count = 1,
		.tags = tags,
		.tag_count = 2,
		.has_private_dns = true,
		.created_ms = 1764097418250,
		.listener = listener,
	};
}

static void test_a_record_round_trips(void **state)
{
	(void)state;
	struct ec2_endpoint draft = draft_of(STR("vpce-1"), 7), read;
	struct buf record = {0}, again = {0};

	ec2_endpoint_encode(&record, &draft);
	assert_int_equal(ec2_endpoint_decode(&arena, buf_str(&record), &read), ERR_OK);
	assert_str(read.shown.id, "vpce-1");
	assert_str(read.subnets[1], "subnet-2");
	assert_str(read.tags[0].value, "\"\xc3\xa9\"");
	assert_true(read.has_private_dns);
	assert_int_equal(read.created_ms, draft.created_ms);
	ec2_endpoint_encode(&again, &read);
	assert_true(str_equal(buf_str(&record), buf_str(&again)));
	buf_done(&record);
	buf_done(&again);
	assert_int_equal(ec2_endpoint_decode(&arena, STR("{}"), &read), ERR_DAMAGED);
	assert_int_equal(ec2_endpoint_decode(&arena, STR("{"), &read), ERR_DAMAGED);
	assert_int_equal(ec2_endpoint_decode(&arena, STR("\x02"), &read), ERR_VERSION);
}

static void test_the_registry_finds_by_id_and_listener(void **state)
{
	(void)state;
	struct ec2_endpoints *endpoints = ec2_endpoints_new();
	struct ec2_endpoint a = draft_of(STR("vpce-a"), 1), b = draft_of(STR("vpce-b"), 2);
	struct str account = a.account, region = a.region;

	ec2_endpoints_put(endpoints, ec2_endpoint_new(&b));
	ec2_endpoints_put(endpoints, ec2_endpoint_new(&a));
	const struct ec2_endpoint *found = ec2_endpoints_find_listener(endpoints, 1);
	assert_str(found->shown.id, "vpce-a");
	assert_non_null(found->shown.policy);

	/* A new snapshot replaces it; the old one stays unchanged. */
	a.listener = 3;
	a.policy = STR("{");
	ec2_endpoints_put(endpoints, ec2_endpoint_new(&a));
	assert_int_equal(found->listener, 1);
	ec2_endpoint_release(found);
	assert_null(ec2_endpoints_find_listener(endpoints, 1));
	assert_int_equal(ec2_endpoints_count(endpoints), 2);
	found = ec2_endpoints_find(endpoints, account, region, STR("vpce-a"));
	assert_int_equal(found->listener, 3);
	assert_non_null(found->shown.policy); /* denies all: it cannot be understood */
	ec2_endpoint_release(found);
	assert_null(ec2_endpoints_find(endpoints, account, STR("eu-west-1"), STR("vpce-a")));
	assert_null(ec2_endpoints_find(endpoints, STR("111111111111"), region, STR("vpce-a")));

	ec2_endpoints_remove(endpoints, &a);
	assert_null(ec2_endpoints_find_listener(endpoints, 3));
	assert_null(ec2_endpoints_find(endpoints, account, region, STR("vpce-a")));
	ec2_endpoints_free(&endpoints);
	assert_null(endpoints);
}

static void test_ids_have_eight_or_seventeen_digits(void **state)
{
	(void)state;

	assert_true(ec2_label_is_id(EC2_VPC, STR("vpc-12345678")));
	assert_true(ec2_label_is_id(EC2_SUBNET, STR("subnet-0123456789abcdef0")));
	assert_false(ec2_label_is_id(EC2_VPC, STR("subnet-12345678")));
	assert_false(ec2_label_is_id(EC2_VPC, STR("vpc-1234567")));
	assert_false(ec2_label_is_id(EC2_VPC, STR("vpc-123456789")));
	assert_false(ec2_label_is_id(EC2_GROUP, STR("sg-1234567G")));
	assert_false(ec2_label_is_id(EC2_GROUP, STR("sg-")));
}
