/* jobctl.h - the Job controller for Jobs that are not the operator's: those that a user makes to
 * run br itself. They get a Pod, say what br would, and end well. */
#ifndef BRDECK_SIM_JOBCTL_H
#define BRDECK_SIM_JOBCTL_H

struct sim;
struct jobctl;
/* Listens from now on. */
struct jobctl *jobctl_new(struct sim *sim);
void jobctl_free(struct jobctl **jobctl);

#endif
