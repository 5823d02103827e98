/* SPDX-License-Identifier: MIT */
/*
 * replay_run: a replay is a state machine on the control thread, which reads the subscription's
 * record again at each page.
 *
 * A page: browse the archive, open the messages, send those that the filter policy lets pass to the
 * queue, ten at a time and one ten after the other, which keeps their order, and save the number of
 * the last one.
 *
 * The change between publishes and the replay loses no message and delivers none twice. A publish
 * takes its number first and looks up the subscriptions then (fanout.c); the gate refuses a number
 * below one that it has seen. So a barrier (a number that is taken after the subscription has
 * changed, and sent through the gate) separates publishes that saw the old subscription, which are
 * in the archive by then, from those that see the new one:
 * - At the beginning: messages before the barrier may have been delivered by publishes, and are
 *   marked as replayed. Later ones are delivered by the replay alone.
 * - At the end: the subscription is SNS_REPLAY_SWITCHING, so publishes wait. After the barrier the
 *   archive has all messages that the replay owes. When they are sent, publishes go on.
 */
#include <string.h>

#include "base/vec.h"
#include "core/obligation.h"
#include "core/seal/envelope.h"
#include "services/sns/archive.h"
#include "services/sns/change.h"
#include "services/sns/delivery.h"
#include "services/sns/encrypt.h"
#include "services/sns/filter.h"
#include "services/sns/gate.h"
#include "services/sns/replay.h"
#include "services/sns/status.h"
#include "services/sns/store.h"

/* A message may be stored by another time of the clock than it is stamped with. */
enum { PAGE = 50, SKEW_MS = 60000 };

struct sns_replay {
	struct core *core;
	struct str arn;			 /* of the subscription, in names_arena */
	struct arena names_arena, arena; /* of a page */
	struct core_task task;		 /* the next step */
	const struct topic *topic;	 /* of the page; held */
	const struct subscription *subscription;
	struct queue_command command; /* browse or barrier */
	struct queue_gate gate;
	struct queue_delivery deliveries[PAGE];
	struct str sealed[PAGE], texts[PAGE]; /* as obligations share them; opened */
	struct sns_opening opening;
	struct sns_message messages[PAGE];
	size_t origins[PAGE]; /* of a message, in `sealed` */
	size_t count;	      /* of messages that are to be sent */
	size_t sent;	      /* of them */
	struct target_payload payloads[PAGE];
	struct target_result results[PAGE];
	struct target_delivery delivery;
	struct target_send send;
	size_t places[TARGET_PAYLOADS_MAX]; /* in `messages`, of the payloads that are under way */
	bool is_delivered[PAGE];
	bool has_barrier; /* the last one was passed: what the archive has now is all */
	bool is_last;	  /* page: the EndingPoint was passed */
	struct {
		struct sns_replay_wait **items;
		size_t count, capacity;
	} waiting;
};

static void begin_page(struct core *core, struct core_task *task);

/* ---- publishes that wait ---- */

static void land(struct core_hop *hop)
{
	struct sns_replay_wait *wait = container_of(hop, struct sns_replay_wait, hop);

	wait->run(wait);
}

static void release_one(struct sns_replay_wait *wait)
{
	wait->hop.run = land;
	core_hop_to(wait->core, wait->home, &wait->hop);
}

static void release_waiting(struct sns_replay *replay)
{
	for (size_t i = 0; i < replay->waiting.count; i++)
		release_one(replay->waiting.items[i]);
	replay->waiting.count = 0;
}

static void take_wait(struct core *core, struct core_task *task)
{
	struct sns_replay_wait *wait = container_of(task, struct sns_replay_wait, task);
	struct sns *sns = sns_of(core);

	for (size_t i = 0; i < sns->replays.count; i++) {
		struct sns_replay *replay = sns->replays.items[i];
		if (replay->subscription &&
		    replay->subscription->replay_state == SNS_REPLAY_SWITCHING &&
		    str_equal(replay->subscription->topic_arn, wait->topic_arn)) {
			vec_push(&replay->waiting, wait);
			return;
		}
	}
	release_one(wait);
}

