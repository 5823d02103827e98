/* SPDX-License-Identifier: MIT */
/*
 * target_fixture: a server with SQS on a disk in memory, for tests of queues as targets of other
 * services. Main is the control thread.
 */
#ifndef TERN_SERVICES_SQS_TARGET_FIXTURE_H
#define TERN_SERVICES_SQS_TARGET_FIXTURE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/sqs.h"
#include "base/fixture.h"
#include "core/control.h"
#include "core/core.h"
#include "core/data_keys.h"
#include "core/metering.h"
#include "core/obligation.h"
#include "core/runner.h"
#include "core/target.h"
#include "core/worker.h"
#include "journal/disk_memory.h"
#include "services/sqs/state.h"

#define ACCOUNT "111122223333"
#define ARN(name) "arn:aws:sqs:us-east-1:" ACCOUNT ":" name
#define POLICY                                                                                     \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"          \
	"{\"Service\":\"sns.amazonaws.com\"},\"Action\":\"sqs:SendMessage\",\"Resource\":\"*\","   \
	"\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:us-east-1:" ACCOUNT         \
	":news\"}}}]}"

#define PLAIN "\"SqsManagedSseEnabled\":\"false\""

static struct core core;
static struct disk *disk;
static char path[64];

static const char config[] =
	"{\"queues\":[{\"name\":\"open\",\"attributes\":{\"Policy\":" POLICY "}},"
	"{\"name\":\"closed\"},"
	"{\"name\":\"order.fifo\",\"attributes\":{\"Policy\":" POLICY "}},"
	"{\"name\":\"other.fifo\",\"attributes\":{\"Policy\":" POLICY "}},"
	"{\"name\":\"secret\",\"attributes\":{\"KmsMasterKeyId\":\"alias/k\",\"Policy\":" POLICY
	"}},"
	"{\"name\":\"secret-2\",\"attributes\":{\"KmsMasterKeyId\":\"alias/k\",\"Policy\":" POLICY
	"}},"
	"{\"name\":\"denied\",\"attributes\":{\"KmsMasterKeyId\":\"alias/no\",\"Policy\":" POLICY
	"}},"
	"{\"name\":\"open-2\",\"attributes\":{\"Policy\":" POLICY "}},"
	"{\"name\":\"open-3\",\"attributes\":{\"Policy\":" POLICY "}},"
	"{\"name\":\"plain\",\"attributes\":{" PLAIN ",\"Policy\":" POLICY "}},"
	"{\"name\":\"plain-2\",\"attributes\":{" PLAIN ",\"Policy\":" POLICY "}},"
	"{\"name\":\"plain-3\",\"attributes\":{" PLAIN ",\"Policy\":" POLICY "}}]}";

/* ---- a KMS that lets its callers use alias/k only ---- */

/* A blob is the hash of the context's value and then the data key in the clear. */
enum { BLOB_SIZE = 4 + KMS_DATA_KEY_SIZE };

static enum kms_problem may_use(const struct kms_use *use, struct str account, struct str key_id,
				struct str action, struct str *out_text)
{
	(void)use, (void)account, (void)action;
	*out_text = STR("no");
	return str_equal(key_id, STR("alias/k")) ? KMS_PROBLEM_NONE : KMS_PROBLEM_DENIED;
}

static enum kms_problem generate(const struct kms_use *use, struct str account, struct str key_id,
				 uint8_t out_key[KMS_DATA_KEY_SIZE], struct str *out_blob,
				 struct str *out_text)
{
	uint32_t crc = crc32c(0, use->context[0].value);
	char *blob = arena_bytes(use->call->arena, BLOB_SIZE);

	if (may_use(use, account, key_id, STR(""), out_text))
		return KMS_PROBLEM_DENIED;
	random_bytes(out_key, KMS_DATA_KEY_SIZE);
	memcpy(blob, &crc, 4);
	memcpy(blob + 4, out_key, KMS_DATA_KEY_SIZE);
	*out_blob = str_of(blob, BLOB_SIZE);
	return KMS_PROBLEM_NONE;
}

static enum kms_problem check_blob(const struct kms_use *use, struct str blob, struct str *out_text)
{
	uint32_t crc = crc32c(0, use->context[0].value);

