/* SPDX-License-Identifier: MIT */
/*
 * lifecycle: the catalog is authoritative and changes first. Its queues are defined in the engine,
 * at once and again at each start. The engine keeps the messages of a queue that the catalog lacks:
 * the catalog may be older than the log.
 *
 * A deletion replaces the queue's record by a record of the drop. Then the engine drops the queue,
 * and the next change of the catalog deletes the record. The start after a crash, or after a
 * failure of the engine, finds the record and drops the queue.
 *
 * A queue's number is never used again, as a new queue would inherit the messages and receipt
 * handles of an old one. Numbers of each start begin above those of the catalog, those that the
 * engine has, and a block that belongs to the epoch of the log: so even an old catalog, whose next
 * number is too low, assigns no number of a later start. All queues of an account have numbers of
 * its engine (core/engines.h).
 */
#include "services/sqs/lifecycle.h"

#include <string.h>

#include "core/engines.h"
#include "core/group.h"
#include "core/seal/kms.h"
#include "core/seal/seal.h"
#include "services/sqs/move_store.h"
#include "services/sqs/store.h"

#define REMEMBERED_MS 60000
/* Numbers have 48 bits (core/seal/seal.h): room for 67 million starts with four million new queues.
 */
enum { EPOCH_SHIFT = 22 };

struct sqs_deletion {
	struct list link;
	int64_t at_ms;
	struct str arn;
};

static const struct str next_number_key = STR_INIT("sqs.next_queue_number");

static struct str number_key(uint64_t number, char out[8])
{
	for (int i = 0; i < 8; i++)
		out[i] = (char)(number >> (56 - 8 * i));
	return str_of(out, 8);
}

/* ---- the engine ---- */

static struct queue_settings settings_of(struct core *core, const struct sqs_queue *queue)
{
	struct queue_settings settings = {
		.is_fifo = queue->is_fifo,
		.delay_ms = queue->delay_seconds * 1000,
		.visibility_ms = queue->visibility_seconds * 1000,
		.retention_ms = queue->retention_seconds * 1000,
		.max_receive_count = queue->max_receive_count,
		.dedup_per_group = queue->dedup_scope == SQS_DEDUP_GROUP,
		.label = queue->arn,
	};

	if (queue->dead_letter_arn.size > 0) {
		const struct sqs_queue *target =
			sqs_registry_find_arn(sqs_of(core)->registry, queue->dead_letter_arn);
		if (target)
			settings.dead_letter = target->number;
		sqs_queue_release(target);
	}
	return settings;
}

static enum err result_of(const struct queue_command *command)
{
	if (command->result == QUEUE_DISK_FULL)
		return ERR_FULL;
	return command->result == QUEUE_OK ? ERR_OK : ERR_CLOSED;
}

static enum err submit(struct core *core, struct queue_command *command)
{
	command->now_ms = clock_now_ms();
	core_submit_and_wait(core, command);
	return result_of(command);
}

/* Creates alias/aws/sqs for later sends, which may not create keys. */
static enum err prepare_key(struct core *core, const struct sqs_queue *queue)
{
	if (queue->kms_key.size == 0)
		return ERR_OK;
	return core->kms->prepare(core, queue->account, queue->region, queue->kms_key);
}

static struct queue_command define_command(struct core *core, const struct sqs_queue *queue)
{
	return (struct queue_command){
		.type = QUEUE_DEFINE,
		.queue = queue->number,
		.now_ms = clock_now_ms(),
		.define = {.settings = settings_of(core, queue),
			   .counters = &queue->life->counters},
	};
}

static enum err define(struct core *core, const struct sqs_queue *queue)
{
	struct queue_command command = define_command(core, queue);

	return submit(core, &command);
}

struct defining {
	struct core *core;
	enum err err;
};

static bool define_source(void *context, const struct sqs_queue *queue)
{
	struct defining *defining = context;

	defining->err = define(defining->core, queue);
	return !defining->err;
}

/* Updates the sources of a dead-letter queue that was created or deleted: the engine gets its new
 * number, or none. */
static enum err define_sources(struct core *core, const struct sqs_queue *target)
{
	struct defining defining = {.core = core};

	sqs_registry_each_source(sqs_of(core)->registry, target->arn, STR(""), define_source,
				 &defining);
	return defining.err;
}

/* ---- the catalog ---- */

/* A deleted queue, as long as the catalog has the record of its drop. */
struct drop {
	struct list link;
	uint64_t number;
	struct sqs_queue_life *life; /* the engine's reference; NULL: the engine has dropped it */
};

