/* SPDX-License-Identifier: MIT */
/*
 * deliver: receives, attempts, concludes; in endpoint.c, what is known of endpoints.
 *
 * An item is an obligation in memory. The engine and the outbound answer on threads of their own,
 * through the mailbox; everything else happens on deliver's thread. Each answer to a receive is one
 * turn of the engine, so receives that wait cost nothing.
 */
#include "deliver/deliver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "deliver/endpoint.h"

enum {
	RECEIVERS = 2,
	VISIBILITY_MS = 300000, /* longer than an attempt and its wait before */
	HELD_MS = 120000,	/* an item that waited longer goes back */
	RETRY_MS_MAX = 11 * 3600000,
	PAUSE_MS = 50,
	POLL_MS = 1000,	    /* the test clock may jump */
	COMMANDS_MS = 1000, /* for the engine to answer, beyond the grace of a stop */
};

enum event_type {
	EVENT_RECEIVED,
	EVENT_PREPARE,
	EVENT_ATTEMPTED,
	EVENT_COMMANDED,
	EVENT_ONCE,
	EVENT_FORGIVE,
};

struct event {
	struct mailbox_message message;
	enum event_type type;
};

struct forgiveness {
	struct event event;
	struct deliver *deliver;
	struct str endpoint; /* its own memory */
};

struct receiver {
	struct event event;
	struct deliver *deliver;
	struct queue_command command, cancel;
	struct queue_delivery deliveries[LIMIT_RECEIVE_MESSAGES];
	bool is_out, is_cancelled;
};

#define ITEM_MAGIC 0x4d455449u

struct item {
	uint32_t magic;
	struct event event;
	struct list all;
	struct endpoint_wait wait;
	struct deliver *deliver;
	struct arena arena;
	int64_t received_ms;
	struct deliver_attempt attempt;
	struct outbound_request request;
	struct endpoint *endpoint; /* NULL: none was found yet */
	struct queue_command command;
	struct queue_change change;
};

#define DELIVER_MAGIC 0x564c4544u
struct deliver {
	uint32_t magic;
	struct deliver_options options;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	bool is_awake, is_stopping; /* under the mutex */
	int64_t stop_ms;	    /* steady; under the mutex */
	struct mailbox mailbox;
	struct receiver receivers[RECEIVERS];
	struct endpoints *endpoints;
	struct list items;
	uint32_t commands_out, attempts_out; /* attempts: and preparations */
	int64_t paused_until_ms;
	bool is_ending; /* the thread has seen is_stopping */
	_Atomic uint64_t attempts, done, retried, replaced, refused_by_circuit, given_up, dropped,
		item_count, byte_count, endpoint_count, open_count, receive_count;
};

static void count(_Atomic uint64_t *counter, int64_t change)
{
	atomic_fetch_add_explicit(counter, (uint64_t)change, memory_order_relaxed);
}

