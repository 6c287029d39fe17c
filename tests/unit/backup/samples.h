/* samples.h - Backups for tests: written in place, from tests/data, and recorded ones where they are at hand. */
#ifndef BRDECK_TESTS_SAMPLES_H
#define BRDECK_TESTS_SAMPLES_H

#include <stddef.h>

#include <brdeck/backup/facts.h>
#include <brdeck/backup/record.h>

/* JSON from text in which ' stands for ". NULL on a slip of the test is a failure. The caller frees. */
struct json *sample_json(const char *text);
/* A record of such text; the strings stay in the tests' one pool. */
struct backup_record *sample(const char *text);
/* A running log backup, or a complete snapshot, with the merge patch @patch (same form; NULL: none) laid over it. */
struct backup_record *sample_log(const char *patch);
struct backup_record *sample_snapshot(const char *patch);
struct json *sample_log_json(const char *patch);
struct intern *sample_pool(void);
/* Of every group of tests: times are UTC; the pool is freed. */
int sample_setup(void **state);
int sample_teardown(void **state);

/* 2026-11-22T14:00:00Z: the samples' checkpoint is 41 s before, their COMMITTS ten days. */
#define SAMPLE_NOW INT64_C(1795356000000)

/* Facts of every sort, likely and unlikely, around @now_ms; the same for the same *@seed, which it moves on. */
void sample_facts(unsigned *seed, int64_t now_ms, struct backup_facts *facts);
unsigned sample_random(unsigned *seed, unsigned below);

/* The file tests/data/backup/@name; fails the test when it is not there. The caller frees. */
char *sample_data(const char *name, size_t *len);
/* The file recorded/@name of $BRDECK_SHARED or ../shared; NULL: not at hand. The caller frees. */
char *sample_recorded(const char *name, size_t *len);
/* Each object of the real operator's recorded lives, as a record that lives for the call; where they are not at hand the test
 * is skipped. */
void sample_lives(void (*fn)(struct backup_record *r, void *user), void *user);
/* The JSON in a recorded answer, between the lines that tell request and status. */
const char *sample_body(const char *text, size_t *len);

#endif
