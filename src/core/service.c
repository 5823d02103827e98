/* SPDX-License-Identifier: MIT */
/* service: one slot a module, in the list's order; routes have an order of their own, by name. */
#include "core/service.h"

#include <stdlib.h>
#include <string.h>

#include "core/core.h"

struct slot {
	const struct service_module *module;
	bool is_started;
	void *state; /* begins with the magic; NULL: none, or not started */
};

struct service_slots {
	size_t count;
	const struct service **routes;
	struct route_index *index;
	struct slot items[];
};

/* ---- the list ---- */

static int by_name(const void *left, const void *right)
{
	const struct service *const *a = left, *const *b = right;

	return str_compare((*a)->name, (*b)->name);
}

static bool is_before(const struct service_slots *slots, size_t end, struct str name,
		      enum service_stage stage)
{
	for (size_t i = 0; i < end; i++)
		if (str_equal(slots->items[i].module->service->name, name))
			return slots->items[i].module->stage <= stage;
	return false;
}

static void check_needs(const struct service_slots *slots, size_t index)
{
	const struct service_module *module = slots->items[index].module;
	struct str needs = module->needs ? str_from(module->needs) : (struct str){0};

	while (needs.data) {
		struct str name = str_cut(&needs, ' ');
		check(is_before(slots, index, name, module->stage));
	}
}

void services_bind(struct core *core, const struct service_module *const *modules, size_t count)
{
	struct service_slots *slots = heap_alloc(sizeof(*slots) + count * sizeof(slots->items[0]));

	check(!core->services);
	slots->count = count;
	slots->routes = heap_alloc(count * sizeof(const struct service *));
	for (size_t i = 0; i < count; i++) {
		const struct service_module *module = modules[i];
		check((module->state_magic != 0) == (module->state_size >= sizeof(uint32_t)));
		check(!module->reset == !module->reset_name);
		slots->items[i].module = module;
		slots->routes[i] = module->service;
		if (count > 1)
			check_needs(slots, i);
		module->bind();
	}
	qsort(slots->routes, count, sizeof(slots->routes[0]), by_name);
	core->services = slots;
	slots->index = route_index_new(slots->routes, count);
	core->routes = (struct route_table){slots->routes, count, slots->index};
}

void services_unbind(struct core *core)
{
	if (!core->services)
		return;
	for (size_t i = 0; i < core->services->count; i++)
		check(!core->services->items[i].is_started);
	route_index_free(&core->services->index);
	heap_free((void *)core->services->routes);
	heap_free(core->services);
	core->services = NULL;
}

void services_bind_one(struct core *core, const struct service_module *module, void *state)
{
	services_bind(core, &module, 1);
	memcpy(state, &module->state_magic, sizeof(module->state_magic));
	core->services->items[0].state = state;
}

/* ---- beginning and end ---- */

static void *state_new(const struct service_module *module)
{
	void *state = heap_alloc(module->state_size);

	memcpy(state, &module->state_magic, sizeof(module->state_magic));
	return state;
}

/* Other services and the dispatcher see the module from now on. */
static void publish(struct core *core, const struct service_module *module)
{
	check(!module->kms || !core->kms);
	check(!module->endpoints || !core->endpoints);
	if (module->kms)
		core->kms = module->kms;
	if (module->endpoints)
		core->endpoints = module->endpoints;
}

static void withdraw(struct core *core, const struct service_module *module)
{
	if (module->kms)
		core->kms = NULL;
	if (module->endpoints)
		core->endpoints = NULL;
}

static enum err start_one(struct core *core, struct slot *slot, const struct service_start *start,
			  struct str *out_problem)
{
	const struct service_module *module = slot->module;

	check(!slot->is_started);
	if (module->state_size > 0)
		slot->state = state_new(module);
	slot->is_started = true;
	publish(core, module);
	return module->start ? module->start(core, start, out_problem) : ERR_OK;
}

static void stop_one(struct core *core, struct slot *slot)
{
	const struct service_module *module = slot->module;

	if (module->stop)
		module->stop(core);
	withdraw(core, module);
	slot->is_started = false;
	heap_free(slot->state);
	slot->state = NULL;
}

