/* operator.h - the simulated TiDB Operator: what happens to Backups because of what is written
 * into them.
 *
 * Changes of Backups (and of what they need) put them in a queue; reconciling one asks decide.h
 * and starts at most one run. Durations are divided by the speed; times that are written are real.
 */
#ifndef BRDECK_SIM_OPERATOR_H
#define BRDECK_SIM_OPERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

#include "pd.h"

struct sim;
struct operator;

struct operator *operator_new(struct sim *sim);
void operator_free(struct operator **operator_);
/* Listen to changes from now on: what was loaded before is left as it is. */
void operator_start(struct operator *operator_);
/* Off: nothing is reconciled; on again: all that was put off is. */
void operator_set_running(struct operator *operator_, bool running);
/* Off: no checkpoint is written into any Backup, all else goes on: a stale operator. */
void operator_set_checkpoints(struct operator *operator_, bool written);
/* While muted, changes are not looked at (a bench touches thousands). */
void operator_mute(struct operator *operator_, bool muted);
struct pd *operator_pd(struct operator *operator_);
/* adopt.c: that PD shall know the tasks of all its log Backups that run, whoever wrote them. */
void tasks_adopt(struct operator *operator_, const char *ns, const char *service);
/* Order the next br to fail (faults.h, POST /sim/br). */
bool operator_order_failure(struct operator *operator_, const struct json *order, struct error *err);
/* Order what a PD says (faults.h, POST /sim/pd). */
bool operator_order_pd(struct operator *operator_, const struct json *order, struct error *err);
/* A duration at this speed. */
int64_t operator_ms(const struct operator *operator_, int64_t ms);

#endif
