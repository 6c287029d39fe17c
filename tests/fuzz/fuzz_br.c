/* Any bytes: what br may have written is read without a fault; and where they are JSON, they are a Backup that br's
 * command line and a Job are made of, or refused with a reason. */
#include <config.h>

#include "target.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/argv.h>
#include <brdeck/br/job.h>

static void read_answers(const char *text, size_t len)
{
    struct br_status status;
    struct br_metadata metadata;
    struct error err = {0};
    char step[8];
    double percent;
    size_t at = 0, size = br_status_find(text, len, &at);
    MUST(at + size <= len);
    bool found = br_status_parse(text, len, &status, &err);
    MUST(found == (size > 0) && found == (err.code == ERROR_NONE));
    br_status_done(&status);
    br_metadata_parse(text, len, &metadata);
    if (br_progress_parse(text, len, step, sizeof step, &percent))
        MUST(strlen(step) < sizeof step && percent >= 0);
    br_decode_parse(text, len);
}

static void make_job(const struct json *backup, enum br_command command)
{
    struct br_cluster cluster = {.pd_address = "pd:2379", .version = "v8.5.0", .tls = true, .tls_secret = "t"};
    struct br_job_spec spec = {.argv = {.command = command, .backup = backup, .cluster = &cluster, .until = 7},
                               .run_id = "1-2", .owned = true};
    struct error err = {0};
    char flag[64];
    struct json *job = br_job_manifest(&spec, &err);
    MUST(!job == (err.code != ERROR_NONE));
    if (job)
        MUST(strlen(json_text(json_at(job, "metadata", "name", NULL))) <= 63);
    json_free(&job);
    char **argv = br_argv_new(&spec.argv, &err);
    if (argv)
        free(br_argv_line("br", argv));
    br_argv_free(&argv);
    br_argv_unknown_flag(backup, command, flag, sizeof flag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    read_answers((const char *)data, size);
    struct json *backup = json_parse((const char *)data, size, &err);
    for (enum br_command c = 0; backup && c < BR_COMMAND_COUNT; c++)
        make_job(backup, c);
    json_free(&backup);
    return 0;
}
