/* SPDX-License-Identifier: MIT */
/*
 * net: a server of net/server.h. Sockets are bound by the thread that makes the server, so that an
 * address in use is known at once, and then handed to the loops, one socket a loop and place
 * (SO_REUSEPORT): the kernel spreads connections without a lock of ours.
 */
#include "net/server.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/state.h"
#include "net/thread.h"

#define DESCRIPTORS_KEPT 256
#define GIVE_UP_MS 5000
#define THREAD_BODIES ((size_t)8 * LIMIT_HTTP_BODY_SIZE) /* room that every thread has */

/* Connections must leave descriptors to the journal and the catalog. */
static uint32_t connections_at_most(uint32_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	rlim_t kept = limit.rlim_cur / 2 < DESCRIPTORS_KEPT ? limit.rlim_cur / 2 : DESCRIPTORS_KEPT;
	return limit.rlim_cur - kept < wanted ? (uint32_t)(limit.rlim_cur - kept) : wanted;
}

static size_t held_at_least(size_t least)
{
	return least > LIMIT_HTTP_HELD_SIZE ? least : LIMIT_HTTP_HELD_SIZE;
}

struct net_server *net_server_new(const struct net_options *options)
{
	struct net_server *server = heap_alloc(sizeof(*server));
	struct net_options *own = &server->options;

	*own = *options;
	if (own->threads == 0)
		own->threads = 1;
	if (own->connections_max == 0)
		own->connections_max = LIMIT_CONNECTIONS;
	if (own->head_ms == 0)
		own->head_ms = LIMIT_HTTP_HEAD_MS;
	if (own->body_ms == 0)
		own->body_ms = LIMIT_HTTP_BODY_MS;
	if (own->idle_ms == 0)
		own->idle_ms = LIMIT_HTTP_IDLE_MS;
	if (own->give_up_ms == 0)
		own->give_up_ms = GIVE_UP_MS;
	if (own->held_max == 0)
		own->held_max = held_at_least((size_t)own->threads * THREAD_BODIES);
	own->connections_max = connections_at_most(own->connections_max);
	if (own->connections_per_source == 0)
		own->connections_per_source = own->connections_max;
	net_sources_init(&server->sources, own->connections_per_source, own->exempt,
			 own->exempt_count);
	signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&server->tls_lock, NULL);
	pthread_mutex_init(&server->places_lock, NULL);
	pthread_mutex_init(&server->start_lock, NULL);
	list_init(&server->places);
	server->threads = heap_alloc(own->threads * sizeof(*server->threads));
	for (uint32_t i = 0; i < own->threads; i++) {
		server->threads[i] = heap_alloc(sizeof(struct net_thread));
		net_thread_init(server->threads[i], server, i);
		/* The first ones get what the division leaves over, and each thread one at least.
		 */
		uint32_t share = (own->connections_max + own->threads - 1 - i) / own->threads;
		server->threads[i]->connections_max = share ? share : 1;
	}
	return server;
}

void net_server_set_tls(struct net_server *server, struct tls_context *context)
{
	pthread_mutex_lock(&server->tls_lock);
	struct tls_context *old = server->tls;
	server->tls = context;
	pthread_mutex_unlock(&server->tls_lock);
	tls_context_free(&old);
}

static struct net_place *place_new(struct net_server *server, struct str address, bool is_unix)
{
	struct net_place *place = heap_alloc(sizeof(*place));

	place->text = heap_copy(address);
	place->is_unix = is_unix;
	place->descriptors = heap_alloc(server->options.threads * sizeof(int));
	return place;
}

static void place_free(struct net_place *place)
{
	heap_free((void *)place->text.data);
	heap_free(place->descriptors);
	heap_free(place);
}

static enum err refusal(void)
{
	return errno == EADDRINUSE ? ERR_BUSY : ERR_IO;
}

/* A socket file without a listener was left behind by a process that was killed. */
static void remove_stale(const struct sockaddr_un *name)
{
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (descriptor < 0)
		return;
	if (connect(descriptor, (const struct sockaddr *)name, sizeof(*name)) != 0 &&
	    errno == ECONNREFUSED)
		unlink(name->sun_path);
	close(descriptor);
}

static enum err listen_unix(struct net_server *server, struct str address,
			    struct net_place **out_place)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct str path = str_slice(address, 5, SIZE_MAX);
	uint32_t threads = server->options.threads;

	if (path.size == 0 || path.size >= sizeof(name.sun_path))
		return ERR_INVALID;
	memcpy(name.sun_path, path.data, path.size);
	remove_stale(&name);
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		return ERR_IO;
	if (bind(descriptor, (const struct sockaddr *)&name, sizeof(name)) != 0) {
		enum err err = refusal();
		close(descriptor);
		return err;
	}
	*out_place = place_new(server, address, true);
	(*out_place)->descriptors[0] = descriptor;
	for (uint32_t i = 1; i < threads; i++)
		(*out_place)->descriptors[i] = dup(descriptor);
	return ERR_OK;
}

