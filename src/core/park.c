/* SPDX-License-Identifier: MIT */
/*
 * park: where a call's handler runs, and how a parked call goes on.
 *
 * The call is with one thread at a time: its net thread, the control thread, a worker, or the
 * engine while a command is out. Each hand-over is the last thing that a thread does with the call.
 */
#include "core/control.h"
#include "core/request_context.h"
#include "core/runner.h"
#include "core/throttle.h"
#include "wire/faults.h"

/* Ends the wait of a client that left. Outlives neither the call nor the engine's answer. */
struct call_cancel {
	struct queue_command command;
	struct dispatch_message message;
	struct request_context *context;
};

/* ---- net and control thread ---- */

static void on_finished(struct dispatch_message *message)
{
	struct request_context *context = container_of(message, struct request_context, message);

	call_finish(context, context->result);
}

static void post_back(struct request_context *context, void (*run)(struct dispatch_message *))
{
	context->message.run = run;
	net_thread_post(context->request->thread, &context->message.message);
}

static enum err go_on(struct request_context *context)
{
	context->call.command = NULL;
	return context->call.resume(&context->call);
}

static void resume_on_net(struct dispatch_message *message)
{
	struct request_context *context = container_of(message, struct request_context, message);

	enum err result = go_on(context);
	if (result != ERR_PARKED)
		call_finish(context, result);
}

/* From another thread than the net thread. */
static void leave(struct request_context *context, enum err result)
{
	if (result == ERR_PARKED)
		return;
	context->result = result;
	post_back(context, on_finished);
}

static void resume_on_control(struct core *core, struct core_task *task)
{
	(void)core;
	struct request_context *context = container_of(task, struct request_context, task);

	leave(context, go_on(context));
}

static void begin_on_control(struct core *core, struct core_task *task)
{
	struct request_context *context = container_of(task, struct request_context, task);
	struct call *call = &context->call;

	(void)core;
	leave(context, call->operation->run(call, call->in, call->out));
}

static bool is_at_home_on_control(const struct call *call)
{
	return call->operation->place == OPERATION_ON_CONTROL;
}

static void post_to_control(struct request_context *context,
			    void (*run)(struct core *, struct core_task *))
{
	const struct call *call = &context->call;
	bool is_anonymous = call->principal->type == PRINCIPAL_ANONYMOUS;

	context->task.run = run;
	core_task_assign(&context->task, CORE_CALLS, is_anonymous ? STR("") : call->account);
	core_post_control(call->core, &context->task);
}

/* ---- workers ---- */

/* Goes on with call.resume, on the call's own thread. */
static void go_home(struct request_context *context)
{
	if (is_at_home_on_control(&context->call))
		post_to_control(context, resume_on_control);
	else
		post_back(context, resume_on_net);
}

/* The step's result on a worker; afterwards the call is with another thread. */
static void leave_worker(struct request_context *context, enum err result)
{
	check(result != ERR_PARKED); /* workers wait for nobody */
	context->is_on_worker = false;
	if (result == ERR_OK && context->call.resume)
		go_home(context);
	else
		leave(context, result);
}

/* The step is not run, for a reason that the client is told. */
static void leave_undone(struct request_context *context, const char *reason)
{
	enum err result = fail(&context->call, &common_faults[FAULT_UNAVAILABLE], "%s", reason);

	context->call.resume = context->undone;
	if (context->undone)
		go_home(context);
	else
		leave(context, result);
}

void call_on_undone(struct call *call, resume_fn undone)
{
	struct request_context *context = call->owner;

	context->undone = undone;
}

static void run_step(struct work *work, bool may_run)
{
	struct request_context *context = container_of(work, struct request_context, work);

	if (!may_run) {
		leave_undone(context, "The server is stopping.");
		return;
	}
	context->is_on_worker = true;
	leave_worker(context, context->step(&context->call));
}

enum err call_work(struct call *call, size_t size, resume_fn step, resume_fn resume)
{
	struct request_context *context = call->owner;

	check(call->operation->uses_workers);
	if (context->is_on_worker) {
		enum err err = step(call);
		return err || !resume ? err : resume(call);
	}
	/* The client left while the queue engine had the call: nobody reads the answer. */
	if (!is_at_home_on_control(call) && context->has_left)
		return fail(call, &common_faults[FAULT_UNAVAILABLE],
			    "The connection was closed while the request waited.");
	context->step = step;
	call->resume = resume;
	context->work.run = run_step;
	context->work.size = size + context->request->http.body.size;
	context->work.account = call->principal ? call->principal->account : (struct str){0};
	if (!worker_submit(call->core->workers, &context->work))
		return throttle_refuse(call);
	return ERR_PARKED;
}

static enum err run_handler(struct call *call)
{
	return call->operation->run(call, call->in, call->out);
}

/* ---- beginning ---- */

void call_begin(struct request_context *context)
{
	struct call *call = &context->call;
	enum err err = ERR_PARKED;

	switch (call->operation->place) {
	case OPERATION_ON_CONTROL:
		post_to_control(context, begin_on_control);
		break;
	case OPERATION_ON_WORKER:
		err = call_work(call, 0, run_handler, NULL);
		break;
	case OPERATION_ON_NET:
		err = run_handler(call);
		break;
	}
	if (err != ERR_PARKED)
		call_finish(context, err);
}

/* ---- the engine ---- */

void call_answered(struct queue_command *command)
{
	struct call *call = command->context;
	struct request_context *context = call->owner;

	if (!is_at_home_on_control(call) &&
	    runner_net_thread(call->core->runner) == context->request->thread)
		resume_on_net(&context->message);
	else
		go_home(context);
}

/* ---- clients that leave ---- */

static void on_cancelled(struct dispatch_message *message)
{
	struct call_cancel *cancel = container_of(message, struct call_cancel, message);
	struct request_context *context = cancel->context;

	context->cancel = NULL;
	heap_free(cancel);
	if (context->is_ended)
		call_finish(context, context->result);
}

static void cancel_answered(struct queue_command *command)
{
	struct call_cancel *cancel = command->context;

	net_thread_post(cancel->context->request->thread, &cancel->message.message);
}

static void cancel_receive(struct request_context *context)
{
	struct call_cancel *cancel = heap_alloc(sizeof(*cancel));

	cancel->context = context;
	cancel->message.run = on_cancelled;
	cancel->command.type = QUEUE_CANCEL;
	cancel->command.queue = context->call.command->queue;
	cancel->command.now_ms = clock_now_ms();
	cancel->command.cancel = context->call.command;
	cancel->command.done = cancel_answered;
	cancel->command.context = cancel;
	context->cancel = cancel;
	queue_submit(context->call.core->engine, &cancel->command);
}

void dispatch_abort(struct net_request *request)
{
	struct request_context *context = request->user;

	if (!context)
		return;
	context->has_left = true;
	/* A client whose patience ended closes its side: then nobody reads the answer. */
	if (worker_cancel(context->call.core->workers, &context->work)) {
		leave_undone(context, "The connection was closed while the request waited.");
		return;
	}
	/* What the control thread has the call wait for is its own. */
	if (is_at_home_on_control(&context->call) || context->cancel)
		return;
	if (context->call.command && context->call.command->type == QUEUE_RECEIVE)
		cancel_receive(context);
}
