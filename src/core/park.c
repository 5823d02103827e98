/* SPDX-License-Identifier: MIT */
/*
 * park: the thread on which a call's handler runs, and how a parked call continues.
 *
 * The call is with one thread at a time: its home, the control thread, a worker, or the engine
 * while a command is out. A thread does not use the call after its hand-over.
 */
#include "core/admit.h"
#include "core/constraint.h"
#include "core/control.h"
#include "core/group.h"
#include "core/request_context.h"
#include "core/runner.h"
#include "net/server.h"
#include "wire/faults.h"

/* Ends the wait of a client that left. Outlives neither the call nor the engine's answer. */
struct call_cancel {
	struct queue_command command;
	struct context_hop hop;
};

/* ---- hops ---- */

static void land_on_net(struct dispatch_message *message)
{
	struct context_hop *hop = container_of(message, struct context_hop, message);

	hop->run(hop->context);
}

static void land_on_control(struct core *core, struct core_task *task)
{
	struct context_hop *hop = container_of(task, struct context_hop, task);

	(void)core;
	hop->run(hop->context);
}

void context_hop_to_control(struct context_hop *hop)
{
	const struct call *call = &hop->context->call;
	bool has_account = call->principal && call->principal->type != PRINCIPAL_ANONYMOUS;

	hop->task.run = land_on_control;
	core_task_assign(&hop->task, CORE_CALLS, has_account ? call->account : STR(""));
	core_post_control(call->core, &hop->task);
}

void context_hop_home(struct context_hop *hop)
{
	struct net_thread *home = hop->context->home;

	check(hop->context->magic == REQUEST_CONTEXT_MAGIC);
	if (!home) {
		context_hop_to_control(hop);
		return;
	}
	hop->message.run = land_on_net;
	net_thread_post(home, &hop->message.message);
}

/* ---- home and control thread ---- */

/* The control thread runs the handler and the resume functions; else the home does. */
static bool is_on_control(const struct request_context *context)
{
	return context->call.operation->place == OPERATION_ON_CONTROL || !context->home;
}

static void finish_hop(struct request_context *context)
{
	call_finish(context, context->result);
}

/* The outcome, on a thread that the handler or its resume functions run on. */
static void leave(struct request_context *context, enum err result)
{
	if (result == ERR_PARKED)
		return;
	context->result = result;
	context->hop.run = finish_hop;
	context_hop_home(&context->hop);
}

static enum err resume(struct request_context *context)
{
	context->call.command = NULL;
	return context->call.resume(&context->call);
}

static void resume_on_net(struct request_context *context)
{
	enum err result = resume(context);

	if (result != ERR_PARKED)
		call_finish(context, result);
}

static void leave_group(struct group_answer *answer)
{
	leave(container_of(answer, struct request_context, group_answer), answer->result);
}

/* On the control thread, the outcome waits for the sync of the call's group. A parked call may have
 * ended on another thread by now. */
static void leave_control(struct request_context *context, enum err result)
{
	if (result == ERR_PARKED)
		return;
	context->group_answer.leave = leave_group;
	if (!group_hold(context->call.core, &context->group_answer, result))
		leave(context, result);
}

static void resume_on_control(struct request_context *context)
{
	leave_control(context, resume(context));
}

static enum err run_handler(struct call *call)
{
	return call->operation->run(call, call->in, call->out);
}

static void begin_on_control(struct request_context *context)
{
	leave_control(context, run_handler(&context->call));
}

/* Continues with call.resume, on the call's own thread. */
static void go_on(struct request_context *context)
{
	if (is_on_control(context)) {
		context->hop.run = resume_on_control;
		context_hop_to_control(&context->hop);
	} else {
		context->hop.run = resume_on_net;
		context_hop_home(&context->hop);
	}
}

/* ---- workers ---- */

/* The step's result on a worker; afterwards the call is with another thread. */
static void leave_worker(struct request_context *context, enum err result)
{
	check(result != ERR_PARKED); /* a worker's handler does not park */
	context->is_on_worker = false;
	if (result == ERR_OK && context->call.resume)
		go_on(context);
	else
		leave(context, result);
}

/* The step does not run; `reason` is the fault's text. */
static void leave_undone(struct request_context *context, const char *reason)
{
	enum err result = fail(&context->call, &common_faults[FAULT_UNAVAILABLE], "%s", reason);

	context->call.resume = context->undone;
	if (context->undone)
		go_on(context);
	else
		leave(context, result);
}

void call_on_undone(struct call *call, resume_fn undone)
{
	request_context_of(call)->undone = undone;
}

