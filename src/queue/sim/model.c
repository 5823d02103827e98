/* SPDX-License-Identifier: MIT */
/* model: a rule reports a violation only if it is certain. */
#include "queue/sim/model.h"

#include <string.h>

static const int64_t day_ms = 24 * 3600 * 1000;

void model_violate(struct model *model, const char *what, size_t message)
{
	if (model->violation)
		return;
	model->violation = what;
	model->violation_message = message;
}

void model_init(struct model *model, uint64_t seed)
{
	static const struct model_slot slots[SLOTS] = {
		{.max_receive_count = 3, .dead_letters = 1},
		{.number = 0},
		{.has_groups = true},
		{.retention_ms = 200000},
		{.is_fifo = true, .max_receive_count = 3, .dead_letters = 5},
		{.is_fifo = true},
		{.is_fifo = true, .has_dedup = true},
		[OBLIGATIONS] = {.has_groups = true},
		[OBLIGATIONS_FIFO] = {.is_fifo = true},
	};

	*model = (struct model){.seed = seed};
	memcpy(model->slots, slots, sizeof slots);
	for (size_t i = 0; i < SLOTS; i++) {
		model->slots[i].number = i < ORDINARY_SLOTS
						 ? i + 1
						 : queue_number(QUEUE_KIND_OBLIGATIONS,
								(uint32_t)(i - ORDINARY_SLOTS));
		model->slots[i].visibility_ms = 30000;
		if (!model->slots[i].retention_ms)
			model->slots[i].retention_ms = 14 * day_ms;
	}
}

/* In the first bytes of a shared payload, beside the number of the first message. */
static const size_t is_fanout = (size_t)1 << 62;

void model_fan_out(struct model *model, size_t first, size_t count, size_t shared_size,
		   size_t deletes)
{
	for (size_t i = first; i < first + count; i++) {
		struct model_message *m = &model->messages[i];
		m->fanout = first;
		m->fanout_count = count;
		m->shared_size = m->is_whole ? 0 : shared_size;
		m->fanout_delete = deletes;
	}
}

size_t model_find(const struct model *model, size_t slot, struct str payload)
{
	size_t number;

	if (payload.size < sizeof number)
		return SIZE_MAX;
	memcpy(&number, payload.data, sizeof number);
	if (!(number & is_fanout))
		return number < model->message_count ? number : SIZE_MAX;
	size_t first = number & ~is_fanout;
	if (first >= model->message_count)
		return SIZE_MAX;
	for (size_t i = first; i < first + model->messages[first].fanout_count; i++) {
		const struct model_message *m = &model->messages[i];
		if (m->is_whole || m->size != payload.size)
			continue;
		/* Without a part of its own a message never leaves its slot. */
		if (m->size == m->shared_size
			    ? m->sent_slot == slot
			    : !memcmp(payload.data + m->shared_size, &i, sizeof i))
			return i;
	}
	return SIZE_MAX;
}

/* Writes a number, and then bytes that follow from seed and number. */
static void fill(const struct model *model, size_t number, char *out, size_t size)
{
	struct prng prng;

	prng_init(&prng, model->seed * MESSAGES + (number & ~is_fanout));
	memcpy(out, &number, sizeof number);
	for (size_t i = sizeof number; i < size; i++)
		out[i] = (char)prng_next(&prng);
}

struct str model_payload(const struct model *model, size_t message, char room[PAYLOAD_MAX])
{
	const struct model_message *m = &model->messages[message];

	if (m->shared_size)
		fill(model, m->fanout | is_fanout, room, m->shared_size);
	if (m->size > m->shared_size)
		fill(model, message, room + m->shared_size, m->size - m->shared_size);
	return str_of(room, m->size);
}

struct str model_shared(const struct model *model, size_t first, char room[PAYLOAD_MAX])
{
	size_t size = model->archived[first].size;

	fill(model, first | is_fanout, room, size);
	return str_of(room, size);
}

size_t model_first(const struct model *model, struct str payload)
{
	size_t number;

	if (payload.size < sizeof number)
		return SIZE_MAX;
	memcpy(&number, payload.data, sizeof number);
	if (!(number & is_fanout) || (number & ~is_fanout) >= model->message_count)
		return SIZE_MAX;
	return number & ~is_fanout;
}

