#!/usr/bin/env bash
set -euo pipefail
fingerprint() { openssl x509 -noout -fingerprint -sha256; }

served=$(openssl s_client -connect "$ADDRESS" -servername "$NAME" -verify_hostname "$NAME" \
  -verify_return_error -CAfile "$CA/root.pem" </dev/null 2>/dev/null | fingerprint)
if [[ $served != "$(fingerprint <"$DIR/live/cert.pem")" ]]; then
  echo "$NAME still serves $served" >&2
  exit 1
fi
echo "$NAME serves $served"
