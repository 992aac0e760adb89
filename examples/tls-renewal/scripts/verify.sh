#!/usr/bin/env bash
# Refuses a certificate that clients would refuse.
set -euo pipefail
new=$TLS_DIR/versions/$RUNBOOK_RUN_ID

openssl verify -purpose sslserver -verify_hostname www.example.com \
  -CAfile "$TLS_CA_DIR/root.pem" -untrusted "$TLS_CA_DIR/intermediate.pem" "$new/cert.pem"
openssl x509 -in "$new/cert.pem" -noout -checkend $((80 * 24 * 3600))

if ! cmp -s <(openssl x509 -in "$new/cert.pem" -noout -pubkey) <(openssl pkey -in "$new/key.pem" -pubout); then
  echo "key.pem is not the key of cert.pem" >&2
  exit 1
fi
