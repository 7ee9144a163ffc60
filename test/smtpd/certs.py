"""Certificates for mail servers under test, made by the openssl command.

make(folder) leaves in folder: ca.pem, and for each kind of KINDS a file
KIND.pem with key and certificate. All but selfsigned are signed by the CA.
"""
import os
import subprocess

KINDS = ('good', 'wronghost', 'expired', 'selfsigned')
GOOD_NAMES = 'DNS:localhost,DNS:ip6-localhost,DNS:relay.test,IP:127.0.0.1'


def _openssl(folder, *args):
    subprocess.run(['openssl', *args], cwd=folder, check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def _key(folder, name):
    _openssl(folder, 'genpkey', '-algorithm', 'EC', '-pkeyopt',
             'ec_paramgen_curve:P-256', '-out', name)


def _self_signed(folder, name, subject, *ext):
    _key(folder, name + '.key')
    args = ['req', '-x509', '-new', '-key', name + '.key', '-subj', subject,
            '-days', '2', '-out', name + '.crt']
    for one in ext:
        args += ['-addext', one]
    _openssl(folder, *args)


def _signed(folder, name, names, days):
    _key(folder, name + '.key')
    _openssl(folder, 'req', '-new', '-key', name + '.key', '-subj',
             '/CN=' + name, '-out', name + '.csr')
    with open(os.path.join(folder, name + '.ext'), 'w') as ext:
        ext.write('subjectAltName=%s\n' % names)
    _openssl(folder, 'x509', '-req', '-in', name + '.csr', '-CA', 'ca.crt',
             '-CAkey', 'ca.key', '-CAcreateserial', '-days', str(days),
             '-extfile', name + '.ext', '-out', name + '.crt')


def make(folder):
    _self_signed(folder, 'ca', '/CN=Test CA',
                 'basicConstraints=critical,CA:TRUE',
                 'keyUsage=critical,keyCertSign,cRLSign')
    _signed(folder, 'good', GOOD_NAMES, 2)
    _signed(folder, 'wronghost', 'DNS:other.test', 2)
    _signed(folder, 'expired', GOOD_NAMES, -1)
    _self_signed(folder, 'selfsigned', '/CN=localhost',
                 'subjectAltName=' + GOOD_NAMES)
    for kind in KINDS:
        with open(os.path.join(folder, kind + '.pem'), 'wb') as out:
            for part in ('.key', '.crt'):
                with open(os.path.join(folder, kind + part), 'rb') as f:
                    out.write(f.read())
    os.replace(os.path.join(folder, 'ca.crt'), os.path.join(folder, 'ca.pem'))
