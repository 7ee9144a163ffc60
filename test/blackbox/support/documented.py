"""What the public documentation of the server says of its command line."""

# The tables of the public documentation: flag, type, default, hidden. The
# default of --smtpTo is (internal default) there, and so on.
DOCUMENTED = {
    "init creds": [
        ("smtpAddr", "string", "email-smtp.us-east-1.amazonaws.com:587", False),
        ("smtpFrom", "string", "flexFS Service <no-reply@ses.flexfs.io>",
         False),
        ("smtpTo", "string", "(internal default)", False),
        ("smtpUser", "string", "(internal default)", False),
        ("smtpPass", "string", "(prompts)", False),
        ("force", "bool", "false", False),
    ],
    "start": [
        ("bindAddr", "string", "0.0.0.0:443", False),
        ("dbFolder", "string", "~/.flexfs/stat", False),
        ("keyFolder", "string", "~/.flexfs/license", False),
        ("noSSL", "bool", "false", False),
        ("sslCert", "string", "~/.flexfs/ssl/cert", False),
        ("sslKey", "string", "~/.flexfs/ssl/key", False),
        ("verbose", "bool", "false", False),
        ("pprof", "bool", "false", True),
        ("sqliteOpts", "string", "(default tuning)", True),
        ("smtpAddr", "string", "(from creds)", True),
        ("smtpFrom", "string", "(from creds)", True),
        ("smtpPass", "string", "(from creds)", True),
        ("smtpTo", "string", "(from creds)", True),
        ("smtpUser", "string", "(from creds)", True),
        ("mockTime", "bool", "false", True),
    ],
}
