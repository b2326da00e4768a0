/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/cli/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/lease.h"
#include "lib/ipaddr.h"
#include "lib/rate.h"

static int unexpected(struct cli_error *error, const char *argument)
{
	cli_error_set(error, CLI_USAGE, "unexpected argument '%.200s'", argument);
	return -EINVAL;
}

/* PARAMS is done with when a member did not fit. */
static int finish(json_t *object, json_t **params, struct cli_error *error)
{
	if (!object) {
		cli_error_set(error, CLI_USAGE, "an argument is not UTF-8");
		return -EINVAL;
	}
	*params = object;
	return 0;
}

/* A name of N_MIN to N_MAX parts between slashes, none of them empty. */
static int check_name(
	const char *name, size_t n_min, size_t n_max, const char *form, struct cli_error *error)
{
	size_t n = 1, len = strlen(name);
	bool empty = len == 0 || name[0] == '/' || name[len - 1] == '/' || strstr(name, "//");

	for (const char *at = name; *at; at++)
		n += *at == '/';
	if (!empty && n >= n_min && n <= n_max)
		return 0;
	cli_error_set(error, CLI_USAGE, "'%.200s' is not %s", name, form);
	return -EINVAL;
}

int args_vr(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	if (argc == 0) {
		cli_error_set(error, CLI_USAGE, "which virtual router? VPXI/VR is missing");
		return -EINVAL;
	}
	return args_vr_optional(argc, argv, options, params, error);
}

int args_vr_optional(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	(void)options;
	*params = NULL;
	if (argc == 0)
		return 0;
	if (argc > 1)
		return unexpected(error, argv[1]);
	if (check_name(argv[0], 2, 2, "VPXI/VR", error) < 0)
		return -EINVAL;
	return finish(json_pack("{s:s}", "vrouter", argv[0]), params, error);
}

int args_vr_slice(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	(void)options;
	if (argc < 2) {
		cli_error_set(error, CLI_USAGE, "%s is missing",
			argc == 0 ? "VPXI/VR" : "to which slice? SLICE");
		return -EINVAL;
	}
	if (argc > 2)
		return unexpected(error, argv[2]);
	if (check_name(argv[0], 2, 2, "VPXI/VR", error) < 0)
		return -EINVAL;
	return finish(json_pack("{s:s, s:s}", "vrouter", argv[0], "slice", argv[1]), params, error);
}

int args_duration(const char *text, unsigned int *ms)
{
	double value, scale = 1000;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	value = strtod(text, &end);
	if (strcmp(end, "ms") == 0)
		scale = 1;
	else if (strcmp(end, "s") != 0 && *end)
		return -EINVAL;
	value *= scale;
	if (!(value >= 1 && value <= 3600000))
		return -EINVAL;
	*ms = (unsigned int)value;
	return 0;
}

int args_latency(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	unsigned int ms;
	int rc = args_vr_optional(argc, argv, options, params, error);

	if (rc < 0 || (!options->window && !options->reset))
		return rc;
	if (!*params)
		*params = json_object();
	if (options->reset)
		json_object_set_new(*params, "reset", json_true());
	if (!options->window)
		return 0;
	if (args_duration(options->window, &ms) < 0 || ms % 1000 != 0) {
		cli_error_set(error, CLI_USAGE,
			"window '%.100s' is not a whole number of seconds, as 1s", options->window);
		json_decref(*params);
		*params = NULL;
		return -EINVAL;
	}
	json_object_set_new(*params, "window_s", json_integer(ms / 1000));
	return 0;
}

