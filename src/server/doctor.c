/* SPDX-License-Identifier: MIT */
/*
 * doctor: which key protects what, and what would be lost with it.
 *
 * A message is counted under the key that its queue has now; what was sent before a change of the
 * key, or came from another queue, is under that one's.
 */
#include "core/seal/kms.h"
#include "format/json.h"
#include "server/admin.h"
#include "services/sqs/state.h"

enum { QUEUES_SHOWN = 100 };
#define SOON_MS INT64_C(604800000) /* a week */

/* A queue, copied out of the registry. */
struct patient {
	struct patient *next;
	struct str arn, account, region, key;
	int64_t messages;
};

struct tally {
	int64_t queues, messages;
};

/* A KMS key, or a name that means none. */
struct kms_key {
	struct kms_key *next;
	struct kms_description is;
	bool is_found;
	struct tally tally;
	struct patient *patients;
};

/* The names that queues of an account and region have for a key. */
struct spelling {
	struct spelling *next;
	struct str account, region, text;
	struct kms_key *key;
};

struct doctor {
	struct server *server;
	struct arena *arena;
	struct json_writer json;
	struct patient *patients; /* with a KMS key */
	struct spelling *spellings;
	struct kms_key *keys;
	struct tally by_tern, by_kms, by_nothing;
	int64_t now_ms;
};

/* ---- looking ---- */

static void count(struct tally *tally, int64_t messages)
{
	tally->queues++;
	tally->messages += messages;
}

static int64_t messages_of(const struct sqs_queue *queue)
{
	const struct queue_counters *counters = &queue->life->counters;

	return atomic_load_explicit(&counters->visible, memory_order_relaxed) +
	       atomic_load_explicit(&counters->in_flight, memory_order_relaxed) +
	       atomic_load_explicit(&counters->delayed, memory_order_relaxed);
}

static bool look_at(void *context, const struct sqs_queue *queue)
{
	struct doctor *doctor = context;
	int64_t messages = messages_of(queue);

	if (queue->kms_key.size == 0) {
		count(queue->has_sqs_managed_sse ? &doctor->by_tern : &doctor->by_nothing,
		      messages);
		return true;
	}
	struct patient *patient = arena_new(doctor->arena, struct patient);
	*patient = (struct patient){
		.next = doctor->patients,
		.arn = arena_copy(doctor->arena, queue->arn),
		.account = arena_copy(doctor->arena, queue->account),
		.region = arena_copy(doctor->arena, queue->region),
		.key = arena_copy(doctor->arena, queue->kms_key),
		.messages = messages,
	};
	doctor->patients = patient;
	count(&doctor->by_kms, messages);
	return true;
}

/* The same key may be named by its id, its ARN and its aliases. */
static struct kms_key *find_key(struct doctor *doctor, const struct patient *patient)
{
	const struct core_kms *kms = doctor->server->core.kms;
	struct kms_description is = {.arn = patient->key};
	struct kms_key *key;

	bool is_found = kms->describe(&doctor->server->core, doctor->arena, patient->account,
				      patient->region, patient->key, &is) == KMS_PROBLEM_NONE;
	for (key = doctor->keys; key && is_found; key = key->next)
		if (key->is_found && str_equal(key->is.arn, is.arn))
			return key;
	key = arena_new(doctor->arena, struct kms_key);
	*key = (struct kms_key){.next = doctor->keys, .is = is, .is_found = is_found};
	doctor->keys = key;
	return key;
}

static struct kms_key *find_spelling(struct doctor *doctor, const struct patient *patient)
{
	struct spelling *known = doctor->spellings;

	while (known && !(str_equal(known->text, patient->key) &&
			  str_equal(known->account, patient->account) &&
			  str_equal(known->region, patient->region)))
		known = known->next;
	if (!known) {
		known = arena_new(doctor->arena, struct spelling);
		*known = (struct spelling){doctor->spellings, patient->account, patient->region,
					   patient->key, find_key(doctor, patient)};
		doctor->spellings = known;
	}
	return known->key;
}