static uint64_t read_count(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* ---- obligations ---- */

struct queue_settings deliver_queue_settings(bool is_fifo)
{
	return (struct queue_settings){
		.is_fifo = is_fifo,
		.visibility_ms = VISIBILITY_MS,
		.retention_ms = LIMIT_DELIVER_RETENTION_MS,
		.label = STR("deliver"),
	};
}

void deliver_target(struct seal *seal, struct arena *arena, uint64_t queue, uint64_t source,
		    struct str bytes, struct queue_target *out_target)
{
	check(source != 0);
	*out_target = (struct queue_target){
		.queue = queue,
		.own = seal_close(seal, arena, queue, bytes),
		.is_whole = true,
		.group = source,
	};
}

/* ---- other threads ---- */

static void wake(void *context)
{
	struct deliver *deliver = context;

	check(deliver->magic == DELIVER_MAGIC);
	pthread_mutex_lock(&deliver->mutex);
	deliver->is_awake = true;
	pthread_cond_signal(&deliver->condition);
	pthread_mutex_unlock(&deliver->mutex);
}

static void on_received(struct queue_command *command)
{
	struct receiver *receiver = command->context;

	receiver->event.type = EVENT_RECEIVED;
	mailbox_push(&receiver->deliver->mailbox, &receiver->event.message);
}

static void on_cancelled(struct queue_command *command)
{
	(void)command; /* the receive is answered as well */
}

static void post(struct item *item, enum event_type type)
{
	item->event.type = type;
	mailbox_push(&item->deliver->mailbox, &item->event.message);
}

static void on_commanded(struct queue_command *command)
{
	post(command->context, EVENT_COMMANDED);
}

static void on_answered(struct outbound_request *request)
{
	struct item *item = request->context;

	item->attempt.answer = (struct deliver_answer){
		.outcome = request->outcome,
		.status = request->outcome == OUTBOUND_ANSWERED ? request->status : 0,
		.body = arena_copy(&item->arena, request->answer),
		.problem = request->problem,
		.total_ns = request->total_ns,
	};
	post(item, EVENT_ATTEMPTED);
}

static struct item *item_of(struct deliver_attempt *attempt)
{
	struct item *item = container_of(attempt, struct item, attempt);

	check(item->magic == ITEM_MAGIC);
	return item;
}

void deliver_attempt_done(struct deliver_attempt *attempt, const struct deliver_answer *answer)
{
	struct item *item = item_of(attempt);

	attempt->answer = *answer;
	post(item, EVENT_ATTEMPTED);
}

void deliver_continue(struct deliver_attempt *attempt)
{
	post(item_of(attempt), EVENT_PREPARE);
}

void deliver_forgive(struct deliver *deliver, struct str endpoint)
{
	struct forgiveness *forgiveness = heap_alloc(sizeof(*forgiveness));

	forgiveness->event.type = EVENT_FORGIVE;
	forgiveness->deliver = deliver;
	forgiveness->endpoint = heap_copy(endpoint);
	mailbox_push(&deliver->mailbox, &forgiveness->event.message);
}

/* ---- items ---- */

static size_t size_of(const struct item *item)
{
	return sizeof(*item) + item->attempt.bytes.size;
}

static void item_free(struct item *item)
{
	struct deliver *deliver = item->deliver;

	check(item->magic == ITEM_MAGIC);
	if (deliver->options.handler->release)
		deliver->options.handler->release(deliver->options.context, &item->attempt);
	count(&deliver->item_count, -1);
	count(&deliver->byte_count, -(int64_t)size_of(item));
	list_remove(&item->all);
	arena_done(&item->arena);
	item->magic = 0;
	heap_free(item);
}

static void submit(struct item *item, enum queue_command_type type)
{
	struct deliver *deliver = item->deliver;

	item->command.type = type;
	item->command.queue = deliver->options.queue;
	item->command.now_ms = clock_now_ms();
	item->command.done = on_commanded;
	item->command.context = item;
	deliver->commands_out++;
	queue_submit(deliver->options.engine, &item->command);
}

static void change(struct item *item, enum queue_command_type type, int64_t visibility_ms)
{
	item->change = (struct queue_change){.handle = item->attempt.handle,
					     .visibility_ms = visibility_ms};
	item->command = (struct queue_command){.change = {.changes = &item->change, .count = 1}};
	submit(item, type);
}

static void finish_once(struct item *item, bool is_given_back)
{
	struct deliver_once *once = item->attempt.once;

	once->done(once, &item->attempt, is_given_back);
	item_free(item);
}

/* The receive does not count. */
static void give_back(struct item *item)
{
	if (item->attempt.once) {
		finish_once(item, true);
		return;
	}
	item->deliver->paused_until_ms = clock_base_ms() + PAUSE_MS;
	change(item, QUEUE_GIVE_BACK, 0);
}

static void replace(struct item *item)
{
	item->command = (struct queue_command){
		.fanout = {.targets = &item->attempt.verdict.target,
			   .count = 1,
			   .deletes = &item->attempt.handle,
			   .delete_count = 1},
	};
	random_bytes(item->command.fanout.id, sizeof(item->command.fanout.id));
	submit(item, QUEUE_FANOUT);
}

static void conclude(struct item *item)
{
	struct deliver *deliver = item->deliver;
	const struct deliver_verdict *verdict = &item->attempt.verdict;
	int64_t wait_ms = verdict->wait_ms < RETRY_MS_MAX ? verdict->wait_ms : RETRY_MS_MAX;

	if (item->attempt.once && verdict->action != DELIVER_AGAIN) {
		finish_once(item, false);
		return;
	}
	switch (verdict->action) {
	case DELIVER_DONE:
		count(&deliver->done, 1);
		change(item, QUEUE_DELETE, 0);
		break;
	case DELIVER_ENDED:
		count(&deliver->done, 1);
		item_free(item);
		break;
	case DELIVER_RETRY:
		count(&deliver->retried, 1);
		change(item, QUEUE_VISIBILITY, wait_ms);
		break;
	case DELIVER_REPLACE:
		count(&deliver->replaced, 1);
		replace(item);
		break;
	case DELIVER_AGAIN:
		deliver->attempts_out++;
		post(item, EVENT_PREPARE);
		break;
	case DELIVER_GIVE_UP:
		count(&deliver->given_up, 1);
		change(item, QUEUE_DELETE, 0);
		break;
	case DELIVER_DROP:
		count(&deliver->dropped, 1);
		change(item, QUEUE_DELETE, 0);
		break;
	}
}

/* ---- attempts ---- */

static uint32_t at_most(uint32_t ms)
{
	return ms > 0 && ms < LIMIT_DELIVER_ATTEMPT_MS ? ms : LIMIT_DELIVER_ATTEMPT_MS;
}

static void begin(struct item *item)
{
	struct deliver *deliver = item->deliver;
	struct deliver_attempt *attempt = &item->attempt;

	count(&deliver->attempts, 1);
	deliver->attempts_out++;
	if (attempt->is_local) {
		deliver->options.handler->start(deliver->options.context, attempt);
		return;
	}
	item->request = (struct outbound_request){
		.url = attempt->url,
		.method = attempt->method,
		.headers = attempt->headers,
		.header_count = attempt->header_count,
		.body = attempt->body,
		.connect_ms = at_most(attempt->connect_ms),
		.answer_ms = at_most(attempt->answer_ms),
		.body_size_max = attempt->answer_size < LIMIT_DELIVER_ANSWER_SIZE
					 ? attempt->answer_size
					 : LIMIT_DELIVER_ANSWER_SIZE,
		.done = on_answered,
		.context = item,
	};
	outbound_send(deliver->options.outbound, &item->request);
}

static void refuse_by_circuit(struct item *item)
{
	struct deliver *deliver = item->deliver;

	count(&deliver->refused_by_circuit, 1);
	item->attempt.answer = (struct deliver_answer){
		.outcome = OUTBOUND_REFUSED,
		.problem = "the endpoint failed lately and is left alone for a while",
		.is_circuit_open = true,
	};
	deliver->options.handler->conclude(deliver->options.context, &item->attempt);
	conclude(item);
}

static void admit(struct item *item)
{
	struct deliver *deliver = item->deliver;
	uint32_t room = deliver->options.endpoint_max;

	if (deliver->is_ending) {
		give_back(item);
		return;
	}
	switch (endpoint_admit(deliver->endpoints, item->endpoint, &item->wait, room,
			       clock_base_ms())) {
	case ENDPOINT_BEGIN:
		begin(item);
		break;
	case ENDPOINT_WAIT:
		break;
	case ENDPOINT_FULL:
		give_back(item);
		break;
	case ENDPOINT_OPEN:
		refuse_by_circuit(item);
		break;
	}
}

/* Admits items that waited for the endpoint, or gives them back. */
static void go_on(struct deliver *deliver, struct endpoint *endpoint)
{
	struct endpoint_wait *wait;

	while ((wait = endpoint_next(endpoint, deliver->options.endpoint_max))) {
		struct item *item = container_of(wait, struct item, wait);
		if (clock_base_ms() - item->received_ms > HELD_MS)
			give_back(item);
		else
			admit(item);
	}
}

static void on_attempted(struct item *item)
{
	struct deliver *deliver = item->deliver;
	struct endpoint *endpoint = item->endpoint;
	enum outbound_outcome outcome = item->attempt.answer.outcome;

	deliver->attempts_out--;
	if (outcome == OUTBOUND_STOPPED || outcome == OUTBOUND_BUSY) {
		endpoint_leave(endpoint, &item->wait);
		give_back(item);
	} else {
		deliver->options.handler->conclude(deliver->options.context, &item->attempt);
		/* One that answers with a fault is there: only the source's schedule spares it. */
		bool is_alive = outcome == OUTBOUND_ANSWERED || !item->attempt.verdict.has_failed;
		endpoint_note(endpoint, &item->wait, is_alive, clock_base_ms());
		conclude(item);
	}
	go_on(deliver, endpoint);
	endpoint_release(deliver->endpoints, endpoint);
}

/* ---- preparing ---- */

static void on_step(struct item *item, enum deliver_step step)
{
	struct deliver *deliver = item->deliver;

	switch (step) {
	case DELIVER_BEGIN:
		item->endpoint = endpoint_find(deliver->endpoints, item->attempt.endpoint);
		struct endpoint *endpoint = item->endpoint;
		admit(item);
		endpoint_release(deliver->endpoints, endpoint);
		break;
	case DELIVER_PARKED:
		deliver->attempts_out++;
		break;
	case DELIVER_DECIDED:
		conclude(item);
		break;
	}
}

static void prepare(struct item *item)
{
	const struct deliver_options *options = &item->deliver->options;

	if (item->deliver->is_ending)
		give_back(item);
	else
		on_step(item, options->handler->prepare(options->context, &item->attempt));
}

/* ---- receiving ---- */

static void drop(struct item *item, const char *problem)
{
	log_event(LOG_ERROR, "an obligation is dropped", log_str("problem", str_from(problem)));
	count(&item->deliver->dropped, 1);
	change(item, QUEUE_DELETE, 0);
}

/* Reads and opens the payload into the arena. */
static enum err read_payload(struct item *item, const struct queue_delivery *delivery,
			     struct str *out_plain)
{
	struct deliver *deliver = item->deliver;
	struct queue_message message;
	struct buf buffer = {0};

	enum err err =
		queue_read_message(deliver->options.engine, delivery->location, &buffer, &message);
	if (!err) {
		struct str sealed = arena_copy(&item->arena, message.payload);
		err = seal_open(deliver->options.seal, (char *)(uintptr_t)sealed.data, sealed.size,
				out_plain);
	}
	buf_done(&buffer);
	return err;
}

static void take(struct deliver *deliver, const struct queue_delivery *delivery)
{
	struct item *item = heap_alloc(sizeof(*item));

	item->magic = ITEM_MAGIC;
	item->deliver = deliver;
	item->received_ms = clock_base_ms();
	arena_init(&item->arena);
	item->attempt = (struct deliver_attempt){.arena = &item->arena,
						 .handle = delivery->handle,
						 .receives = delivery->receive_count};
	list_push_back(&deliver->items, &item->all);
	enum err err = read_payload(item, delivery, &item->attempt.bytes);
	queue_delivery_done(deliver->options.engine, delivery);
	count(&deliver->item_count, 1);
	count(&deliver->byte_count, (int64_t)size_of(item));
	if (err == ERR_IO)
		give_back(item);
	else if (err)
		drop(item, "it cannot be read");
	else
		prepare(item);
}

bool deliver_attempt_once(struct deliver *deliver, struct deliver_once *once)
{
	if (read_count(&deliver->item_count) >= deliver->options.items_max)
		return false;
	struct item *item = heap_alloc(sizeof(*item));
	item->magic = ITEM_MAGIC;
	item->deliver = deliver;
	item->received_ms = clock_base_ms();
	arena_init(&item->arena);
	item->attempt = (struct deliver_attempt){
		.arena = &item->arena, .bytes = once->bytes, .once = once, .receives = 1};
	count(&deliver->item_count, 1);
	count(&deliver->byte_count, (int64_t)size_of(item));
	post(item, EVENT_ONCE);
	return true;
}

static void on_deliveries(struct receiver *receiver)
{
	struct deliver *deliver = receiver->deliver;
	const struct queue_command *command = &receiver->command;

	receiver->is_out = false;
	count(&deliver->receive_count, -1);
	if (command->result != QUEUE_OK) {
		deliver->paused_until_ms = clock_base_ms() + POLL_MS;
		return;
	}
	for (size_t i = 0; i < command->receive.count; i++)
		take(deliver, &receiver->deliveries[i]);
}

static void receive(struct receiver *receiver)
{
	struct deliver *deliver = receiver->deliver;

	receiver->is_out = true;
	count(&deliver->receive_count, 1);
	receiver->command = (struct queue_command){
		.type = QUEUE_RECEIVE,
		.queue = deliver->options.queue,
		.now_ms = clock_now_ms(),
		.done = on_received,
		.context = receiver,
		.receive = {.max = LIMIT_RECEIVE_MESSAGES,
			    .has_visibility = true,
			    .visibility_ms = VISIBILITY_MS,
			    .wait_ms = 20000,
			    .deliveries = receiver->deliveries},
	};
	queue_submit(deliver->options.engine, &receiver->command);
}

/* Room for what all receives may bring, but for the bytes of one answer. */
static bool has_room(const struct deliver *deliver)
{
	uint64_t items = read_count(&deliver->item_count);

	for (int i = 0; i < RECEIVERS; i++)
		items += deliver->receivers[i].is_out ? LIMIT_RECEIVE_MESSAGES : 0;
	return items + LIMIT_RECEIVE_MESSAGES <= deliver->options.items_max &&
	       read_count(&deliver->byte_count) < deliver->options.bytes_max;
}

static void receive_more(struct deliver *deliver)
{
	for (int i = 0; i < RECEIVERS; i++)
		if (!deliver->receivers[i].is_out && !deliver->is_ending && has_room(deliver) &&
		    clock_base_ms() >= deliver->paused_until_ms)
			receive(&deliver->receivers[i]);
}

/* ---- the thread ---- */

static void forgive(struct forgiveness *forgiveness)
{
	endpoints_forgive(forgiveness->deliver->endpoints, forgiveness->endpoint);
	heap_free((char *)(uintptr_t)forgiveness->endpoint.data);
	heap_free(forgiveness);
}

static void run_event(struct event *event)
{
	struct item *item = container_of(event, struct item, event);

	switch (event->type) {
	case EVENT_RECEIVED:
		on_deliveries(container_of(event, struct receiver, event));
		break;
	case EVENT_PREPARE:
		item->deliver->attempts_out--;
		prepare(item);
		break;
	case EVENT_ATTEMPTED:
		on_attempted(item);
		break;
	case EVENT_ONCE:
		list_push_back(&item->deliver->items, &item->all);
		prepare(item);
		break;
	case EVENT_FORGIVE:
		forgive(container_of(event, struct forgiveness, event));
		break;
	case EVENT_COMMANDED:
		/* If the engine refused the command, the obligation becomes visible again. */
		item->deliver->commands_out--;
		item_free(item);
		break;
	}
}

static void take_mail(struct deliver *deliver)
{
	struct mailbox_message *message = mailbox_take(&deliver->mailbox);

	while (message) {
		struct event *event = container_of(message, struct event, message);
		message = message->next;
		run_event(event);
	}
}

static void cancel_receives(struct deliver *deliver)
{
	for (int i = 0; i < RECEIVERS; i++) {
		struct receiver *receiver = &deliver->receivers[i];
		if (!receiver->is_out || receiver->is_cancelled)
			continue;
		receiver->is_cancelled = true;
		receiver->cancel = (struct queue_command){.type = QUEUE_CANCEL,
							  .queue = deliver->options.queue,
							  .now_ms = clock_now_ms(),
							  .done = on_cancelled,
							  .cancel = &receiver->command};
		queue_submit(deliver->options.engine, &receiver->cancel);
	}
}

static void give_back_waiting(struct deliver *deliver)
{
	for (struct list *link = deliver->items.next, *next; link != &deliver->items; link = next) {
		struct item *item = container_of(link, struct item, all);
		next = link->next;
		if (!endpoint_is_awaited(&item->wait))
			continue;
		endpoint_withdraw(item->endpoint, &item->wait);
		give_back(item);
	}
}

static bool has_ended(struct deliver *deliver)
{
	int64_t late_ms = clock_steady_ns() / 1000000 - deliver->stop_ms;
	bool is_receiving = false;

	for (int i = 0; i < RECEIVERS; i++)
		is_receiving |= deliver->receivers[i].is_out;
	/* The disk does not answer: nobody waits for the results of these commands any more. */
	if (is_receiving || deliver->commands_out > 0)
		return late_ms >= COMMANDS_MS;
	return deliver->attempts_out == 0 || late_ms >= 0;
}

static void sleep_until_needed(struct deliver *deliver)
{
	int64_t wait_ms = deliver->paused_until_ms - clock_base_ms();
	struct timespec until;

	if (wait_ms <= 0 || wait_ms > POLL_MS)
		wait_ms = POLL_MS;
	if (deliver->is_ending)
		wait_ms = PAUSE_MS;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_mutex_lock(&deliver->mutex);
	if (!deliver->is_awake && (!deliver->is_stopping || deliver->is_ending))
		pthread_cond_timedwait(&deliver->condition, &deliver->mutex, &until);
	deliver->is_awake = false;
	deliver->is_ending = deliver->is_stopping;
	pthread_mutex_unlock(&deliver->mutex);
}

static void *deliver_main(void *context)
{
	struct deliver *deliver = context;

	check(deliver->magic == DELIVER_MAGIC);
	do {
		take_mail(deliver);
		receive_more(deliver);
		atomic_store(&deliver->endpoint_count, endpoints_count(deliver->endpoints));
		atomic_store(&deliver->open_count,
			     endpoints_open(deliver->endpoints, clock_base_ms()));
		sleep_until_needed(deliver);
		if (deliver->is_ending) {
			cancel_receives(deliver);
			give_back_waiting(deliver);
			take_mail(deliver);
		}
	} while (!deliver->is_ending || !has_ended(deliver));
	return NULL;
}

struct deliver *deliver_new(const struct deliver_options *options)
{
	struct deliver *deliver = heap_alloc(sizeof(*deliver));
	struct deliver_options *mine = &deliver->options;
	pthread_condattr_t attributes;

	deliver->magic = DELIVER_MAGIC;
	*mine = *options;
	check(mine->queue >= DELIVER_QUEUE_FIRST);
	mine->items_max = mine->items_max ? mine->items_max : LIMIT_DELIVER_ITEMS;
	mine->bytes_max = mine->bytes_max ? mine->bytes_max : LIMIT_DELIVER_BYTES;
	mine->endpoint_max = mine->endpoint_max ? mine->endpoint_max : LIMIT_DELIVER_ENDPOINT;
	deliver->endpoints = endpoints_new();
	list_init(&deliver->items);
	for (int i = 0; i < RECEIVERS; i++)
		deliver->receivers[i].deliver = deliver;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&deliver->condition, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&deliver->mutex, NULL);
	mailbox_init(&deliver->mailbox, wake, deliver);
	check(pthread_create(&deliver->thread, NULL, deliver_main, deliver) == 0);
	return deliver;
}

