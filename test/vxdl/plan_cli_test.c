/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrctl vxdl plan as a whole: what stands in its folder, also after being killed at each step. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctrl/cli/cli.h"
#include "ctrl/plan/plan.h"

#define FILES_MAX 64
#define BEFORE "2026-11-30T00:00:00Z"
#define AFTER "2026-12-03T00:00:00Z" /* all leases are over */

/* All files of a folder but hidden ones and the lock, by name. */
struct snapshot {
	size_t n;
	char *names[FILES_MAX], *texts[FILES_MAX];
};

static char folder[64];
static struct snapshot *walking;

static char *read_text(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	assert_non_null(in);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, in) < (1 << 20) - 1);
	fclose(in);
	return text;
}

static int walk(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	const char *base = path + ftw->base;
	size_t at;

	(void)st;
	if (kind != FTW_F || base[0] == '.' || strcmp(base, "lock") == 0)
		return 0;
	assert_true(walking->n < FILES_MAX);
	for (at = walking->n++; at > 0 && strcmp(walking->names[at - 1], path) > 0; at--) {
		walking->names[at] = walking->names[at - 1];
		walking->texts[at] = walking->texts[at - 1];
	}
	walking->names[at] = strdup(path);
	walking->texts[at] = read_text(path);
	return 0;
}

static void take(struct snapshot *snapshot)
{
	memset(snapshot, 0, sizeof(*snapshot));
	walking = snapshot;
	assert_int_equal(nftw(folder, walk, 16, FTW_PHYS), 0);
}

static void drop(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n; i++) {
		free(snapshot->names[i]);
		free(snapshot->texts[i]);
	}
	snapshot->n = 0;
}

/* NULL: there is no such file. */
static const char *text_of(const struct snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->n; i++) {
		if (strcmp(snapshot->names[i], name) == 0)
			return snapshot->texts[i];
	}
	return NULL;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_equal(const struct snapshot *a, const struct snapshot *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; equal && i < a->n; i++)
		equal = is_same(a->texts[i], text_of(b, a->names[i]));
	return equal;
}

static void shell(const char *format, const char *a, const char *b)
{
	char command[512];

	snprintf(command, sizeof(command), format, a, b);
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/dev/shm/plan_cli_test_XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	plan_step_hook = NULL;
	shell("rm -rf %s %s.saved", folder, folder);
	return 0;
}

/* The exit code; the message (of MESSAGE_LEN) where there is one. Words end with NULL. */
static char message[CLI_ERROR_LEN];

static int run(bool remove, const char *at, ...)
{
	struct cli_options options = {
		.substrate = EXAMPLES "/substrate/three-sites.yaml", .output = folder, .at = at};
	char paths[8][256], *argv[8], *text = NULL;
	struct cli_error error = {0};
	const char *word;
	size_t len = 0;
	va_list words;
	int argc = 0, code;
	FILE *out = open_memstream(&text, &len);

	va_start(words, at);
	while ((word = va_arg(words, const char *)) != NULL) {
		snprintf(paths[argc], sizeof(paths[0]), remove ? "%s%s%s" : "%s/vxdl/%s.xml",
			remove ? "" : EXAMPLES, word, "");
		argv[argc] = paths[argc];
		argc++;
	}
	va_end(words);
	code = remove ? cli_vxdl_remove(argc, argv, &options, out, &error)
		      : cli_vxdl_plan(argc, argv, &options, out, &error);
	memcpy(message, error.message, sizeof(message));
	cli_error_fini(&error);
	fclose(out);
	free(text);
	return code;
}

/* ---- what stands in the folder ---- */

static void test_twice(void **state)
{
	struct snapshot first, second;
	struct stat before, after;
	char path[128];

	(void)state;
	assert_int_equal(run(false, BEFORE, "vpxi1", "vpxi2", "vpxi3", NULL), CLI_DONE);
	take(&first);
	/* Three sites, three VPXIs at each, the map and the state. */
	assert_int_equal(first.n, 3 + 9 + 2);
	snprintf(path, sizeof(path), "%s/map.json", folder);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(run(false, BEFORE, "vpxi3", "vpxi2", "vpxi1", NULL), CLI_DONE);
	assert_int_equal(run(false, BEFORE, NULL), CLI_DONE);
	take(&second);
	assert_true(is_equal(&first, &second));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino); /* not even written */
	drop(&first);
	drop(&second);
}

static void test_remove_and_expire(void **state)
{
	struct snapshot first, second;

	(void)state;
	assert_int_equal(run(false, BEFORE, "vpxi1", NULL), CLI_DONE);
	take(&first);
	assert_int_equal(run(false, BEFORE, "vpxi2", NULL), CLI_DONE);
	assert_int_equal(run(true, BEFORE, "vpxi4", NULL), CLI_REFUSED);
	assert_string_equal(message, "no VPXI 'vpxi4'");
	assert_int_equal(run(true, BEFORE, NULL), CLI_USAGE);
	assert_int_equal(run(true, BEFORE, "vpxi2", NULL), CLI_DONE);
	take(&second); /* also the files of vpxi2 are gone */
	assert_true(is_equal(&first, &second));
	drop(&second);
	assert_int_equal(run(false, AFTER, NULL), CLI_DONE);
	take(&second);
	assert_int_equal(second.n, 3 + 2);
	assert_string_equal(second.texts[0], "{\n \"vpxis\": []\n}");
	drop(&first);
	drop(&second);
}

