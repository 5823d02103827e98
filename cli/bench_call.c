/* SPDX-License-Identifier: MIT */
/* One request on a connection of its own, waiting for its answer. */
#include "bench_load.h"

#include "bench_response.h"
#include "bench_socket.h"
#include <poll.h>

#define CALL_TIMEOUT_MS 30000
#define READ_SIZE ((size_t)16384)

static enum err socket_wait(const struct bench_socket *socket, short events)
{
	struct pollfd entry = {.fd = socket->fd, .events = events};

	return poll(&entry, 1, CALL_TIMEOUT_MS) > 0 ? ERR_OK : ERR_CLOSED;
}

static enum err write_all(struct bench_socket *socket, struct str bytes)
{
	while (bytes.size > 0) {
		size_t moved;
		enum err err = bench_socket_write(socket, bytes, &moved);
		if (!err && moved == 0)
			err = socket_wait(socket, POLLOUT);
		if (err)
			return err;
		bytes = str_slice(bytes, moved, SIZE_MAX);
	}
	return ERR_OK;
}

static enum err read_answer(struct bench_socket *socket, struct buf *in,
			    struct bench_response *out_response)
{
	enum bench_progress progress = BENCH_MORE;
	bool at_end = false;

	while (progress == BENCH_MORE && !at_end) {
		size_t moved;
		buf_reserve(in, READ_SIZE);
		at_end = bench_socket_read(socket, in->data + in->size, in->capacity - in->size,
					   &moved) != ERR_OK;
		if (at_end)
			moved = 0;
		else if (moved == 0 && socket_wait(socket, POLLIN))
			return ERR_CLOSED;
		in->size += moved;
		progress = bench_response_parse(in->data, in->size, at_end, out_response);
	}
	if (progress == BENCH_MALFORMED)
		return ERR_INVALID;
	return progress == BENCH_COMPLETE ? ERR_OK : ERR_CLOSED;
}

static enum err exchange(struct bench_socket *socket, struct str request, struct arena *arena,
			 int *out_status, struct str *out_answer)
{
	struct bench_response response;
	struct buf in = {0};

	enum err err = write_all(socket, request);
	if (!err)
		err = read_answer(socket, &in, &response);
	if (!err) {
		*out_status = response.status;
		*out_answer = arena_copy(arena, response.body);
	}
	buf_done(&in);
	return err;
}

enum err bench_call(const struct bench_options *options, struct arena *arena, struct str operation,
		    struct str path, const struct bench_body *body, int *out_status,
		    struct str *out_answer)
{
	struct bench_dialer *dialer;
	struct bench_socket socket;
	struct bench_signer signer;
	struct bench_head head;
	struct buf out = {0};

	enum err err = bench_dialer_new(&options->endpoint, &dialer);
	if (err)
		return err;
	bench_signer_init(&signer, options);
	bench_head_init(&head, options, operation, path);
	bench_request_write(&signer, &head, body, 0, clock_steady_ns(), &out);
	err = bench_socket_open(dialer, &socket);
	if (!err) {
		err = exchange(&socket, buf_str(&out), arena, out_status, out_answer);
		bench_socket_close(&socket);
	}
	buf_done(&out);
	bench_head_done(&head);
	bench_signer_done(&signer);
	bench_dialer_free(&dialer);
	return err;
}
