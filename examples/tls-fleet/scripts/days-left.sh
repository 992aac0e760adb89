#!/usr/bin/env bash
# days-left.sh NAME ADDRESS prints the whole days that the certificate served
# there is still good for; negative once it has run out.
set -euo pipefail

end=$(openssl s_client -connect "$2" -servername "$1" </dev/null 2>/dev/null |
  openssl x509 -noout -enddate | cut -d= -f2)
echo $((($(date -d "$end" +%s) - $(date +%s)) / 86400))
