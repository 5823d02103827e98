/* SPDX-License-Identifier: MIT */
/*
 * client: libtern as the client of a kitchen's service: client URL SERVICE reads lines "Operation
 * {input}" and writes a line of JSON for each, {"answer":{...}} or {"fault":{...}}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/call.h"
#include "format/json.h"
#include "kitchen.h"
#include "wire/json.h"

static void write_pair(struct json_writer *json, const char *name, struct str text)
{
	json_key(json, str_from(name));
	json_str(json, text);
}

static void write_fault(struct buf *out, enum err err, const struct tern_fault *fault)
{
	struct json_writer json;

	json_begin(&json, out);
	json_open_object(&json);
	json_key(&json, STR("fault"));
	json_open_object(&json);
	json_key(&json, STR("err"));
	json_i64(&json, err);
	json_key(&json, STR("status"));
	json_i64(&json, fault->status);
	json_key(&json, STR("attempts"));
	json_i64(&json, fault->attempts);
	write_pair(&json, "code", fault->code);
	write_pair(&json, "shape", fault->shape);
	write_pair(&json, "message", fault->message);
	write_pair(&json, "request_id", fault->request_id);
	json_close_object(&json);
	json_close_object(&json);
}

static void run(struct tern_call *call, const char *service, struct str line, struct buf *out)
{
	struct arena arena;
	struct str problem;

	arena_init(&arena);
	struct str name = str_cut(&line, ' ');
	const struct operation *operation = kitchen_operation(service, arena_cstr(&arena, name));
	check(operation);
	void *in = arena_alloc(&arena, operation->in->size);
	void *answer = arena_alloc(&arena, operation->out->size);
	check(wire_json_decode(&arena, line, kitchen_plain(operation)->in, in, &problem) == ERR_OK);
	enum err err = tern_call_run(call, operation, in, answer);
	if (err) {
		write_fault(out, err, tern_call_fault(call));
	} else {
		buf_append(out, STR("{\"answer\":"));
		wire_json_encode(out, kitchen_plain(operation)->out, answer);
		buf_append_char(out, '}');
	}
	arena_done(&arena);
}

int main(int argc, char **argv)
{
	char problem[TERN_PROBLEM_SIZE], *line = NULL;
	struct tern_session *session;
	struct buf out = {0};
	size_t room = 0;
	ssize_t size;

	check(argc == 3);
	const struct tern_options options = {.endpoint_url = str_from(argv[1]),
					     .access_key_id = STR("AKID"),
					     .secret_access_key = STR("secret"),
					     .region = STR("eu-west-1"),
					     .attempts_max = 1};
	check(tern_session_new(&options, &session, problem) == ERR_OK);
	struct tern_call *call = tern_call_new(session);
	while ((size = getline(&line, &room, stdin)) > 0) {
		buf_reset(&out);
		run(call, argv[2], str_of(line, (size_t)size - 1), &out);
		buf_append_char(&out, '\n');
		check(write(STDOUT_FILENO, out.data, out.size) == (ssize_t)out.size);
	}
	free(line); /* getline's */
	buf_done(&out);
	tern_call_free(&call);
	tern_session_free(&session);
	return 0;
}