static enum err bind_tcp(const struct addrinfo *place, bool is_shared, int *out_descriptor)
{
	int one = 1;
	int descriptor = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (descriptor < 0)
		return ERR_IO;
	setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (is_shared)
		setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (place->ai_family == AF_INET6)
		setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(descriptor, place->ai_addr, place->ai_addrlen) != 0) {
		enum err err = refusal();
		close(descriptor);
		return err;
	}
	*out_descriptor = descriptor;
	return ERR_OK;
}

static uint16_t port_of(int descriptor, struct addrinfo *place)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);

	/* Remembered in `place`, so that the other threads bind the same. */
	check(getsockname(descriptor, (struct sockaddr *)&name, &size) == 0);
	memcpy(place->ai_addr, &name, size);
	if (name.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
	return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

/*
 * Sockets that share a port would also share it with another server, in silence; so the port is
 * first taken alone, and somebody who has it is found.
 */
static enum err listen_tcp(struct net_server *server, struct str address, struct addrinfo *info,
			   uint16_t *out_port, struct net_place **out_place)
{
	uint32_t threads = server->options.threads;
	int alone;

	enum err err = bind_tcp(info, false, &alone);
	if (err)
		return err;
	if (listen(alone, 4096) != 0) {
		err = refusal();
		close(alone);
		return err;
	}
	uint16_t port = port_of(alone, info);
	struct net_place *place = place_new(server, address, false);
	place->descriptors[0] = alone;
	if (threads > 1)
		close(alone);
	for (uint32_t i = 0; i < threads && threads > 1; i++) {
		err = bind_tcp(info, true, &place->descriptors[i]);
		if (err) {
			while (i-- > 0)
				close(place->descriptors[i]);
			place_free(place);
			return err;
		}
	}
	*out_port = port;
	*out_place = place;
	return ERR_OK;
}

static enum err listen_plain(struct net_server *server, struct str address, uint16_t *out_port,
			     struct net_place **out_place)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *places;
	char host[256], port[8];
	uint64_t number;

	if (str_starts(address, STR("unix:"))) {
		*out_port = 0;
		return listen_unix(server, address, out_place);
	}
	size_t colon = address.size;
	while (colon > 0 && address.data[colon - 1] != ':')
		colon--;
	if (colon < 2)
		return ERR_INVALID;
	struct str name = str_slice(address, 0, colon - 1);
	if (name.size >= 2 && name.data[0] == '[' && name.data[name.size - 1] == ']')
		name = str_slice(name, 1, name.size - 2);
	if (!str_to_u64(str_slice(address, colon, SIZE_MAX), &number) || number > UINT16_MAX ||
	    name.size >= sizeof(host))
		return ERR_INVALID;
	snprintf(host, sizeof(host), "%.*s", STR_ARG(name));
	snprintf(port, sizeof(port), "%u", (unsigned)number);
	if (getaddrinfo(host, port, &hints, &places) != 0)
		return ERR_INVALID;
	enum err err = listen_tcp(server, address, places, out_port, out_place);
	freeaddrinfo(places);
	return err;
}

static bool has_certificate(struct net_server *server)
{
	pthread_mutex_lock(&server->tls_lock);
	bool has = server->tls != NULL;
	pthread_mutex_unlock(&server->tls_lock);
	return has;
}

/* A request may be answered before net_server_start has returned. */
static void await_start(struct net_server *server)
{
	pthread_mutex_lock(&server->start_lock);
	pthread_mutex_unlock(&server->start_lock);
}

enum err net_listen(struct net_server *server, struct str address,
		    struct net_listening *out_listening)
{
	bool is_tls = str_starts(address, STR("tls:"));
	struct net_place *place;
	uint16_t port;

	if (is_tls && !has_certificate(server))
		return ERR_INVALID;
	await_start(server);
	if (is_tls)
		address = str_slice(address, 4, SIZE_MAX);
	enum err err = listen_plain(server, address, &port, &place);
	if (err)
		return err;
	place->is_tls = is_tls;
	pthread_mutex_lock(&server->places_lock);
	place->number = server->next_number++;
	list_push_back(&server->places, &place->link);
	pthread_mutex_unlock(&server->places_lock);
	*out_listening = (struct net_listening){place->number, port};
	return ERR_OK;
}

static struct net_place *find_place(struct net_server *server, uint32_t listener)
{
	struct net_place *found = NULL;