static void assign(struct doctor *doctor)
{
	struct patient *next;

	for (struct patient *patient = doctor->patients; patient; patient = next) {
		struct kms_key *key = find_spelling(doctor, patient);
		next = patient->next;
		patient->next = key->patients;
		key->patients = patient;
		count(&key->tally, patient->messages);
	}
}

/* ---- telling ---- */

static void write_text(struct json_writer *json, const char *key, struct str text)
{
	json_key(json, str_from(key));
	json_str(json, text);
}

static void write_number(struct json_writer *json, const char *key, int64_t number)
{
	json_key(json, str_from(key));
	json_i64(json, number);
}

static void write_flag(struct json_writer *json, const char *key, bool is_set)
{
	json_key(json, str_from(key));
	json_bool(json, is_set);
}

static void write_tally(struct json_writer *json, const struct tally *tally)
{
	write_number(json, "queues", tally->queues);
	write_number(json, "messages", tally->messages);
}

static const char *const source_names[] = {
	[ROOT_KEY_IN_DATA] = "file in the data directory",
	[ROOT_KEY_FILE] = "file",
	[ROOT_KEY_COMMAND] = "command",
	[ROOT_KEY_OF_SYSTEMD] = "systemd credential",
	[ROOT_KEY_OF_ENVIRONMENT] = "environment variable",
	[ROOT_KEY_OF_RUN] = "memory",
};

static void write_root(struct doctor *doctor)
{
	const struct store *store = &doctor->server->store;
	struct json_writer *json = &doctor->json;

	json_key(json, STR("root_key"));
	json_open_object(json);
	write_text(json, "source", str_from(source_names[store->root.kind]));
	if (store->root.path[0])
		write_text(json, "path", str_from(store->root.path));
	write_flag(json, "is_change_pending", store->is_root_offered);
	write_number(json, "master_keys", (int64_t)store->master_key_count);
	json_close_object(json);
}

static void write_group(struct doctor *doctor, const char *name, const struct tally *tally)
{
	json_key(&doctor->json, str_from(name));
	json_open_object(&doctor->json);
	write_tally(&doctor->json, tally);
	json_close_object(&doctor->json);
}

static void write_key(struct json_writer *json, const struct kms_key *key)
{
	int shown = 0;

	json_open_object(json);
	write_text(json, "key", key->is.arn);
	write_text(json, "state", key->is_found ? key->is.state : STR("NotFound"));
	if (key->is.deletion_ms > 0)
		write_number(json, "deletion_ms", key->is.deletion_ms);
	if (key->is.expiry_ms > 0)
		write_number(json, "expiry_ms", key->is.expiry_ms);
	write_flag(json, "is_aws_managed", key->is.is_managed);
	write_flag(json, "has_imported_material", key->is.has_imported_material);
	write_number(json, "messages", key->tally.messages);
	write_number(json, "queue_count", key->tally.queues);
	json_key(json, STR("queues"));
	json_open_array(json);
	for (const struct patient *patient = key->patients; patient && shown < QUEUES_SHOWN;
	     patient = patient->next, shown++) {
		json_open_object(json);
		write_text(json, "arn", patient->arn);
		write_number(json, "messages", patient->messages);
		json_close_object(json);
	}
	json_close_array(json);
	json_close_object(json);
}

/* ---- advising ---- */

static void advise(struct doctor *doctor, const char *severity, struct str text)
{
	struct json_writer *json = &doctor->json;

	json_open_object(json);
	write_text(json, "severity", str_from(severity));
	write_text(json, "text", text);
	json_close_object(json);
}

