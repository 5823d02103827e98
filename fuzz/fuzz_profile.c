/* SPDX-License-Identifier: MIT */
/* AWS's shared files: every setting found lies within the text or is its lower-case copy. */
#include "client/profile.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of(data, size), value;
	struct profile_file file;
	struct arena arena;

	arena_init(&arena);
	for (int is_credentials = 0; is_credentials < 2; is_credentials++) {
		profile_parse(&arena, text, is_credentials, &file);
		for (size_t i = 0; i < file.setting_count; i++) {
			const struct profile_setting *setting = &file.settings[i];
			check(setting->name.size > 0);
			check_within(setting->name, text);
			check_within(setting->value, text);
			check(profile_exists(&file, setting->kind, setting->name));
			check(profile_find(&file, setting->kind, setting->name, setting->parent,
					   setting->key, &value));
		}
	}
	arena_done(&arena);
	return 0;
}