	await_start(server);
	pthread_mutex_lock(&server->places_lock);
	for (struct list *link = server->places.next; link != &server->places && !found;
	     link = link->next) {
		struct net_place *place = container_of(link, struct net_place, link);
		if (place->number == listener)
			found = place;
	}
	pthread_mutex_unlock(&server->places_lock);
	check(found != NULL);
	return found;
}

void net_serve(struct net_server *server, uint32_t listener)
{
	struct net_place *place = find_place(server, listener);

	check(server->is_started && !place->is_served);
	place->is_served = true;
	for (uint32_t i = 0; i < server->options.threads; i++)
		net_thread_order(server->threads[i], place, false);
}

static void remove_socket_file(const struct net_place *place)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (!place->is_unix)
		return;
	struct str text = str_slice(place->text, 5, SIZE_MAX);
	snprintf(path, sizeof(path), "%.*s", STR_ARG(text));
	unlink(path);
}

/* Of one that no thread has. */
static void close_descriptors(const struct net_server *server, const struct net_place *place)
{
	for (uint32_t i = 0; i < server->options.threads && !place->is_served; i++)
		close(place->descriptors[i]);
}

void net_unlisten(struct net_server *server, uint32_t listener)
{
	struct net_place *place = find_place(server, listener);

	pthread_mutex_lock(&server->places_lock);
	list_remove(&place->link);
	pthread_mutex_unlock(&server->places_lock);
	for (uint32_t i = 0; i < server->options.threads && place->is_served; i++)
		net_thread_order(server->threads[i], place, true);
	close_descriptors(server, place);
	remove_socket_file(place);
	place_free(place);
}

void net_server_start(struct net_server *server)
{
	pthread_mutex_lock(&server->start_lock);
	uv_sem_init(&server->started, 0);
	for (uint32_t i = 0; i < server->options.threads; i++) {
		struct net_thread *thread = server->threads[i];
		check(pthread_create(&thread->pthread, NULL, net_thread_main, thread) == 0);
	}
	for (uint32_t i = 0; i < server->options.threads; i++)
		uv_sem_wait(&server->started);
	for (struct list *link = server->places.next; link != &server->places; link = link->next)
		container_of(link, struct net_place, link)->is_served = true;
	server->is_started = true;
	pthread_mutex_unlock(&server->start_lock);
}

void net_server_stop(struct net_server *server, uint32_t grace_ms)
{
	if (!server->is_started)
		return;
	atomic_store(&server->grace_ms, grace_ms);
	atomic_store(&server->is_stopping, true);
	for (uint32_t i = 0; i < server->options.threads; i++)
		net_thread_wake(server->threads[i]);
	for (uint32_t i = 0; i < server->options.threads; i++)
		pthread_join(server->threads[i]->pthread, NULL);
	pthread_mutex_lock(&server->places_lock);
	for (struct list *link = server->places.next; link != &server->places; link = link->next)
		remove_socket_file(container_of(link, struct net_place, link));
	pthread_mutex_unlock(&server->places_lock);
	uv_sem_destroy(&server->started);
}

struct net_thread *net_server_thread(struct net_server *server, uint32_t index)
{
	check(index < server->options.threads);
	return server->threads[index];
}

bool net_server_drain(struct net_server *server)
{
	bool has_taken = false;

	for (uint32_t i = 0; i < server->options.threads; i++)
		has_taken |= net_thread_take_messages(server->threads[i]);
	return has_taken;
}

void net_server_free(struct net_server **server)
{
	struct net_server *old = *server;

	if (!old)
		return;
	while (!list_is_empty(&old->places)) {
		struct net_place *place = container_of(old->places.next, struct net_place, link);
		list_remove(&place->link);
		close_descriptors(old, place);
		place_free(place);
	}
	for (uint32_t i = 0; i < old->options.threads; i++) {
		net_thread_done(old->threads[i]);
		heap_free(old->threads[i]);
	}
	net_sources_done(&old->sources);
	pthread_mutex_destroy(&old->places_lock);
	pthread_mutex_destroy(&old->start_lock);
	heap_free(old->threads);
	tls_context_free(&old->tls);
	pthread_mutex_destroy(&old->tls_lock);
	heap_free(old);
	*server = NULL;
}

void net_server_stats(struct net_server *server, struct net_stats *out)
{
	*out = (struct net_stats){0};
	for (uint32_t i = 0; i < server->options.threads; i++) {
		struct net_counts *counts = &server->threads[i]->counts;
		out->connections_open += counts->connections_open;
		out->connections_accepted += counts->connections_accepted;
		out->connections_refused += counts->connections_refused;
		out->requests += counts->requests;
		out->requests_refused += counts->requests_refused;
		out->requests_aborted += counts->requests_aborted;
		out->bytes_in += counts->bytes_in;
		out->bytes_out += counts->bytes_out;
	}
}
