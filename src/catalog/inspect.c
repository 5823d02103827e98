/* SPDX-License-Identifier: MIT */
/*
 * inspect: the format of LMDB 0.9 (data version 1) on 64-bit machines, by explicit offsets.
 *
 * Pages 0 and 1 are meta pages, written in turn: the one with the higher transaction number has the
 * roots of two trees. The tree of free pages has a list of page numbers a transaction; the main
 * tree has a record a table, which holds the root of the table's tree. A value too large for a page
 * lies in pages of its own, which have one header.
 *
 * LMDB writes numbers in the machine's byte order; ternd runs on little-endian machines only.
 */
#include "catalog/inspect.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

static_assert(BYTES_IS_LITTLE, "LMDB writes numbers in the machine's order");

enum meta_layout {
	META_MAGIC = 16,   /* u32; it follows a page header */
	META_VERSION = 20, /* u32 */
	META_FREE = 40,	   /* the tree of free pages */
	META_MAIN = 88,	   /* the main tree */
	META_LAST = 136,   /* u64: the last page */
	META_TRANSACTION = 144,
	META_END = 152,
};

enum page_layout {
	PAGE_NUMBER = 0,    /* u64 */
	PAGE_FLAGS = 10,    /* u16 */
	PAGE_LOWER = 12,    /* u16: the end of the nodes' offsets */
	PAGE_UPPER = 14,    /* u16: offset of the first node */
	PAGE_OVERFLOW = 12, /* u32, of a value's first page: the number of pages */
	PAGE_HEADER = 16,   /* then the offsets, u16 each */
};
enum { FLAG_BRANCH = 1, FLAG_LEAF = 2, FLAG_OVERFLOW = 4, FLAG_META = 8, FLAG_KINDS = 0x6f };

enum node_layout {
	NODE_LOW = 0,	/* u16, u16, u16: the child's page; of a leaf, size and flags */
	NODE_FLAGS = 4, /* u16 */
	NODE_KEY = 6,	/* u16: the key's size; then the key and, in a leaf, the value */
	NODE_HEADER = 8,
};
enum { NODE_BIG = 1, NODE_TABLE = 2 };

enum tree_layout {
	TREE_PAGE_SIZE = 0, /* u32; of the free pages' tree: the size of all pages */
	TREE_FLAGS = 4,	    /* u16 */
	TREE_DEPTH = 6,	    /* u16 */
	TREE_BRANCHES = 8,  /* u64 */
	TREE_LEAVES = 16,   /* u64 */
	TREE_OVERFLOW = 24, /* u64: pages of large values */
	TREE_ENTRIES = 32,  /* u64 */
	TREE_ROOT = 40,	    /* u64 */
	TREE_SIZE = 48,
};
#define NO_ROOT UINT64_MAX

enum { TREE_INTEGER_KEYS = 8 };
enum { FORMAT = 1, DEPTH_MAX = 32, KEY_SIZE_MAX = 511, PAGE_SIZE_MIN = 512, PAGE_SIZE_MAX = 32768 };
#define MAGIC 0xBEEFC0DEu

struct inspection {
	const char *path;
	int descriptor;
	uint64_t file_size;
	uint32_t page_size;
	uint64_t page_count;	/* the last page's number and one more */
	uint8_t *used;		/* one bit a page */
	char *pages[DEPTH_MAX]; /* one at each depth */
	size_t tables_deep;	/* pages of outer trees that are in use */
	enum err err;
};

/* Expected counts of a tree that are left while it is walked. */
struct tree {
	uint32_t depth;
	uint64_t branches, leaves, overflow, entries;
	bool is_free_list, is_main;
	bool has_last, is_last_included; /* the next key is above `last`, or may be it */
	size_t last_size;
	char last[KEY_SIZE_MAX];
};

