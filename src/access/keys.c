/* SPDX-License-Identifier: MIT */
/* keys: see keys.h. */
#include "access/keys.h"

#include <string.h>

#include "base/base.h"

/* Alphabets of 32 and 64 characters: a byte's low bits choose one, each as likely as the others. */
static void generate(char *out, size_t size, const char *alphabet, uint8_t mask)
{
	random_bytes(out, size);
	for (size_t i = 0; i < size; i++)
		out[i] = alphabet[(uint8_t)out[i] & mask];
}

void keys_generate(char out_id[ACCESS_KEY_ID_SIZE], char out_secret[ACCESS_KEY_SECRET_SIZE])
{
	memcpy(out_id, "AKIA", 4);
	generate(out_id + 4, ACCESS_KEY_ID_SIZE - 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 31);
	generate(out_secret, ACCESS_KEY_SECRET_SIZE,
		 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 63);
}