size_t model_send(struct model *model, size_t slot, uint64_t group, size_t size, int64_t now_ms,
		  int64_t delay_ms)
{
	model->messages[model->message_count] = (struct model_message){
		.state = MODEL_MAYBE,
		.slots = 1u << slot,
		.sent_slot = slot,
		.group = group,
		.size = size,
		.sent_ms = now_ms,
		.delayed_until_ms = now_ms + delay_ms,
	};
	return model->message_count++;
}

static int64_t latest(const struct model *model, int64_t now_ms)
{
	return model->latest_ms > now_ms ? model->latest_ms : now_ms;
}

static void check_duplicate(struct model *model, size_t message, const struct model_key *known,
			    const struct model_key *key)
{
	if (known->is_known && known->message != key->message)
		model_violate(model, "a duplicate of something else", message);
	if (known->is_known && key->asked_ms >= known->answered_ms + LIMIT_DEDUPLICATION_MS)
		model_violate(model, "taken for a duplicate after five minutes", message);
	model->messages[message].state = MODEL_REFUSED;
}

void model_send_answered(struct model *model, size_t message, const struct queue_send *send,
			 const struct model_key *key)
{
	struct model_message *m = &model->messages[message];
	struct model_key *known = key->number < KEYS ? &model->keys[key->number] : NULL;

	if (send->result) {
		m->state = MODEL_REFUSED;
		return;
	}
	if (send->is_duplicate) {
		check_duplicate(model, message, known, key);
		return;
	}
	if (known) {
		if (known->is_known &&
		    latest(model, key->answered_ms) < known->asked_ms + LIMIT_DEDUPLICATION_MS)
			model_violate(model, "a duplicate was taken for new", message);
		*known = *key;
		known->is_known = true;
	}
	if (m->state == MODEL_MAYBE)
		m->state = MODEL_SENT;
	if (m->seq && m->seq != send->seq)
		return; /* it has moved on since */
	m->seq = send->seq;
	for (size_t slot = 0; slot < SLOTS; slot++)
		if (m->slots == 1u << slot)
			m->seq_slot = slot;
}

void model_send_lost(struct model *model, size_t key)
{
	if (key < KEYS)
		model->keys[key].is_known = false;
}

static bool is_expired(const struct model *model, const struct model_message *m, int64_t now_ms)
{
	for (size_t slot = 0; slot < SLOTS; slot++)
		if ((m->slots & 1u << slot) &&
		    latest(model, now_ms) >= m->sent_ms + model->slots[slot].retention_ms)
			return true;
	return false;
}

bool model_is_expired(const struct model *model, size_t message, int64_t now_ms)
{
	return is_expired(model, &model->messages[message], now_ms);
}

bool model_is_certain(const struct model *model, size_t message, int64_t now_ms)
{
	const struct model_message *m = &model->messages[message];

	return m->state == MODEL_SENT && !m->maybe_gone && !m->maybe_answered &&
	       m->deletes_out == 0 && !is_expired(model, m, now_ms);
}

/* ---- deliveries ---- */

static void check_order(struct model *model, const struct model_delivery *d)
{
	const struct model_message *later = &model->messages[d->message];

	for (size_t i = 0; i < model->message_count; i++) {
		const struct model_message *m = &model->messages[i];
		if (i == d->message || m->group != later->group || m->is_loose || !m->seq ||
		    m->slots != 1u << d->slot || m->seq_slot != d->slot ||
		    m->seq >= d->delivery->handle.seq ||
		    !model_is_certain(model, i, d->delivery->handle.received_ms))
			continue;
		bool is_before = false;
		for (size_t k = 0; k < d->batch_before_count; k++)
			is_before |= d->batch_before[k] == i;
		if (!is_before)
			model_violate(model, "delivered before an earlier message of its group",
				      d->message);
	}
}

static void check_counts(struct model *model, const struct model_delivery *d)
{
	const struct model_message *m = &model->messages[d->message];
	const struct model_slot *slot = &model->slots[d->slot];
	uint32_t count = d->delivery->receive_count;

	if (m->is_loose)
		return;
	if (count + m->give_backs <= m->receives)
		model_violate(model, "a receive was not counted", d->message);
	if (count > m->receives + m->receives_lost + 1)
		model_violate(model, "a receive was counted twice", d->message);
	if (slot->max_receive_count && !model->was_full &&
	    d->delivery->handle.receive > slot->max_receive_count + m->give_backs)
		model_violate(model, "received more often than the redrive policy says",
			      d->message);
}