static int route_word(json_t *object, const char *word, const char *value, struct cli_error *error)
{
	struct ip_addr via;

	if (strcmp(word, "via") != 0 && strcmp(word, "dev") != 0 && strcmp(word, "metric") != 0)
		return unexpected(error, word);
	if (!value) {
		cli_error_set(error, CLI_USAGE, "'%s' needs a value", word);
		return -EINVAL;
	}
	if (word[0] == 'm') {
		char *end;
		unsigned long metric = strtoul(value, &end, 10);

		if (value[0] < '0' || value[0] > '9' || *end || metric > UINT32_MAX) {
			cli_error_set(error, CLI_USAGE, "metric '%.100s' is no number", value);
			return -EINVAL;
		}
		json_object_set_new(object, "metric", json_integer((json_int_t)metric));
		return 0;
	}
	if (word[0] == 'd') {
		if (json_object_get(object, "dev")) {
			cli_error_set(error, CLI_USAGE, "'dev' is given twice");
			return -EINVAL;
		}
		json_object_set_new(object, "dev", json_string(value));
		return 0;
	}
	if (ipaddr_parse(value, &via) < 0) {
		cli_error_set(error, CLI_USAGE, "gateway '%.100s' is no address", value);
		return -EINVAL;
	}
	if (!json_object_get(object, "via"))
		json_object_set_new(object, "via", json_array());
	json_array_append_new(json_object_get(object, "via"), json_string(value));
	return 0;
}

/* VPXI/VR PREFIX [via ADDRESS]... [dev INTERFACE] [metric N] */
int args_route(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	json_t *object;

	(void)options;
	*params = NULL;
	if (argc < 2) {
		cli_error_set(error, CLI_USAGE, "VPXI/VR and PREFIX are needed");
		return -EINVAL;
	}
	if (check_name(argv[0], 2, 2, "VPXI/VR", error) < 0)
		return -EINVAL;
	object = json_pack("{s:s, s:s}", "vrouter", argv[0], "to", argv[1]);
	for (int i = 2; object && i < argc; i += 2) {
		if (route_word(object, argv[i], i + 1 < argc ? argv[i + 1] : NULL, error) < 0) {
			json_decref(object);
			return -EINVAL;
		}
	}
	return finish(object, params, error);
}

int args_rate_show(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	(void)options;
	*params = NULL;
	if (argc == 0)
		return 0;
	if (argc > 1)
		return unexpected(error, argv[1]);
	if (check_name(argv[0], 1, 3, "VPXI[/VR[/INTERFACE]]", error) < 0)
		return -EINVAL;
	return finish(json_pack("{s:s}", "name", argv[0]), params, error);
}

/* min=R, max=R, static=R; "none" takes a minimum or maximum away. */
static int rate_word(json_t *object, const char *word, struct cli_error *error)
{
	static const char *const names[] = {"min", "max", "static"};
	static const char *const members[] = {"min_bps", "max_bps", "static_bps"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);
		uint64_t bps;

		if (strncmp(word, names[i], len) != 0 || word[len] != '=')
			continue;
		if (json_object_get(object, members[i])) {
			cli_error_set(error, CLI_USAGE, "'%s' is given twice", names[i]);
			return -EINVAL;
		}
		if (i < 2 && strcmp(word + len + 1, "none") == 0) {
			json_object_set_new(object, members[i], json_null());
			return 0;
		}
		if (rate_parse(word + len + 1, &bps) < 0 || bps > INT64_MAX) {
			cli_error_set(error, CLI_USAGE, "'%.100s' is no rate, as %s=100Mbps", word,
				names[i]);
			return -EINVAL;
		}
		json_object_set_new(object, members[i], json_integer((json_int_t)bps));
		return 0;
	}
	return unexpected(error, word);
}

int args_rate_set(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	json_t *object;

	(void)options;
	*params = NULL;
	if (argc < 2) {
		cli_error_set(error, CLI_USAGE,
			"VPXI/VR/INTERFACE and one of min=R, max=R, static=R are needed");
		return -EINVAL;
	}
	if (check_name(argv[0], 3, 3, "VPXI/VR/INTERFACE", error) < 0)
		return -EINVAL;
	object = json_pack("{s:s}", "interface", argv[0]);
	for (int i = 1; object && i < argc; i++) {
		if (rate_word(object, argv[i], error) < 0) {
			json_decref(object);
			return -EINVAL;
		}
	}
	if (json_object_get(object, "static_bps") && json_object_size(object) > 2) {
		cli_error_set(error, CLI_USAGE, "static= excludes min= and max=");
		json_decref(object);
		return -EINVAL;
	}
	return finish(object, params, error);
}

