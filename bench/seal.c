/* SPDX-License-Identifier: MIT */
/*
 * seal: what encryption at rest costs a message, without a server around it: nanoseconds of one
 * thread's CPU for core/seal/seal.h (SSE-SQS) and core/seal/envelope.h (SSE-KMS) in their steady
 * state.
 *
 *   bench_seal [BODY_SIZE]     prints one JSON object a line
 *
 * The KMS of this program answers at once: what its questions cost is a matter of policies, not of
 * sealing, and is measured through a server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/core.h"
#include "core/seal/envelope.h"

enum { ROUNDS = 101, OPERATIONS = 2000, BLOB_SIZE = 98, QUEUE = 7 };

struct bench {
	struct core core;
	struct call call;
	struct arena arena;
	struct data_key *key;
	struct envelope_reader reader;
	struct str plain;
	struct str sealed, enveloped; /* one of each kind */
	struct buf copy;	      /* is opened in place */
};

/* ---- a KMS ---- */

static enum kms_problem generate(const struct kms_use *use, struct str account, struct str key_id,
				 uint8_t out_key[KMS_DATA_KEY_SIZE], struct str *out_blob,
				 struct str *out_text)
{
	char *blob = arena_bytes(use->call->arena, BLOB_SIZE);

	(void)account;
	(void)key_id;
	(void)out_text;
	random_bytes(out_key, KMS_DATA_KEY_SIZE);
	memset(blob, 0, BLOB_SIZE);
	memcpy(blob, out_key, KMS_DATA_KEY_SIZE);
	*out_blob = str_of(blob, BLOB_SIZE);
	return KMS_PROBLEM_NONE;
}

static enum kms_problem decrypt(const struct kms_use *use, struct str blob,
				uint8_t out_key[KMS_DATA_KEY_SIZE], struct str *out_text)
{
	(void)use;
	(void)out_text;
	memcpy(out_key, blob.data, KMS_DATA_KEY_SIZE);
	return KMS_PROBLEM_NONE;
}

static enum kms_problem may(const struct kms_use *use, struct str account, struct str key_id,
			    struct str action, struct str *out_text)
{
	(void)use;
	(void)account;
	(void)key_id;
	(void)action;
	(void)out_text;
	return KMS_PROBLEM_NONE;
}

static enum kms_problem may_decrypt(const struct kms_use *use, struct str blob,
				    struct str *out_text)
{
	(void)use;
	(void)blob;
	(void)out_text;
	return KMS_PROBLEM_NONE;
}

static const struct core_kms kms = {
	.generate_data_key = generate,
	.decrypt_data_key = decrypt,
	.check = may,
	.check_blob = may_decrypt,
};

/* ---- what is measured ---- */

static struct envelope_use use_of(struct bench *bench)
{
	return (struct envelope_use){.call = &bench->call,
				     .kms = &kms,
				     .keys = bench->core.data_keys,
				     .arena = &bench->arena,
				     .service = STR("sqs"),
				     .context_name = STR("aws:sqs:arn"),
				     .reuse_ms = 300000};
}

static struct data_key *hold(struct bench *bench)
{
	struct envelope_use use = use_of(bench);
	struct data_key *key;
	struct str text;

	check(data_key_hold(&use, STR("000000000000"), STR("alias/bench"),
			    STR("arn:aws:sqs:us-east-1:000000000000:orders"), &key,
			    &text) == KMS_PROBLEM_NONE);
	return key;
}

static void copy_plain(struct bench *bench)
{
	(void)arena_copy(&bench->arena, bench->plain);
}

static void close_seal(struct bench *bench)
{
	(void)seal_close(bench->core.seal, &bench->arena, QUEUE, bench->plain);
}

static char *copy_of(struct bench *bench, struct str bytes)
{
	buf_reset(&bench->copy);
	buf_append(&bench->copy, bytes);
	return bench->copy.data;
}

static void open_seal(struct bench *bench)
{
	struct str plain;
	char *bytes = copy_of(bench, bench->sealed);

	check(seal_open(bench->core.seal, bytes, bench->sealed.size, &plain) == ERR_OK);
}

/* All that a send does: finds its data key, asks, seals. */
static void close_envelope(struct bench *bench)
{
	struct data_key *key = hold(bench);

	(void)envelope_close(key, &bench->arena, bench->plain);
	data_key_release(key);
}

/* All that a receive of one message does. */
static void open_envelope(struct bench *bench)
{
	struct envelope_reader reader = {.use = use_of(bench)};
	char *bytes = copy_of(bench, bench->enveloped);
	struct str plain;

	check(envelope_open(&reader, bytes, bench->enveloped.size, &plain) == KMS_PROBLEM_NONE);
	envelope_reader_done(&reader);
}

/* ---- measuring ---- */

static int compare(const void *a, const void *b)
{
	const int64_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

/*
 * CPU time: the least of the rounds, which others on the machine disturbed least, and the median.
 */
static void measure(struct bench *bench, const char *name, void (*run)(struct bench *))
{
	int64_t times[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin_ns = cpu_ns();
		for (int i = 0; i < OPERATIONS; i++) {
			arena_reset(&bench->arena);
			run(bench);
		}
		times[round] = cpu_ns() - begin_ns;
	}
	qsort(times, ROUNDS, sizeof(times[0]), compare);
	printf("{\"what\":\"%s\",\"body_bytes\":%zu,\"ns_least\":%lld,\"ns_median\":%lld}\n", name,
	       bench->plain.size, (long long)(times[0] / OPERATIONS),
	       (long long)(times[ROUNDS / 2] / OPERATIONS));
}

static void begin(struct bench *bench, size_t size)
{
	uint8_t master[SEAL_KEY_SIZE];
	struct data_key *key;
	char *body = heap_alloc(size);

	*bench = (struct bench){0};
	arena_init(&bench->arena);
	random_bytes(master, sizeof(master));
	bench->core.seal = seal_new(master);
	bench->core.data_keys = data_keys_new(NULL, NULL);
	bench->core.kms = &kms;
	bench->call.core = &bench->core;
	bench->call.arena = &bench->arena;
	memset(body, 'x', size);
	bench->plain = str_of(body, size);
	bench->sealed = heap_copy(seal_close(bench->core.seal, &bench->arena, QUEUE, bench->plain));
	key = hold(bench);
	bench->enveloped = heap_copy(envelope_close(key, &bench->arena, bench->plain));
	data_key_release(key);
}

static void end(struct bench *bench)
{
	heap_free((void *)bench->plain.data);
	heap_free((void *)bench->sealed.data);
	heap_free((void *)bench->enveloped.data);
	buf_done(&bench->copy);
	data_keys_free(&bench->core.data_keys);
	seal_free(&bench->core.seal);
	arena_done(&bench->arena);
}

int main(int argc, char **argv)
{
	struct bench bench;
	uint64_t size = 1024;

	base_init();
	if (argc > 2 || (argc == 2 && (!str_to_u64(str_from(argv[1]), &size) || size == 0 ||
				       size > LIMIT_MESSAGE_SIZE))) {
		fprintf(stderr, "usage: bench_seal [BODY_SIZE]\n");
		return 2;
	}
	begin(&bench, (size_t)size);
	measure(&bench, "copy", copy_plain);
	measure(&bench, "SSE-SQS seal", close_seal);
	measure(&bench, "SSE-SQS open", open_seal);
	measure(&bench, "SSE-KMS seal", close_envelope);
	measure(&bench, "SSE-KMS open", open_envelope);
	end(&bench);
	return 0;
}
