/* SPDX-License-Identifier: MIT */
/*
 * siv: deterministic authenticated encryption of texts shorter than 32 bytes, such as handles.
 *
 * The SIV construction of Rogaway and Shrimpton ("Deterministic Authenticated-Encryption", 2006):
 * the tag is a pseudorandom function of the text and the initial value of the encryption. Equal
 * texts give equal results, so no nonce is needed and none can be repeated. A thread keeps the
 * schedules of the last key that it used. Any thread.
 */
#ifndef TERN_BASE_SIV_H
#define TERN_BASE_SIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIV_TAG_SIZE 16
#define SIV_TEXT_SIZE_MAX 31

/* Encrypts `text` in place. */
void siv_seal(const uint8_t key[32], uint8_t *text, size_t size, uint8_t out_tag[SIV_TAG_SIZE]);
/* Decrypts `text` in place. False if it was not sealed with that key, size and tag; what is in
 * `text` then must not be used. */
bool siv_open(const uint8_t key[32], uint8_t *text, size_t size, const uint8_t tag[SIV_TAG_SIZE]);

#endif