/* True for the same receive again, by the same attempt. */
static bool is_repeated(const struct model_message *m, const struct model_delivery *d)
{
	return d->attempt && d->attempt == m->attempt &&
	       m->handle.receive == d->delivery->handle.receive &&
	       m->handle.seq == d->delivery->handle.seq;
}

static void check_delivery(struct model *model, const struct model_delivery *d)
{
	char room[PAYLOAD_MAX];
	const struct model_message *m = &model->messages[d->message];
	int64_t received_ms = d->delivery->handle.received_ms;
	int64_t latest_ms = received_ms > d->latest_ms ? received_ms : d->latest_ms;

	if (!str_equal(model_payload(model, d->message, room), d->payload))
		model_violate(model, "a payload changed", d->message);
	if (!(m->slots & 1u << d->slot))
		model_violate(model, "delivered from another queue", d->message);
	if ((d->slot == m->sent_slot || !model->slots[d->slot].is_fifo) && !m->loose_since &&
	    d->sent_wall_ms != m->sent_wall_ms)
		model_violate(model, "its sent time changed", d->message);
	if (m->state == MODEL_REFUSED)
		model_violate(model, "delivered though its send was refused or a duplicate",
			      d->message);
	if (m->state == MODEL_GONE)
		model_violate(model, "delivered after its delete was acknowledged", d->message);
	if (latest_ms < m->delayed_until_ms)
		model_violate(model, "delivered before its delay was over", d->message);
	if (!m->is_loose && d->slot == m->sent_slot && model->slots[d->slot].is_fifo &&
	    d->delivery->handle.receive == 1 && !d->attempt &&
	    model->slots[d->slot].delay_serial < d->serial &&
	    received_ms < m->sent_ms + model->slots[d->slot].delay_ms)
		model_violate(model, "delivered before the delay of its queue was over",
			      d->message);
	if (!m->is_loose && !model->slots[d->slot].is_fifo &&
	    received_ms >= m->sent_ms + TURN_MS + model->slots[d->slot].retention_ms)
		model_violate(model, "delivered after its retention", d->message);
	if (is_repeated(m, d))
		return;
	/* An attempt may repeat a delivery that was not checked. */
	if ((received_ms < d->asked_ms && !d->attempt) || received_ms > d->now_ms)
		model_violate(model, "received at another time", d->message);
	if (latest_ms < m->leased_until_ms)
		model_violate(model, "delivered while it was hidden", d->message);
	check_counts(model, d);
	if (model->slots[d->slot].is_fifo)
		check_order(model, d);
}

void model_fanout_happened(struct model *model, size_t first)
{
	const struct model_message *seen = &model->messages[first];

	for (size_t i = seen->fanout; i < seen->fanout + seen->fanout_count; i++) {
		struct model_message *m = &model->messages[i];
		if (m->state == MODEL_MAYBE && !m->may_be_refused)
			m->state = MODEL_SENT;
	}
	if (seen->fanout_delete != SIZE_MAX)
		model->messages[seen->fanout_delete].state = MODEL_GONE;
}

void model_delivered(struct model *model, const struct model_delivery *d)
{
	struct model_message *m = &model->messages[d->message];
	const struct model_slot *slot = &model->slots[d->slot];

	int64_t hidden_from_ms = d->delivery->handle.received_ms;
	if (is_repeated(m, d))
		hidden_from_ms = d->asked_ms;
	check_delivery(model, d);
	if (m->state == MODEL_MAYBE && m->fanout_count)
		model_fanout_happened(model, m->fanout);
	if (m->state == MODEL_MAYBE)
		m->state = MODEL_SENT;
	if (m->is_loose && d->serial < m->loose_since)
		return; /* an old answer: it may have been redriven since */
	m->slots = 1u << d->slot;
	m->seq_slot = d->slot;
	m->seq = d->delivery->handle.seq;
	m->receives = d->delivery->receive_count;
	m->receives_lost = 0;
	m->home_receives = d->delivery->handle.receive;
	m->is_loose = false;
	m->handle = d->delivery->handle;
	m->attempt = d->attempt;
	m->leased_until_ms =
		hidden_from_ms + (d->visibility_ms ? d->visibility_ms : slot->visibility_ms);
	if (slot->max_receive_count && m->home_receives >= slot->max_receive_count)
		m->slots |= 1u << slot->dead_letters;
}

