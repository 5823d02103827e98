/* SPDX-License-Identifier: MIT */
/*
 * identity: the catalog has its record in its meta table, the log has it in a file.
 *
 * A start writes into the log what the next generation will be, then commits it to the catalog,
 * then makes it the log's current one. Between these steps the catalog may have either; after them
 * only the new one, so a catalog from before the start does not agree any more.
 */
#include "server/identity.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "journal/layout.h"

#define FILE_NAME "identity"
/* The journal removes files of this ending that a crash left. */
#define TEMPORARY "identity.new"
#define RECORD STR("identity")
#define MAGIC 0x31496e74u /* "tnI1" */

enum { VERSION = 1 };
enum file_layout {
	FILE_MAGIC = 0,	   /* u32 */
	FILE_VERSION = 4,  /* u32 */
	FILE_ID = 8,	   /* 16 bytes */
	FILE_CURRENT = 24, /* a generation */
	FILE_NEXT = 48,	   /* a generation */
	FILE_CRC = 72,	   /* u32, of what stands before */
	FILE_SIZE = 76,
};
enum generation_layout {
	GENERATION_NUMBER = 0, /* u64 */
	GENERATION_RANDOM = 8, /* u64 */
	GENERATION_STARTED = 16,
	GENERATION_SIZE = 24,
};
enum { RECORD_SIZE_ALL = IDENTITY_SIZE + GENERATION_SIZE };

/* ---- bytes ---- */

static void put_generation(char *at, const struct generation *generation)
{
	put_u64(at + GENERATION_NUMBER, generation->number);
	put_u64(at + GENERATION_RANDOM, generation->random);
	put_u64(at + GENERATION_STARTED, (uint64_t)generation->started_ms);
}

static struct generation get_generation(const char *at)
{
	return (struct generation){
		.number = get_u64(at + GENERATION_NUMBER),
		.random = get_u64(at + GENERATION_RANDOM),
		.started_ms = (int64_t)get_u64(at + GENERATION_STARTED),
	};
}

static bool is_same(const struct generation *a, const struct generation *b)
{
	return a->number != 0 && a->number == b->number && a->random == b->random;
}

/* ---- the log's ---- */

static enum err load_file(struct disk *disk, struct identity *out)
{
	char bytes[FILE_SIZE];
	struct disk_file *file;

	enum err err = disk->ops->open(disk, FILE_NAME, false, &file);
	if (err)
		return err;
	err = disk->ops->read(disk, file, 0, bytes, sizeof(bytes));
	disk->ops->close(disk, file);
	if (err)
		return err;
	if (get_u32(bytes + FILE_MAGIC) != MAGIC ||
	    get_u32(bytes + FILE_CRC) != crc32c(0, str_of(bytes, FILE_CRC)))
		return ERR_DAMAGED;
	if (get_u32(bytes + FILE_VERSION) != VERSION)
		return ERR_VERSION;
	memcpy(out->id, bytes + FILE_ID, IDENTITY_SIZE);
	out->current = get_generation(bytes + FILE_CURRENT);
	out->next = get_generation(bytes + FILE_NEXT);
	return ERR_OK;
}

static enum err save_file(struct disk *disk, const struct identity *identity)
{
	char bytes[FILE_SIZE];
	struct disk_file *file;

	put_u32(bytes + FILE_MAGIC, MAGIC);
	put_u32(bytes + FILE_VERSION, VERSION);
	memcpy(bytes + FILE_ID, identity->id, IDENTITY_SIZE);
	put_generation(bytes + FILE_CURRENT, &identity->current);
	put_generation(bytes + FILE_NEXT, &identity->next);
	put_u32(bytes + FILE_CRC, crc32c(0, str_of(bytes, FILE_CRC)));
	enum err err = disk->ops->open(disk, TEMPORARY, true, &file);
	if (err)
		return err;
	err = disk->ops->write(disk, file, 0, str_of(bytes, sizeof(bytes)));
	if (!err)
		err = disk->ops->sync(disk, file);
	disk->ops->close(disk, file);
	if (!err)
		err = disk->ops->rename(disk, TEMPORARY, FILE_NAME);
	if (!err)
		err = disk->ops->sync_dir(disk);
	return err;
}

/* ---- the catalog's ---- */

static enum err load_record(struct catalog *catalog, struct identity *out)
{
	struct str value;

	enum err err = catalog_begin(catalog, false);
	if (err)
		return err;
	err = catalog_get(catalog, CATALOG_META, RECORD, &value);
	if (!err && value.size != RECORD_SIZE_ALL)
		err = ERR_DAMAGED;
	if (!err) {
		memcpy(out->id, value.data, IDENTITY_SIZE);
		out->current = get_generation(value.data + IDENTITY_SIZE);
	}
	catalog_abort(catalog);
	return err;
}

/* Durable whatever the durability of messages is: the log's is, and must not be ahead. */
static enum err save_record(struct catalog *catalog, const uint8_t *id,
			    const struct generation *generation)
{
	char bytes[RECORD_SIZE_ALL];

	memcpy(bytes, id, IDENTITY_SIZE);
	put_generation(bytes + IDENTITY_SIZE, generation);
	enum err err = catalog_begin(catalog, true);
	if (err)
		return err;
	err = catalog_put(catalog, CATALOG_META, RECORD, str_of(bytes, sizeof(bytes)));
	if (err) {
		catalog_abort(catalog);
		return err;
	}
	err = catalog_commit(catalog);
	return err ? err : catalog_sync(catalog);
}

/* ---- looking ---- */

static void visit_name(void *context, const char *text)
{
	struct str name = str_from(text);

	if (str_starts(name, STR("segment-")) || str_starts(name, STR("checkpoint-")) ||
	    str_equal(name, STR("journal.meta")))
		*(bool *)context = true;
}

