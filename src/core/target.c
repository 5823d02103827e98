/* SPDX-License-Identifier: MIT */
/*
 * target: one internal request a target; the last answer ends the delivery. Requests hop to their
 * home before they begin, so none has joined or left before all are issued. An obligation in
 * place of a request that did not join the joint delivery is part of it; those for later refusals
 * are stored at the end, by a command of this file.
 *
 * A command is of one engine, so there is a joint delivery for each engine that has targets. The
 * main one, of the engine that stores the obligations, has all that is beside the messages: they,
 * the gate, the message to delete. If it has a gate, which decides for all and in their order, what
 * goes to other engines becomes obligations. An obligation that goes to another engine is not
 * deleted with its message, but after it.
 */
#include "core/target.h"

#include <string.h>

#include "base/arn.h"
#include "core/audit/audit.h"
#include "core/engines.h"
#include "core/hop.h"
#include "core/obligation_record.h"
#include "core/service.h"

#define TARGET_MAGIC 0x54475254u
enum { OWED_AT_FIRST = 4 };

/* Stands for a delivery that has joined without a request. */
static const struct target_provider no_request;

/* Of a delivery: the service, and the engine of the target; core/engines.h. */
struct way {
	const struct target_provider *provider; /* NULL: none */
	uint32_t place;
};

struct sending;

struct part {
	struct sending *sending;
	uint32_t place; /* of the target's engine; core/engines.h */
	const struct target_provider *provider;
	const struct target_delivery *delivery;
	const struct operation *operation;
	struct target_member member;
	bool has_owed; /* `instead` was called for what it did not deliver */
};

/* An obligation of the caller, or one in place of a payload; neither: an archive's message. */
struct owed {
	struct obligation *obligation;
	struct target_result *result;
	bool is_stored;
};

/* A joint delivery to the queues of one engine. */
struct joined {
	struct sending *sending;
	void *fanout; /* NULL: none */
	struct target_joint joint;
	struct core_hop hop;
};

struct sending {
	uint32_t magic;
	struct core *core;
	struct net_thread *home;
	struct target_send send;
	size_t unanswered; /* requests, the joint delivery, and one for target_deliver itself */
	target_done_fn done;
	void *context;
	struct arena arena; /* texts of results */
	/* Of the joint deliveries; NULL: there are none. */
	const struct target_provider *provider;
	uint32_t place;	       /* of the main one */
	struct joined *joined; /* by place */
	/* Side by side: the main joint's extras[i] is that of owed[i]. */
	struct target_extra *extras;
	struct owed *owed;
	size_t owed_count, owed_room;
	/* The command of what the main joint delivery has not stored. */
	struct queue_command command;
	struct queue_target *targets;
	size_t *places; /* in `owed`, of each target */
	size_t target_count, targets_done;
	struct core_hop hop;
	struct part *parts; /* deliveries that are requests, or refused */
	size_t part_count;
	struct way ways[]; /* of each delivery */
};

