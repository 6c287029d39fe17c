/* touch.h - many changes, at a rate: for benches. */
#ifndef BRDECK_SIM_TOUCH_H
#define BRDECK_SIM_TOUCH_H

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

struct sim;
struct touch;
struct touch *touch_new(struct sim *sim);
void touch_free(struct touch **touch);
/* {"count":1000,"rate":1000,"namespace":"","name":""}: replaces what is still to do. */
bool touch_order(struct touch *touch, const struct json *order, struct error *err);

#endif