int args_vpxi(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	(void)options;
	*params = NULL;
	if (argc == 0) {
		cli_error_set(error, CLI_USAGE, "which VPXI? NAME is missing");
		return -EINVAL;
	}
	if (argc > 1)
		return unexpected(error, argv[1]);
	return finish(json_pack("{s:s}", "vpxi", argv[0]), params, error);
}

int args_time(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	int64_t time_s;

	(void)options;
	*params = NULL;
	if (argc == 0) {
		cli_error_set(error, CLI_USAGE, "which time? TIME is missing");
		return -EINVAL;
	}
	if (argc > 1)
		return unexpected(error, argv[1]);
	if (lease_time_parse(argv[0], &time_s) < 0) {
		cli_error_set(error, CLI_USAGE,
			"'%.60s' is no time in UTC such as 2026-12-01T08:00:00Z", argv[0]);
		return -EINVAL;
	}
	return finish(json_pack("{s:s}", "time", argv[0]), params, error);
}

/* The whole of a file, NUL-terminated. NULL with *error. */
static char *read_text(const char *path, struct cli_error *error)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = malloc(ARGS_FILE_MAX + 2);
	size_t len = 0;

	if (!in || !text) {
		cli_error_set(error, CLI_USAGE, "%.300s: %s", path, strerror(errno));
		goto fail;
	}
	len = fread(text, 1, ARGS_FILE_MAX + 1, in);
	if (ferror(in)) {
		cli_error_set(error, CLI_USAGE, "%.300s: %s", path, strerror(errno));
		goto fail;
	}
	if (len > ARGS_FILE_MAX || memchr(text, '\0', len)) {
		cli_error_set(error, CLI_USAGE, "%.300s: %s", path,
			len > ARGS_FILE_MAX ? "larger than 768KiB" : "not a text file");
		goto fail;
	}
	text[len] = '\0';
	if (in != stdin)
		fclose(in);
	return text;
fail:
	if (in && in != stdin)
		fclose(in);
	free(text);
	return NULL;
}

/* Of a file that a line does not take, its whole path; else NULL. The caller frees it. */
static char *large_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= ARGS_FILE_MAX)
		return NULL;
	return realpath(path, NULL);
}

int args_vpxi_file(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	char *text;
	int rc;

	(void)options;
	*params = NULL;
	if (argc == 0) {
		cli_error_set(
			error, CLI_USAGE, "which file? FILE is missing ('-': standard input)");
		return -EINVAL;
	}
	if (argc > 1)
		return unexpected(error, argv[1]);
	text = large_path(argv[0]);
	if (text) {
		rc = finish(json_pack("{s:s}", "file", text), params, error);
		free(text);
		return rc;
	}
	text = read_text(argv[0], error);
	if (!text)
		return -EINVAL;
	rc = finish(json_pack("{s:s, s:s}", "file", argv[0], "text", text), params, error);
	free(text);
	return rc;
}

/* The daemon reads the file, from wherever it runs. */
int args_reload(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error)
{
	char *path;
	int rc;

	(void)options;
	*params = NULL;
	if (argc == 0)
		return 0;
	if (argc > 1)
		return unexpected(error, argv[1]);
	path = realpath(argv[0], NULL);
	if (!path) {
		cli_error_set(error, CLI_USAGE, "%.300s: %s", argv[0], strerror(errno));
		return -EINVAL;
	}
	rc = finish(json_pack("{s:s}", "file", path), params, error);
	free(path);
	return rc;
}
