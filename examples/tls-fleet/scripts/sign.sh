#!/usr/bin/env bash
# A new key, which never leaves the host, and a certificate of 90 days for it.
set -euo pipefail
umask 077
mkdir -p "$DIR/versions"
new=$(mktemp -d "$DIR/versions/XXXXXXXX")
trap 'rm -rf -- "$new"' EXIT

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$NAME" \
  -keyout "$new/key.pem" -out "$new/request.csr" 2>/dev/null
openssl x509 -req -days 90 -CA "$CA/intermediate.pem" -CAkey "$CA/intermediate.key" \
  -set_serial "0x$(openssl rand -hex 16)" -in "$new/request.csr" -out "$new/cert.pem" \
  -extfile <(printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n' "$NAME") 2>/dev/null
openssl verify -CAfile "$CA/root.pem" -untrusted "$CA/intermediate.pem" -verify_hostname "$NAME" "$new/cert.pem"
cat "$new/cert.pem" "$CA/intermediate.pem" >"$new/fullchain.pem"

ln -sfn -- "versions/$(basename "$new")" "$DIR/next"
trap - EXIT