void sns_replay_wait(struct core *core, struct net_thread *home, struct str topic_arn,
		     struct sns_replay_wait *wait)
{
	wait->core = core;
	wait->home = home;
	wait->topic_arn = topic_arn;
	wait->task = (struct core_task){.run = take_wait};
	core_post_control(core, &wait->task);
}

/* ---- steps ---- */

static void let_go(struct sns_replay *replay)
{
	sns_topic_release(replay->topic);
	sns_subscription_release(replay->subscription);
	replay->topic = NULL;
	replay->subscription = NULL;
}

static void forget(struct sns_replay *replay)
{
	struct sns *sns = sns_of(replay->core);

	for (size_t i = 0; i < sns->replays.count; i++)
		if (sns->replays.items[i] == replay)
			sns->replays.items[i] = sns->replays.items[--sns->replays.count];
	release_waiting(replay);
	let_go(replay);
	vec_done(&replay->waiting);
	arena_done(&replay->names_arena);
	arena_done(&replay->arena);
	heap_free(replay);
}

static void next_page(struct sns_replay *replay, int64_t after_ms)
{
	replay->task = (struct core_task){.run = begin_page};
	if (after_ms > 0)
		core_post_control_at(replay->core, &replay->task, clock_base_ms() + after_ms);
	else
		core_post_control(replay->core, &replay->task);
}

/* The subscription's draft as it is now, if it still has this replay. It borrows from the held
 * snapshot. */
static bool make_draft(struct sns_replay *replay, struct subscription *out_draft)
{
	const struct subscription *now =
		sns_registry_find_subscription(sns_of(replay->core)->registry, replay->arn);
	bool is_same = now && now->replay_began_ms == replay->subscription->replay_began_ms;

	if (!is_same) {
		sns_subscription_release(now);
		return false;
	}
	sns_subscription_release(replay->subscription);
	replay->subscription = now;
	*out_draft = sns_subscription_draft(now);
	return true;
}

/* Stores the draft; the replay holds the new snapshot. */
static bool save(struct sns_replay *replay, const struct subscription *draft)
{
	if (sns_subscription_put(replay->core, draft) != ERR_OK) {
		log_event(LOG_WARN, "the progress of a replay could not be stored",
			  log_str("subscription", replay->arn));
		return false;
	}
	sns_subscription_release(replay->subscription);
	replay->subscription =
		sns_registry_find_subscription(sns_of(replay->core)->registry, replay->arn);
	return true;
}

static void end(struct sns_replay *replay, const char *status)
{
	struct subscription draft;

	if (make_draft(replay, &draft)) {
		draft.replay_status = str_from(status);
		draft.replay_state = sns_replay_state_of(&draft);
		if (!save(replay, &draft)) {
			next_page(replay, LIMIT_REPLAY_RETRY_MS);
			return;
		}
	}
	forget(replay);
}

/* ---- barriers ---- */

static void begin_replay(struct core *core, struct core_task *task)
{
	struct sns_replay *replay = container_of(task, struct sns_replay, task);
	struct subscription draft;

	(void)core;
	bool is_passed =
		replay->command.result == QUEUE_OK || replay->command.result == QUEUE_OUT_OF_ORDER;
	if (!is_passed || !make_draft(replay, &draft)) {
		next_page(replay, is_passed ? 0 : LIMIT_REPLAY_RETRY_MS);
		return;
	}
	draft.replay_status = STR(SNS_REPLAY_IN_PROGRESS);
	draft.replay_live = replay->gate.number;
	next_page(replay, save(replay, &draft) ? 0 : LIMIT_REPLAY_RETRY_MS);
}

static void end_switch(struct core *core, struct core_task *task)
{
	struct sns_replay *replay = container_of(task, struct sns_replay, task);

	(void)core;
	replay->has_barrier =
		replay->command.result == QUEUE_OK || replay->command.result == QUEUE_OUT_OF_ORDER;
	next_page(replay, replay->has_barrier ? 0 : LIMIT_REPLAY_RETRY_MS);
}