static void advise_root(struct doctor *doctor)
{
	const struct store *store = &doctor->server->store;
	struct arena *arena = doctor->arena;
	long long messages = doctor->by_tern.messages + doctor->by_kms.messages;
	const char *path = store->root.path;

	if (store->root.kind == ROOT_KEY_OF_RUN) {
		advise(doctor, "note",
		       STR("Keys and messages are in memory only and end with the process."));
		return;
	}
	advise(doctor, "note",
	       arena_format(arena,
			    "Without the root key %lld messages in %lld queues, all KMS keys and "
			    "all credentials are lost for good: keep a copy of it in another place "
			    "than the backups of the data directory.",
			    messages, (long long)(doctor->by_tern.queues + doctor->by_kms.queues)));
	if (store->root.kind == ROOT_KEY_IN_DATA)
		advise(doctor, "warning",
		       arena_format(
			       arena,
			       "%s lies in the data directory: whoever copies that has the key "
			       "to all of it. Move it and start ternd with --root-key-file.",
			       path));
	if (store->is_root_offered)
		advise(doctor, "warning",
		       STR("A change of the root key has begun: the old one opens everything until "
			   "ternd starts with the new one."));
	if (doctor->by_nothing.messages > 0)
		advise(doctor, "note",
		       arena_format(arena,
				    "%lld messages in %lld queues are not encrypted: "
				    "SqsManagedSseEnabled is false and there is no KMS key.",
				    (long long)doctor->by_nothing.messages,
				    (long long)doctor->by_nothing.queues));
}

static struct str days_until(struct doctor *doctor, int64_t at_ms)
{
	int64_t hours = (at_ms - doctor->now_ms) / 3600000;

	if (hours < 0)
		hours = 0;
	return arena_format(doctor->arena, "%lld days and %lld hours", (long long)hours / 24,
			    (long long)hours % 24);
}

/* The problem of a key that queues use; data NULL: none. */
static struct str complaint(struct doctor *doctor, const struct kms_key *key)
{
	struct arena *arena = doctor->arena;
	struct str arn = key->is.arn, state = key->is.state, when;
	struct str users =
		arena_format(arena, "%lld messages in %lld queues", (long long)key->tally.messages,
			     (long long)key->tally.queues);

	if (!key->is_found)
		return arena_format(arena,
				    "%.*s does not exist: %.*s cannot be read, and sends to them "
				    "fail.",
				    STR_ARG(arn), STR_ARG(users));
	if (str_equal(state, STR("PendingDeletion"))) {
		when = days_until(doctor, key->is.deletion_ms);
		return arena_format(arena,
				    "%.*s is pending deletion: %.*s are lost in %.*s unless "
				    "CancelKeyDeletion and EnableKey are called.",
				    STR_ARG(arn), STR_ARG(users), STR_ARG(when));
	}
	if (!str_equal(state, STR("Enabled")))
		return arena_format(arena,
				    "%.*s is in state %.*s: %.*s cannot be read, and sends to them "
				    "fail.",
				    STR_ARG(arn), STR_ARG(state), STR_ARG(users));
	if (key->is.expiry_ms > 0 && key->is.expiry_ms < doctor->now_ms + SOON_MS) {
		when = days_until(doctor, key->is.expiry_ms);
		return arena_format(arena,
				    "The imported material of %.*s, which %.*s need, expires in "
				    "%.*s.",
				    STR_ARG(arn), STR_ARG(users), STR_ARG(when));
	}
	return (struct str){0};
}

static void advise_keys(struct doctor *doctor)
{
	for (const struct kms_key *key = doctor->keys; key; key = key->next) {
		struct str text = complaint(doctor, key);
		if (text.data)
			advise(doctor, "warning", text);
	}
}

void admin_doctor(struct admin_call *call)
{
	struct doctor doctor = {
		.server = call->server,
		.arena = call->arena,
		.now_ms = clock_now_ms(),
	};
	struct json_writer *json = &doctor.json;

	sqs_registry_each(sqs_of(&call->server->core)->registry, (struct str){0}, (struct str){0},
			  STR(""), look_at, &doctor);
	assign(&doctor);
	json_begin(json, &call->body);
	json_open_object(json);
	write_root(&doctor);
	write_group(&doctor, "sealed_by_tern", &doctor.by_tern);
	write_group(&doctor, "not_encrypted", &doctor.by_nothing);
	json_key(json, STR("kms_keys"));
	json_open_array(json);
	for (const struct kms_key *key = doctor.keys; key; key = key->next)
		write_key(json, key);
	json_close_array(json);
	json_key(json, STR("findings"));
	json_open_array(json);
	advise_root(&doctor);
	advise_keys(&doctor);
	json_close_array(json);
	json_close_object(json);
}
