/* SPDX-License-Identifier: MIT */
/*
 * target: one internal request a target; the last answer ends the delivery. Requests hop to their
 * home before they begin, so none has joined or left before all are issued.
 */
#include "core/target.h"

#include "base/arn.h"
#include "core/core.h"
#include "core/service.h"

#define TARGET_MAGIC 0x54475254u

struct sending;

struct part {
	struct sending *sending;
	const struct target_provider *provider;
	const struct target_delivery *delivery;
	const struct operation *operation;
	struct target_member member;
};

struct sending {
	uint32_t magic;
	size_t unanswered; /* requests, and one for target_deliver itself */
	target_done_fn done;
	void *context;
	struct arena arena; /* texts of results */
	struct part parts[];
};

static const struct target_provider *provider_of(const struct core *core, struct str arn)
{
	struct arn parsed;

	return arn_parse(arn, &parsed) ? services_find_target(core, parsed.service) : NULL;
}

enum err target_resolve(struct core *core, struct str arn,
			struct target_description *out_description)
{
	const struct target_provider *provider = provider_of(core, arn);

	return provider ? provider->resolve(core, arn, out_description) : ERR_NOTFOUND;
}

/* ---- results ---- */

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

static void end_one(struct sending *sending)
{
	check(sending->magic == TARGET_MAGIC);
	check(sending->unanswered > 0);
	if (--sending->unanswered > 0)
		return;
	sending->done(sending->context);
	sending->magic = 0;
	arena_done(&sending->arena);
	heap_free(sending);
}

static void leave_fanout(struct part *part)
{
	if (part->member.fanout && !part->member.has_joined)
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

static void issue(struct core *core, struct net_thread *home, const struct internal_caller *caller,
		  struct part *part)
{
	const struct target_delivery *delivery = part->delivery;
	struct internal_caller here = *caller;
	const void *in;

	check(delivery->count > 0);
	check(delivery->count <= TARGET_PAYLOADS_MAX);
	if (!part->provider) {
		fill(delivery, (struct target_result){.outcome = TARGET_FAILED,
						      .code = STR("InvalidTarget"),
						      .text = STR("No service takes deliveries "
								  "for this ARN.")});
		return;
	}
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

/* Begins a joint delivery for the service of parts[first] and the later parts of the service, if
 * the provider supports it. */
static void begin_fanout(struct core *core, struct sending *sending, size_t first, size_t count)
{
	const struct target_provider *provider = sending->parts[first].provider;
	size_t members = 0;

	if (!provider || !provider->begin || sending->parts[first].member.fanout)
		return;
	for (size_t i = first; i < count; i++)
		members += sending->parts[i].provider == provider;
	if (members < 2)
		return;
	void *fanout = provider->begin(core, &sending->arena, members);
	for (size_t i = first; i < count; i++)
		if (sending->parts[i].provider == provider)
			sending->parts[i].member.fanout = fanout;
}

void target_deliver(struct core *core, struct net_thread *home,
		    const struct internal_caller *caller, const struct target_delivery *deliveries,
		    size_t count, target_done_fn done, void *context)
{
	struct sending *sending = heap_alloc(sizeof(*sending) + count * sizeof(sending->parts[0]));

	check(count > 0);
	check(count <= TARGET_DELIVERIES_MAX);
	sending->magic = TARGET_MAGIC;
	sending->unanswered = 1;
	sending->done = done;
	sending->context = context;
	arena_init(&sending->arena);
	for (size_t i = 0; i < count; i++) {
		sending->parts[i].sending = sending;
		sending->parts[i].delivery = &deliveries[i];
		sending->parts[i].provider = provider_of(core, deliveries[i].arn);
	}
	for (size_t i = 0; i < count; i++)
		begin_fanout(core, sending, i, count);
	for (size_t i = 0; i < count; i++)
		issue(core, home, caller, &sending->parts[i]);
	end_one(sending);
}
