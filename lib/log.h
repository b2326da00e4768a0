/* SPDX-License-Identifier: BSD-3-Clause */
/* Structured log lines on stderr: `LEVEL subject: message key=value ...`, with a time stamp unless
 * journald or the like adds its own (JOURNAL_STREAM, or HPSROUTER_LOG_TIME=0). Any thread; one
 * write a line. Never called per packet. */
#ifndef HPSR_LIB_LOG_H
#define HPSR_LIB_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* What is written: this level and the more urgent ones. Default LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* SUBJECT is what it is about: "port lan0", "vrouter vpxi1/vr1", "control". */
void log_write(enum log_level level, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(subject, ...) log_write(LOG_LEVEL_ERROR, subject, __VA_ARGS__)
#define log_warn(subject, ...) log_write(LOG_LEVEL_WARN, subject, __VA_ARGS__)
#define log_info(subject, ...) log_write(LOG_LEVEL_INFO, subject, __VA_ARGS__)
#define log_debug(subject, ...) log_write(LOG_LEVEL_DEBUG, subject, __VA_ARGS__)

#endif
