/* SPDX-License-Identifier: MIT */
/* request: requests are used again with the first block of their arena. */
#include <stdio.h>
#include <sys/socket.h>

#include "net/connection.h"
#include "net/hold.h"
#include "net/spare.h"
#include "net/state.h"

/* The connection is free for its next request. */
static void leave(struct net_request *request)
{
	struct net_connection *connection = request->connection;
	const struct net_options *options = &request->thread->server->options;

	request->thread->has_work = true;
	if (connection) {
		connection->request = NULL;
		connection->phase = NET_IDLE;
		connection->deadline_ns =
			net_turn_ns(request->thread) + (int64_t)options->idle_ms * 1000000;
	}
	net_spare_give_request(request);
}

void net_respond(struct net_request *request, int status, const struct http_header *headers,
		 size_t header_count, struct str body)
{
	struct net_connection *connection = request->connection;
	struct net_thread *thread = request->thread;

	if (!connection) {
		leave(request);
		return;
	}
	if (!request->http.is_keep_alive || thread->is_draining)
		connection->is_last = true;
	if (connection->out.capacity == 0)
		net_spare_take(thread, &connection->out);
	http_date_update(&thread->date, clock_now_ms());
	http_response_write(
		&connection->out,
		&(struct http_response){.status = status,
					.version_minor = request->http.version_minor,
					.is_keep_alive = !connection->is_last,
					.is_head_only = request->http.method == HTTP_METHOD_HEAD,
					.headers = headers,
					.header_count = header_count,
					.body = body},
		&thread->date);
	if (request->hold_ms > 0 && !thread->is_draining)
		net_hold_begin(connection, request->hold_ms);
	else if (!list_is_linked(&connection->flush_link))
		list_push_back(&thread->flush, &connection->flush_link);
	leave(request);
}

void net_request_end(struct net_request *request)
{
	struct net_connection *connection = request->connection;

	leave(request);
	if (connection)
		net_connection_close(connection);
}

void net_request_hold(struct net_request *request, uint32_t delay_ms)
{
	request->hold_ms = delay_ms;
}

static int format_peer(const struct net_connection *connection, char out[NET_PEER_SIZE])
{
	struct sockaddr_storage address;
	char host[INET6_ADDRSTRLEN];
	int size = sizeof(address);

	if (connection->handle.type == UV_NAMED_PIPE)
		return snprintf(out, NET_PEER_SIZE, "unix");
	if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size) != 0)
		return 0;
	if (address.ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
		uv_ip6_name(six, host, sizeof(host));
		return snprintf(out, NET_PEER_SIZE, "[%s]:%u", host, ntohs(six->sin6_port));
	}
	const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
	uv_ip4_name(four, host, sizeof(host));
	return snprintf(out, NET_PEER_SIZE, "%s:%u", host, ntohs(four->sin_port));
}

struct str net_request_peer(struct net_request *request)
{
	struct net_connection *connection = request->connection;

	if (!connection)
		return (struct str){0};
	if (connection->peer_size == 0)
		connection->peer_size = (uint8_t)format_peer(connection, connection->peer);
	check(connection->peer_size < NET_PEER_SIZE);
	return arena_copy(&request->arena, str_of(connection->peer, connection->peer_size));
}

bool net_request_is_unix(const struct net_request *request)
{
	return request->connection && request->connection->handle.type == UV_NAMED_PIPE;
}

bool net_request_user_id(struct net_request *request, uint32_t *out_user)
{
	struct net_connection *connection = request->connection;
	struct ucred credentials;
	socklen_t size = sizeof(credentials);
	uv_os_fd_t descriptor;

	if (!connection || connection->handle.type != UV_NAMED_PIPE ||
	    uv_fileno(&connection->handle, &descriptor) != 0 ||
	    getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
		return false;
	*out_user = credentials.uid;
	return true;
}

void net_request_tls(const struct net_request *request, struct str *out_version,
		     struct str *out_cipher)
{
	const struct tls_session *tls = request->connection ? request->connection->tls : NULL;

	*out_version = tls ? tls_session_version(tls) : (struct str){0};
	*out_cipher = tls ? tls_session_cipher(tls) : (struct str){0};
}
