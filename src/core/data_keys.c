/* SPDX-License-Identifier: MIT */
/* data_keys: connects the table of data keys with the control thread, which sweeps it. */
#include "core/data_keys.h"

#include "core/core.h"

struct data_key_sweep {
	struct core *core;
	struct core_task task;
};

static void run_sweep(struct core *core, struct core_task *task)
{
	(void)task;
	data_keys_sweep(core->data_keys);
}

static bool schedule(void *context, int64_t at_ms)
{
	struct data_key_sweep *sweep = context;

	if (!sweep->core->control)
		return false;
	core_post_control_at(sweep->core, &sweep->task, at_ms);
	return true;
}

void core_data_keys_open(struct core *core)
{
	struct data_key_sweep *sweep = heap_alloc(sizeof(*sweep));

	check(!core->data_keys);
	sweep->core = core;
	sweep->task.run = run_sweep;
	core->data_key_sweep = sweep;
	core->data_keys = data_keys_new(schedule, sweep);
}

void core_data_keys_close(struct core *core)
{
	data_keys_free(&core->data_keys);
	heap_free(core->data_key_sweep);
	core->data_key_sweep = NULL;
}

struct envelope_use call_envelope_use(struct call *call, struct str service,
				      struct str context_name, int64_t reuse_ms)
{
	return (struct envelope_use){
		.call = call,
		.kms = call->core->kms,
		.keys = call->core->data_keys,
		.arena = call->arena,
		.principal = call->principal ? call->principal->arn : STR(""),
		.service = service,
		.context_name = context_name,
		.reuse_ms = reuse_ms,
	};
}
