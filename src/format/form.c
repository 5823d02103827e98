/* SPDX-License-Identifier: MIT */
/* form: texts without escapes are borrowed, the others decoded into the arena. */
#include "format/form.h"

#include <string.h>

enum err form_decode(struct arena *arena, struct str text, bool plus_is_blank, struct str *out_text)
{
	bool has_plus = plus_is_blank && str_find_char(text, '+', 0) != SIZE_MAX;

	if (!has_plus && str_find_char(text, '%', 0) == SIZE_MAX) {
		*out_text = text;
		return ERR_OK;
	}

	char *decoded = arena_bytes(arena, text.size);
	size_t size = 0;
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '%') {
			if (!hex_parse(str_slice(text, i + 1, 2), (uint8_t *)&decoded[size]) ||
			    i + 2 >= text.size)
				return ERR_INVALID;
			size++;
			i += 2;
		} else {
			decoded[size++] = c == '+' && plus_is_blank ? ' ' : c;
		}
	}
	*out_text = str_of(decoded, size);
	return ERR_OK;
}

static size_t count_pairs(struct str text)
{
	size_t count = text.size > 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '&';
	return count;
}

enum err form_add(struct arena *arena, struct str text, struct form *form)
{
	size_t more = count_pairs(text);

	if (form->count + more > LIMIT_FORM_PARAMETERS)
		return ERR_TOOLARGE;

	struct form_pair *pairs = arena_array(arena, struct form_pair, form->count + more);
	if (form->count > 0)
		memcpy(pairs, form->pairs, form->count * sizeof(*pairs));
	size_t count = form->count;
	while (text.size > 0) {
		struct str value = str_cut(&text, '&');
		if (value.size == 0)
			continue;
		struct str key = str_cut(&value, '=');
		enum err err = form_decode(arena, key, true, &pairs[count].key);
		if (err)
			return err;
		err = form_decode(arena, value, true, &pairs[count].value);
		if (err)
			return err;
		if (!pairs[count].value.data)
			pairs[count].value = STR("");
		count++;
	}
	*form = (struct form){pairs, count};
	return ERR_OK;
}

enum err form_parse(struct arena *arena, struct str text, struct form *out_form)
{
	struct form form = {0};

	enum err err = form_add(arena, text, &form);
	if (err)
		return err;
	*out_form = form;
	return ERR_OK;
}

bool form_find(const struct form *form, struct str key, struct str *out_value)
{
	for (size_t i = 0; i < form->count; i++) {
		if (!str_equal(form->pairs[i].key, key))
			continue;
		*out_value = form->pairs[i].value;
		return true;
	}
	return false;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void form_encode(struct buf *out, struct str text, bool keeps_slash)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (is_unreserved((char)c) || (keeps_slash && c == '/')) {
			buf_append_char(out, (char)c);
			continue;
		}
		buf_append_char(out, '%');
		buf_append_char(out, digits[c >> 4]);
		buf_append_char(out, digits[c & 15]);
	}
}