static bool complain(struct inspection *inspection, uint64_t page, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static bool complain(struct inspection *inspection, uint64_t page, const char *format, ...)
{
	va_list arguments;
	char text[160];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (!inspection->err)
		log_event(LOG_ERROR, "the catalog is damaged",
			  log_str("file", str_from(inspection->path)),
			  log_i64("page", (int64_t)page), log_str("problem", str_from(text)));
	inspection->err = ERR_DAMAGED;
	return false;
}

static bool read_bytes(struct inspection *inspection, uint64_t offset, void *out, size_t size)
{
	char *at = out;

	while (size > 0) {
		ssize_t count = pread(inspection->descriptor, at, size, (off_t)offset);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			log_event(LOG_ERROR, "the catalog cannot be read",
				  log_str("file", str_from(inspection->path)),
				  log_i64("offset", (int64_t)offset),
				  log_str("error", str_from(count < 0 ? strerror(errno)
								      : "the file ends there")));
			inspection->err = count < 0 ? ERR_IO : ERR_DAMAGED;
			return false;
		}
		at += count;
		offset += (uint64_t)count;
		size -= (size_t)count;
	}
	return true;
}

/* Marks `count` pages as used, or free; each is one of both, once. */
static bool mark(struct inspection *inspection, uint64_t page, uint64_t count)
{
	if (page < 2 || page >= inspection->page_count || count > inspection->page_count - page)
		return complain(inspection, page, "the page is not one of the file's %llu",
				(unsigned long long)inspection->page_count);
	for (uint64_t i = page; i < page + count; i++) {
		uint8_t bit = (uint8_t)(1u << (i % 8));
		if (inspection->used[i / 8] & bit)
			return complain(inspection, i, "the page is in use twice");
		inspection->used[i / 8] |= bit;
	}
	return true;
}

/* Marks used pages with contents: they must be in the file. */
static bool use(struct inspection *inspection, uint64_t page, uint64_t count)
{
	if (!mark(inspection, page, count))
		return false;
	if ((page + count) * inspection->page_size > inspection->file_size)
		return complain(inspection, page, "the file is cut short: it has %llu bytes",
				(unsigned long long)inspection->file_size);
	return true;
}

/* ---- values ---- */

/* The pages of a large value; *out_offset is where it begins in the file. */
static bool use_big_value(struct inspection *inspection, struct tree *tree, uint64_t page,
			  uint64_t size, uint64_t *out_offset)
{
	char header[PAGE_HEADER];
	uint64_t count = (PAGE_HEADER - 1 + size) / inspection->page_size + 1;

	if (!use(inspection, page, count) ||
	    !read_bytes(inspection, page * inspection->page_size, header, sizeof(header)))
		return false;
	if (get_u64(header + PAGE_NUMBER) != page ||
	    (get_u16(header + PAGE_FLAGS) & FLAG_KINDS) != FLAG_OVERFLOW ||
	    get_u32(header + PAGE_OVERFLOW) != count)
		return complain(inspection, page, "the header of a large value is wrong");
	if (tree->overflow < count)
		return complain(inspection, page, "a table has more pages than it says");
	tree->overflow -= count;
	*out_offset = page * inspection->page_size + PAGE_HEADER;
	return true;
}

/* A list of free pages: their count, then their numbers, descending. */
static bool check_free_list(struct inspection *inspection, uint64_t page, const char *list,
			    uint64_t size)
{
	uint64_t count = size >= 8 ? get_u64(list) : 0;

	if (size < 8 || count > size / 8 - 1)
		return complain(inspection, page, "a list of free pages is longer than its record");
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t number = get_u64(list + 8 * i);
		if (i > 1 && number >= get_u64(list + 8 * (i - 1)))
			return complain(inspection, page, "a list of free pages is in no order");
		if (!mark(inspection, number, 1))
			return false;
	}
	return true;
}

static bool walk_tree(struct inspection *inspection, uint64_t page, const char *description,
		      struct tree *tree);

