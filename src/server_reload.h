/*
 * server_reload.h - what a server reads from files at its start, and again at
 * SIGHUP: settings, credentials, certificate, and the key of grants.
 */
#ifndef SRC_SERVER_RELOAD_H
#define SRC_SERVER_RELOAD_H

#include <stdbool.h>

#include "config.h"
#include "creds.h"
#include "grant.h"
#include "lib/err.h"
#include "lib/tls.h"
#include "settings.h"

/* The zero value is empty. */
struct server_files {
	struct config config;
	struct creds creds;	   /* empty: there is no relay */
	struct tls_server *tls;	   /* owned; NULL: no TLS, or no certificate */
	struct jws_key *grant_key; /* owned; NULL: there is none */
	bool has_config, has_creds;
};

/*
 * Reads and checks everything, and changes nothing: all of it or, with err,
 * none. What flags say counts over it. With again, a file that can be read
 * only once, such as a pipe, is passed over (its has_ stays false), and a
 * certificate that is missing is ERR_INPUT; without, *tls stays NULL then.
 */
bool server_reload_read(const struct settings *settings, bool again,
    struct server_files *out, struct err *err);

void server_reload_fini(struct server_files *files);

#endif