static void test_locked(void **state)
{
	char path[128];
	int fd;

	(void)state;
	assert_int_equal(run(false, BEFORE, "vpxi1", NULL), CLI_DONE);
	snprintf(path, sizeof(path), "%s/state/lock", folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(run(false, BEFORE, "vpxi2", NULL), CLI_REFUSED);
	assert_non_null(strstr(message, "another plan is at work there"));
	close(fd);
	assert_int_equal(run(false, BEFORE, "vpxi2", NULL), CLI_DONE);
}

/* Many at once: whoever was not refused is there, all others are not. */
static void test_concurrent(void **state)
{
	static const char *const names[] = {"vpxi1", "vpxi2", "vpxi3"};
	char path[128];
	pid_t children[3];
	int status;

	(void)state;
	for (unsigned int turn = 0; turn < 20; turn++) {
		shell("rm -rf %s/%s", folder, "*");
		for (size_t i = 0; i < 3; i++) {
			children[i] = fork();
			if (children[i] == 0)
				_exit(run(false, BEFORE, names[i], NULL));
		}
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(waitpid(children[i], &status, 0), children[i]);
			assert_true(WIFEXITED(status));
			assert_in_range(WEXITSTATUS(status), CLI_DONE, CLI_REFUSED);
			snprintf(path, sizeof(path), "%s/vpxi/site1/%s.yaml", folder, names[i]);
			assert_int_equal(access(path, F_OK) == 0, WEXITSTATUS(status) == CLI_DONE);
		}
	}
}

/* ---- killed at each step ---- */

static unsigned int kill_at, n_steps;

static void step(const char *what)
{
	(void)what;
	if (++n_steps == kill_at)
		raise(SIGKILL);
}

/* Any file that others read is the old one or the new one; the map is the last to be new. */
static void judge(const struct snapshot *old, const struct snapshot *new)
{
	bool all_new = true;
	struct snapshot now;
	char map[128];

	take(&now);
	snprintf(map, sizeof(map), "%s/map.json", folder);
	for (size_t i = 0; i < now.n; i++)
		assert_true(is_same(now.texts[i], text_of(old, now.names[i])) ||
			is_same(now.texts[i], text_of(new, now.names[i])));
	for (size_t i = 0; i < new->n; i++) {
		if (strcmp(new->names[i], map) != 0)
			all_new &= is_same(new->texts[i], text_of(&now, new->names[i]));
	}
	assert_true(all_new || is_same(text_of(&now, map), text_of(old, map)));
	drop(&now);
}

/* CHANGE is tried from OLD on, and killed at one step after the other. */
static void kill_each_step(int (*change)(void))
{
	unsigned int n_old = 0, n_new = 0;
	struct snapshot old, new, now;
	char path[128];
	int status;

	take(&old);
	shell("cp -a %s %s.saved", folder, folder);
	assert_int_equal(change(), CLI_DONE);
	take(&new);
	assert_false(is_equal(&old, &new));
	snprintf(path, sizeof(path), "%s/state/vpxis.json", folder);
	for (kill_at = 1;; kill_at++) {
		const struct snapshot *meant;
		pid_t child;

		shell("rm -rf %s%s", folder, "");
		shell("cp -a %s.saved %s", folder, folder);
		child = fork();
		if (child == 0) {
			plan_step_hook = step;
			_exit(change());
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		judge(&old, &new);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), CLI_DONE);
			break;
		}
		assert_int_equal(WTERMSIG(status), SIGKILL);
		take(&now);
		meant = is_same(text_of(&now, path), text_of(&new, path)) ? &new : &old;
		drop(&now);
		n_new += meant == &new;
		n_old += meant == &old;
		/* The next plan, of nothing new, sets all right. */
		assert_int_equal(run(false, BEFORE, NULL), CLI_DONE);
		take(&now);
		assert_true(is_equal(&now, meant));
		drop(&now);
	}
	/* create, two writes, fsync; then rename and all the other files. */
	assert_int_equal(n_old, 4);
	assert_true(n_new > 20);
	drop(&old);
	drop(&new);
}

static int add_two(void)
{
	return run(false, BEFORE, "vpxi2", "vpxi3", NULL);
}

static int remove_one(void)
{
	return run(true, BEFORE, "vpxi2", NULL);
}

static void test_killed(void **state)
{
	(void)state;
	assert_int_equal(run(false, BEFORE, "vpxi1", NULL), CLI_DONE);
	kill_each_step(add_two);
}

static void test_killed_removing(void **state)
{
	(void)state;
	assert_int_equal(run(false, BEFORE, "vpxi1", "vpxi2", NULL), CLI_DONE);
	kill_each_step(remove_one);
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(test_twice),
		PLAN_TEST(test_remove_and_expire),
		PLAN_TEST(test_locked),
		PLAN_TEST(test_concurrent),
		PLAN_TEST(test_killed),
		PLAN_TEST(test_killed_removing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
