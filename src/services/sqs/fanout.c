/* SPDX-License-Identifier: MIT */
/*
 * fanout: a round for each index of payloads, with one command that is submitted for a part of the
 * round's targets at a time; the part is all of them unless the engine answers QUEUE_TOO_LARGE.
 *
 * After the last call has continued, the fan-out may be freed at any time.
 */
#include "services/sqs/fanout.h"

#include <string.h>

#include "core/core.h"
#include "core/target.h"
#include "services/sqs/encrypt.h"

#define FANOUT_MAGIC 0x4e414653u
/* Different messages of a round that are compared; further ones are stored one by one. */
enum { VARIANTS_MAX = 8 };

struct fanout_member {
	struct call *call;
	const struct sqs_queue *queue;
	struct data_key *key; /* NULL: no KMS key */
	struct sqs_fanout_message *messages;
	size_t count;
};

struct round_entry {
	const struct fanout_member *member;
	struct sqs_fanout_message *message;
};

struct round {
	struct sqs_fanout *fanout;
	struct queue_command command;
	struct queue_target *targets; /* of all entries, then of all extras */
	struct round_entry *entries;
	struct target_extra **extras;
	size_t entry_count, extra_count;
	size_t count; /* targets */
	size_t done;  /* targets that have a result */
};

struct sqs_fanout {
	uint32_t magic;
	struct core *core;
	struct arena *arena;
	struct target_joint *joint;
	size_t awaited; /* members that have neither joined nor left */
	struct fanout_member *members;
	size_t count;
	struct round rounds[TARGET_PAYLOADS_MAX];
	size_t unanswered; /* rounds */
	bool is_ordered;   /* one round after the other */
};

/* ---- shared messages ---- */

struct variant {
	const struct round_entry *first;
	size_t count;
};

static bool is_same_text(struct str a, struct str b)
{
	bool is_same_place = a.data == b.data && a.size == b.size;

	return is_same_place || (!a.data == !b.data && str_equal(a, b));
}

static bool has_same_attributes(const struct sqs_stored_message *a,
				const struct sqs_stored_message *b)
{
	if (a->attribute_count != b->attribute_count)
		return false;
	for (size_t i = 0; i < a->attribute_count; i++) {
		const struct sqs_message_attribute_value *x = &a->attributes[i].value;
		const struct sqs_message_attribute_value *y = &b->attributes[i].value;
		if (!is_same_text(a->attributes[i].key, b->attributes[i].key) ||
		    !is_same_text(x->data_type, y->data_type) ||
		    !is_same_text(x->string_value, y->string_value) ||
		    !is_same_text(x->binary_value, y->binary_value))
			return false;
	}
	return true;
}

/* Compares the digests first: texts that only differ at their end are not compared to the end. */
static bool is_same_message(const struct sqs_stored_message *a, const struct sqs_stored_message *b)
{
	return memcmp(a->body_md5, b->body_md5, sizeof(a->body_md5)) == 0 &&
	       is_same_text(a->sender, b->sender) && is_same_text(a->group, b->group) &&
	       is_same_text(a->dedup, b->dedup) && is_same_text(a->trace, b->trace) &&
	       has_same_attributes(a, b) && is_same_text(a->body, b->body);
}

static bool may_share(const struct round_entry *entry)
{
	return !entry->member->key;
}

/* True if the two entries may share their bytes. */
static bool is_alike(const struct round_entry *a, const struct round_entry *b)
{
	return a->member->queue->has_sqs_managed_sse == b->member->queue->has_sqs_managed_sse &&
	       is_same_message(&a->message->message, &b->message->message);
}

static void count_variant(struct variant *variants, size_t *count, const struct round_entry *entry)
{
	for (size_t i = 0; i < *count; i++) {
		if (is_alike(variants[i].first, entry)) {
			variants[i].count++;
			return;
		}
	}
	if (*count < VARIANTS_MAX)
		variants[(*count)++] = (struct variant){entry, 1};
}

/* The entry whose bytes most targets share; NULL: no two have the same bytes. */
static const struct round_entry *find_shared(const struct round *round)
{
	struct variant variants[VARIANTS_MAX];
	size_t count = 0;
	struct variant best = {NULL, 1};

	for (size_t i = 0; i < round->entry_count; i++)
		if (may_share(&round->entries[i]))
			count_variant(variants, &count, &round->entries[i]);
	for (size_t i = 0; i < count; i++)
		if (variants[i].count > best.count)
			best = variants[i];
	return best.first;
}

static struct str payload_of(const struct round_entry *entry)
{
	struct call *call = entry->member->call;

