/* record_private.h - the parts of decoding a Backup. */
#ifndef BRDECK_BACKUP_RECORD_PRIVATE_H
#define BRDECK_BACKUP_RECORD_PRIVATE_H

#include <brdeck/backup/record.h>
#include <brdeck/base/str.h>

/* A string of the record that will be packed behind it: where its pointer goes, and the bytes, borrowed from the
 * JSON. */
struct pack_text {
    const char **to;
    const char *bytes;
    size_t len;
};

enum { MESSAGE_MAX = 200, MESSAGE_TAIL = 63, CUTS_MAX = LOG_COMMAND_COUNT + 1 };
enum { PACK_MAX = 24 + 3 * LOG_COMMAND_COUNT, OWN_LABELS_MAX = 4096 };

/* A record in the making. */
struct decode {
    struct backup_record record;
    struct backup_sub subs[LOG_COMMAND_COUNT];
    size_t sub_count;
    struct pack_text texts[PACK_MAX];
    size_t text_count;
    char cuts[CUTS_MAX][MESSAGE_MAX]; /* messages of which only beginning and end are kept */
    size_t cut_count;
    struct intern *pool;
    struct str storage;
};

/* Remember that *@to will be a copy of the @len bytes; NULL @bytes: it stays as it is. */
void decode_keep(struct decode *d, const char **to, const char *bytes, size_t len);
void decode_keep_text(struct decode *d, const char **to, const char *text);

void decode_metadata(struct decode *d, const struct json *object);
/* When what a log backup shall do was last written, as metadata.managedFields has it; 0: not told. */
int64_t decode_asked_ms(const struct json *object);
void decode_spec(struct decode *d, const struct json *spec);
void decode_status(struct decode *d, const struct json *status);

#endif
