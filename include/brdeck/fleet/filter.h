/* filter.h - which rows to show.
 *
 * Terms, parted by spaces, all of which must hold:
 *     text          anywhere in namespace/name, cluster or state word; case does not matter; "in quotes" with spaces
 *     /regex        POSIX extended, on namespace/name
 *     state:WORD    the state's word holds it
 *     ns:NAME       a name, or a pattern with * and ?
 *     cluster:NAME  likewise; NAME or NAMESPACE/NAME
 *     mode:log      or snapshot, volume-snapshot, or how they begin
 *     -l a=b,c!=d,e labels
 *     !term         not
 */
#ifndef BRDECK_FLEET_FILTER_H
#define BRDECK_FLEET_FILTER_H

#include <stdbool.h>

#include <brdeck/base/error.h>
#include <brdeck/fleet/store.h>

struct filter;
/* NULL and @err naming the term; an empty text gives a filter that passes all. */
struct filter *filter_parse(const char *text, struct error *err);
void filter_free(struct filter **filter);
bool filter_matches(const struct filter *filter, const struct store_row *row);
const char *filter_text(const struct filter *filter);
/* A Kubernetes label selector ("a=b,c!=d,e,!f,g in (x,y)") against a record's labels. */
struct label_selector;
struct label_selector *label_selector_parse(const char *text, struct error *err);
void label_selector_free(struct label_selector **selector);
bool label_selector_matches(const struct label_selector *selector, const struct backup_record *record);

#endif
