/* journal_process.h - which process wrote a line of the journal, and whether it still runs. */
#ifndef BRDECK_BR_JOURNAL_PROCESS_H
#define BRDECK_BR_JOURNAL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/json.h>

/* This one: pid, host, and where the system tells them the boot and when it began. The caller frees. */
struct json *journal_process(void);
/* Whether the process @json says of itself still runs: of this host that is known, of another not; then a line no older
 * than JOURNAL_FOREIGN_MS counts as one of a living. */
bool journal_process_lives(const struct json *json, int64_t line_ms);

#endif
