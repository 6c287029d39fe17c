/* plan_exec.h - plans whose work br itself does: a probe, or a verb by another driver than the operator. */
#ifndef BRDECK_BR_PLAN_EXEC_H
#define BRDECK_BR_PLAN_EXEC_H

#include "br_private.h"

/* -- plan_exec.c ------------------------------------------------------------------------------ */

/* What of @spec such a plan needs, as copies; NULL: it is the operator's work. */
struct plan_exec *plan_exec_new(const struct br_plan_spec *spec);
void plan_exec_free(struct plan_exec **exec);
/* Its way: GET the Backup, its cluster, the command line or the Job. Ends in plan_go_on or plan_end_by. */
void plan_exec_look(struct plan *plan);
/* The program of a local run. */
const char *plan_exec_program(const struct plan *plan);
/* What another than the operator's plan creates: a Job instead of patching a Backup. */
static inline bool plan_makes_job(const struct br_plan *plan) { return plan->driver == BR_DRIVER_JOB; }
static inline bool plan_creates(const struct br_plan *plan) { return plan->action->makes_new || plan_makes_job(plan); }
/* Take the values of the environment out of a Job's manifest. */
void plan_exec_redact(struct json *job);

/* -- plan_exec_text.c --------------------------------------------------------------------------- */

void plan_exec_describe(const struct br_plan *plan, const struct describe_context *ctx, struct description *d);

/* -- plan_text.c: what such a plan has in common with the others --------------------------------- */

void plan_describe_truncate(const struct br_plan *plan, const struct describe_context *ctx, struct description *d);
void plan_describe_tried(const struct br_plan *plan, struct description *d);
void plan_describe_confirm(const struct br_plan *plan, const struct describe_context *ctx, struct description *d);

#endif