/* Makes the changes, and deletes the records of drops that the engine has made. */
static enum err write_changes(struct core *core, struct catalog_changes *changes)
{
	struct list *drops = &sqs_of(core)->drops;
	struct list *next;
	char key[8];

	for (struct list *link = drops->next; link != drops; link = link->next) {
		const struct drop *drop = container_of(link, struct drop, link);
		if (!drop->life)
			catalog_changes_delete(changes, CATALOG_SQS_DROPS,
					       number_key(drop->number, key));
	}
	if (changes->count == 0)
		return ERR_OK;
	enum err err = catalog_write(core->catalog, changes);
	for (struct list *link = drops->next; link != drops && !err; link = next) {
		struct drop *drop = container_of(link, struct drop, link);
		next = link->next;
		if (drop->life)
			continue;
		list_remove(link);
		heap_free(drop);
	}
	return err;
}

static enum err save(struct core *core, const struct sqs_queue *queue, bool is_new)
{
	struct catalog_changes changes = {0};
	struct buf record = {0}, next = {0};
	struct arena arena;
	char key[8];

	arena_init(&arena);
	sqs_queue_encode(&record, &arena, queue);
	arena_done(&arena);
	catalog_changes_put(&changes, CATALOG_SQS_QUEUES, number_key(queue->number, key),
			    buf_str(&record));
	if (is_new) {
		buf_append_u64(&next, sqs_of(core)->next_number);
		catalog_changes_put(&changes, CATALOG_META, next_number_key, buf_str(&next));
	}
	buf_done(&record);
	buf_done(&next);
	return write_changes(core, &changes);
}

static enum err erase(struct core *core, const struct sqs_queue *const *queues, size_t count)
{
	struct catalog_changes changes = {0};
	char key[8];

	for (size_t i = 0; i < count; i++) {
		struct str number = number_key(queues[i]->number, key);
		catalog_changes_delete(&changes, CATALOG_SQS_QUEUES, number);
		catalog_changes_put(&changes, CATALOG_SQS_DROPS, number, STR("1"));
		sqs_moves_erase(core, queues[i]->arn, &changes);
	}
	return write_changes(core, &changes);
}

/* ---- drops ---- */

static void add_drop(struct sqs *sqs, uint64_t number, struct sqs_queue_life *life)
{
	struct drop *drop = heap_alloc(sizeof(*drop));

	drop->number = number;
	drop->life = life;
	list_push_back(&sqs->drops, &drop->link);
}

enum { DROPS_AT_ONCE = 64 };

/* Drops up to DROPS_AT_ONCE queues with one sync of the log. Returns the link to continue with. */
static struct list *make_some_drops(struct core *core, struct list *link)
{
	struct list *drops = &sqs_of(core)->drops;
	struct queue_command commands[DROPS_AT_ONCE];
	struct core_wait *waits[DROPS_AT_ONCE];
	struct drop *taken[DROPS_AT_ONCE];
	size_t count = 0;

	for (; link != drops && count < DROPS_AT_ONCE; link = link->next) {
		struct drop *drop = container_of(link, struct drop, link);
		if (!drop->life)
			continue;
		commands[count] = (struct queue_command){
			.type = QUEUE_DROP, .queue = drop->number, .now_ms = clock_now_ms()};
		waits[count] = core_submit(core, &commands[count]);
		taken[count++] = drop;
	}
	for (size_t i = 0; i < count; i++) {
		core_wait_for(core, waits[i]);
		if (commands[i].result != QUEUE_OK && commands[i].result != QUEUE_NOT_FOUND)
			continue;
		sqs_queue_life_release(taken[i]->life);
		taken[i]->life = NULL;
	}
	return link;
}

/* If the engine refuses a drop, because it has failed or stops, a later call tries again. */
static void make_drops(struct core *core)
{
	struct list *drops = &sqs_of(core)->drops;

	for (struct list *link = drops->next; link != drops;)
		link = make_some_drops(core, link);
}

void sqs_drops_done(struct sqs *sqs)
{
	while (!list_is_empty(&sqs->drops)) {
		struct drop *drop = container_of(sqs->drops.next, struct drop, link);
		list_remove(&drop->link);
		if (drop->life)
			sqs_queue_life_release(drop->life);
		heap_free(drop);
	}
}

/* ---- after the sync ---- */

/* The definition of a queue in the engine. */
struct defining_commit {
	struct core_commit commit;
	const struct sqs_queue *queue; /* held */
	bool is_new;
	struct queue_command command;
	struct core_wait *wait; /* NULL: the sync failed */
};

