/* SPDX-License-Identifier: MIT */
/*
 * audit_log: hands out the audit log's files piece by piece; who asks looks for what it wants.
 *
 * A piece is bounded, so that a long log does not hold up the control thread.
 */
#include "server/admin.h"

#include "base/rotated.h"
#include "core/audit/audit.h"
#include "format/json.h"

enum { PIECE_SIZE = 1 << 20 };

static void write_files(struct admin_call *call, const struct rotated_file *files, size_t count)
{
	struct json_writer json;

	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("files"));
	json_open_array(&json);
	for (size_t i = 0; i < count; i++) {
		json_open_object(&json);
		json_key(&json, STR("id"));
		json_i64(&json, (int64_t)files[i].id);
		json_key(&json, STR("size"));
		json_i64(&json, files[i].size);
		if (files[i].stamp.size > 0) {
			json_key(&json, STR("rotated"));
			json_str(&json, files[i].stamp);
		}
		json_close_object(&json);
	}
	json_close_array(&json);
	json_close_object(&json);
}

static void write_piece(struct admin_call *call, const struct rotated_file *file)
{
	int64_t offset;
	size_t size;

	if (!admin_number(call, STR("offset"), 0, INT64_MAX, 0, &offset))
		return;
	char *bytes = arena_bytes(call->arena, PIECE_SIZE);
	if (rotated_read(file->path, offset, bytes, PIECE_SIZE, &size) != ERR_OK) {
		admin_refuse(call, 500, "the file cannot be read");
		return;
	}
	/* A piece that ends within a line is read again. */
	while (size > 0 && bytes[size - 1] != '\n')
		size--;
	call->type = STR("application/x-ndjson");
	buf_append(&call->body, str_of(bytes, size));
}

void admin_audit(struct admin_call *call)
{
	const struct audit *audit = call->server->core.audit;
	struct rotated_file *files;
	size_t count;
	int64_t id;

	if (!audit) {
		admin_refuse(call, 404, "ternd keeps no audit log; see --audit");
		return;
	}
	if (rotated_list(call->arena, audit_path(audit), &files, &count) != ERR_OK)
		count = 0; /* moved away, or no regular file: there is nothing to show */
	if (call->path.size == 0) {
		write_files(call, files, count);
		return;
	}
	for (size_t i = 0; i < count && str_to_i64(call->path, &id); i++) {
		if (files[i].id != (uint64_t)id)
			continue;
		write_piece(call, &files[i]);
		return;
	}
	admin_refuse(call, 404, "there is no such file");
}
