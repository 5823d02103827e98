/* SPDX-License-Identifier: MIT */
/*
 * messages: queues and their messages, looked at without receiving.
 *
 * Two forms of the same data: ours is paged by sequence number; the other is a ReceiveMessage
 * answer at the path where users of LocalStack look for it, with a plain GET or with an SDK whose
 * endpoint is that path.
 */
#include "server/admin.h"

#include "api/sqs.h"
#include "core/authorize.h"
#include "core/internal.h"
#include "format/json.h"
#include "services/sqs/view.h"
#include "wire/json.h"
#include "wire/query.h"

enum { BROWSE_MAX = 100, AWS_MESSAGES_MAX = 1000 };

/* One page of a queue's messages; the texts live in `bytes`. */
struct page {
	struct queue_delivery deliveries[BROWSE_MAX];
	struct sqs_message messages[BROWSE_MAX]; /* MessageId NULL: could not be read */
	const struct fault_type
		*sealed[BROWSE_MAX];	/* why KMS does not let it be opened, or NULL */
	struct str reasons[BROWSE_MAX]; /* KMS's sentences about it */
	size_t count;
	bool has_more;
	uint64_t last_seq;
	struct buf bytes;
	struct page *before; /* of the same answer */
};

/* ---- pages ---- */

struct page_request {
	const struct sqs_queue *queue;
	struct arena *arena; /* of the page's texts */
	struct page *page;
};

static enum err read_page(struct call *call, const struct page_request *request)
{
	static const struct str all = STR_INIT("All");
	const struct sqs_queue *queue = request->queue;
	struct page *page = request->page;
	struct envelope_reader reader;
	struct sqs_view view = {.may_wait = true,
				.is_fifo = queue->is_fifo,
				.patterns = &all,
				.pattern_count = 1,
				.reader = &reader};
	size_t size = 0;

	sqs_reader_begin(call, queue, &reader);
	(void)sqs_view_want(all, &view.wanted);
	for (size_t i = 0; i < page->count; i++)
		size += page->deliveries[i].location.size;
	buf_reserve(&page->bytes, size);
	for (size_t i = 0; i < page->count; i++) {
		enum err err =
			sqs_view_read(call->core, request->arena, &view, &page->deliveries[i],
				      &page->bytes, &page->messages[i]);
		page->sealed[i] = err == ERR_FAULT ? sqs_kms_fault(reader.problem) : NULL;
		page->reasons[i] = arena_copy(request->arena, reader.text);
		if (err && err != ERR_FAULT)
			page->messages[i] = (struct sqs_message){0};
		queue_delivery_done(engine_of(call->core, page->deliveries[i].handle.queue),
				    &page->deliveries[i]);
	}
	envelope_reader_done(&reader);
	return ERR_OK;
}

static enum err run_page(struct call *call, const void *in, void *out)
{
	const struct page_request *request = in;
	struct resource resource = {.arn = request->queue->arn, .account = request->queue->account};

	(void)out;
	enum err err = call_authorize(call, STR("sqs:ReceiveMessage"), &resource);
	return err ? err : read_page(call, request);
}

/* The administrator's, not the API's: the state of a KMS key counts, policies do not. */
static const struct shape nothing;
static const struct operation_facts facts = {.event = EVENT_DATA};
static const struct operation list_messages = {
	.name = STR_INIT("ListMessages"),
	.action = STR_INIT("sqs:ReceiveMessage"),
	.service = &sqs_service,
	.in = &nothing,
	.out = &nothing,
	.run = run_page,
	.place = OPERATION_ON_CONTROL,
	.facts = &facts,
	.is_read_only = true,
	.index = OPERATION_UNNUMBERED,
};

static void on_page(void *context, const struct internal_answer *answer)
{
	*(enum err *)context = answer->result;
}

/* Messages behind sequence number `from`; free page->bytes when the page is done with. */
static enum queue_result page_load(struct core *core, struct arena *arena,
				   const struct sqs_queue *queue, uint64_t from, uint32_t most,
				   struct page *out_page)
{
	struct queue_command command = {
		.type = QUEUE_BROWSE,
		.queue = queue->number,
		.now_ms = clock_now_ms(),
		.browse = {.from_seq = from, .max = most, .deliveries = out_page->deliveries},
	};
	const struct internal_caller caller = {
		.identity = INTERNAL_AS_SERVER, .account = queue->account, .region = queue->region};
	struct page_request request = {queue, arena, out_page};
	enum err err = ERR_OK;

	core_submit_and_wait(core, &command);
	if (command.result != QUEUE_OK)
		return command.result;
	out_page->count = command.browse.count;
	out_page->has_more = command.browse.has_more;
	out_page->last_seq = command.browse.last_seq;
	internal_run(internal_new(core, NULL, &caller), &list_messages, &request, on_page, &err);
	return err ? QUEUE_FAILED : QUEUE_OK;
}

/* ---- our own form ---- */