	return sqs_seal(call, entry->member->queue, entry->member->key,
			sqs_message_encode(call->arena, &entry->message->message));
}

/* ---- results ---- */

/* The fan-out may be freed once all calls and the joint delivery have continued. */
static void go_on(const struct sqs_fanout *fanout)
{
	check(fanout->magic == FANOUT_MAGIC);
	for (size_t i = 0; i < fanout->count; i++)
		call_go_on(fanout->members[i].call);
	fanout->joint->done(fanout->joint);
}

static void take_results(struct round *round, size_t count, enum queue_result result)
{
	for (size_t i = round->done; i < round->done + count; i++) {
		const struct queue_target *target = &round->targets[i];
		if (i >= round->entry_count) {
			round->extras[i - round->entry_count]->result =
				result ? result : target->result;
			continue;
		}
		struct queue_send *send = round->entries[i].message->send;
		send->result = result ? result : target->result;
		send->is_duplicate = target->is_duplicate;
		send->seq = target->seq;
		if (send->result == QUEUE_OK)
			memcpy(send->id, target->id, sizeof(send->id));
	}
	round->done += count;
}

static void submit(struct round *round, size_t count);

/* The next round that has targets; NULL: this was the last. */
static struct round *next_round(struct round *round)
{
	const struct sqs_fanout *fanout = round->fanout;

	while (++round < fanout->rounds + TARGET_PAYLOADS_MAX)
		if (round->count > 0)
			return round;
	return NULL;
}

static void end_round(struct round *round, enum queue_result result)
{
	struct sqs_fanout *fanout = round->fanout;

	fanout->unanswered--;
	if (fanout->is_ordered) {
		struct round *next = next_round(round);
		if (next && result == QUEUE_OK) {
			submit(next, next->count);
			return;
		}
		for (; next; next = next_round(next)) {
			take_results(next, next->count, result);
			fanout->unanswered--;
		}
	}
	if (fanout->unanswered == 0)
		go_on(fanout);
}

/* ---- commands ---- */

/* Engine's thread. */
static void on_answered(struct queue_command *command)
{
	struct round *round = command->context;
	size_t count = command->fanout.count;

	if (command->fanout.delete_count > 0)
		round->fanout->joint->handle_result = command->result;
	if (command->result == QUEUE_TOO_LARGE && count > 1) {
		submit(round, (count + 1) / 2);
		return;
	}
	if (command->fanout.gate)
		round->fanout->joint->gate_result = command->result;
	command->fanout.gate = NULL; /* a later part would be a duplicate */
	take_results(round, count, command->result);
	size_t left = round->count - round->done;
	if (command->result == QUEUE_OK && left > 0) {
		submit(round, left < count ? left : count);
		return;
	}
	take_results(round, left, command->result);
	end_round(round, command->result);
}

/* Submits the next `count` targets. A part has the id of the whole, which is safe as no queue is in
 * two parts. */
static void submit(struct round *round, size_t count)
{
	struct queue_command *command = &round->command;

	command->fanout.targets = &round->targets[round->done];
	command->fanout.count = count;
	command->result = QUEUE_OK;
	queue_submit(engine_of(round->fanout->core, command->queue), command);
}

static struct queue_target target_of(const struct round_entry *entry)
{
	const struct queue_send *send = entry->message->send;
	struct queue_target target = {
		.queue = entry->member->queue->number,
		.group = send->group,
		.has_dedup = send->has_dedup,
		.has_delay = send->has_delay,
		.delay_ms = send->delay_ms,
	};

	memcpy(target.dedup, send->dedup, sizeof(target.dedup));
	return target;
}

/* The queue names the engine; it is also that of the handle to delete. */
static void set_queue(struct round *round)
{
	struct queue_command *command = &round->command;
	struct queue_handle *handle = round->fanout->joint->handle;

	command->queue = round->entry_count > 0 ? round->entries[0].member->queue->number
						: round->extras[0]->target.queue;
	command->now_ms =
		round->entry_count > 0 ? round->entries[0].member->call->now_ms : clock_now_ms();
	if (!handle)
		return;
	check(round->count == 1);
	command->queue = handle->queue;
	command->fanout.deletes = handle;
	command->fanout.delete_count = 1;
}

static void set_gate(struct round *round)
{
	struct target_joint *joint = round->fanout->joint;
	struct queue_command *command = &round->command;

	if (!joint->gate || round != round->fanout->rounds)
		return;
	command->fanout.gate = joint->gate;
	memcpy(command->fanout.id, joint->id, sizeof(command->fanout.id));
	joint->has_gated = true;
}