	*out_text = STR("no");
	return blob.size == BLOB_SIZE && memcmp(blob.data, &crc, 4) == 0 ? KMS_PROBLEM_NONE
									 : KMS_PROBLEM_DAMAGED;
}

static enum kms_problem decrypt(const struct kms_use *use, struct str blob,
				uint8_t out_key[KMS_DATA_KEY_SIZE], struct str *out_text)
{
	enum kms_problem problem = check_blob(use, blob, out_text);

	if (!problem)
		memcpy(out_key, blob.data + 4, KMS_DATA_KEY_SIZE);
	return problem;
}

static enum err prepare_key(struct core *of, struct str account, struct str region,
			    struct str key_id)
{
	(void)of, (void)account, (void)region, (void)key_id;
	return ERR_OK;
}

static const struct core_kms kms = {
	.prepare = prepare_key,
	.generate_data_key = generate,
	.decrypt_data_key = decrypt,
	.check = may_use,
	.check_blob = check_blob,
};

/* ---- a server ---- */

/* A further module that the server has; NULL: none. */
static const struct service_module *other_module;

static void bind_nothing(void)
{
}

/* Services that SQS needs, without a start. */
static const struct service iam_service_name = {.name = STR_INIT("iam")};
static const struct service kms_service_name = {.name = STR_INIT("kms")};
static const struct service_module no_iam = {.service = &iam_service_name, .bind = bind_nothing};
static const struct service_module no_kms = {.service = &kms_service_name, .bind = bind_nothing};

static int start_server(void)
{
	const struct service_module *const modules[] = {&no_iam, &no_kms, &sqs_module,
							other_module};
	static const uint8_t master[SEAL_KEY_SIZE] = {1};
	struct runner_options options = {
		.engine = {.journal = {.segment_size = 1 << 20, .spare_segments = 3},
			   .hot_messages_max = 1024,
			   .window = 16}};
	struct journal_report report = {0};
	struct service_start start = {.arena = &arena, .config = STR(config)};
	const struct service_module *failed;
	struct str problem = {0};

	core = (struct core){
		.default_account = STR(ACCOUNT),
		.default_region = STR("us-east-1"),
		.base_url = STR("http://localhost"),
		.is_enforcing = true,
		.kms = &kms,
	};
	assert_int_equal(catalog_open(path, false, &core.catalog), ERR_OK);
	core.seal = seal_new(master);
	core.directory = directory_new(false);
	core.workers = workers_new(1);
	core_data_keys_open(&core);
	internals_open(&core);
	services_bind(&core, modules, other_module ? 4 : 3);
	metering_open(&core, 1);
	options.disk = disk;
	control_new(&core);
	assert_int_equal(runner_new(&core, &options, &report), ERR_OK);
	enum err err = services_start(&core, SERVICE_AFTER_ENGINE, &start, &problem, &failed);
	if (err)
		print_error("%.*s\n", STR_ARG(problem));
	return err == ERR_OK && obligations_open(&core) == ERR_OK ? 0 : -1;
}

static int open_server(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/sqs-target-XXXXXX");
	assert_non_null(mkdtemp(path));
	disk = disk_memory_new();
	return start_server();
}

static int remove_entry(const char *name, const struct stat *status, int flag, struct FTW *place)
{
	(void)status, (void)flag, (void)place;
	return remove(name);
}

static void stop_server(void)
{
	runner_stop_engine(core.runners[0]);
	do
		runner_drain(core.runners[0]);
	while (control_drain(&core));
	workers_free(&core.workers);
	control_free(&core);
	runners_free(&core);
	obligations_close(&core);
	services_stop(&core, SERVICE_AFTER_ENGINE);
	services_unbind(&core);
	core_data_keys_close(&core);
	internals_close(&core);
	metering_close(&core);
	directory_free(&core.directory);
	seal_free(&core.seal);
	catalog_free(&core.catalog);
}

static int close_server(void **state)
{
	(void)state;
	stop_server();
	disk->ops->free(disk);
	return nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The registry still has the queue. */
static void drop_in_engine(const char *arn)
{
	const struct sqs_queue *queue =
		sqs_registry_find_arn(sqs_of(&core)->registry, str_from(arn));
	struct queue_command drop = {.type = QUEUE_DROP, .queue = queue->number};

	core_submit_and_wait(&core, &drop);
	assert_int_equal(drop.result, QUEUE_OK);
	sqs_queue_release(queue);
}

#endif
