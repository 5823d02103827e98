/* SPDX-License-Identifier: MIT */
/* network: everything is IPv6, so that one comparison does. */
#include "base/network.h"

#include <arpa/inet.h>
#include <string.h>

bool network_parse_address(struct str text, uint8_t out_address[NETWORK_ADDRESS_SIZE],
			   bool *out_is_v4)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char copy[INET6_ADDRSTRLEN];

	if (text.size == 0 || text.size >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	memcpy(out_address, mapped, sizeof(mapped));
	*out_is_v4 = inet_pton(AF_INET, copy, out_address + sizeof(mapped)) == 1;
	return *out_is_v4 || inet_pton(AF_INET6, copy, out_address) == 1;
}

bool network_parse(struct str text, struct network *out_network)
{
	struct str rest = text;
	uint64_t prefix = 0;
	bool is_v4 = false;

	struct str address = str_cut(&rest, '/');
	if (!network_parse_address(address, out_network->address, &is_v4))
		return false;
	uint64_t bits = is_v4 ? 32 : 128;
	if (!rest.data)
		prefix = bits;
	else if (!str_to_u64(rest, &prefix) || prefix > bits)
		return false;
	out_network->prefix = (unsigned)(128 - bits + prefix);
	return true;
}

bool network_has(const struct network *network, const uint8_t address[NETWORK_ADDRESS_SIZE])
{
	unsigned whole = network->prefix / 8, rest = network->prefix % 8;

	if (memcmp(address, network->address, whole) != 0)
		return false;
	return rest == 0 || ((address[whole] ^ network->address[whole]) >> (8 - rest)) == 0;
}
