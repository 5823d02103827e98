/* SPDX-License-Identifier: MIT */
/*
 * network: IP addresses and networks in CIDR notation, as numbers. Pure functions, any thread.
 */
#ifndef TERN_BASE_NETWORK_H
#define TERN_BASE_NETWORK_H

#include "base/str.h"

enum { NETWORK_ADDRESS_SIZE = 16 };

struct network {
	uint8_t address[NETWORK_ADDRESS_SIZE]; /* an IPv4 address is mapped into IPv6 */
	unsigned prefix;		       /* bits */
};

/* "192.0.2.1" or "2001:db8::1"; *out_is_v4 tells which. */
bool network_parse_address(struct str text, uint8_t out_address[NETWORK_ADDRESS_SIZE],
			   bool *out_is_v4);
/* "192.0.2.0/24", "2001:db8::/32", or an address. */
bool network_parse(struct str text, struct network *out_network);
bool network_has(const struct network *network, const uint8_t address[NETWORK_ADDRESS_SIZE]);

#endif
