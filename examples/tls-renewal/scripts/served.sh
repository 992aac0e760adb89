#!/usr/bin/env bash
# Connects as a client does and compares what it is given with what is installed.
set -euo pipefail

fingerprint() { openssl x509 -noout -fingerprint -sha256; }

served=$(openssl s_client -connect "${TLS_ENDPOINT:?is the host:port of the server}" \
  -servername www.example.com -verify_hostname www.example.com -verify_return_error \
  -CAfile "$TLS_CA_DIR/root.pem" </dev/null 2>/dev/null | fingerprint)
installed=$(fingerprint <"$TLS_DIR/live/cert.pem")

if [[ $served != "$installed" ]]; then
  echo "$TLS_ENDPOINT still serves $served" >&2
  exit 1
fi
echo "$TLS_ENDPOINT serves $served"