static void write_message(struct buf *body, struct json_writer *json, const struct page *page,
			  size_t index)
{
	static const char *const states[] = {"visible", "in-flight", "delayed"};
	const struct queue_delivery *delivery = &page->deliveries[index];
	const struct operation *receive = &sqs_operations[SQS_RECEIVE_MESSAGE];

	json_open_object(json);
	json_key(json, STR("sequence"));
	json_i64(json, (int64_t)delivery->handle.seq);
	json_key(json, STR("state"));
	json_str(json, str_from(states[delivery->state]));
	if (delivery->state != QUEUE_IS_VISIBLE) {
		json_key(json, STR("visible_at_ms"));
		json_i64(json, delivery->visible_at_ms);
	}
	if (page->sealed[index]) {
		json_key(json, STR("sealed"));
		json_open_object(json);
		json_key(json, STR("code"));
		json_str(json, page->sealed[index]->query_code);
		json_key(json, STR("message"));
		json_str(json, page->reasons[index]);
		json_close_object(json);
	}
	json_key(json, STR("message"));
	wire_json_encode(body, receive->out->members[0].shape, &page->messages[index]);
	json->needs_comma = true;
	json_close_object(json);
}

static void write_page(struct admin_call *call, const struct sqs_queue *queue,
		       const struct page *page)
{
	struct json_writer json;

	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("queue"));
	json_str(&json, queue->arn);
	json_key(&json, STR("messages"));
	json_open_array(&json);
	for (size_t i = 0; i < page->count; i++)
		if (page->messages[i].message_id.data)
			write_message(&call->body, &json, page, i);
	json_close_array(&json);
	if (page->has_more) {
		json_key(&json, STR("next"));
		json_i64(&json, (int64_t)page->last_seq);
	}
	json_close_object(&json);
}

static void queue_messages(struct admin_call *call, const struct sqs_queue *queue)
{
	struct page *page = arena_new(call->arena, struct page);
	int64_t after, most;

	if (!admin_number(call, STR("after"), 0, INT64_MAX, 0, &after) ||
	    !admin_number(call, STR("limit"), 1, BROWSE_MAX, BROWSE_MAX, &most))
		return;
	if (page_load(&call->server->core, call->arena, queue, (uint64_t)after, (uint32_t)most,
		      page) == QUEUE_OK)
		write_page(call, queue, page);
	else
		admin_refuse(call, 503, "the queue's messages cannot be read now");
	buf_done(&page->bytes);
}

/* ---- queues ---- */

struct listing {
	struct json_writer *json;
	int64_t now_ms;
};

static void write_number(struct json_writer *json, struct str name, const _Atomic int64_t *number)
{
	json_key(json, name);
	json_i64(json, atomic_load_explicit(number, memory_order_relaxed));
}

static bool write_queue(void *context, const struct sqs_queue *queue)
{
	const struct listing *listing = context;
	struct json_writer *json = listing->json;
	const struct queue_counters *counters = &queue->life->counters;
	int64_t oldest_ms = atomic_load_explicit(&counters->oldest_since_ms, memory_order_relaxed);

	json_open_object(json);
	json_key(json, STR("account"));
	json_str(json, queue->account);
	json_key(json, STR("region"));
	json_str(json, queue->region);
	json_key(json, STR("name"));
	json_str(json, queue->name);
	write_number(json, STR("visible"), &counters->visible);
	write_number(json, STR("in_flight"), &counters->in_flight);
	write_number(json, STR("delayed"), &counters->delayed);
	write_number(json, STR("sent"), &counters->sent);
	write_number(json, STR("received"), &counters->received);
	write_number(json, STR("deleted"), &counters->deleted);
	json_key(json, STR("oldest_age_ms"));
	json_i64(json,
		 oldest_ms > 0 && listing->now_ms > oldest_ms ? listing->now_ms - oldest_ms : 0);
	json_close_object(json);
	return true;
}

static void list_queues(struct admin_call *call, struct str account)
{
	struct json_writer json;
	struct listing listing = {&json, clock_base_ms()};

	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("queues"));
	json_open_array(&json);
	sqs_registry_each(sqs_of(&call->server->core)->registry,
			  account.size > 0 ? account : (struct str){0}, (struct str){0}, STR(""),
			  write_queue, &listing);
	json_close_array(&json);
	json_close_object(&json);
}

/* The region may be asked for in the query string; `region` is what it is otherwise. */
static const struct sqs_queue *find_queue(struct admin_call *call, struct str region,
					  struct str account, struct str name)
{
	(void)form_find(&call->query, STR("region"), &region); /* absent is fine */
	const struct sqs_queue *queue =
		sqs_registry_find(sqs_of(&call->server->core)->registry, account, region, name);
	if (!queue)
		admin_refuse(call, 404, "account %.*s has no queue %.*s in region %.*s",
			     STR_ARG(account), STR_ARG(name), STR_ARG(region));
	return queue;
}