void model_receive_lost(struct model *model, size_t slot)
{
	const struct model_slot *s = &model->slots[slot];

	for (size_t i = 0; i < model->message_count; i++) {
		struct model_message *m = &model->messages[i];
		if (!(m->slots & 1u << slot))
			continue;
		m->receives_lost++;
		m->home_receives++;
		if (s->max_receive_count && m->home_receives >= s->max_receive_count)
			m->slots |= 1u << s->dead_letters;
	}
}

/* ---- changes ---- */

void model_delete_asked(struct model *model, size_t message)
{
	model->messages[message].deletes_out++;
}

void model_delete_answered(struct model *model, size_t message, enum queue_result result,
			   bool was_certain)
{
	struct model_message *m = &model->messages[message];

	m->deletes_out--;
	if (result == QUEUE_OK)
		m->state = MODEL_GONE;
	else if (result == QUEUE_FAILED || result == QUEUE_STOPPING)
		m->maybe_gone = true;
	else if (result == QUEUE_MESSAGE_GONE && was_certain && m->state == MODEL_SENT)
		model_violate(model, "gone, and nobody deleted it", message);
}

void model_fanout_lost(struct model *model, size_t first, size_t deletes)
{
	struct model_message *m = &model->messages[deletes];

	m->deletes_out--;
	if (first == SIZE_MAX) {
		m->maybe_gone = true;
		return;
	}
	m->maybe_answered = true;
	model->messages[first].is_unanswered = true;
}

void model_visibility_asked(struct model *model, size_t message, int64_t visible_ms)
{
	struct model_message *m = &model->messages[message];

	if (visible_ms < m->leased_until_ms)
		m->leased_until_ms = visible_ms;
}

void model_visibility_answered(struct model *model, size_t message,
			       const struct queue_change *change, int64_t visible_ms)
{
	struct model_message *m = &model->messages[message];

	if (change->result == QUEUE_FAILED) /* the journal may have kept it */
		model_visibility_asked(model, message, visible_ms);
	if (change->result != QUEUE_OK || m->is_loose)
		return;
	/* It counts with the handle of an earlier receive, too; their order is unknown. */
	bool is_last =
		m->handle.receive == change->handle.receive && m->handle.seq == change->handle.seq;
	if (is_last || visible_ms < m->leased_until_ms)
		m->leased_until_ms = visible_ms;
	if (!is_last)
		return;
	m->attempt = 0; /* a changed message is not repeated */
}

/* The receive may not count any more, and the message may be visible at once. */
void model_give_back_asked(struct model *model, size_t message)
{
	struct model_message *m = &model->messages[message];

	m->leased_until_ms = 0;
	m->give_backs++;
	m->attempt = 0;
}

static void forget_keys(struct model *model, size_t slot)
{
	for (size_t key = 0; model->slots[slot].has_dedup && key < KEYS; key++)
		model->keys[key].is_known = false;
}

void model_purge_asked(struct model *model, size_t slot)
{
	for (size_t i = 0; i < model->message_count; i++)
		if (model->messages[i].slots & 1u << slot)
			model->messages[i].maybe_gone = true;
	forget_keys(model, slot);
}

void model_purge_answered(struct model *model, size_t slot, size_t message_count,
			  enum queue_result result)
{
	for (size_t i = 0; i < message_count && result == QUEUE_OK; i++)
		if (model->messages[i].slots == 1u << slot && !model->messages[i].is_loose)
			model->messages[i].state = MODEL_GONE;
	forget_keys(model, slot);
}

void model_redrive_asked(struct model *model, size_t from, size_t to, uint64_t serial)
{
	for (size_t i = 0; i < model->message_count; i++) {
		struct model_message *m = &model->messages[i];
		if (!(m->slots & 1u << from))
			continue;
		m->slots |= 1u << to | 1u << from;
		m->is_loose = true;
		m->loose_since = serial;
		m->leased_until_ms = 0;
		m->seq = 0;
	}
}

void model_finish(struct model *model, int64_t now_ms)
{
	for (size_t i = 0; i < model->message_count; i++)
		if (model_is_certain(model, i, now_ms))
			model_violate(model, "acknowledged and never delivered again", i);
}