enum err services_start(struct core *core, enum service_stage stage,
			const struct service_start *start, struct str *out_problem,
			const struct service_module **out_failed)
{
	for (size_t i = 0; i < core->services->count; i++) {
		struct slot *slot = &core->services->items[i];
		if (slot->module->stage != stage)
			continue;
		enum err err = start_one(core, slot, start, out_problem);
		if (err) {
			*out_failed = slot->module;
			return err;
		}
	}
	return ERR_OK;
}

void services_stop(struct core *core, enum service_stage stage)
{
	size_t count = core->services ? core->services->count : 0;

	for (size_t i = count; i-- > 0;) {
		struct slot *slot = &core->services->items[i];
		if (slot->is_started && slot->module->stage == stage)
			stop_one(core, slot);
	}
}

void *service_state(const struct core *core, const struct service_module *module)
{
	const struct service_slots *slots = core->services;
	uint32_t magic;

	for (size_t i = 0; slots && i < slots->count; i++) {
		const struct slot *slot = &slots->items[i];
		if (slot->module != module || !slot->state)
			continue;
		memcpy(&magic, slot->state, sizeof(magic));
		check(magic == module->state_magic);
		return slot->state;
	}
	return NULL;
}

static const struct service_module *find_started(const struct core *core, struct str name)
{
	for (size_t i = 0; i < core->services->count; i++) {
		const struct slot *slot = &core->services->items[i];
		if (slot->is_started && str_equal(slot->module->service->name, name))
			return slot->module;
	}
	return NULL;
}

const struct target_provider *services_find_target(const struct core *core, struct str name)
{
	const struct service_module *module = find_started(core, name);

	return module ? module->targets : NULL;
}

const struct invoke_provider *services_find_invoke(const struct core *core, struct str name)
{
	const struct service_module *module = find_started(core, name);

	return module ? module->invokes : NULL;
}

const struct source_provider *services_find_source(const struct core *core, struct str name)
{
	const struct service_module *module = find_started(core, name);

	return module ? module->sources : NULL;
}

bool services_find_page(const struct core *core, struct str path, struct service_page *out_page)
{
	for (size_t i = 0; i < core->services->count; i++) {
		const struct slot *slot = &core->services->items[i];
		const struct service_pages *pages = slot->module->pages;
		if (pages && slot->is_started && str_starts(path, pages->prefix))
			return pages->find(core, path, out_page);
	}
	return false;
}

/* ---- all modules ---- */

void services_each_obligation(const struct core *core, service_obligation_fn each, void *context)
{
	for (size_t i = 0; i < core->services->count; i++) {
		const struct service_module *module = core->services->items[i].module;
		for (size_t j = 0; j < module->obligation_count; j++)
			each(context, module->obligations[j]);
	}
}

void services_metrics(const struct core *core, struct buf *out)
{
	for (size_t i = 0; i < core->services->count; i++) {
		const struct slot *slot = &core->services->items[i];
		if (slot->is_started && slot->module->metrics)
			slot->module->metrics(core, out);
	}
}

void services_collect(struct core *core, struct metric_minute *minute)
{
	size_t count = core->services ? core->services->count : 0;

	for (size_t i = 0; i < count; i++) {
		const struct slot *slot = &core->services->items[i];
		if (slot->is_started && slot->module->collect)
			slot->module->collect(core, minute);
	}
}

void services_bill(struct core *core, void (*add)(void *context, const struct billing_item *item),
		   void *context)
{
	for (size_t i = 0; i < core->services->count; i++) {
		const struct slot *slot = &core->services->items[i];
		if (slot->is_started && slot->module->bill)
			slot->module->bill(core, add, context);
	}
}

enum err services_reset(struct core *core, struct str account, service_reset_fn each, void *context)
{
	for (size_t i = core->services->count; i-- > 0;) {
		const struct service_module *module = core->services->items[i].module;
		uint64_t count = 0;
		if (!module->reset)
			continue;
		enum err err = module->reset(core, account, &count);
		if (err)
			return err;
		each(context, module->reset_name, count);
	}
	return ERR_OK;
}