uint64_t target_seat_new(void)
{
	static _Atomic uint64_t last;

	return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static struct joined *main_of(const struct sending *sending)
{
	return &sending->joined[sending->place];
}

static struct way way_of(const struct core *core, struct str arn)
{
	struct arn parsed;

	if (!arn_parse(arn, &parsed))
		return (struct way){0};
	return (struct way){
		.provider = services_find_target(core, parsed.service),
		.place = engines_place_of_account(core, parsed.account),
	};
}

enum err target_resolve(struct core *core, struct str arn,
			struct target_description *out_description)
{
	const struct target_provider *provider = way_of(core, arn).provider;

	return provider ? provider->resolve(core, arn, out_description) : ERR_NOTFOUND;
}

/* ---- results ---- */

struct str target_result_id(struct arena *arena, const struct target_result *result)
{
	if (!result->has_raw_id)
		return result->id;
	char *text = arena_bytes(arena, UUID_TEXT_SIZE);
	uuid_format(result->raw_id, text);
	return str_of(text, UUID_TEXT_SIZE);
}

static void fill(const struct target_delivery *delivery, struct target_result result)
{
	for (size_t i = 0; i < delivery->count; i++)
		delivery->results[i] = result;
}

static void keep_texts(struct sending *sending, const struct target_delivery *delivery)
{
	for (size_t i = 0; i < delivery->count; i++) {
		struct target_result *result = &delivery->results[i];
		result->code = arena_copy(&sending->arena, result->code);
		result->text = arena_copy(&sending->arena, result->text);
		result->id = arena_copy(&sending->arena, result->id);
	}
}

static void finish(struct sending *sending)
{
	check(sending->magic == TARGET_MAGIC);
	for (size_t i = 0; i < sending->owed_count; i++) {
		const struct owed *owed = &sending->owed[i];
		if (owed->result)
			owed->result->is_owed = owed->is_stored;
		else if (owed->obligation)
			owed->obligation->is_stored = owed->is_stored;
		else if (sending->send.out_archived && !owed->is_stored &&
			 sending->extras[i].result != QUEUE_NOT_FOUND)
			*sending->send.out_archived = false;
	}
	if (sending->send.ends)
		*sending->send.out_ended = main_of(sending)->joint.handle_result;
	if (sending->send.gate)
		*sending->send.out_gated = main_of(sending)->joint.gate_result;
	sending->done(sending->context);
	sending->magic = 0;
	arena_done(&sending->arena);
	heap_free(sending);
}

/* ---- what is owed ---- */

/* Until the main joint delivery starts, and after it has ended, nobody keeps pointers to the items.
 */
static void grow_extras(struct sending *sending)
{
	size_t room = sending->owed_room > 0 ? sending->owed_room * 2 : OWED_AT_FIRST;
	size_t count = sending->owed_count;
	struct owed *owed = arena_array(&sending->arena, struct owed, room);
	struct target_extra *extras = arena_array(&sending->arena, struct target_extra, room);

	if (count > 0) {
		memcpy(owed, sending->owed, count * sizeof(*owed));
		memcpy(extras, sending->extras, count * sizeof(*extras));
	}
	sending->owed = owed;
	sending->extras = main_of(sending)->joint.extras = extras;
	sending->owed_room = room;
}

static void add_extra(struct sending *sending, struct owed owed, size_t index,
		      struct queue_target target)
{
	size_t place = sending->owed_count;

	if (place == sending->owed_room)
		grow_extras(sending);
	sending->owed_count++;
	sending->owed[place] = owed;
	sending->extras[place] =
		(struct target_extra){.index = index, .target = target, .result = QUEUE_FAILED};
	main_of(sending)->joint.extra_count = sending->owed_count;
}

static void add_owed(struct sending *sending, struct obligation *obligation,
		     struct target_result *result)
{
	struct obligation_record record = obligation_record_of(obligation, clock_now_ms());

	add_extra(sending, (struct owed){obligation, result, false}, obligation->index,
		  obligation_record_target(sending->core, &sending->arena, sending->place, &record,
					   obligation->delay_ms));
}

/* For the payloads that were not delivered. */
static void owe_delivery(struct sending *sending, const struct target_delivery *delivery)
{
	for (size_t i = 0; i < delivery->count; i++) {
		struct target_result *result = &delivery->results[i];
		if (result->outcome == TARGET_DELIVERED)
			continue;
		struct obligation *obligation = arena_new(&sending->arena, struct obligation);
		if (!sending->send.instead(sending->send.instead_context, delivery, i,
					   &sending->arena, obligation))
			continue;
		obligation->index = i;
		add_owed(sending, obligation, result);
	}
}

static void owe_instead(struct part *part)
{
	if (!part->sending->send.instead || part->has_owed)
		return;
	part->has_owed = true;
	owe_delivery(part->sending, part->delivery);
}

/* Once all requests and the joint delivery have ended. */
static void owe_rest(struct sending *sending)
{
	const struct target_send *send = &sending->send;

	for (size_t i = 0; i < sending->part_count; i++)
		owe_instead(&sending->parts[i]);
	for (size_t i = 0; i < send->count && send->instead; i++)
		if (sending->ways[i].provider == &no_request &&
		    send->deliveries[i].results->outcome != TARGET_DELIVERED)
			owe_delivery(sending, &send->deliveries[i]);
}

/* ---- a command for it ---- */

static void submit_owed(struct sending *sending, size_t count);

static void land(struct core_hop *hop)
{
	finish(container_of(hop, struct sending, hop));
}

/* Engine's thread. */
static void on_stored(struct queue_command *command)
{
	struct sending *sending = command->context;
	size_t count = command->fanout.count;

	if (command->result == QUEUE_TOO_LARGE && count > 1) {
		submit_owed(sending, (count + 1) / 2);
		return;
	}
	if (command->fanout.gate)
		main_of(sending)->joint.gate_result = command->result;
	for (size_t i = 0; i < count; i++) {
		const struct queue_target *target = &command->fanout.targets[i];
		sending->owed[sending->places[sending->targets_done + i]].is_stored =
			command->result == QUEUE_OK && target->result == QUEUE_OK;
	}
	sending->targets_done += count;
	size_t left = sending->target_count - sending->targets_done;
	bool is_refused = command->fanout.gate && command->result != QUEUE_OK;
	command->fanout.gate = NULL;
	if (left > 0 && !is_refused) {
		submit_owed(sending, left < count ? left : count);
		return;
	}
	sending->hop.run = land;
	core_hop_to(sending->core, sending->home, &sending->hop);
}

static void submit_owed(struct sending *sending, size_t count)
{
	struct queue_command *command = &sending->command;

	command->fanout.targets = &sending->targets[sending->targets_done];
	command->fanout.count = count;
	command->result = QUEUE_OK;
	queue_submit(engine_of(sending->core, command->queue), command);
}

static void store_owed(struct sending *sending)
{
	struct queue_command *command = &sending->command;
	size_t room = sending->owed_count;

	sending->targets = arena_array(&sending->arena, struct queue_target, room);
	sending->places = arena_array(&sending->arena, size_t, room);
	for (size_t i = 0; i < room; i++) {
		if (sending->owed[i].is_stored)
			continue;
		sending->targets[sending->target_count] = sending->extras[i].target;
		sending->places[sending->target_count++] = i;
	}
	bool has_gate = sending->send.gate && !main_of(sending)->joint.has_gated;
	if (sending->target_count == 0 && !has_gate) {
		finish(sending);
		return;
	}
	command->type = QUEUE_FANOUT;
	command->queue = obligation_queue(sending->core, sending->place, false);
	command->now_ms = clock_now_ms();
	command->done = on_stored;
	command->context = sending;
	uuid_new(command->fanout.id);
	if (has_gate) {
		command->fanout.gate = sending->send.gate;
		memcpy(command->fanout.id, sending->send.id, sizeof(command->fanout.id));
	}
	submit_owed(sending, sending->target_count < LIMIT_FANOUT_TARGETS ? sending->target_count
									  : LIMIT_FANOUT_TARGETS);
}

/* ---- the end ---- */

static void end_one(struct sending *sending)
{
	check(sending->magic == TARGET_MAGIC);
	check(sending->unanswered > 0);
	if (--sending->unanswered > 0)
		return;
	for (size_t i = 0; i < sending->owed_count; i++)
		sending->owed[i].is_stored = sending->extras[i].result == QUEUE_OK;
	const struct target_joint *joint = &main_of(sending)->joint;
	bool is_over = joint->has_gated &&
		       (joint->gate_result != QUEUE_OK || sending->send.gate->is_duplicate);
	if (is_over) {
		finish(sending);
		return;
	}
	owe_rest(sending);
	store_owed(sending);
}

static void land_joint(struct core_hop *hop)
{
	struct joined *joined = container_of(hop, struct joined, hop);
	struct sending *sending = joined->sending;

	if (sending->provider->collect)
		sending->provider->collect(joined->fanout);
	end_one(sending);
}

/* Any thread. */
static void on_joint_done(struct target_joint *joint)
{
	struct joined *joined = container_of(joint, struct joined, joint);

	joined->hop.run = land_joint;
	core_hop_to(joined->sending->core, joined->sending->home, &joined->hop);
}

static void leave_fanout(struct part *part)
{
	if (!part->member.fanout || part->member.has_joined)
		return;
	/* The main joint delivery may be over for a part of another one. */
	if (part->place == part->sending->place)
		owe_instead(part);
	part->provider->leave(part->member.fanout);
}

static bool is_retryable(const struct part *part, const struct internal_answer *answer)
{
	return answer->fault->is_receiver || answer->fault->status >= 500 ||
	       answer->fault == &part->operation->service->throttled;
}

static void on_answer(void *context, const struct internal_answer *answer)
{
	struct part *part = context;

	if (answer->result == ERR_OK)
		part->provider->read(answer->out, part->delivery);
	else
		fill(part->delivery,
		     (struct target_result){
			     .outcome = is_retryable(part, answer) ? TARGET_RETRY : TARGET_FAILED,
			     .code = answer->fault->query_code,
			     .text = answer->fault_text,
		     });
	keep_texts(part->sending, part->delivery);
	leave_fanout(part);
	end_one(part->sending);
}

/* ---- requests ---- */

/* The gate's command does not reach that engine. */
static bool is_behind_gate(const struct sending *sending, uint32_t place)
{
	return sending->send.gate && place != sending->place;
}

static void refuse(struct part *part, enum target_outcome outcome, struct str code, struct str text)
{
	fill(part->delivery,
	     (struct target_result){.outcome = outcome, .code = code, .text = text});
	owe_instead(part);
}

static void issue(struct core *core, struct net_thread *home, const struct internal_caller *caller,
		  struct part *part)
{
	const struct target_delivery *delivery = part->delivery;
	const void *in;

	check(delivery->count > 0);
	check(delivery->count <= TARGET_PAYLOADS_MAX);
	if (!part->provider) {
		refuse(part, TARGET_FAILED, STR("InvalidTarget"),
		       STR("No service takes deliveries for this ARN."));
		return;
	}
	if (is_behind_gate(part->sending, part->place)) {
		refuse(part, TARGET_RETRY, STR("OtherPartition"),
		       STR("The queue is in another partition than the topic."));
		return;
	}
	struct internal_caller here = delivery->caller ? *delivery->caller : *caller;
	here.region = arn_region(delivery->arn);
	struct internal_request *request = internal_new(core, home, &here);
	part->operation = part->provider->prepare(core, internal_arena(request), delivery, &in);
	if (part->member.fanout)
		internal_set_member(request, &part->member);
	part->sending->unanswered++;
	if (internal_submit(request, part->operation, in, on_answer, part))
		return;
	part->sending->unanswered--;
	fill(delivery, (struct target_result){.outcome = TARGET_RETRY,
					      .code = STR("Throttled"),
					      .text = STR("Too many internal requests.")});
	leave_fanout(part);
}

/* True if there is a reason for a joint delivery of that many members. */
static bool is_joint(const struct sending *sending, uint32_t place, size_t members)
{
	const struct target_send *send = &sending->send;

	if (members > 1 || place != sending->place)
		return members > 1;
	return send->obligation_count > 0 || send->gate || send->archive_count > 0 ||
	       (members > 0 && (send->instead || send->ends));
}

static void begin_joined(struct sending *sending, uint32_t place, size_t members)
{
	struct joined *joined = &sending->joined[place];

	if (!is_joint(sending, place, members))
		return;
	joined->joint.done = on_joint_done;
	if (place == sending->place) {
		joined->joint.handle = sending->send.ends;
		joined->joint.gate = sending->send.gate;
		joined->joint.id = sending->send.id;
	}
	joined->fanout = sending->provider->begin(sending->core, sending->home, &sending->arena,
						  members + 1, &joined->joint);
	sending->unanswered++;
}

/* True if the delivery takes part in the joint delivery of its place, if there is one. */
static bool may_join(const struct sending *sending, const struct way *way)
{
	return way->provider == sending->provider && !is_behind_gate(sending, way->place);
}

/* Begins joint deliveries with the first provider that supports them. */
static void begin_fanouts(struct sending *sending)
{
	size_t members[LIMIT_PARTITIONS] = {0};

	for (size_t i = 0; i < sending->send.count && !sending->provider; i++) {
		const struct target_provider *provider = sending->ways[i].provider;
		if (provider && provider->begin)
			sending->provider = provider;
	}
	if (!sending->provider)
		return;
	for (size_t i = 0; i < sending->send.count; i++)
		members[sending->ways[i].place] += may_join(sending, &sending->ways[i]);
	for (uint32_t place = 0; place < sending->core->engine_count; place++)
		begin_joined(sending, place, members[place]);
}

/* Gives the number of deliveries that need a request. */
static size_t join_without_requests(struct sending *sending)
{
	const struct target_send *send = &sending->send;
	const struct target_provider *provider = sending->provider;
	size_t left = send->count;

	/* The audit log records each delivery from its request. */
	if (!provider || !provider->join || audit_wants(sending->core->audit, true))
		return left;
	for (size_t i = 0; i < send->count; i++) {
		const struct target_delivery *delivery = &send->deliveries[i];
		struct way *way = &sending->ways[i];
		void *fanout = sending->joined[way->place].fanout;
		if (delivery->seat == 0 || !fanout || !may_join(sending, way) ||
		    !provider->join(fanout, delivery->caller ? delivery->caller : send->caller,
				    delivery))
			continue;
		way->provider = &no_request;
		left--;
	}
	return left;
}

static void make_parts(struct sending *sending, size_t count)
{
	sending->parts = arena_array(&sending->arena, struct part, count);
	for (size_t i = 0; i < sending->send.count; i++) {
		const struct target_delivery *delivery = &sending->send.deliveries[i];
		const struct way *way = &sending->ways[i];
		if (way->provider == &no_request)
			continue;
		struct part *part = &sending->parts[sending->part_count++];
		*part = (struct part){.sending = sending,
				      .place = way->place,
				      .provider = way->provider,
				      .delivery = delivery};
		if (sending->provider && may_join(sending, way))
			part->member =
				(struct target_member){.fanout = sending->joined[way->place].fanout,
						       .seat = delivery->seat};
		for (size_t j = 0; j < delivery->count; j++)
			delivery->results[j].is_owed = false;
	}
}

static void leave_fanouts(struct sending *sending)
{
	for (uint32_t place = 0; place < sending->core->engine_count; place++)
		if (sending->joined[place].fanout)
			sending->provider->leave(sending->joined[place].fanout);
}

/* The place of the internal queues and of the message to delete, or of the source. */
static uint32_t place_of(const struct core *core, const struct target_send *send)
{
	struct arn arn;

	if (core->engine_count == 1)
		return 0;
	if (send->ends)
		return engines_place(core, send->ends->queue);
	if (send->gate)
		return engines_place(core, send->gate->queue);
	if (send->archive_count > 0)
		return engines_place(core, send->archives[0].queue);
	if (send->caller && send->caller->source_account.data)
		return engines_place_of_account(core, send->caller->source_account);
	if (send->obligation_count > 0)
		return engines_place_of_account(core, send->obligations[0].account);
	return send->count > 0 && arn_parse(send->deliveries[0].arn, &arn)
		       ? engines_place_of_account(core, arn.account)
		       : 0;
}

static void make_joined(struct sending *sending)
{
	uint32_t count = sending->core->engine_count;

	sending->joined = arena_array(&sending->arena, struct joined, count);
	for (uint32_t place = 0; place < count; place++)
		sending->joined[place] = (struct joined){
			.sending = sending,
			.joint = {.handle_result = QUEUE_FAILED, .gate_result = QUEUE_FAILED},
		};
}

/* Most targets of a publish are of one account. A delivery with a seat has the ARN of a resource.
 */
static void find_ways(struct sending *sending)
{
	struct str same = {0}; /* the part of the previous ARN; empty: not known */

	for (size_t i = 0; i < sending->send.count; i++) {
		const struct target_delivery *delivery = &sending->send.deliveries[i];
		bool has_seat = delivery->seat > 0;
		if (has_seat && same.size > 0 && str_starts(delivery->arn, same)) {
			sending->ways[i] = sending->ways[i - 1];
			continue;
		}
		sending->ways[i] = way_of(sending->core, delivery->arn);
		same = has_seat && sending->ways[i].provider ? arn_place(delivery->arn)
							     : (struct str){0};
	}
}

static struct sending *sending_new(struct core *core, struct net_thread *home,
				   const struct target_send *send)
{
	struct sending *sending =
		heap_alloc(sizeof(*sending) + send->count * sizeof(sending->ways[0]));

	sending->magic = TARGET_MAGIC;
	sending->core = core;
	sending->home = home;
	sending->send = *send;
	sending->place = place_of(core, send);
	sending->unanswered = 1;
	arena_init(&sending->arena);
	make_joined(sending);
	find_ways(sending);
	return sending;
}

void target_deliver(struct core *core, struct net_thread *home, const struct target_send *send,
		    target_done_fn done, void *context)
{
	check(send->count + send->obligation_count + send->archive_count > 0 || send->gate);
	check(send->count <= TARGET_DELIVERIES_MAX);
	check(!send->ends || (send->count == 1 && send->deliveries[0].count == 1));
	check(!send->ends || (send->obligation_count == 0 && !send->instead));
	if (send->out_archived)
		*send->out_archived = true;
	struct sending *sending = sending_new(core, home, send);
	sending->done = done;
	sending->context = context;
	begin_fanouts(sending);
	for (size_t i = 0; i < send->obligation_count; i++)
		add_owed(sending, &send->obligations[i], NULL);
	for (size_t i = 0; i < send->archive_count; i++)
		add_extra(sending, (struct owed){0}, 0, send->archives[i]);
	make_parts(sending, join_without_requests(sending));
	for (size_t i = 0; i < sending->part_count; i++)
		issue(core, home, send->caller, &sending->parts[i]);
	leave_fanouts(sending);
	end_one(sending);
}
