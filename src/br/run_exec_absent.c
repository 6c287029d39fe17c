#include <config.h>

#include <brdeck/br/exec.h>

#include "br_private.h"

/* In the place of exec.c and run_exec.c until they are there. */
__attribute__((weak)) const char *const br_driver_names[] = {"operator", "job", "local"};
__attribute__((weak)) void run_exec_start(struct run *run)
{
    run_say(run, BR_NOT_SENT, "this driver is not there");
}
__attribute__((weak)) void run_exec_end(struct run *run) { (void)run; }
__attribute__((weak)) void br_exec_cancel(struct br_exec *exec) { (void)exec; }
