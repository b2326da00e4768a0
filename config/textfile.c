/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int textfile_read(const char *path, unsigned int max_mib, const char *what, char **text,
	size_t *len, struct diag *diag)
{
	size_t max = (size_t)max_mib << 20, used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	char *buf = NULL;
	struct stat st;
	ssize_t n = 1;

	*text = NULL;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		used = max + 1;
	else if (!(buf = malloc(max + 2)))
		rc = -ENOMEM;
	while (rc == 0 && used <= max && n > 0) {
		n = read(fd, buf + used, max + 1 - used);
		if (n > 0)
			used += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			rc = -errno;
	}
	close(fd);
	if (rc == 0 && used > max) {
		diag_error(
			diag, (struct model_loc){0}, "larger than %u MiB: not %s", max_mib, what);
		rc = -EINVAL;
	}
	if (rc < 0) {
		free(buf);
		return rc;
	}
	buf[used] = '\0';
	*text = buf;
	*len = used;
	return 0;
}
