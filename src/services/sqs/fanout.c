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
#include "services/sqs/direct.h"
#include "services/sqs/encrypt.h"
#include "services/sqs/seat.h"

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
	/* Of the deliveries without a request, of all entries, of all extras. */
	struct queue_target *targets;
	struct round_entry *entries;
	struct target_extra **extras;
	size_t room;	     /* for targets */
	size_t direct_count; /* of the first round only */
	size_t entry_count, extra_count;
	size_t count; /* targets */
	size_t done;  /* targets that have a result */
};

struct sqs_fanout {
	uint32_t magic;
	struct core *core;
	struct net_thread *home;
	struct arena *arena;
	struct target_joint *joint;
	size_t awaited;		       /* members that have neither joined nor left */
	size_t room;		       /* for members */
	struct fanout_member *members; /* requests that have joined; NULL: none */
	size_t count;
	struct sqs_direct *direct;  /* NULL: no delivery has a seat */
	struct sqs_numbers numbers; /* of the members' queues */
	struct round rounds[TARGET_PAYLOADS_MAX];
	size_t unanswered; /* rounds */
	bool is_ordered;   /* one round after the other */
};

/* ---- shared messages ---- */

struct variant {
	const struct sqs_stored_message *message;
	bool has_sqs_managed_sse;
	size_t count;
	/* One of them. */
	const struct round_entry *entry;
	struct sqs_direct_message *direct;
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

/* True if the two may share their bytes. */
static bool is_alike(const struct variant *a, const struct variant *b)
{
	return a->has_sqs_managed_sse == b->has_sqs_managed_sse &&
	       is_same_message(a->message, b->message);
}

static struct variant variant_of(const struct round_entry *entry)
{
	return (struct variant){
		.message = &entry->message->message,
		.has_sqs_managed_sse = entry->member->queue->has_sqs_managed_sse,
		.count = 1,
		.entry = entry,
	};
}

static struct variant variant_of_direct(struct sqs_direct_message *direct)
{
	return (struct variant){
		.message = &direct->message,
		.has_sqs_managed_sse = direct->has_sqs_managed_sse,
		.count = direct->count,
		.direct = direct,
	};
}

struct variants {
	struct variant items[VARIANTS_MAX];
	size_t count;
};

static void add_variant(struct variants *variants, struct variant variant)
{
	for (size_t i = 0; i < variants->count; i++) {
		if (is_alike(&variants->items[i], &variant)) {
			variants->items[i].count += variant.count;
			return;
		}
	}
	if (variants->count < VARIANTS_MAX)
		variants->items[variants->count++] = variant;
}

/* The messages of the round's deliveries without a request. */
static struct sqs_direct_message *direct_messages(const struct round *round)
{
	return round->direct_count > 0 ? round->fanout->direct->messages : NULL;
}

/* False: no two targets have the same bytes. */
static bool find_shared(const struct round *round, struct variant *out_best)
{
	struct variants variants = {.count = 0};
	struct sqs_direct_message *direct = direct_messages(round);

	for (; direct; direct = direct->next)
		if (direct->count > 0)
			add_variant(&variants, variant_of_direct(direct));
	for (size_t i = 0; i < round->entry_count; i++)
		if (may_share(&round->entries[i]))
			add_variant(&variants, variant_of(&round->entries[i]));
	*out_best = (struct variant){.count = 1};
	for (size_t i = 0; i < variants.count; i++)
		if (variants.items[i].count > out_best->count)
			*out_best = variants.items[i];
	return out_best->message != NULL;
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
		struct queue_target *target = &round->targets[i];
		if (result)
			target->result = result;
		if (i < round->direct_count)
			continue;
		size_t place = i - round->direct_count;
		if (place >= round->entry_count) {
			round->extras[place - round->entry_count]->result = target->result;
			continue;
		}
		struct queue_send *send = round->entries[place].message->send;
		send->result = target->result;
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

	command->queue = round->targets[0].queue;
	command->now_ms = round->direct_count > 0  ? round->fanout->direct->now_ms
			  : round->entry_count > 0 ? round->entries[0].member->call->now_ms
						   : clock_now_ms();
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

/* Their targets are there, but for the bytes. */
static void set_direct_bytes(struct round *round, const struct variant *shared)
{
	const struct sqs_direct *direct = round->fanout->direct;
	struct sqs_direct_message *message = direct_messages(round);
	bool is_all = true;

	for (; message; message = message->next) {
		struct variant variant = variant_of_direct(message);
		message->is_shared = shared && is_alike(shared, &variant);
		is_all &= message->is_shared;
	}
	for (size_t i = 0; i < round->direct_count && !is_all; i++) {
		message = direct->entries[i].message;
		round->targets[i].is_whole = !message->is_shared;
		if (!message->is_shared)
			round->targets[i].own = sqs_direct_bytes(direct, message);
	}
}

static void set_targets(struct round *round, const struct variant *shared)
{
	struct queue_target *targets = &round->targets[round->direct_count];

	for (size_t i = 0; i < round->entry_count; i++) {
		const struct round_entry *entry = &round->entries[i];
		struct variant variant = variant_of(entry);
		targets[i] = target_of(entry);
		if (shared && may_share(entry) && is_alike(shared, &variant))
			continue;
		targets[i].is_whole = true;
		targets[i].own = payload_of(entry);
	}
	for (size_t i = 0; i < round->extra_count; i++)
		targets[round->entry_count + i] = round->extras[i]->target;
}

static void make_command(struct round *round)
{
	struct queue_command *command = &round->command;
	struct variant best;
	const struct variant *shared = find_shared(round, &best) ? &best : NULL;

	if (shared)
		command->fanout.shared =
			shared->direct ? sqs_direct_bytes(round->fanout->direct, shared->direct)
				       : payload_of(shared->entry);
	set_direct_bytes(round, shared);
	set_targets(round, shared);
	command->type = QUEUE_FANOUT;
	set_queue(round);
	command->done = on_answered;
	command->context = round;
	uuid_new(command->fanout.id);
	set_gate(round);
}

/* The first round has the targets of deliveries without a request before. */
static void make_room(struct sqs_fanout *fanout, struct round *round)
{
	size_t extras = fanout->joint->extra_count;

	if (round->entries)
		return;
	round->entries = arena_array(fanout->arena, struct round_entry, fanout->count);
	round->extras = arena_array(fanout->arena, struct target_extra *, extras);
	size_t needed = round->direct_count + fanout->count + extras;
	if (needed <= round->room)
		return;
	struct queue_target *targets = arena_array(fanout->arena, struct queue_target, needed);
	if (round->direct_count > 0)
		memcpy(targets, round->targets, round->direct_count * sizeof(*targets));
	round->targets = targets;
	round->room = needed;
}

static void fill_rounds(struct sqs_fanout *fanout)
{
	struct target_joint *joint = fanout->joint;

	fanout->rounds[0].count = fanout->rounds[0].direct_count;
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

static void start(void *context)
{
	struct sqs_fanout *fanout = context;
	struct round *last = NULL;

	fill_rounds(fanout);
	for (size_t i = 0; i < TARGET_PAYLOADS_MAX; i++) {
		struct round *round = &fanout->rounds[i];
		round->fanout = fanout;
		check(round->count <= round->room);
		if (round->count == 0)
			continue;
		make_command(round);
		fanout->unanswered++;
	}
	if (fanout->unanswered == 0) {
		go_on(fanout);
		return;
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

void *sqs_fanout_begin(struct core *core, struct net_thread *home, struct arena *arena,
		       size_t count, struct target_joint *joint)
{
	struct sqs_fanout *fanout = arena_new(arena, struct sqs_fanout);

	fanout->magic = FANOUT_MAGIC;
	fanout->core = core;
	fanout->home = home;
	fanout->arena = arena;
	fanout->joint = joint;
	fanout->awaited = fanout->room = count;
	fanout->numbers = sqs_numbers_new(arena, count);
	return fanout;
}

static void begin_direct(struct sqs_fanout *fanout)
{
	struct round *round = &fanout->rounds[0];

	fanout->direct = sqs_direct_new(fanout->core, fanout->home, fanout->arena, fanout->room);
	round->room = fanout->room + fanout->joint->extra_count;
	round->targets = arena_array(fanout->arena, struct queue_target, round->room);
}

bool sqs_fanout_join_directly(void *of, const struct internal_caller *caller,
			      const struct target_delivery *delivery)
{
	struct sqs_fanout *fanout = of;
	struct round *round = &fanout->rounds[0];

	check(fanout->magic == FANOUT_MAGIC);
	if (!fanout->direct)
		begin_direct(fanout);
	struct queue_target *target = &round->targets[round->direct_count];
	if (!sqs_direct_admit(fanout->direct, caller, delivery, &fanout->numbers, target))
		return false;
	fanout->is_ordered |= target->has_dedup;
	round->direct_count++;
	fanout->awaited--;
	check(fanout->awaited > 0);
	return true;
}

void sqs_fanout_collect(void *of)
{
	struct sqs_fanout *fanout = of;

	if (fanout->direct)
		sqs_direct_end(fanout->direct, fanout->rounds[0].targets);
}

static void end_waiting(struct sqs_fanout *fanout)
{
	check(fanout->magic == FANOUT_MAGIC);
	check(fanout->awaited > 0);
	if (--fanout->awaited > 0)
		return;
	if (fanout->direct && fanout->direct->count > 0)
		sqs_direct_digest(fanout->direct, start, fanout);
	else
		start(fanout);
}

void sqs_fanout_leave(void *fanout)
{
	end_waiting(fanout);
}

bool sqs_fanout_may_join(const struct call *call, const struct sqs_queue *queue)
{
	struct sqs_fanout *fanout = call->member->fanout;

	return sqs_numbers_add(&fanout->numbers, queue->number);
}

enum err sqs_fanout_join(struct call *call, const struct sqs_queue *queue, struct data_key *key,
			 struct sqs_fanout_message *messages, size_t count, resume_fn resume)
{
	struct sqs_fanout *fanout = call->member->fanout;

	check(count > 0);
	check(messages[count - 1].index < TARGET_PAYLOADS_MAX);
	if (!fanout->members)
		fanout->members = arena_array(fanout->arena, struct fanout_member, fanout->room);
	sqs_seats_learn(sqs_of(fanout->core)->seats, call, queue);
	fanout->members[fanout->count++] =
		(struct fanout_member){call, queue, key, messages, count};
	call->member->has_joined = true;
	enum err parked = call_wait(call, resume);
	end_waiting(fanout);
	return parked;
}
