/*
 * read_volumes.h - volumes over HTTP: how they stand, and their hours.
 *
 * A reader of one account sees the volumes of which that has samples. Of one
 * that other accounts have samples of, too, it sees what comes from its own.
 */
#ifndef SRC_READ_VOLUMES_H
#define SRC_READ_VOLUMES_H

#include "read.h"

/* GET /v1/volumes, /v1/volumes/{id} and /v1/volumes/{id}/hours */
read_fn read_volumes, read_volume, read_volume_hours;

#endif
