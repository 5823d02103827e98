/* SPDX-License-Identifier: MIT */
/*
 * park: where a call's handler runs, and how a parked call goes on.
 *
 * The call is with one thread at a time: its net thread, the control thread, a worker, or the
 * engine while a command is out. Each hand-over is the last thing that a thread does with the call.
 */
#include "core/box.h"
#include "core/control.h"
#include "core/faults.h"
#include "core/runner.h"
#include "core/throttle.h"

/* Ends the wait of a client that left. Outlives neither the call nor the engine's answer. */
struct call_cancel {
	struct queue_command command;
	struct dispatch_letter letter;
	struct call_box *box;
};

/* ---- net and control thread ---- */

static void on_finished(struct dispatch_letter *letter)
{
	struct call_box *box = container_of(letter, struct call_box, letter);

	call_finish(box, box->result);
}

static void post_back(struct call_box *box, void (*run)(struct dispatch_letter *))
{
	box->letter.run = run;
	net_thread_post(box->request->thread, &box->letter.letter);
}

static enum err go_on(struct call_box *box)
{
	box->call.command = NULL;
	return box->call.resume(&box->call);
}

static void resume_on_net(struct dispatch_letter *letter)
{
	struct call_box *box = container_of(letter, struct call_box, letter);

	enum err result = go_on(box);
	if (result != ERR_PARKED)
		call_finish(box, result);
}

/* From another thread than the net thread. */
static void leave(struct call_box *box, enum err result)
{
	if (result == ERR_PARKED)
		return;
	box->result = result;
	post_back(box, on_finished);
}

static void resume_on_control(struct core *core, struct core_task *task)
{
	(void)core;
	struct call_box *box = container_of(task, struct call_box, task);

	leave(box, go_on(box));
}

static void begin_on_control(struct core *core, struct core_task *task)
{
	struct call_box *box = container_of(task, struct call_box, task);
	struct call *call = &box->call;

	(void)core;
	leave(box, call->operation->run(call, call->in, call->out));
}

static bool is_at_home_on_control(const struct call *call)
{
	return call->operation->place == OPERATION_ON_CONTROL;
}

static void post_to_control(struct call_box *box, void (*run)(struct core *, struct core_task *))
{
	const struct call *call = &box->call;
	bool is_anonymous = call->principal->type == PRINCIPAL_ANONYMOUS;

	box->task.run = run;
	core_task_assign(&box->task, CORE_CALLS, is_anonymous ? STR("") : call->account);
	core_post_control(call->core, &box->task);
}

/* ---- workers ---- */

/* Goes on with call.resume, on the call's own thread. */
static void go_home(struct call_box *box)
{
	if (is_at_home_on_control(&box->call))
		post_to_control(box, resume_on_control);
	else
		post_back(box, resume_on_net);
}

/* The step's result on a worker; afterwards the call is with another thread. */
static void leave_worker(struct call_box *box, enum err result)
{
	check(result != ERR_PARKED); /* workers wait for nobody */
	box->is_on_worker = false;
	if (result == ERR_OK && box->call.resume)
		go_home(box);
	else
		leave(box, result);
}

/* The step is not run, for a reason that the client is told. */
static void leave_undone(struct call_box *box, const char *reason)
{
	enum err result = fail(&box->call, &common_faults[FAULT_UNAVAILABLE], "%s", reason);

	box->call.resume = box->undone;
	if (box->undone)
		go_home(box);
	else
		leave(box, result);
}

void call_on_undone(struct call *call, resume_fn undone)
{
	struct call_box *box = call->owner;

	box->undone = undone;
}

static void run_step(struct work *work, bool may_run)
{
	struct call_box *box = container_of(work, struct call_box, work);

	if (!may_run) {
		leave_undone(box, "The server is stopping.");
		return;
	}
	box->is_on_worker = true;
	leave_worker(box, box->step(&box->call));
}

enum err call_work(struct call *call, size_t size, resume_fn step, resume_fn resume)
{
	struct call_box *box = call->owner;

	check(call->operation->uses_workers);
	if (box->is_on_worker) {
		enum err err = step(call);
		return err || !resume ? err : resume(call);
	}
	/* The client left while the queue engine had the call: nobody reads the answer. */
	if (!is_at_home_on_control(call) && box->has_left)
		return fail(call, &common_faults[FAULT_UNAVAILABLE],
			    "The connection was closed while the request waited.");
	box->step = step;
	call->resume = resume;
	box->work.run = run_step;
	box->work.size = size + box->request->http.body.size;
	box->work.account = call->principal ? call->principal->account : (struct str){0};
	if (!worker_submit(call->core->workers, &box->work))
		return throttle_refuse(call);
	return ERR_PARKED;
}

static enum err run_handler(struct call *call)
{
	return call->operation->run(call, call->in, call->out);
}

/* ---- beginning ---- */

void call_begin(struct call_box *box)
{
	struct call *call = &box->call;
	enum err err = ERR_PARKED;

	switch (call->operation->place) {
	case OPERATION_ON_CONTROL:
		post_to_control(box, begin_on_control);
		break;
	case OPERATION_ON_WORKER:
		err = call_work(call, 0, run_handler, NULL);
		break;
	case OPERATION_ON_NET:
		err = run_handler(call);
		break;
	}
	if (err != ERR_PARKED)
		call_finish(box, err);
}

/* ---- the engine ---- */

void call_answered(struct queue_command *command)
{
	struct call *call = command->context;
	struct call_box *box = call->owner;

	if (!is_at_home_on_control(call) &&
	    runner_net_thread(call->core->runner) == box->request->thread)
		resume_on_net(&box->letter);
	else
		go_home(box);
}

/* ---- clients that leave ---- */

static void on_cancelled(struct dispatch_letter *letter)
{
	struct call_cancel *cancel = container_of(letter, struct call_cancel, letter);
	struct call_box *box = cancel->box;

	box->cancel = NULL;
	heap_free(cancel);
	if (box->is_ended)
		call_finish(box, box->result);
}

static void cancel_answered(struct queue_command *command)
{
	struct call_cancel *cancel = command->context;

	net_thread_post(cancel->box->request->thread, &cancel->letter.letter);
}

static void cancel_receive(struct call_box *box)
{
	struct call_cancel *cancel = heap_alloc(sizeof(*cancel));

	cancel->box = box;
	cancel->letter.run = on_cancelled;
	cancel->command.type = QUEUE_CANCEL;
	cancel->command.queue = box->call.command->queue;
	cancel->command.now_ms = clock_now_ms();
	cancel->command.cancel = box->call.command;
	cancel->command.done = cancel_answered;
	cancel->command.context = cancel;
	box->cancel = cancel;
	queue_submit(box->call.core->engine, &cancel->command);
}

void dispatch_abort(struct net_request *request)
{
	struct call_box *box = request->user;

	if (!box)
		return;
	box->has_left = true;
	/* A client whose patience ended closes its side: then nobody reads the answer. */
	if (worker_cancel(box->call.core->workers, &box->work)) {
		leave_undone(box, "The connection was closed while the request waited.");
		return;
	}
	/* What the control thread has the call wait for is its own. */
	if (is_at_home_on_control(&box->call) || box->cancel)
		return;
	if (box->call.command && box->call.command->type == QUEUE_RECEIVE)
		cancel_receive(box);
}
