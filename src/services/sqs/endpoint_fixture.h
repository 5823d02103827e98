/* SPDX-License-Identifier: MIT */
/*
 * endpoint_fixture: an HTTP endpoint of a test's process, on a thread that lives as long as it.
 */
#ifndef TERN_SERVICES_SQS_ENDPOINT_FIXTURE_H
#define TERN_SERVICES_SQS_ENDPOINT_FIXTURE_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fixture.h"

/* It answers with the statuses of `script`, then with the last of them; 0: not at all. */

static int endpoint_port;
static _Atomic int script[8];
static _Atomic size_t requests;

static void *serve(void *context)
{
	int listener = (int)(intptr_t)context;

	for (;;) {
		char text[4096];
		int peer = accept(listener, NULL, NULL);
		if (peer < 0)
			continue;
		ssize_t size = read(peer, text, sizeof(text));
		size_t number = atomic_fetch_add(&requests, 1);
		int status = atomic_load(&script[number < 7 ? number : 7]);
		if (size > 0 && status > 0) {
			int length = snprintf(text, sizeof(text),
					      "HTTP/1.1 %d X\r\nContent-Length: 5\r\n"
					      "Connection: close\r\n\r\nhello",
					      status);
			(void)send(peer, text, (size_t)length, MSG_NOSIGNAL);
		}
		close(peer);
	}
	return NULL;
}

static void serve_script(const int statuses[8])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	pthread_t thread;

	for (int i = 0; i < 8; i++)
		atomic_store(&script[i], statuses[i]);
	atomic_store(&requests, 0);
	if (endpoint_port)
		return;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 64), 0);
	getsockname(listener, (struct sockaddr *)&address, &size);
	endpoint_port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&thread, NULL, serve, (void *)(intptr_t)listener), 0);
}

#endif