static void on_command(struct queue_command *command)
{
	struct sns_replay *replay = command->context;

	core_post_control(replay->core, &replay->task);
}

static void submit(struct sns_replay *replay,
		   void (*then)(struct core *core, struct core_task *task))
{
	replay->task = (struct core_task){.run = then};
	replay->command.now_ms = clock_now_ms();
	replay->command.done = on_command;
	replay->command.context = replay;
	queue_submit(engine_of(replay->core, replay->command.queue), &replay->command);
}

/* A number goes through the gate that is higher than those of all publishes that may have seen an
 * earlier state of the subscription. QUEUE_OUT_OF_ORDER: a higher one has passed. */
static void send_barrier(struct sns_replay *replay,
			 void (*then)(struct core *core, struct core_task *task))
{
	uint64_t queue = sns_gate_queue(replay->topic);

	replay->gate = (struct queue_gate){
		.queue = queue,
		.group = 1,
		.number = sns_gate_next(replay->topic->life),
	};
	uuid_new(replay->gate.dedup);
	replay->command = (struct queue_command){.type = QUEUE_FANOUT, .queue = queue};
	replay->command.fanout.gate = &replay->gate;
	uuid_new(replay->command.fanout.id);
	submit(replay, then);
}

/* From now on publishes wait. Only the registry knows it: after a crash the replay goes on. */
static void begin_switch(struct sns_replay *replay)
{
	struct subscription draft;

	if (!make_draft(replay, &draft)) {
		next_page(replay, 0);
		return;
	}
	if (draft.replay_end_ms == 0) {
		draft.replay_state = SNS_REPLAY_SWITCHING;
		sns_subscription_show(replay->core, &draft);
		sns_subscription_release(replay->subscription);
		replay->subscription =
			sns_registry_find_subscription(sns_of(replay->core)->registry, replay->arn);
	}
	send_barrier(replay, end_switch);
}

/* ---- the end of a page ---- */

static void end_page(struct sns_replay *replay)
{
	const struct queue_command *command = &replay->command;
	size_t read = command->browse.count;
	bool is_caught_up = replay->is_last || !command->browse.has_more;
	uint64_t place = read > 0 ? replay->deliveries[read - 1].handle.seq : 0;
	struct subscription draft;

	if (command->browse.has_more && command->browse.last_seq > place)
		place = command->browse.last_seq;
	if (place > replay->subscription->replay_place) {
		if (!make_draft(replay, &draft)) {
			next_page(replay, 0);
			return;
		}
		draft.replay_place = place;
		if (!save(replay, &draft)) {
			next_page(replay, LIMIT_REPLAY_RETRY_MS);
			return;
		}
	}
	if (!is_caught_up)
		next_page(replay, 0);
	else if (replay->has_barrier)
		end(replay, SNS_REPLAY_COMPLETED);
	else
		begin_switch(replay);
}

/* ---- sending ---- */

static void count_one(struct sns_replay *replay, enum sns_counter counter)
{
	sns_count(&replay->topic->life->counters, counter, 1);
}

static void send_some(struct sns_replay *replay);

static void send_again(struct core *core, struct core_task *task)
{
	struct sns_replay *replay = container_of(task, struct sns_replay, task);
	struct subscription draft;

	(void)core;
	if (make_draft(replay, &draft)) /* it was not deleted meanwhile */
		send_some(replay);
	else
		next_page(replay, 0);
}

/* Messages that the queue refuses for good go to the dead-letter queue, by an obligation. */
static bool owe_instead(void *context, const struct target_delivery *delivery, size_t index,
			struct arena *arena, struct obligation *out_obligation)
{
	struct sns_replay *replay = context;
	const struct subscription *subscription = replay->subscription;
	size_t place = replay->places[index];
	const struct sns_message *message = &replay->messages[place];

	if (delivery->results[index].outcome != TARGET_FAILED ||
	    subscription->dead_letter_arn.size == 0)
		return false;
	sns_owed_replay(arena, subscription, replay->sealed[replay->origins[place]], message->group,
			message->is_replayed ? subscription->replay_began_ms : 0, out_obligation);
	return true;
}

