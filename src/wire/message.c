/* SPDX-License-Identifier: MIT */
/* message: the array of headers doubles when it is full. */
#include "wire/message.h"

#include <string.h>

void wire_message_header(struct wire_message *message, struct str name, struct str value)
{
	if (message->header_count == message->header_room) {
		size_t room = message->header_room ? message->header_room * 2 : 8;
		struct http_header *headers = arena_array(message->arena, struct http_header, room);
		if (message->header_count > 0)
			memcpy(headers, message->headers, message->header_count * sizeof(*headers));
		message->headers = headers;
		message->header_room = room;
	}
	message->headers[message->header_count++] = (struct http_header){name, value};
}
