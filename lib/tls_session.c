/*
 * tls_session.c - one session of tls.h, of either side, as recv(2) and send(2)
 * would have it.
 */
#include <errno.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls.h"

void
tls_session_free(struct ssl_st *session)
{
	SSL_free(session);
}

bool
tls_session_accept(struct ssl_st *session, int fd)
{
	SSL_set_accept_state(session);
	return SSL_set_fd(session, fd) == 1;
}

bool
tls_session_ready(const struct ssl_st *session)
{
	return SSL_is_init_finished(session) == 1;
}

/* Turns what SSL_read_ex or SSL_write_ex said into what recv or send would. */
static ssize_t
to_result(SSL *ssl, int result, size_t done)
{
	int why;

	if (result == 1)
		return (ssize_t)done;
	why = SSL_get_error(ssl, result);
	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE
		    ? EAGAIN
		    : EPIPE;
	return -1;
}

ssize_t
tls_session_write(struct ssl_st *session, const void *data, size_t len)
{
	size_t done = 0;
	int result;

	if (len == 0)
		return 0;
	ERR_clear_error();
	result = SSL_write_ex(session, data, len, &done);
	return to_result(session, result, done);
}

ssize_t
tls_session_read(struct ssl_st *session, void *data, size_t len)
{
	size_t done = 0;
	int result;

	if (len == 0)
		return 0;
	ERR_clear_error();
	result = SSL_read_ex(session, data, len, &done);
	return to_result(session, result, done);
}

void
tls_session_end(struct ssl_st *session)
{
	if (!tls_session_ready(session) ||
	    (SSL_get_shutdown(session) & SSL_SENT_SHUTDOWN) != 0)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(session);
	ERR_clear_error();
}