static void on_sent(void *context)
{
	struct sns_replay *replay = context;
	bool is_later = false;

	for (size_t i = 0; i < replay->delivery.count; i++) {
		const struct target_result *result = &replay->results[i];
		size_t place = replay->places[i];
		bool is_failed = result->outcome == TARGET_FAILED && !result->is_owed;
		bool is_lost = is_failed && replay->subscription->dead_letter_arn.size == 0;

		replay->is_delivered[place] =
			result->is_owed || is_lost || result->outcome == TARGET_DELIVERED;
		is_later |= !replay->is_delivered[place];
		if (result->outcome == TARGET_DELIVERED || is_lost)
			sns_status_log_queue(replay->core, replay->topic, replay->subscription,
					     &replay->messages[place], result);
		if (result->outcome == TARGET_DELIVERED) {
			count_one(replay, SNS_COUNT_DELIVERED);
			count_one(replay, SNS_COUNT_REPLAYED);
		} else if (is_lost) {
			count_one(replay, SNS_COUNT_FAILED);
			count_one(replay, SNS_COUNT_REPLAY_FAILED);
		}
	}
	replay->task = (struct core_task){.run = send_again};
	if (is_later)
		core_post_control_at(replay->core, &replay->task,
				     clock_base_ms() + LIMIT_REPLAY_RETRY_MS);
	else
		core_post_control(replay->core, &replay->task);
}

static struct target_payload make_payload(struct sns_replay *replay,
					  const struct sns_message *message)
{
	const struct subscription *subscription = replay->subscription;
	const struct sns_signature none = {0};
	struct target_payload payload = {.trace = message->trace, .body = message->body};

	if (str_ends(subscription->endpoint, STR(".fifo"))) {
		payload.group = message->group;
		payload.dedup = message->dedup;
	}
	if (!subscription->is_raw) {
		struct sns_envelope envelope = sns_envelope_new(
			&replay->arena, message, message->body, &none, replay->core->base_url);
		payload.body = sns_envelope_for(&replay->arena, &envelope, subscription->id);
		return payload;
	}
	struct target_attribute *attributes =
		arena_array(&replay->arena, struct target_attribute, message->attribute_count);
	for (size_t i = 0; i < message->attribute_count; i++)
		attributes[i] = (struct target_attribute){.name = message->attributes[i].name,
							  .type = message->attributes[i].type,
							  .value = message->attributes[i].value};
	payload.attributes = attributes;
	payload.attribute_count = message->attribute_count;
	return payload;
}

/* The next messages that are not delivered, at most ten. */
static void send_some(struct sns_replay *replay)
{
	size_t count = 0;

	while (replay->sent < replay->count && replay->is_delivered[replay->sent])
		replay->sent++;
	for (size_t i = replay->sent; i < replay->count && count < TARGET_PAYLOADS_MAX; i++) {
		if (replay->is_delivered[i])
			continue;
		replay->places[count] = i;
		replay->payloads[count++] = make_payload(replay, &replay->messages[i]);
	}
	if (count == 0) {
		end_page(replay);
		return;
	}
	replay->delivery = (struct target_delivery){
		.arn = replay->subscription->endpoint,
		.payloads = replay->payloads,
		.count = count,
		.results = replay->results,
	};
	const struct internal_caller caller = {
		.identity = INTERNAL_AS_SERVICE,
		.service = STR("sns.amazonaws.com"),
		.source_arn = replay->topic->arn,
		.source_account = replay->topic->account,
		.region = replay->topic->region,
	};
	struct internal_caller *kept = arena_new(&replay->arena, struct internal_caller);
	*kept = caller;
	replay->send = (struct target_send){
		.caller = kept,
		.deliveries = &replay->delivery,
		.count = 1,
		.instead = owe_instead,
		.instead_context = replay,
	};
	target_deliver(replay->core, NULL, &replay->send, on_sent, replay);
}

/* ---- messages ---- */

