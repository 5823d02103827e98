/* SPDX-License-Identifier: MIT */
/* Tests of modules: the order of starts and stops, their state, and their tables. */
#include "core/service.h"

#include "base/fixture.h"
#include "core/core.h"

static struct buf events;

struct zebra_state {
	uint32_t magic;
	int value;
};

static void bind(void)
{
	buf_append(&events, STR("b"));
}

static enum err start_early(struct core *core, const struct service_start *start,
			    struct str *out_problem)
{
	(void)core, (void)start, (void)out_problem;
	buf_append(&events, STR(" +early"));
	return ERR_OK;
}

static void stop_early(struct core *core)
{
	(void)core;
	buf_append(&events, STR(" -early"));
}

static const struct service_module zebra;

static enum err start_zebra(struct core *core, const struct service_start *start,
			    struct str *out_problem)
{
	struct zebra_state *state = service_state(core, &zebra);

	assert_int_equal(state->value, 0);
	state->value = 7;
	assert_non_null(core->kms);
	buf_append(&events, STR(" +zebra"));
	*out_problem = start->config;
	return start->config.size > 0 ? ERR_FAULT : ERR_OK;
}

static void stop_zebra(struct core *core)
{
	assert_int_equal(((struct zebra_state *)service_state(core, &zebra))->value, 7);
	assert_non_null(core->kms);
	buf_append(&events, STR(" -zebra"));
}

static enum err reset_zebra(struct core *core, struct str account, uint64_t *count)
{
	(void)core;
	*count += account.size;
	return ERR_OK;
}

static void write_metrics(const struct core *core, struct buf *out)
{
	(void)core;
	buf_append(out, STR("zebra 1\n"));
}

static bool find_page(const struct core *core, struct str path, struct service_page *out_page)
{
	(void)core;
	*out_page = (struct service_page){STR("text/plain"), STR("stripes")};
	return str_equal(path, STR("/zebra-1"));
}

static const struct service_pages pages = {STR_INIT("/zebra-"), find_page};
static const struct core_kms kms;
static const struct service early_service = {.name = STR_INIT("early")};
static const struct service zebra_service = {.name = STR_INIT("zebra")};
static const struct service late_service = {.name = STR_INIT("late")};

static const struct service_module zebra = {
	.service = &zebra_service,
	.bind = bind,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "early",
	.state_magic = 0x1234,
	.state_size = sizeof(struct zebra_state),
	.start = start_zebra,
	.stop = stop_zebra,
	.reset = reset_zebra,
	.reset_name = "zebras",
	.metrics = write_metrics,
	.kms = &kms,
	.pages = &pages,
};
static const struct service_module early = {
	.service = &early_service,
	.bind = bind,
	.stage = SERVICE_BEFORE_ENGINE,
	.start = start_early,
	.stop = stop_early,
};
static const struct service_module late = {
	.service = &late_service,
	.bind = bind,
	.stage = SERVICE_AFTER_LISTENERS,
	.needs = "zebra early",
};
static const struct service_module *const modules[] = {&early, &zebra, &late};

static struct core core;

static int setup(void **state)
{
	(void)state;
	core = (struct core){0};
	services_bind(&core, modules, 3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	services_unbind(&core);
	buf_done(&events);
	events = (struct buf){0};
	return 0;
}

static enum err start_all(struct str config, const struct service_module **out_failed)
{
	struct service_start start = {.arena = &arena, .config = config};
	struct str problem = {0};
	enum err err = ERR_OK;

	for (int stage = SERVICE_BEFORE_ENGINE; stage <= SERVICE_AFTER_LISTENERS && !err; stage++)
		err = services_start(&core, (enum service_stage)stage, &start, &problem,
				     out_failed);
	if (err)
		assert_true(str_equal(problem, config));
	return err;
}

static void stop_all(void)
{
	for (int stage = SERVICE_AFTER_LISTENERS; stage >= SERVICE_BEFORE_ENGINE; stage--)
		services_stop(&core, (enum service_stage)stage);
}

static void test_modules_start_in_order_and_stop_in_reverse(void **state)
{
	const struct service_module *failed = NULL;

	(void)state;
	assert_int_equal(start_all(STR(""), &failed), ERR_OK);
	stop_all();
	stop_all();
	assert_true(str_equal(buf_str(&events), STR("bbb +early +zebra -zebra -early")));
}

static void test_a_module_that_fails_to_start_is_named_and_stopped(void **state)
{
	const struct service_module *failed = NULL;

	(void)state;
	assert_int_equal(start_all(STR("no zebra"), &failed), ERR_FAULT);
	assert_ptr_equal(failed, &zebra);
	stop_all();
	assert_true(str_equal(buf_str(&events), STR("bbb +early +zebra -zebra -early")));
}

static void test_pages_are_found_by_their_prefix_while_the_service_runs(void **state)
{
	const struct service_module *failed = NULL;
	struct service_page page;

	(void)state;
	assert_false(services_find_page(&core, STR("/zebra-1"), &page));
	assert_int_equal(start_all(STR(""), &failed), ERR_OK);
	assert_true(services_find_page(&core, STR("/zebra-1"), &page));
	assert_str(page.body, "stripes");
	assert_false(services_find_page(&core, STR("/zebra-2"), &page));
	assert_false(services_find_page(&core, STR("/horse-1"), &page));
	stop_all();
	assert_false(services_find_page(&core, STR("/zebra-1"), &page));
}

static void test_state_and_interfaces_last_from_start_to_stop(void **state)
{
	const struct service_module *failed = NULL;

	(void)state;
	assert_null(service_state(&core, &zebra));
	assert_null(core.kms);
	assert_int_equal(start_all(STR(""), &failed), ERR_OK);
	struct zebra_state *zebras = service_state(&core, &zebra);
	assert_int_equal(zebras->magic, 0x1234);
	assert_int_equal(zebras->value, 7);
	assert_ptr_equal(core.kms, &kms);
	assert_null(service_state(&core, &late));
	stop_all();
	assert_null(service_state(&core, &zebra));
	assert_null(core.kms);
}

static void test_routes_are_sorted_by_name(void **state)
{
	(void)state;
	assert_int_equal(core.routes.service_count, 3);
	assert_ptr_equal(core.routes.services[0], &early_service);
	assert_ptr_equal(core.routes.services[1], &late_service);
	assert_ptr_equal(core.routes.services[2], &zebra_service);
}

static void count_reset(void *context, const char *name, uint64_t count)
{
	assert_string_equal(name, "zebras");
	*(uint64_t *)context += count;
}

static void test_metrics_and_reset_reach_the_modules_that_have_them(void **state)
{
	const struct service_module *failed = NULL;
	struct buf out = {0};
	uint64_t count = 0;

	(void)state;
	services_metrics(&core, &out);
	assert_int_equal(out.size, 0);
	assert_int_equal(start_all(STR(""), &failed), ERR_OK);
	services_metrics(&core, &out);
	assert_true(str_equal(buf_str(&out), STR("zebra 1\n")));
	assert_int_equal(services_reset(&core, STR("four"), count_reset, &count), ERR_OK);
	assert_int_equal(count, 4);
	stop_all();
	buf_done(&out);
}
