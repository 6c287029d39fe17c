/* facts.h - what is known of a Backup beside its object: the Job, its Pod, Events, PD.
 *
 * Filled by br/, kept when the record is decoded anew, read by state.h. Zero is "not known".
 */
#ifndef BRDECK_BACKUP_FACTS_H
#define BRDECK_BACKUP_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/backup/tso.h>

struct backup_facts {
    struct {
        int64_t read_ms;      /* wall; 0: PD was not asked */
        bool task_missing;    /* PD knows no such task */
        bool paused;
        int64_t paused_at_ms; /* operation_time */
        char paused_by[64];   /* operation_hostname */
        tso_t checkpoint;
        char error[200];      /* the newest last_error; "" */
        int error_store;
    } pd;
    struct {
        bool present, failed, complete;
        char uid[40], name[64];
        int64_t started_ms;
    } job;
    struct {
        bool present;
        char phase[24];       /* Pending, Running, Succeeded, Failed */
        char waiting[48];     /* ImagePullBackOff... */
        char message[200];
        int exit_code;
    } pod;
    struct {
        char reason[48];      /* the newest Warning: FailedCreate, FailedScheduling... */
        char message[200];
        int64_t at_ms;
        int count;
    } event;
};

#endif