/* Otherwise it is counted. */
static bool passes(struct sns_replay *replay, const struct sns_message *message)
{
	const struct subscription *subscription = replay->subscription;
	struct sns_filters *filters = atomic_load(&replay->topic->life->filters);
	struct sns_filter_result result;
	bool is_found = false;

	if (!subscription->has_filter)
		return true;
	if (!filters)
		return false;
	sns_filters_begin(filters, &replay->arena, message, &result);
	for (size_t i = 0; i < result.count && !is_found; i++)
		is_found = result.subscriptions[i] == subscription;
	sns_filters_end(filters);
	if (!is_found)
		sns_filters_count_refused(&replay->topic->life->counters, subscription, message,
					  &result);
	return is_found;
}

/* Within the policy's times; decides what the message is sent as. */
static bool is_wanted(struct sns_replay *replay, struct sns_message *message)
{
	const struct subscription *subscription = replay->subscription;
	uint64_t number;

	if (message->timestamp_ms < subscription->replay_start_ms ||
	    message->timestamp_ms < replay->topic->archived_since_ms ||
	    (subscription->replay_end_ms > 0 &&
	     message->timestamp_ms >= subscription->replay_end_ms))
		return false;
	if (!passes(replay, message))
		return false;
	/* A queue's message has ten attributes at most. */
	if (subscription->is_raw && message->attribute_count > LIMIT_MESSAGE_ATTRIBUTES) {
		count_one(replay, SNS_COUNT_FAILED);
		count_one(replay, SNS_COUNT_REPLAY_FAILED);
		return false;
	}
	if (str_to_u64(message->sequence, &number) && number < subscription->replay_live)
		sns_mark_replayed(&replay->arena, message, subscription->replay_began_ms);
	return true;
}

static void on_opened(struct sns_opening *opening)
{
	struct sns_replay *replay = container_of(opening, struct sns_replay, opening);
	struct sns_signature signature;

	if (opening->result == SNS_OPEN_LATER) {
		next_page(replay, SNS_OPEN_LATER_MS);
		return;
	}
	replay->count = replay->sent = 0;
	memset(replay->is_delivered, 0, sizeof(replay->is_delivered));
	for (size_t i = 0; i < opening->count; i++) {
		struct sns_message *message = &replay->messages[replay->count];
		if (opening->result == SNS_OPEN_DAMAGED ||
		    !sns_owed_message_read(replay->texts[i], &replay->arena, replay->topic->arn,
					   message, &signature)) {
			log_event(LOG_ERROR, "a topic's archive has a message that cannot be read",
				  log_str("topic", replay->topic->arn));
			end(replay, SNS_REPLAY_FAILED);
			return;
		}
		replay->origins[replay->count] = i;
		replay->count += is_wanted(replay, message);
	}
	send_some(replay);
}

/* The message's bytes, opened but for the topic's key. ERR_DAMAGED and the like. */
static enum err read_one(struct sns_replay *replay, const struct queue_delivery *delivery)
{
	const struct subscription *subscription = replay->subscription;
	struct queue_message message;
	struct buf bytes = {0};

	enum err err = queue_read_message(engine_of(replay->core, delivery->handle.queue),
					  delivery->location, &bytes, &message);
	if (!err) {
		struct str payload = arena_copy(&replay->arena, message.payload);
		replay->is_last |= subscription->replay_end_ms > 0 &&
				   message.sent_ms >= subscription->replay_end_ms + SKEW_MS;
		err = sns_archive_open(replay->core, payload,
				       &replay->sealed[replay->opening.count]);
	}
	buf_done(&bytes);
	if (err)
		return err;
	replay->texts[replay->opening.count] = replay->sealed[replay->opening.count];
	replay->opening.count++;
	return ERR_OK;
}

static bool has_key(const struct sns_replay *replay)
{
	for (size_t i = 0; i < replay->opening.count; i++)
		if (envelope_is_one(replay->texts[i]))
			return true;
	return false;
}