static bool check_value(struct inspection *inspection, struct tree *tree, uint64_t page,
			const char *value, uint64_t size, uint16_t flags)
{
	uint64_t offset = 0;
	bool is_good = true;

	if (tree->is_main) {
		struct tree table = {0};
		if (flags != NODE_TABLE || size != TREE_SIZE)
			return complain(inspection, page, "a record of the main tree is no table");
		return walk_tree(inspection, page, value, &table);
	}
	if (flags & ~NODE_BIG)
		return complain(inspection, page, "a record has unknown flags");
	if (flags & NODE_BIG) {
		if (!use_big_value(inspection, tree, get_u64(value), size, &offset))
			return false;
		if (!tree->is_free_list)
			return true;
		char *list = heap_alloc(size + 8);
		is_good = read_bytes(inspection, offset, list, size) &&
			  check_free_list(inspection, page, list, size);
		heap_free(list);
		return is_good;
	}
	return !tree->is_free_list || check_free_list(inspection, page, value, size);
}

/* ---- pages ---- */

static int compare_keys(const struct tree *tree, struct str a, struct str b)
{
	if (!tree->is_free_list)
		return str_compare(a, b);
	return get_u64(a.data) < get_u64(b.data) ? -1 : get_u64(a.data) > get_u64(b.data);
}

/* Keys ascend over the whole tree; a branch's keys separate its children. */
static bool check_key(struct inspection *inspection, struct tree *tree, uint64_t page,
		      struct str key, bool is_branch)
{
	int order;

	if (key.size == 0 || key.size > KEY_SIZE_MAX || (tree->is_free_list && key.size != 8))
		return complain(inspection, page, "a key has %zu bytes", key.size);
	order = tree->has_last ? compare_keys(tree, key, str_of(tree->last, tree->last_size)) : 1;
	if (order < 0 || (order == 0 && !tree->is_last_included))
		return complain(inspection, page, "keys are in no order");
	memcpy(tree->last, key.data, key.size);
	tree->last_size = key.size;
	tree->has_last = true;
	tree->is_last_included = is_branch;
	return true;
}

/* The `number`-th node, whole and within its page; NULL if it is damaged. */
static const char *find_node(struct inspection *inspection, uint64_t page, const char *bytes,
			     size_t number, bool is_leaf)
{
	uint32_t offset = get_u16(bytes + PAGE_HEADER + 2 * number);
	uint64_t size = NODE_HEADER;
	const char *node = bytes + offset;

	if (offset >= get_u16(bytes + PAGE_UPPER) && offset + size <= inspection->page_size) {
		uint64_t value_size = get_u32(node + NODE_LOW);
		bool is_big = get_u16(node + NODE_FLAGS) & NODE_BIG;
		size += get_u16(node + NODE_KEY);
		if (is_leaf)
			size += is_big ? 8 : value_size;
		if (offset + size <= inspection->page_size)
			return node;
	}
	complain(inspection, page, "node %zu is not within the page", number);
	return NULL;
}

/* Reads it to its place for that depth and checks its header. */
static const char *load_page(struct inspection *inspection, uint64_t page, size_t depth,
			     uint16_t kind, size_t *out_nodes)
{
	size_t place = inspection->tables_deep + depth;

	if (place >= DEPTH_MAX) {
		complain(inspection, page, "trees are too deep");
		return NULL;
	}
	if (!inspection->pages[place])
		inspection->pages[place] = heap_alloc(inspection->page_size);
	char *bytes = inspection->pages[place];
	if (!use(inspection, page, 1) ||
	    !read_bytes(inspection, page * inspection->page_size, bytes, inspection->page_size))
		return NULL;
	uint32_t lower = get_u16(bytes + PAGE_LOWER), upper = get_u16(bytes + PAGE_UPPER);
	if (get_u64(bytes + PAGE_NUMBER) != page ||
	    (get_u16(bytes + PAGE_FLAGS) & FLAG_KINDS) != kind || lower <= PAGE_HEADER ||
	    lower % 2 != 0 || lower > upper || upper > inspection->page_size) {
		complain(inspection, page, "the page's header is wrong");
		return NULL;
	}
	*out_nodes = (lower - PAGE_HEADER) / 2;
	return bytes;
}

