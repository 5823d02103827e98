/* SPDX-License-Identifier: MIT */
/* sha1: OpenSSL's one-shot digest. */
#include "base/sha1.h"

#include <openssl/evp.h>

#include "base/check.h"

void sha1(struct str data, uint8_t out[20])
{
	check(EVP_Digest(data.data, data.size, out, NULL, EVP_sha1(), NULL) == 1);
}
