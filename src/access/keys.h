/* SPDX-License-Identifier: MIT */
/* keys: the format of access keys. Any thread. */
#ifndef TERN_ACCESS_KEYS_H
#define TERN_ACCESS_KEYS_H

#define ACCESS_KEY_ID_SIZE 20
#define ACCESS_KEY_SECRET_SIZE 40
/* A new key's id ("AKIA" and 16 capitals and digits) and secret, unpredictable. */
void keys_generate(char out_id[ACCESS_KEY_ID_SIZE], char out_secret[ACCESS_KEY_SECRET_SIZE]);

#endif