static void submit_definition(struct core *core, struct core_commit *commit, enum err result)
{
	struct defining_commit *mine = container_of(commit, struct defining_commit, commit);

	if (result) {
		if (mine->is_new) /* the engine's reference */
			sqs_queue_life_release(mine->queue->life);
		return;
	}
	mine->command = define_command(core, mine->queue);
	mine->wait = core_submit(core, &mine->command);
}

static enum err await_definition(struct core *core, struct core_commit *commit)
{
	struct defining_commit *mine = container_of(commit, struct defining_commit, commit);
	enum err err = ERR_OK;

	if (mine->wait) {
		core_wait_for(core, mine->wait);
		err = result_of(&mine->command);
		if (!err && mine->is_new)
			err = define_sources(core, mine->queue);
	}
	sqs_queue_release(mine->queue);
	heap_free(mine);
	return err;
}

/* Defines a committed queue. The catalog is authoritative: an error of the engine does not undo the
 * commit. */
static enum err define_on_commit(struct core *core, const struct sqs_queue *queue, bool is_new)
{
	struct defining_commit *commit = heap_alloc(sizeof(*commit));

	commit->commit.run = submit_definition;
	commit->commit.finish = await_definition;
	commit->queue = sqs_queue_hold(queue);
	commit->is_new = is_new;
	return core_on_commit(core, &commit->commit);
}

/* The end of queues in the engine. */
struct deleting_commit {
	struct core_commit commit;
	enum err result;
	size_t count;
	const struct sqs_queue *queues[]; /* held */
};

static void forget_queues(struct core *core, struct core_commit *commit, enum err result)
{
	struct deleting_commit *mine = container_of(commit, struct deleting_commit, commit);

	mine->result = result;
	for (size_t i = 0; i < mine->count && !result; i++) {
		add_drop(sqs_of(core), mine->queues[i]->number, mine->queues[i]->life);
		sqs_moves_forget(core, mine->queues[i]->arn);
	}
}

static enum err drop_queues(struct core *core, struct core_commit *commit)
{
	struct deleting_commit *mine = container_of(commit, struct deleting_commit, commit);

	/* The first of a group drops the queues of all. */
	if (!mine->result)
		make_drops(core);
	for (size_t i = 0; i < mine->count; i++) {
		/* An engine that refuses the definition has failed or stops; the next start defines
		 * its queues anew. */
		if (!mine->result)
			(void)define_sources(core, mine->queues[i]);
		sqs_queue_release(mine->queues[i]);
	}
	heap_free(mine);
	return ERR_OK;
}

static struct core_commit *drop_new(const struct sqs_queue *const *queues, size_t count)
{
	struct deleting_commit *commit =
		heap_alloc(sizeof(*commit) + count * sizeof(commit->queues[0]));

	commit->commit.run = forget_queues;
	commit->commit.finish = drop_queues;
	commit->count = count;
	for (size_t i = 0; i < count; i++)
		commit->queues[i] = sqs_queue_hold(queues[i]);
	return &commit->commit;
}

/* ---- functions for other modules ---- */

enum err sqs_queue_create(struct core *core, struct sqs_queue *draft)
{
	struct sqs *sqs = sqs_of(core);
	char arn[ARN_SIZE_MAX];

	enum err err = prepare_key(core, draft);
	if (err)
		return err;
	uint64_t number = engines_number(core, engines_place_of_account(core, draft->account),
					 sqs->next_number);
	if (number >= SEAL_SUBJECT_INTERNAL)
		return ERR_FULL;

	draft->arn = arn_format(STR("sqs"), draft->region, draft->account, draft->name, arn);
	check(draft->arn.data != NULL);
	draft->number = number;
	sqs->next_number = number + 1;
	draft->life = NULL;
	draft->created_ms = draft->modified_ms = clock_now_ms();
	struct sqs_queue *queue = sqs_queue_new(draft);
	/* The engine's own reference, returned when it has dropped the queue. */
	atomic_fetch_add(&queue->life->references, 1);
	draft->arn = (struct str){0};
	err = save(core, queue, true);
	if (err) {
		sqs_queue_life_release(queue->life);
		sqs_queue_release(queue);
		return err;
	}
	sqs_registry_put(sqs->registry, queue);
	return define_on_commit(core, queue, true);
}

enum err sqs_queue_change(struct core *core, struct sqs_queue *draft, bool is_touched)
{
	enum err err = prepare_key(core, draft);
	if (err)
		return err;
	if (is_touched)
		draft->modified_ms = clock_now_ms();
	struct sqs_queue *queue = sqs_queue_new(draft);
	err = save(core, queue, false);
	if (err) {
		sqs_queue_release(queue);
		return err;
	}
	sqs_registry_put(sqs_of(core)->registry, queue);
	return define_on_commit(core, queue, false);
}