static void make_command(struct round *round)
{
	const struct round_entry *shared = find_shared(round);
	struct queue_command *command = &round->command;

	command->type = QUEUE_FANOUT;
	set_queue(round);
	command->done = on_answered;
	command->context = round;
	uuid_new(command->fanout.id);
	set_gate(round);
	if (shared)
		command->fanout.shared = payload_of(shared);
	for (size_t i = 0; i < round->extra_count; i++)
		round->targets[round->entry_count + i] = round->extras[i]->target;
	for (size_t i = 0; i < round->entry_count; i++) {
		const struct round_entry *entry = &round->entries[i];
		round->targets[i] = target_of(entry);
		if (shared && may_share(entry) && is_alike(shared, entry))
			continue;
		round->targets[i].is_whole = true;
		round->targets[i].own = payload_of(entry);
	}
}

static void make_room(struct sqs_fanout *fanout, struct round *round)
{
	size_t extras = fanout->joint->extra_count;

	if (round->targets)
		return;
	round->entries = arena_array(fanout->arena, struct round_entry, fanout->count);
	round->extras = arena_array(fanout->arena, struct target_extra *, extras);
	round->targets = arena_array(fanout->arena, struct queue_target, fanout->count + extras);
}

static void fill_rounds(struct sqs_fanout *fanout)
{
	struct target_joint *joint = fanout->joint;

	for (size_t i = 0; i < fanout->count; i++) {
		const struct fanout_member *member = &fanout->members[i];
		fanout->is_ordered |= member->queue->is_fifo;
		for (size_t j = 0; j < member->count; j++) {
			struct round *round = &fanout->rounds[member->messages[j].index];
			make_room(fanout, round);
			round->entries[round->entry_count++] =
				(struct round_entry){member, &member->messages[j]};
			round->count++;
		}
	}
	for (size_t i = 0; i < joint->extra_count; i++) {
		check(joint->extras[i].index < TARGET_PAYLOADS_MAX);
		struct round *round = &fanout->rounds[joint->extras[i].index];
		make_room(fanout, round);
		round->extras[round->extra_count++] = &joint->extras[i];
		round->count++;
	}
}

static void start(struct sqs_fanout *fanout)
{
	struct round *last = NULL;

	if (fanout->count == 0 && fanout->joint->extra_count == 0) {
		go_on(fanout);
		return;
	}
	fill_rounds(fanout);
	for (size_t i = 0; i < TARGET_PAYLOADS_MAX; i++) {
		struct round *round = &fanout->rounds[i];
		round->fanout = fanout;
		if (round->count == 0)
			continue;
		make_command(round);
		fanout->unanswered++;
	}
	/* An answer may arrive at once, but not the last one before the last round is submitted. */
	for (struct round *round = fanout->rounds; round; round = next_round(round)) {
		if (round->count == 0)
			continue;
		if (last)
			submit(last, last->count);
		last = round;
		if (fanout->is_ordered)
			break;
	}
	submit(last, last->count);
}

/* ---- joining and leaving ---- */

void *sqs_fanout_begin(struct core *core, struct arena *arena, size_t count,
		       struct target_joint *joint)
{
	struct sqs_fanout *fanout = arena_new(arena, struct sqs_fanout);

	fanout->magic = FANOUT_MAGIC;
	fanout->core = core;
	fanout->arena = arena;
	fanout->joint = joint;
	fanout->awaited = count;
	fanout->members = arena_array(arena, struct fanout_member, count);
	return fanout;
}

static void end_waiting(struct sqs_fanout *fanout)
{
	check(fanout->magic == FANOUT_MAGIC);
	check(fanout->awaited > 0);
	if (--fanout->awaited == 0)
		start(fanout);
}

void sqs_fanout_leave(void *fanout)
{
	end_waiting(fanout);
}

bool sqs_fanout_may_join(const struct call *call, const struct sqs_queue *queue)
{
	const struct sqs_fanout *fanout = call->member->fanout;

	for (size_t i = 0; i < fanout->count; i++)
		if (fanout->members[i].queue->number == queue->number)
			return false;
	return true;
}

enum err sqs_fanout_join(struct call *call, const struct sqs_queue *queue, struct data_key *key,
			 struct sqs_fanout_message *messages, size_t count, resume_fn resume)
{
	struct sqs_fanout *fanout = call->member->fanout;

	check(count > 0);
	check(messages[count - 1].index < TARGET_PAYLOADS_MAX);
	fanout->members[fanout->count++] =
		(struct fanout_member){call, queue, key, messages, count};
	call->member->has_joined = true;
	enum err parked = call_wait(call, resume);
	end_waiting(fanout);
	return parked;
}