enum err parts_survey(struct disk *disk, const char *catalog_file, struct parts *out_parts)
{
	struct parts parts = {0};
	struct stat status;

	enum err found = load_file(disk, &parts.identity);
	if (found && found != ERR_NOTFOUND && found != ERR_DAMAGED)
		return found;
	parts.has_identity = !found;
	parts.has_log =
		found == ERR_DAMAGED || (parts.has_identity && parts.identity.current.number > 0);
	enum err err = disk->ops->list(disk, visit_name, &parts.has_log);
	if (err)
		return err;
	parts.has_catalog = stat(catalog_file, &status) == 0 && status.st_size > 0;
	*out_parts = parts;
	return found == ERR_DAMAGED ? found : ERR_OK;
}

bool parts_are_complete(const struct settings *settings, const struct parts *parts, char *problem,
			size_t size)
{
	struct str data = settings->data;

	if (parts_are_new(parts))
		return true;
	if (!parts->has_catalog)
		snprintf(
			problem, size,
			"the data directory %.*s has messages in log/ but no catalog/ that names "
			"their queues and opens them: put catalog/ and root.key of the same backup "
			"back; to begin anew, move log/ away",
			STR_ARG(data));
	else if (!parts->has_log)
		snprintf(
			problem, size,
			"the data directory %.*s has queues in catalog/ but no log/ with their "
			"messages: put log/ of the same backup back; to go on without any message, "
			"run ternd --data %.*s --repair join",
			STR_ARG(data), STR_ARG(data));
	return parts->has_catalog && parts->has_log;
}

/* Names the part from another time and the remedies. */
static void explain_times(const struct settings *settings, const struct generation *log,
			  const struct generation *catalog, char *problem, size_t size)
{
	bool is_catalog_older =
		catalog->number < log->number ||
		(catalog->number == log->number && catalog->started_ms <= log->started_ms);
	char log_time[CLOCK_TEXT_MAX], catalog_time[CLOCK_TEXT_MAX];

	(void)clock_format_iso(log->started_ms, log_time);
	(void)clock_format_iso(catalog->started_ms, catalog_time);
	snprintf(problem, size,
		 "%s of the data directory %.*s is older than %s: the start of %s was the last "
		 "with this catalog/, that of %s the last with this log/. Put both back from one "
		 "backup; if what happened in between may be lost, run ternd --data %.*s --repair "
		 "join",
		 is_catalog_older ? "catalog/" : "log/", STR_ARG(settings->data),
		 is_catalog_older ? "log/" : "catalog/", catalog_time, log_time,
		 STR_ARG(settings->data));
}

bool parts_agree(const struct settings *settings, const struct parts *parts,
		 struct catalog *catalog, char *problem, size_t size)
{
	const struct identity *log = &parts->identity;
	struct identity theirs = {0};

	enum err err = load_record(catalog, &theirs);
	if (err == ERR_NOTFOUND && parts_are_new(parts))
		return true;
	if (err && err != ERR_NOTFOUND)
		snprintf(problem, size, "the catalog of %.*s cannot be read: %.*s",
			 STR_ARG(settings->data), STR_ARG(err_text(err)));
	else if (err || !parts->has_identity || memcmp(theirs.id, log->id, IDENTITY_SIZE) != 0)
		snprintf(problem, size,
			 "catalog/ and log/ of %.*s are from different data directories. Put both "
			 "back from one backup; if they belong together all the same, run ternd "
			 "--data %.*s --repair join",
			 STR_ARG(settings->data), STR_ARG(settings->data));
	else if (is_same(&theirs.current, &log->current) || is_same(&theirs.current, &log->next))
		return true;
	else
		explain_times(settings, &log->current, &theirs.current, problem, size);
	return false;
}

/* ---- changing ---- */

static struct generation draw(uint64_t number)
{
	struct generation generation = {.number = number, .started_ms = clock_now_ms()};

	random_bytes(&generation.random, sizeof(generation.random));
	return generation;
}

enum err identity_begin(struct disk *disk, struct parts *parts)
{
	struct identity begun = {.next = draw(1)};

	check(parts_are_new(parts));
	if (parts->has_identity)
		return ERR_OK;
	random_bytes(begun.id, sizeof(begun.id));
	enum err err = save_file(disk, &begun);
	if (err)
		return err;
	parts->identity = begun;
	parts->has_identity = true;
	return ERR_OK;
}

enum err identity_advance(struct disk *disk, struct catalog *catalog,
			  const struct identity *identity)
{
	struct identity changed = *identity, theirs;

	/* The catalog has the log's current one, or the next one of a start that did not end. */
	enum err err = load_record(catalog, &theirs);
	if (err && err != ERR_NOTFOUND)
		return err;
	changed.current = err ? (struct generation){0} : theirs.current;
	changed.next = draw(changed.current.number + 1);
	err = save_file(disk, &changed);
	if (!err)
		err = save_record(catalog, changed.id, &changed.next);
	if (err)
		return err;
	changed.current = changed.next;
	changed.next = (struct generation){0};
	return save_file(disk, &changed);
}

enum err identity_join(struct disk *disk, struct catalog *catalog)
{
	struct identity theirs = {0}, ours = {0}, joined = {0};

	(void)load_file(disk, &ours); /* what cannot be read is replaced */
	(void)load_record(catalog, &theirs);
	random_bytes(joined.id, sizeof(joined.id));
	joined.current =
		draw(1 + (ours.current.number > theirs.current.number ? ours.current.number
								      : theirs.current.number));
	enum err err = save_record(catalog, joined.id, &joined.current);
	return err ? err : save_file(disk, &joined);
}
