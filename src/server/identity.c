/* SPDX-License-Identifier: MIT */
/*
 * identity: the catalog has its record in its meta table, a log has it in a file.
 *
 * A start writes into the logs what the next generation will be, then commits it to the catalog,
 * then makes it the logs' current one. Between these steps the catalog may have either; after them
 * only the new one, so a catalog from before the start does not agree any more.
 *
 * The only log of a data directory has version 1 of the file, which is without the count of logs;
 * the catalog has the count only if there are several.
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
#define COUNT_RECORD STR("log-count")
#define MAGIC 0x31496e74u /* "tnI1" */

enum { VERSION = 1, VERSION_OF_SEVERAL = 2 };
enum file_layout {
	FILE_MAGIC = 0,	   /* u32 */
	FILE_VERSION = 4,  /* u32 */
	FILE_ID = 8,	   /* 16 bytes */
	FILE_CURRENT = 24, /* a generation */
	FILE_NEXT = 48,	   /* a generation */
	FILE_COUNT = 72,   /* u32, of VERSION_OF_SEVERAL */
	FILE_PLACE = 76,   /* likewise */
	FILE_SIZE_MAX = 84,
	HEAD_SIZE = FILE_ID,
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

/* ---- the logs' ---- */

void log_name(uint32_t place, char out[LOG_NAME_SIZE])
{
	if (place == 0)
		snprintf(out, LOG_NAME_SIZE, "log");
	else
		snprintf(out, LOG_NAME_SIZE, "log-%u", (unsigned)place);
}

/* Of what the CRC covers, which follows it. */
static size_t covered_size(uint32_t version)
{
	return version == VERSION ? FILE_COUNT : FILE_PLACE + sizeof(uint32_t);
}

static enum err read_file(struct disk *disk, struct disk_file *file, char bytes[FILE_SIZE_MAX])
{
	enum err err = disk->ops->read(disk, file, 0, bytes, HEAD_SIZE);
	if (err)
		return err;
	uint32_t version = get_u32(bytes + FILE_VERSION);
	if (get_u32(bytes + FILE_MAGIC) != MAGIC)
		return ERR_DAMAGED;
	if (version != VERSION && version != VERSION_OF_SEVERAL)
		return ERR_VERSION;
	size_t covered = covered_size(version);
	err = disk->ops->read(disk, file, 0, bytes, covered + sizeof(uint32_t));
	if (!err && get_u32(bytes + covered) != crc32c(0, str_of(bytes, covered)))
		err = ERR_DAMAGED;
	return err;
}

static enum err load_file(struct disk *disk, struct identity *out)
{
	char bytes[FILE_SIZE_MAX];
	struct disk_file *file;

	enum err err = disk->ops->open(disk, FILE_NAME, false, &file);
	if (err)
		return err;
	err = read_file(disk, file, bytes);
	disk->ops->close(disk, file);
	if (err)
		return err;
	bool is_only = get_u32(bytes + FILE_VERSION) == VERSION;
	uint32_t count = is_only ? 1 : get_u32(bytes + FILE_COUNT);
	uint32_t place = is_only ? 0 : get_u32(bytes + FILE_PLACE);
	if (count == 0 || count > LIMIT_PARTITIONS || place >= count)
		return ERR_DAMAGED;
	memcpy(out->id, bytes + FILE_ID, IDENTITY_SIZE);
	out->current = get_generation(bytes + FILE_CURRENT);
	out->next = get_generation(bytes + FILE_NEXT);
	out->log_count = count;
	out->place = place;
	return ERR_OK;
}

static enum err save_file(struct disk *disk, const struct identity *identity)
{
	uint32_t version = identity->log_count == 1 ? VERSION : VERSION_OF_SEVERAL;
	size_t covered = covered_size(version);
	char bytes[FILE_SIZE_MAX];
	struct disk_file *file;

	check(identity->place < identity->log_count);
	put_u32(bytes + FILE_MAGIC, MAGIC);
	put_u32(bytes + FILE_VERSION, version);
	memcpy(bytes + FILE_ID, identity->id, IDENTITY_SIZE);
	put_generation(bytes + FILE_CURRENT, &identity->current);
	put_generation(bytes + FILE_NEXT, &identity->next);
	if (version == VERSION_OF_SEVERAL) {
		put_u32(bytes + FILE_COUNT, identity->log_count);
		put_u32(bytes + FILE_PLACE, identity->place);
	}
	put_u32(bytes + covered, crc32c(0, str_of(bytes, covered)));
	enum err err = disk->ops->open(disk, TEMPORARY, true, &file);
	if (err)
		return err;
	err = disk->ops->write(disk, file, 0, str_of(bytes, covered + sizeof(uint32_t)));
	if (!err)
		err = disk->ops->sync(disk, file);
	disk->ops->close(disk, file);
	if (!err)
		err = disk->ops->rename(disk, TEMPORARY, FILE_NAME);
	if (!err)
		err = disk->ops->sync_dir(disk);
	return err;
}

/* The same for all logs, each with its place. */
static enum err save_files(const struct parts *parts, struct identity *identity)
{
	enum err err = ERR_OK;

