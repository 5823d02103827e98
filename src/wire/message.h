/* SPDX-License-Identifier: MIT */
/*
 * message: an HTTP message that is being written: an answer of a server or a request of a client.
 * One owner; any thread.
 */
#ifndef TERN_WIRE_MESSAGE_H
#define TERN_WIRE_MESSAGE_H

#include "base/base.h"
#include "http/header.h"

/* Its headers are in the arena. */
struct wire_message {
	struct arena *arena;
	struct buf *body;
	struct str request_id; /* of an answer */
	int status;	       /* of an answer; 0: not set yet */
	struct http_header *headers;
	size_t header_count, header_room;
};
/* The value is borrowed until the message has been sent. */
void wire_message_header(struct wire_message *message, struct str name, struct str value);

#endif