void deliver_stop(struct deliver *deliver, int64_t grace_ms)
{
	pthread_mutex_lock(&deliver->mutex);
	deliver->is_stopping = true;
	deliver->stop_ms = clock_steady_ns() / 1000000 + grace_ms;
	pthread_cond_signal(&deliver->condition);
	pthread_mutex_unlock(&deliver->mutex);
	pthread_join(deliver->thread, NULL);
}

void deliver_free(struct deliver **deliver)
{
	struct deliver *old = *deliver;

	if (!old)
		return;
	while (!list_is_empty(&old->items))
		item_free(container_of(old->items.next, struct item, all));
	endpoints_free(&old->endpoints);
	pthread_cond_destroy(&old->condition);
	pthread_mutex_destroy(&old->mutex);
	check(old->magic == DELIVER_MAGIC);
	old->magic = 0;
	heap_free(old);
	*deliver = NULL;
}

void deliver_stats_read(const struct deliver *deliver, struct deliver_stats *out)
{
	*out = (struct deliver_stats){
		.attempts = read_count(&deliver->attempts),
		.done = read_count(&deliver->done),
		.retried = read_count(&deliver->retried),
		.replaced = read_count(&deliver->replaced),
		.refused_by_circuit = read_count(&deliver->refused_by_circuit),
		.given_up = read_count(&deliver->given_up),
		.dropped = read_count(&deliver->dropped),
		.items = read_count(&deliver->item_count),
		.bytes = read_count(&deliver->byte_count),
		.endpoints = read_count(&deliver->endpoint_count),
		.open_circuits = read_count(&deliver->open_count),
		.receives = read_count(&deliver->receive_count),
	};
}