void admin_queues(struct admin_call *call)
{
	struct str rest = call->path;
	struct str account = str_cut(&rest, '/');
	struct str name = str_cut(&rest, '/');

	if (name.size == 0) {
		list_queues(call, account);
		return;
	}
	if (!str_equal(rest, STR("messages"))) {
		admin_refuse(call, 404, "ask for /_tern/queues/<account>/<name>/messages");
		return;
	}
	const struct sqs_queue *queue =
		find_queue(call, call->server->settings->region, account, name);
	if (queue)
		queue_messages(call, queue);
	sqs_queue_release(queue);
}

/* ---- the form of a ReceiveMessage answer ---- */

static bool is_asked_for(struct admin_call *call, struct str name)
{
	struct str text;

	return form_find(&call->query, name, &text) && str_equal_nocase(text, STR("true"));
}

static bool is_shown(const struct queue_delivery *delivery, bool shows_invisible,
		     bool shows_delayed)
{
	return delivery->state == QUEUE_IS_VISIBLE ||
	       (delivery->state == QUEUE_IS_IN_FLIGHT && shows_invisible) ||
	       (delivery->state == QUEUE_IS_DELAYED && shows_delayed);
}

/* Up to AWS_MESSAGES_MAX messages, whose texts live as long as *pages. False: cannot be read. */
static bool collect(struct admin_call *call, const struct sqs_queue *queue, struct page **pages,
		    struct sqs_receive_message_out *out)
{
	bool shows_invisible = is_asked_for(call, STR("ShowInvisible"));
	bool shows_delayed = is_asked_for(call, STR("ShowDelayed"));
	uint64_t from = 0;

	out->messages = arena_array(call->arena, struct sqs_message, AWS_MESSAGES_MAX + BROWSE_MAX);
	while (out->messages_count < AWS_MESSAGES_MAX) {
		struct page *page = arena_new(call->arena, struct page);
		page->before = *pages;
		*pages = page;
		if (page_load(&call->server->core, call->arena, queue, from, BROWSE_MAX, page) !=
		    QUEUE_OK)
			return false;
		for (size_t i = 0; i < page->count; i++)
			if (page->messages[i].message_id.data && !page->sealed[i] &&
			    is_shown(&page->deliveries[i], shows_invisible, shows_delayed))
				out->messages[out->messages_count++] = page->messages[i];
		if (!page->has_more)
			return true;
		from = page->last_seq;
	}
	return true;
}

/* A queue URL, a name, or "<region>/<account>/<name>" as the request's own path. */
static const struct sqs_queue *find_by_path(struct admin_call *call, struct str path)
{
	struct str region = {0}, account = {0}, name = {0};
	bool is_url = str_find(path, STR("://"), 0) != SIZE_MAX;

	while (path.data) {
		region = account;
		account = name;
		name = str_cut(&path, '/');
	}
	return find_queue(call,
			  !is_url && region.size > 0 ? region : call->server->settings->region,
			  account.size > 0 ? account : call->server->settings->account, name);
}

static bool is_sdk_request(const struct admin_call *call)
{
	return call->request->http.fields[HTTP_FIELD_X_AMZ_TARGET].data != NULL;
}

/* Said in the query string, in a form, in a JSON request of an SDK, or by the path. */
static bool read_queue_url(struct admin_call *call, struct str *out_url)
{
	struct str body = call->request->http.body;
	yyjson_val *root;

	*out_url = call->path;
	if (is_sdk_request(call) && json_parse(call->arena, body, &root) == ERR_OK)
		*out_url = json_text(json_member(root, "QueueUrl"));
	else if (!form_find(&call->query, STR("QueueUrl"), out_url) && body.size > 0 &&
		 form_add(call->arena, body, &call->query) == ERR_OK)
		(void)form_find(&call->query, STR("QueueUrl"), out_url); /* absent is refused */
	return out_url->size > 0;
}

static void write_answer(struct admin_call *call, const struct sqs_receive_message_out *out)
{
	const struct operation *receive = &sqs_operations[SQS_RECEIVE_MESSAGE];
	struct str accept = call->request->http.fields[HTTP_FIELD_ACCEPT];

	if (is_sdk_request(call)) {
		call->type = STR("application/x-amz-json-1.0");
		wire_json_encode(&call->body, receive->out, out);
	} else if (str_find(accept, STR("application/json"), 0) != SIZE_MAX) {
		wire_query_encode_tree(&call->body, receive, out, STR(""));
	} else {
		call->type = STR("text/xml");
		wire_query_encode(&call->body, receive, out, STR(""));
	}
}

void admin_aws_messages(struct admin_call *call)
{
	struct sqs_receive_message_out out = {0};
	struct page *pages = NULL;
	struct str url;

	if (!read_queue_url(call, &url)) {
		admin_refuse(call, 400, "say which queue: /_aws/sqs/messages?QueueUrl=<url>");
		return;
	}
	const struct sqs_queue *queue = find_by_path(call, url);
	if (!queue)
		return;
	if (collect(call, queue, &pages, &out))
		write_answer(call, &out);
	else
		admin_refuse(call, 503, "the queue's messages cannot be read now");
	for (; pages; pages = pages->before)
		buf_done(&pages->bytes);
	sqs_queue_release(queue);
}