static bool walk_leaf(struct inspection *inspection, uint64_t page, size_t depth, struct tree *tree)
{
	size_t count;

	const char *bytes = load_page(inspection, page, depth, FLAG_LEAF, &count);
	if (!bytes)
		return false;
	if (tree->leaves-- == 0)
		return complain(inspection, page, "a table has more pages than it says");
	inspection->tables_deep += depth + 1;
	bool is_good = true;
	for (size_t i = 0; i < count && is_good; i++) {
		const char *node = find_node(inspection, page, bytes, i, true);
		if (!node)
			return false;
		size_t key_size = get_u16(node + NODE_KEY);
		is_good = check_key(inspection, tree, page, str_of(node + NODE_HEADER, key_size),
				    false) &&
			  check_value(inspection, tree, page, node + NODE_HEADER + key_size,
				      get_u32(node + NODE_LOW), get_u16(node + NODE_FLAGS));
		if (is_good && tree->entries-- == 0)
			is_good =
				complain(inspection, page, "a table has more records than it says");
	}
	inspection->tables_deep -= depth + 1;
	return is_good;
}

static bool walk(struct inspection *inspection, uint64_t page, size_t depth, struct tree *tree)
{
	size_t count;

	if (depth + 1 == tree->depth)
		return walk_leaf(inspection, page, depth, tree);
	const char *bytes = load_page(inspection, page, depth, FLAG_BRANCH, &count);
	if (!bytes)
		return false;
	if (count < 2 && !tree->is_free_list)
		return complain(inspection, page, "a branch has one child");
	if (tree->branches-- == 0)
		return complain(inspection, page, "a table has more pages than it says");
	for (size_t i = 0; i < count; i++) {
		const char *node = find_node(inspection, page, bytes, i, false);
		if (!node)
			return false;
		uint64_t child = get_u32(node + NODE_LOW) | (uint64_t)get_u16(node + NODE_FLAGS)
								    << 32;
		struct str key = str_of(node + NODE_HEADER, get_u16(node + NODE_KEY));
		if (i > 0 && !check_key(inspection, tree, page, key, true))
			return false;
		if (!walk(inspection, child, depth + 1, tree))
			return false;
	}
	return true;
}

static bool walk_tree(struct inspection *inspection, uint64_t page, const char *description,
		      struct tree *tree)
{
	uint64_t root = get_u64(description + TREE_ROOT);

	tree->depth = get_u16(description + TREE_DEPTH);
	tree->branches = get_u64(description + TREE_BRANCHES);
	tree->leaves = get_u64(description + TREE_LEAVES);
	tree->overflow = get_u64(description + TREE_OVERFLOW);
	tree->entries = get_u64(description + TREE_ENTRIES);
	if (get_u16(description + TREE_FLAGS) != (tree->is_free_list ? TREE_INTEGER_KEYS : 0))
		return complain(inspection, page, "a table's flags are wrong");
	if (root == NO_ROOT ? tree->depth != 0 : tree->depth == 0 || tree->depth > DEPTH_MAX)
		return complain(inspection, page, "a table's depth is wrong");
	if (root != NO_ROOT && !walk(inspection, root, 0, tree))
		return false;
	if (tree->branches || tree->leaves || tree->overflow || tree->entries)
		return complain(inspection, page,
				"a table has fewer pages or records than it says");
	return true;
}

/* ---- the meta pages ---- */

static bool check_meta(struct inspection *inspection, const char *meta, uint64_t page)
{
	if (get_u16(meta + PAGE_FLAGS) != FLAG_META || get_u32(meta + META_MAGIC) != MAGIC)
		return complain(inspection, page, "this is no file of LMDB");
	if (get_u32(meta + META_VERSION) == FORMAT)
		return true;
	log_event(LOG_ERROR, "the catalog has another format of LMDB",
		  log_str("file", str_from(inspection->path)),
		  log_i64("format", get_u32(meta + META_VERSION)), log_i64("expected", FORMAT));
	inspection->err = ERR_VERSION;
	return false;
}