	identity->log_count = parts->log_count;
	for (uint32_t i = 0; i < parts->log_count && !err; i++) {
		identity->place = i;
		err = save_file(parts->logs[i].disk, identity);
	}
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

enum err identity_log_count(struct catalog *catalog, uint32_t *out_count)
{
	uint64_t count = 1;
	struct str value;

	enum err err = catalog_begin(catalog, false);
	if (err)
		return err;
	err = catalog_get(catalog, CATALOG_META, COUNT_RECORD, &value);
	if (!err && (!str_to_u64(value, &count) || count == 0 || count > LIMIT_PARTITIONS))
		err = ERR_DAMAGED;
	catalog_abort(catalog);
	if (err && err != ERR_NOTFOUND)
		return err;
	*out_count = (uint32_t)count;
	return ERR_OK;
}

static enum err put_count(struct catalog *catalog, uint32_t count)
{
	struct buf text = {0};

	if (count == 1)
		return ERR_OK;
	buf_append_u64(&text, count);
	enum err err = catalog_put(catalog, CATALOG_META, COUNT_RECORD, buf_str(&text));
	buf_done(&text);
	return err;
}

/* Durable whatever the durability of messages is: the logs' is, and must not be ahead. */
static enum err save_record(struct catalog *catalog, const uint8_t *id,
			    const struct generation *generation, uint32_t log_count)
{
	char bytes[RECORD_SIZE_ALL];

	memcpy(bytes, id, IDENTITY_SIZE);
	put_generation(bytes + IDENTITY_SIZE, generation);
	enum err err = catalog_begin(catalog, true);
	if (err)
		return err;
	err = catalog_put(catalog, CATALOG_META, RECORD, str_of(bytes, sizeof(bytes)));
	if (!err)
		err = put_count(catalog, log_count);
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

enum err log_part_survey(struct log_part *part)
{
	struct disk *disk = part->disk;

	enum err found = load_file(disk, &part->identity);
	if (found && found != ERR_NOTFOUND && found != ERR_DAMAGED)
		return found;
	part->has_identity = !found;
	part->has_log =
		found == ERR_DAMAGED || (part->has_identity && part->identity.current.number > 0);
	enum err err = disk->ops->list(disk, visit_name, &part->has_log);
	if (err)
		return err;
	return found == ERR_DAMAGED ? found : ERR_OK;
}

/*
 * True if all logs exist, or if none does and `is_new`. A log that has an identity exists: it may
 * be the last one that the first start makes complete.
 */
static bool logs_are_complete(const struct settings *settings, const struct parts *parts,
			      bool is_new, char *problem, size_t size)
{
	char name[LOG_NAME_SIZE], other[LOG_NAME_SIZE];

	for (uint32_t i = 1; i < parts->log_count; i++) {
		const struct log_part *part = &parts->logs[i];
		if (is_new ? !part->has_log : part->has_log || part->has_identity)
			continue;
		log_name(is_new ? 0 : i, name);
		log_name(is_new ? i : 0, other);
		snprintf(problem, size,
			 "the data directory %.*s has messages in %s/ but no %s/ that belongs to "
			 "it: put %s/ of the same backup back%s",
			 STR_ARG(settings->data), other, name, name,
			 is_new ? ""
				: "; to go on without its messages, run ternd with --repair join");
		return false;
	}
	return true;
}

bool parts_are_complete(const struct settings *settings, const struct parts *parts, char *problem,
			size_t size)
{
	bool has_log = parts->logs[0].has_log;
	struct str data = settings->data;

	if (parts_are_new(parts))
		return logs_are_complete(settings, parts, true, problem, size);
	if (!parts->has_catalog)
		snprintf(
			problem, size,
			"the data directory %.*s has messages in log/ but no catalog/ that names "
			"their queues and opens them: put catalog/ and root.key of the same backup "
			"back; to begin anew, move log/ away",
			STR_ARG(data));
	else if (!has_log)
		snprintf(
			problem, size,
			"the data directory %.*s has queues in catalog/ but no log/ with their "
			"messages: put log/ of the same backup back; to go on without any message, "
			"run ternd --data %.*s --repair join",
			STR_ARG(data), STR_ARG(data));
	return parts->has_catalog && has_log &&
	       logs_are_complete(settings, parts, false, problem, size);
}

/* Names the part from another time and the remedies. */
static void explain_times(const struct settings *settings, const struct identity *identity,
			  const struct generation *catalog, char *problem, size_t size)
{
	const struct generation *log = &identity->current;
	bool is_catalog_older =
		catalog->number < log->number ||
		(catalog->number == log->number && catalog->started_ms <= log->started_ms);
	char log_time[CLOCK_TEXT_MAX], catalog_time[CLOCK_TEXT_MAX], name[LOG_NAME_SIZE];

	log_name(identity->place, name);
	(void)clock_format_iso(log->started_ms, log_time);
	(void)clock_format_iso(catalog->started_ms, catalog_time);
	snprintf(problem, size,
		 "%s/ of the data directory %.*s is older than %s/: the start of %s was the last "
		 "with this catalog/, that of %s the last with this %s/. Put both back from one "
		 "backup; if what happened in between may be lost, run ternd --data %.*s --repair "
		 "join",
		 is_catalog_older ? "catalog" : name, STR_ARG(settings->data),
		 is_catalog_older ? name : "catalog", catalog_time, log_time, name,
		 STR_ARG(settings->data));
}

static bool log_agrees(const struct settings *settings, const struct log_part *part, uint32_t place,
		       uint32_t log_count, const struct identity *theirs, char *problem,
		       size_t size)
{
	const struct identity *log = &part->identity;
	char name[LOG_NAME_SIZE];

	log_name(place, name);
	if (!part->has_identity || memcmp(theirs->id, log->id, IDENTITY_SIZE) != 0 ||
	    log->place != place || log->log_count != log_count) {
		snprintf(problem, size,
			 "catalog/ and %s/ of %.*s are from different data directories. Put both "
			 "back from one backup; if they belong together all the same, run ternd "
			 "--data %.*s --repair join",
			 name, STR_ARG(settings->data), STR_ARG(settings->data));
		return false;
	}
	if (is_same(&theirs->current, &log->current) || is_same(&theirs->current, &log->next))
		return true;
	explain_times(settings, log, &theirs->current, problem, size);
	return false;
}

bool parts_agree(const struct settings *settings, const struct parts *parts,
		 struct catalog *catalog, char *problem, size_t size)
{
	struct identity theirs = {0};
	uint32_t log_count = 0;

	enum err err = load_record(catalog, &theirs);
	if (err == ERR_NOTFOUND && parts_are_new(parts))
		return true;
	if (!err)
		err = identity_log_count(catalog, &log_count);
	if (err && err != ERR_NOTFOUND) {
		snprintf(problem, size, "the catalog of %.*s cannot be read: %.*s",
			 STR_ARG(settings->data), STR_ARG(err_text(err)));
		return false;
	}
	for (uint32_t i = 0; i < parts->log_count; i++)
		if (!log_agrees(settings, &parts->logs[i], i, log_count, &theirs, problem, size))
			return false;
	return true;
}

/* ---- changing ---- */

static struct generation draw(uint64_t number)
{
	struct generation generation = {.number = number, .started_ms = clock_now_ms()};

	random_bytes(&generation.random, sizeof(generation.random));
	return generation;
}

enum err identity_begin(struct parts *parts)
{
	const struct log_part *first = &parts->logs[0];
	struct identity begun = {.next = draw(1)};

	check(parts_are_new(parts));
	if (first->has_identity)
		begun = first->identity;
	else
		random_bytes(begun.id, sizeof(begun.id));
	/* The first log's tells that all have theirs, so it is the last. */
	begun.log_count = parts->log_count;
	for (uint32_t i = parts->log_count; i-- > 0;) {
		struct log_part *part = &parts->logs[i];
		begun.place = i;
		bool has_same = part->has_identity &&
				memcmp(part->identity.id, begun.id, IDENTITY_SIZE) == 0;
		enum err err = has_same ? ERR_OK : save_file(part->disk, &begun);
		if (err)
			return err;
		part->identity = begun;
		part->has_identity = true;
	}
	return ERR_OK;
}

enum err identity_advance(const struct parts *parts, struct catalog *catalog)
{
	struct identity changed = parts->logs[0].identity, theirs;

	/* The catalog has the logs' current one, or the next one of a start that did not end. */
	enum err err = load_record(catalog, &theirs);
	if (err && err != ERR_NOTFOUND)
		return err;
	changed.current = err ? (struct generation){0} : theirs.current;
	changed.next = draw(changed.current.number + 1);
	err = save_files(parts, &changed);
	if (!err)
		err = save_record(catalog, changed.id, &changed.next, parts->log_count);
	if (err)
		return err;
	changed.current = changed.next;
	changed.next = (struct generation){0};
	return save_files(parts, &changed);
}

enum err identity_join(const struct parts *parts, struct catalog *catalog)
{
	struct identity theirs = {0}, joined = {0};

	(void)load_record(catalog, &theirs);
	uint64_t number = theirs.current.number;
	for (uint32_t i = 0; i < parts->log_count; i++) {
		/* A log whose identity could not be read has none here: it is replaced. */
		uint64_t ours = parts->logs[i].identity.current.number;
		if (ours > number)
			number = ours;
	}
	random_bytes(joined.id, sizeof(joined.id));
	joined.current = draw(number + 1);
	enum err err = save_record(catalog, joined.id, &joined.current, parts->log_count);
	return err ? err : save_files(parts, &joined);
}