static void run_step(struct work *work, bool may_run)
{
	struct request_context *context = container_of(work, struct request_context, work);

	check(context->magic == REQUEST_CONTEXT_MAGIC);
	if (!may_run) {
		leave_undone(context, "The server is stopping.");
		return;
	}
	context->is_on_worker = true;
	leave_worker(context, context->step(&context->call));
}

enum err call_work(struct call *call, size_t size, resume_fn step, resume_fn resume_call)
{
	struct request_context *context = request_context_of(call);

	check(call->operation->uses_workers);
	if (context->is_on_worker) {
		enum err err = step(call);
		return err || !resume_call ? err : resume_call(call);
	}
	/* The client left while the queue engine had the call: the answer is not sent. */
	if (!is_on_control(context) && context->has_left)
		return fail(call, &common_faults[FAULT_UNAVAILABLE],
			    "The connection was closed while the request waited.");
	context->step = step;
	call->resume = resume_call;
	context->work.run = run_step;
	context->work.size = size + context->size;
	context->work.account = call->principal ? call->principal->account : (struct str){0};
	if (!worker_submit(call->core->workers, &context->work))
		return call_refuse_throttled(call);
	return ERR_PARKED;
}

/* ---- beginning ---- */

void call_begin(struct request_context *context)
{
	struct call *call = &context->call;

	check(context->answer);
	check(call->principal);
	enum err err = constraint_check(call);
	if (err) {
		call_finish(context, err);
		return;
	}
	err = ERR_PARKED;
	switch (call->operation->place) {
	case OPERATION_ON_CONTROL:
		context->hop.run = begin_on_control;
		context_hop_to_control(&context->hop);
		break;
	case OPERATION_ON_WORKER:
		err = call_work(call, 0, run_handler, NULL);
		break;
	case OPERATION_ON_NET:
		/* The control thread sees changes before their sync, and its answers would not
		 * wait for it. The engine learns of new queues after it. */
		err = context->home ? ERR_OK : core_leave_group(call->core);
		if (!err)
			err = run_handler(call);
		break;
	}
	if (err != ERR_PARKED)
		call_finish(context, err);
}

/* ---- the engine ---- */

/* The engine's thread: the command is answered. */
static void on_command_done(struct queue_command *command)
{
	struct request_context *context = request_context_of(command->context);

	if (!is_on_control(context) &&
	    runner_net_thread(runner_of(context->call.core, command->queue)) == context->home)
		resume_on_net(context);
	else
		go_on(context);
}

enum err call_submit(struct call *call, struct queue_command *command, resume_fn resume_call)
{
	(void)request_context_of(call); /* checks that the call is part of a context */
	check(!call->command);
	command->now_ms = call->now_ms;
	command->done = on_command_done;
	command->context = call;
	call->command = command;
	call->resume = resume_call;
	queue_submit(engine_of(call->core, command->queue), command);
	return ERR_PARKED;
}

/* ---- other events ---- */

enum err call_wait(struct call *call, resume_fn resume_call)
{
	(void)request_context_of(call); /* checks that the call is part of a context */
	check(!call->command);
	call->resume = resume_call;
	return ERR_PARKED;
}

void call_go_on(struct call *call)
{
	go_on(request_context_of(call));
}

/* ---- clients that leave ---- */

static void on_cancelled(struct request_context *context)
{
	heap_free(context->cancel);
	context->cancel = NULL;
	if (context->is_ended)
		call_finish(context, context->result);
}

static void cancel_answered(struct queue_command *command)
{
	struct call_cancel *cancel = container_of(command, struct call_cancel, command);

	context_hop_home(&cancel->hop);
}

static void cancel_receive(struct request_context *context)
{
	struct call_cancel *cancel = heap_alloc(sizeof(*cancel));

	check(!context->cancel);
	cancel->hop.context = context;
	cancel->hop.run = on_cancelled;
	cancel->command.type = QUEUE_CANCEL;
	cancel->command.queue = context->call.command->queue;
	cancel->command.now_ms = clock_now_ms();
	cancel->command.cancel = context->call.command;
	cancel->command.done = cancel_answered;
	context->cancel = cancel;
	queue_submit(engine_of(context->call.core, cancel->command.queue), &cancel->command);
}

void call_abort(struct request_context *context)
{
	struct call *call = &context->call;

	check(context->magic == REQUEST_CONTEXT_MAGIC);
	context->has_left = true;
	/* A client closes its side at its timeout: then the answer is not sent. */
	if (worker_cancel(call->core->workers, &context->work)) {
		leave_undone(context, "The connection was closed while the request waited.");
		return;
	}
	/* The control thread owns the command of a call that runs there, unless it is the home. */
	bool is_elsewhere = is_on_control(context) && context->home;
	if (is_elsewhere || context->cancel)
		return;
	if (call->command && call->command->type == QUEUE_RECEIVE)
		cancel_receive(context);
}
