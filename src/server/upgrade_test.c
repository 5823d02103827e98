/* SPDX-License-Identifier: MIT */
/* Records as the catalog's formats 3 and 4 had them, which later versions must read. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/ec2_records.h"
#include "api/events_records.h"
#include "api/iam_records.h"
#include "api/kms_records.h"
#include "api/sns_records.h"
#include "api/sqs_records.h"
#include "base/fixture.h"
#include "server/upgrade.h"

static char path[64];
static struct core core;

static int remove_entry(const char *entry, const struct stat *status, int flag, struct FTW *place)
{
	(void)status;
	(void)flag;
	(void)place;
	return remove(entry);
}

static int setup(void **state)
{
	static const uint8_t master[SEAL_KEY_SIZE] = {1};

	(void)state;
	memset(&core, 0, sizeof(core));
	snprintf(path, sizeof(path), "/tmp/tern-upgrade-XXXXXX");
	if (!mkdtemp(path) || catalog_open(path, false, &core.catalog) != ERR_OK)
		return -1;
	core.seal = seal_new(master);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	catalog_free(&core.catalog);
	seal_free(&core.seal);
	return nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(enum catalog_table table, const char *key, struct str value)
{
	struct catalog_changes changes = {0};

	catalog_changes_put(&changes, table, str_from(key), value);
	assert_int_equal(catalog_write(core.catalog, &changes), ERR_OK);
}

static struct str get(enum catalog_table table, const char *key)
{
	struct str value;

	assert_int_equal(catalog_begin(core.catalog, false), ERR_OK);
	assert_int_equal(catalog_get(core.catalog, table, str_from(key), &value), ERR_OK);
	value = arena_copy(&arena, value);
	catalog_abort(core.catalog);
	return value;
}

static bool is_marked(void)
{
	struct str value;

	assert_int_equal(catalog_begin(core.catalog, false), ERR_OK);
	enum err err = catalog_get(core.catalog, CATALOG_META, CATALOG_HAS_TEXT_RECORDS, &value);
	catalog_abort(core.catalog);
	return err == ERR_OK;
}

static void put_old_records(void)
{
	put(CATALOG_SQS_QUEUES, "00000001",
	    STR("{\"version\":1,\"number\":\"1\",\"account\":\"000000000000\",\"name\":\"orders\","
		"\"delaySeconds\":5,\"fifoQueue\":true,\"policyPrincipals\":{},"
		"\"tags\":{\"team\":\"red\"}}"));
	put(CATALOG_SQS_TASKS, "task",
	    STR("{\"account\":\"000000000000\",\"source\":\"arn:s\",\"status\":1,\"moved\":7}"));
	put(CATALOG_KMS_KEYS, "key",
	    STR("{\"version\":2,\"keyId\":\"key\",\"createdMs\":9,\"multiRegion\":true,"
		"\"aliases\":[{\"name\":\"alias/a\",\"createdMs\":3}],"
		"\"grants\":[{\"grantId\":\"g\",\"operations\":[\"Decrypt\"],"
		"\"equals\":{\"a\":\"b\"}}],"
		"\"materials\":[{\"number\":1,\"rotation\":0,\"sealed\":\"AAEC\"}]}"));
	put(CATALOG_EC2_ENDPOINTS, "vpce-1",
	    STR("{\"version\":1,\"vpcEndpointId\":\"vpce-1\",\"subnetIds\":[\"s-1\",\"s-2\"],"
		"\"privateDnsEnabled\":true}"));
	put(CATALOG_IAM, "AIDA1",
	    seal_close(core.seal, &arena, 0,
		       STR("{\"version\":2,\"kind\":\"user\",\"id\":\"AIDA1\",\"name\":\"ann\","
			   "\"accessKeys\":[{\"id\":\"AKIA1\",\"secret\":\"s\",\"active\":true,"
			   "\"createdMs\":4}],\"allowUsersToChangePassword\":1}")));
}

static void check_new_records(void)
{
	struct sqs_queue_record queue;
	struct sqs_move_task_record task;
	struct kms_key_record key;
	struct ec2_endpoint_record endpoint;
	struct iam_entity_record entity;
	struct str bytes = get(CATALOG_SQS_QUEUES, "00000001"), row;

	assert_int_equal(bytes.data[0], RECORD_FORMAT);
	assert_int_equal(sqs_queue_record_decode(&arena, bytes, &queue), ERR_OK);
	assert_str(queue.name, "orders");
	assert_int_equal(queue.delay_seconds, 5);
	assert_true(queue.fifo_queue);
	assert_str(queue.tags[0].value, "red");
	bytes = get(CATALOG_SQS_TASKS, "task");
	assert_int_equal(sqs_move_task_record_decode(&arena, bytes, &task), ERR_OK);
	assert_int_equal(task.moved, 7);
	bytes = get(CATALOG_KMS_KEYS, "key");
	assert_int_equal(bytes.data[0], RECORD_FORMAT);
	assert_int_equal(kms_key_record_decode(&arena, bytes, &key), ERR_OK);
	assert_true(key.multi_region);
	assert_str(key.aliases[0].name, "alias/a");
	assert_str(key.grants[0].operations[0], "Decrypt");
	assert_str(key.grants[0].equals[0].value, "b");
	assert_int_equal(key.materials[0].sealed.size, 3);
	bytes = get(CATALOG_EC2_ENDPOINTS, "vpce-1");
	assert_int_equal(ec2_endpoint_record_decode(&arena, bytes, &endpoint), ERR_OK);
	assert_str(endpoint.subnet_ids[1], "s-2");
	bytes = get(CATALOG_IAM, "AIDA1");
	assert_int_equal(seal_open(core.seal, (char *)bytes.data, bytes.size, &row), ERR_OK);
	assert_int_equal(row.data[0], RECORD_FORMAT);
	assert_int_equal(iam_entity_record_decode(&arena, row, &entity), ERR_OK);
	assert_str(entity.access_keys[0].secret, "s");
	assert_int_equal(entity.users_change_passwords, 1);
}

static void test_records_of_format_3_are_converted_once(void **state)
{
	(void)state;
	put_old_records();
	put(CATALOG_META, "text-records", STR("1"));
	assert_int_equal(upgrade_records(&core), ERR_OK);
	assert_false(is_marked());
	check_new_records();
	assert_int_equal(upgrade_records(&core), ERR_OK);
	check_new_records();
}

static void put_records_of_format_4(void)
{
	put(CATALOG_SNS_TOPICS, "topic",
	    STR("{\"version\":1,\"topicArn\":\"arn:t\",\"policy\":\"{}\",\"serial\":3,"
		"\"fifoTopic\":true,\"policyPrincipals\":{\"arn:u\":\"AIDA1\"},"
		"\"feedback\":{},\"tags\":{\"a\":\"\"}}"));
	put(CATALOG_SNS_SUBSCRIPTIONS, "subscription",
	    STR("{\"version\":1,\"subscriptionArn\":\"arn:s\",\"topicArn\":\"arn:t\","
		"\"protocol\":\"sqs\",\"rawMessageDelivery\":true}"));
	put(CATALOG_EVENTS_BUSES, "bus",
	    STR("{\"version\":1,\"account\":\"000000000000\",\"region\":\"us-east-1\","
		"\"name\":\"b\",\"arn\":\"arn:b\",\"createdMs\":7,\"modifiedMs\":8,"
		"\"tags\":{\"a\":\"1\"},\"policy\":\"{}\",\"policyPrincipals\":{}}"));
	put(CATALOG_EVENTS_RULES, "rule",
	    STR("{\"version\":1,\"account\":\"000000000000\",\"region\":\"us-east-1\","
		"\"eventBusName\":\"b\",\"name\":\"r\",\"eventPattern\":\"{}\","
		"\"state\":\"ENABLED\",\"createdMs\":7,\"archiveQueue\":9,\"tags\":{},"
		"\"targets\":[\"{\\\"Id\\\":\\\"t\\\"}\"]}"));
}

static void test_text_records_of_format_4_are_converted(void **state)
{
	struct sns_topic_record topic;
	struct sns_subscription_record subscription;
	struct events_bus_record bus;
	struct events_rule_record rule;

	(void)state;
	put_records_of_format_4();
	put(CATALOG_META, "text-records", STR("1"));
	assert_int_equal(upgrade_records(&core), ERR_OK);
	struct str bytes = get(CATALOG_SNS_TOPICS, "topic");
	assert_int_equal(bytes.data[0], RECORD_FORMAT);
	assert_int_equal(sns_topic_record_decode(&arena, bytes, &topic), ERR_OK);
	assert_int_equal(topic.serial, 3);
	assert_str(topic.policy_principals[0].value, "AIDA1");
	bytes = get(CATALOG_SNS_SUBSCRIPTIONS, "subscription");
	assert_int_equal(bytes.data[0], RECORD_FORMAT);
	assert_int_equal(sns_subscription_record_decode(&arena, bytes, &subscription), ERR_OK);
	assert_true(subscription.raw_message_delivery);
	bytes = get(CATALOG_EVENTS_BUSES, "bus");
	assert_int_equal(bytes.data[0], RECORD_FORMAT);
	assert_int_equal(events_bus_record_decode(&arena, bytes, &bus), ERR_OK);
	assert_int_equal(bus.modified_ms, 8);
	assert_str(bus.tags[0].value, "1");
	bytes = get(CATALOG_EVENTS_RULES, "rule");
	assert_int_equal(bytes.data[0], RECORD_FORMAT);
	assert_int_equal(events_rule_record_decode(&arena, bytes, &rule), ERR_OK);
	assert_int_equal(rule.archive_queue, 9);
	assert_int_equal(rule.targets_count, 1);
	assert_str(rule.targets[0], "{\"Id\":\"t\"}");
}

static void test_an_interrupted_conversion_is_continued(void **state)
{
	(void)state;
	put_old_records();
	put(CATALOG_META, "text-records", STR("1"));
	assert_int_equal(upgrade_records(&core), ERR_OK);
	put(CATALOG_META, "text-records", STR("1"));
	put(CATALOG_EC2_ENDPOINTS, "vpce-2", STR("{\"vpcEndpointId\":\"vpce-2\"}"));
	assert_int_equal(upgrade_records(&core), ERR_OK);
	assert_int_equal(get(CATALOG_EC2_ENDPOINTS, "vpce-2").data[0], RECORD_FORMAT);
	check_new_records();
}

static void test_a_damaged_record_is_reported_and_kept(void **state)
{
	(void)state;
	put_old_records();
	put(CATALOG_META, "text-records", STR("1"));
	put(CATALOG_EC2_ENDPOINTS, "vpce-2", STR("{\"vpcEndpointId\":"));
	assert_int_equal(upgrade_records(&core), ERR_DAMAGED);
	assert_true(is_marked());
	assert_str(get(CATALOG_EC2_ENDPOINTS, "vpce-2"), "{\"vpcEndpointId\":");
}