static void forget_deletions(struct sqs *sqs, int64_t before_ms)
{
	while (!list_is_empty(&sqs->deletions)) {
		struct sqs_deletion *oldest =
			container_of(sqs->deletions.next, struct sqs_deletion, link);
		if (oldest->at_ms >= before_ms)
			return;
		list_remove(&oldest->link);
		heap_free((void *)oldest->arn.data);
		heap_free(oldest);
	}
}

void sqs_deletions_done(struct sqs *sqs)
{
	forget_deletions(sqs, INT64_MAX);
}

static void remember_deletion(struct core *core, struct str arn)
{
	struct sqs *sqs = sqs_of(core);

	if (!core->delays_recreate)
		return;
	struct sqs_deletion *deletion = heap_alloc(sizeof(*deletion));
	deletion->at_ms = clock_base_ms();
	deletion->arn = heap_copy(arn);
	forget_deletions(sqs, deletion->at_ms - REMEMBERED_MS);
	list_push_back(&sqs->deletions, &deletion->link);
}

int64_t sqs_queue_deleted_ms(struct core *core, struct str arn)
{
	struct sqs *sqs = sqs_of(core);

	forget_deletions(sqs, clock_base_ms() - REMEMBERED_MS);
	for (struct list *link = sqs->deletions.prev; link != &sqs->deletions; link = link->prev) {
		struct sqs_deletion *deletion = container_of(link, struct sqs_deletion, link);
		if (str_equal(deletion->arn, arn))
			return deletion->at_ms;
	}
	return INT64_MIN;
}

enum err sqs_queues_delete(struct core *core, const struct sqs_queue *const *queues, size_t count)
{
	struct sqs *sqs = sqs_of(core);

	/* The catalog first: if it fails, the messages are still there. */
	enum err err = erase(core, queues, count);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		remember_deletion(core, queues[i]->arn);
	struct core_commit *commit = drop_new(queues, count);
	sqs_registry_remove_all(sqs->registry, queues, count);
	return core_on_commit(core, commit);
}

enum err sqs_queue_delete(struct core *core, const struct sqs_queue *queue)
{
	return sqs_queues_delete(core, &queue, 1);
}

/* ---- loading ---- */

struct loading {
	struct core *core;
	const struct sqs_queue **items;
	size_t count, capacity;
};

static enum err load_one(void *context, struct str key, struct str value)
{
	struct loading *loading = context;
	struct sqs *sqs = sqs_of(loading->core);
	struct sqs_queue draft;
	struct arena arena;

	(void)key;
	arena_init(&arena);
	enum err err = sqs_queue_decode(&arena, value, &draft);
	if (!err) {
		const struct sqs_queue *queue = sqs_queue_new(&draft);
		atomic_fetch_add(&queue->life->references, 1);
		if (queue->number >= sqs->next_number)
			sqs->next_number = queue->number + 1;
		vec_push(loading, queue);
	}
	arena_done(&arena);
	return err;
}

static void on_defined(struct queue_command *command)
{
	(void)command; /* a later one is waited for, and an engine answers them in order */
}

/* Waits for the last command of each engine. */
static void submit_all(struct core *core, struct queue_command *commands, size_t count)
{
	struct core_wait *waits[LIMIT_PARTITIONS] = {0};
	size_t last[LIMIT_PARTITIONS] = {0};

	for (size_t i = 0; i < count; i++)
		last[engines_place(core, commands[i].queue)] = i;
	for (size_t i = 0; i < count; i++) {
		uint32_t place = engines_place(core, commands[i].queue);
		if (last[place] == i)
			waits[place] = core_submit(core, &commands[i]);
		else
			queue_submit(core->engines[place], &commands[i]);
	}
	for (uint32_t place = 0; place < core->engine_count; place++)
		if (waits[place])
			core_wait_for(core, waits[place]);
}

static enum err define_all(struct core *core, const struct loading *loading)
{
	if (loading->count == 0)
		return ERR_OK;
	struct queue_command *commands = heap_alloc(loading->count * sizeof(*commands));
	for (size_t i = 0; i < loading->count; i++) {
		const struct sqs_queue *queue = loading->items[i];
		commands[i] = (struct queue_command){
			.type = QUEUE_DEFINE,
			.queue = queue->number,
			.now_ms = clock_now_ms(),
			.done = on_defined,
			.define = {.settings = settings_of(core, queue),
				   .counters = &queue->life->counters},
		};
	}
	submit_all(core, commands, loading->count);
	enum err err = ERR_OK;
	for (size_t i = 0; i < loading->count && !err; i++)
		err = commands[i].result == QUEUE_OK ? prepare_key(core, loading->items[i])
						     : ERR_CLOSED;
	heap_free(commands);
	return err;
}

