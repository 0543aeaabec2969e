/* log.h - what the runtime does, on standard error: TROUPE_LOG=gc,sched,poll. */
#ifndef TR_BASE_LOG_H
#define TR_BASE_LOG_H

enum { TR_LOG_GC = 1, TR_LOG_SCHED = 2, TR_LOG_POLL = 4 };

extern unsigned tr_log_kinds; /* written at boot, before there is a second OS thread */

/* Reads the kinds from TROUPE_LOG. False: it names one that does not exist. */
int tr_log_boot(void);
/* One line of at most 200 bytes, written at once; the arguments are printf's. Any OS thread. */
__attribute__((format(printf, 2, 3))) void tr_log_line(unsigned kind, const char *format, ...);

/* Costs a load and a branch when nobody asked for it. */
#define TR_LOG(kind, ...) ((tr_log_kinds & (kind)) ? tr_log_line(kind, __VA_ARGS__) : (void)0)

#endif