/* The page size is a member of the pages whose position it determines. */
static bool read_metas(struct inspection *inspection, char first[META_END], char second[META_END])
{
	if (inspection->file_size < META_END)
		return complain(inspection, 0, "the file is cut short: it has %llu bytes",
				(unsigned long long)inspection->file_size);
	if (!read_bytes(inspection, 0, first, META_END) || !check_meta(inspection, first, 0))
		return false;
	uint32_t page_size = get_u32(first + META_FREE + TREE_PAGE_SIZE);
	if (page_size < PAGE_SIZE_MIN || page_size > PAGE_SIZE_MAX || page_size & (page_size - 1))
		return complain(inspection, 0, "%lu is no size of a page",
				(unsigned long)page_size);
	inspection->page_size = page_size;
	if (inspection->file_size < 2ULL * page_size)
		return complain(inspection, 1, "the file is cut short: it has %llu bytes",
				(unsigned long long)inspection->file_size);
	if (!read_bytes(inspection, page_size, second, META_END) ||
	    !check_meta(inspection, second, 1))
		return false;
	if (get_u32(second + META_FREE + TREE_PAGE_SIZE) != page_size)
		return complain(inspection, 1, "the first two pages differ in the size of pages");
	return true;
}

/* As LMDB makes them, before any transaction. */
static bool is_unused(const char *meta)
{
	return get_u64(meta + META_TRANSACTION) == 0 && get_u64(meta + META_LAST) == 1 &&
	       get_u64(meta + META_FREE + TREE_ROOT) == NO_ROOT &&
	       get_u64(meta + META_MAIN + TREE_ROOT) == NO_ROOT;
}

/*
 * Transactions alternate between the two pages, so their numbers differ by one: if the last one's
 * number is damaged, LMDB would return to the previous state without an error.
 */
static bool choose_meta(struct inspection *inspection, const char *first, const char *second,
			const char **out_meta)
{
	uint64_t even = get_u64(first + META_TRANSACTION), odd = get_u64(second + META_TRANSACTION);
	bool is_even = even > odd;

	*out_meta = is_even ? first : second;
	if (is_unused(first) && is_unused(second))
		return true;
	if (is_even ? even == odd + 1 && even % 2 == 0 : odd == even + 1 && odd % 2 == 1)
		return true;
	return complain(inspection, 0, "the last transactions' numbers are %llu and %llu",
			(unsigned long long)even, (unsigned long long)odd);
}

static bool inspect(struct inspection *inspection)
{
	char first[META_END], second[META_END];
	struct tree free_list = {.is_free_list = true}, main_tree = {.is_main = true};
	const char *meta;

	if (!read_metas(inspection, first, second) ||
	    !choose_meta(inspection, first, second, &meta))
		return false;
	uint64_t last = get_u64(meta + META_LAST);
	/* Pages at the end that are free may be missing, but not most of them. */
	if (last < 1 || last / 64 > inspection->file_size / inspection->page_size + 4096)
		return complain(inspection, 0, "%llu is no number of a last page",
				(unsigned long long)last);
	inspection->page_count = last + 1;
	inspection->used = heap_alloc(inspection->page_count / 8 + 1);
	return walk_tree(inspection, 0, meta + META_FREE, &free_list) &&
	       walk_tree(inspection, 0, meta + META_MAIN, &main_tree);
}

enum err catalog_inspect(const char *path)
{
	struct inspection inspection = {.path = path};
	struct stat status;

	inspection.descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (inspection.descriptor < 0 && errno == ENOENT)
		return ERR_OK;
	if (inspection.descriptor < 0 || fstat(inspection.descriptor, &status) != 0) {
		log_event(LOG_ERROR, "the catalog cannot be opened",
			  log_str("file", str_from(path)),
			  log_str("error", str_from(strerror(errno))));
		inspection.err = ERR_IO;
	} else {
		inspection.file_size = (uint64_t)status.st_size;
		if (inspection.file_size > 0)
			(void)inspect(&inspection); /* the error is in there */
	}
	for (size_t i = 0; i < DEPTH_MAX; i++)
		heap_free(inspection.pages[i]);
	heap_free(inspection.used);
	if (inspection.descriptor >= 0)
		close(inspection.descriptor);
	return inspection.err;
}