/* ---- queues without settings ---- */

enum { UNKNOWN_LOGGED = 20 };

struct unknown {
	uint64_t number_max; /* of all queues */
	uint64_t *items;     /* numbers of those without settings */
	size_t count, capacity;
	uint64_t messages;
};

static void look_at(void *context, const struct queue_summary *queue)
{
	struct unknown *unknown = context;

	if (queue->number >= SEAL_SUBJECT_INTERNAL)
		return;
	if (queue->number > unknown->number_max)
		unknown->number_max = queue->number;
	if (queue->is_defined)
		return;
	vec_push(unknown, queue->number);
	unknown->messages += queue->messages;
}

static void log_unknown(const struct unknown *unknown)
{
	struct buf numbers = {0};

	for (size_t i = 0; i < unknown->count && i < UNKNOWN_LOGGED; i++) {
		if (i > 0)
			buf_append_char(&numbers, ',');
		buf_append_u64(&numbers, unknown->items[i]);
	}
	log_event(LOG_WARN,
		  "the log has messages of queues that the catalog does not know: nobody can read "
		  "them; --drop-unknown-queues deletes them",
		  log_i64("queues", (int64_t)unknown->count),
		  log_i64("messages", (int64_t)unknown->messages),
		  log_str("numbers", buf_str(&numbers)));
	buf_done(&numbers);
}

static enum err drop_unknown(struct core *core, const struct unknown *unknown)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < unknown->count && !err; i++) {
		struct queue_command drop = {.type = QUEUE_DROP, .queue = unknown->items[i]};
		err = submit(core, &drop);
	}
	if (!err)
		log_event(LOG_WARN, "messages of unknown queues were dropped",
			  log_i64("queues", (int64_t)unknown->count),
			  log_i64("messages", (int64_t)unknown->messages));
	return err;
}

static enum err load_drop(void *context, struct str key, struct str value)
{
	struct sqs *sqs = context;
	struct sqs_queue_life *life = heap_alloc(sizeof(*life));
	uint64_t number = 0;

	(void)value;
	atomic_store(&life->references, 1);
	for (size_t i = 0; i < key.size; i++)
		number = number << 8 | (uint8_t)key.data[i];
	add_drop(sqs, number, life);
	return ERR_OK;
}

/* Ends the deletions whose records are in the catalog. */
static enum err end_drops(struct core *core)
{
	struct catalog_changes none = {0};

	make_drops(core);
	return write_changes(core, &none);
}

/* After all queues of the catalog were defined, and those deleted were dropped. */
static enum err resolve_unknown(struct core *core)
{
	struct unknown unknown = {0};
	struct sqs *sqs = sqs_of(core);
	uint64_t block = 0;
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < core->engine_count; i++) {
		uint64_t its = (uint64_t)engine_epoch(core->engines[i]) << EPOCH_SHIFT;
		block = its > block ? its : block;
		engine_each_queue(core->engines[i], look_at, &unknown);
	}
	if (sqs->next_number <= unknown.number_max)
		sqs->next_number = unknown.number_max + 1;
	if (sqs->next_number <= block)
		sqs->next_number = block + 1;
	if (unknown.count > 0 && core->drops_unknown_queues) {
		err = drop_unknown(core, &unknown);
	} else if (unknown.count > 0) {
		log_unknown(&unknown);
		sqs->unknown_queues = unknown.count;
	}
	vec_done(&unknown);
	return err;
}

enum err sqs_queues_load(struct core *core)
{
	struct loading loading = {.core = core};
	struct str next;

	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	if (catalog_get(core->catalog, CATALOG_META, next_number_key, &next) == ERR_OK &&
	    !str_to_u64(next, &sqs_of(core)->next_number))
		err = ERR_DAMAGED;
	if (!err)
		err = catalog_each(core->catalog, CATALOG_SQS_QUEUES, load_one, &loading);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_SQS_DROPS, load_drop, sqs_of(core));
	catalog_abort(core->catalog);
	/* With an error too: it releases them at the end. */
	sqs_registry_put_all(sqs_of(core)->registry, loading.items, loading.count);
	if (!err)
		err = define_all(core, &loading);
	if (!err)
		err = end_drops(core);
	if (!err)
		err = resolve_unknown(core);
	vec_done(&loading);
	return err;
}