/* The engine has answered. */
static void take_page(struct core *core, struct core_task *task)
{
	struct sns_replay *replay = container_of(task, struct sns_replay, task);
	struct queue_command *command = &replay->command;
	enum err err = ERR_OK;

	if (command->result == QUEUE_NOT_FOUND) {
		end(replay, SNS_REPLAY_FAILED);
		return;
	}
	if (command->result != QUEUE_OK) {
		next_page(replay, LIMIT_REPLAY_RETRY_MS);
		return;
	}
	replay->is_last = false;
	replay->opening = (struct sns_opening){
		.topic_arn = replay->topic->arn,
		.texts = replay->texts,
		.arena = &replay->arena,
		.done = on_opened,
	};
	for (size_t i = 0; i < command->browse.count; i++) {
		if (!err)
			err = read_one(replay, &replay->deliveries[i]);
		queue_delivery_done(engine_of(core, command->queue), &replay->deliveries[i]);
	}
	if (err == ERR_DAMAGED)
		end(replay, SNS_REPLAY_FAILED);
	else if (err)
		next_page(replay, LIMIT_REPLAY_RETRY_MS);
	else if (has_key(replay))
		sns_open(core, NULL, &replay->opening);
	else
		on_opened(&replay->opening);
}

static void browse(struct sns_replay *replay)
{
	const struct subscription *subscription = replay->subscription;
	uint64_t queue = sns_gate_queue(replay->topic);

	replay->command = (struct queue_command){
		.type = QUEUE_BROWSE,
		.queue = queue,
		.browse = {.from_seq = subscription->replay_place,
			   .from_ms = subscription->replay_place == 0
					      ? subscription->replay_start_ms
					      : 0,
			   .max = PAGE,
			   .deliveries = replay->deliveries},
	};
	submit(replay, take_page);
}

static void begin_page(struct core *core, struct core_task *task)
{
	struct sns_replay *replay = container_of(task, struct sns_replay, task);
	struct sns_registry *registry = sns_of(core)->registry;
	int64_t began_ms = replay->subscription ? replay->subscription->replay_began_ms : 0;

	let_go(replay);
	arena_reset(&replay->arena);
	replay->subscription = sns_registry_find_subscription(registry, replay->arn);
	const struct subscription *subscription = replay->subscription;
	if (!subscription || subscription->is_pending ||
	    (subscription->replay_state != SNS_REPLAY_RUNNING &&
	     subscription->replay_state != SNS_REPLAY_SWITCHING)) {
		forget(replay);
		return;
	}
	if (subscription->replay_began_ms != began_ms) {
		replay->has_barrier = false;
		release_waiting(replay);
	}
	replay->topic = sns_registry_find_topic(registry, subscription->topic_arn);
	if (!replay->topic || replay->topic->archive_days == 0)
		end(replay, SNS_REPLAY_FAILED);
	else if (subscription->replay_live == 0)
		send_barrier(replay, begin_replay);
	else
		browse(replay);
}

/* ---- beginning ---- */

void sns_replay_go_on(struct core *core, const struct subscription *subscription)
{
	struct sns *sns = sns_of(core);

	if (subscription->is_pending || subscription->replay_state != SNS_REPLAY_RUNNING)
		return;
	for (size_t i = 0; i < sns->replays.count; i++)
		if (str_equal(sns->replays.items[i]->arn, subscription->arn))
			return;
	struct sns_replay *replay = heap_alloc(sizeof(*replay));
	arena_init(&replay->names_arena);
	arena_init(&replay->arena);
	replay->core = core;
	replay->arn = arena_copy(&replay->names_arena, subscription->arn);
	vec_push(&sns->replays, replay);
	next_page(replay, 0);
}

static bool open_one(void *context, const struct subscription *subscription)
{
	sns_replay_go_on(context, subscription);
	return true;
}

void sns_replays_open(struct core *core)
{
	struct str all = {0};

	sns_registry_each_of_account(sns_of(core)->registry, all, all, STR(""), open_one, core);
}

void sns_replays_close(struct core *core)
{
	struct sns *sns = sns_of(core);

	while (sns->replays.count > 0) {
		sns->replays.items[0]->waiting.count = 0; /* their threads have ended */
		forget(sns->replays.items[0]);
	}
	vec_done(&sns->replays);
}
