/* SPDX-License-Identifier: MIT */
/*
 * tickets: keys of TLS session tickets, new ones every hour.
 *
 * A holder of the key of a ticket can read what was said in its session, so keys must not live as
 * long as the process. A ticket is taken for one hour after its key was replaced. Any thread.
 */
#ifndef TERN_NET_TICKETS_H
#define TERN_NET_TICKETS_H

#include <openssl/types.h>

/* Makes the context use keys of its own; they go with it. */
void tickets_use(SSL_CTX *context);

#endif
