#!/usr/bin/env bash
# Uses the service digitry-server under systemd: run by scripts/test-packages inside a booted container, as root, with the
# photograph and the packages in /home/tester. Leaves "passed" in /home/tester/service.txt.
set -euo pipefail
photograph=/home/tester/photograph.jpg
want=7210414959
unit=digitry-server
settings=/etc/default/digitry-server
token=0123456789abcdef0123456789abcdef

say() { echo "== service: $*"; }
die() {
  echo "error: $*"
  journalctl --no-pager --lines 30 --unit "$unit"
  exit 1
}
expect() { [[ $2 == "$1" ]] || die "expected \"$1\", got \"$2\""; }
options() { echo "DIGITRY_SERVE_OPTIONS=\"$1\"" >"$settings"; }
# Its journal since the test last restarted it.
journal() {
  journalctl --sync
  journalctl --no-pager --output cat --unit "$unit" --since "$since"
}
restart() {
  since=$(date '+%F %T')
  systemctl reset-failed "$unit" || true
  systemctl restart "$unit"
}
ask() {
  local answer
  answer=$(curl --silent --show-error --fail --header "Content-Type: image/jpeg" --data-binary "@$photograph" "$@" \
    "http://127.0.0.1:8080/v1/read?model=cnn-best")
  expect "$want" "$(grep -oE '"text": *"[0-9 ]+"' <<<"$answer" | head -n 1 | tr -cd 0-9)"
}

say "runs since it was installed, under a user of its own, and answers"
expect active "$(systemctl is-active "$unit")"
pid=$(systemctl show --property MainPID --value "$unit")
expect /usr/bin/digitry "$(readlink "/proc/$pid/exe")"
uid=$(stat --format %u "/proc/$pid")
((uid >= 61184 && uid <= 65519)) || die "expected a dynamic user, got $uid"
ask

say "a token by LoadCredential, corrections in its own folder"
echo "$token" >/etc/digitry-token
chmod 600 /etc/digitry-token
mkdir -p "/etc/systemd/system/$unit.service.d"
printf '[Service]\nLoadCredential=token:/etc/digitry-token\n' >"/etc/systemd/system/$unit.service.d/token.conf"
systemctl daemon-reload
options "cnn-best --token-file /run/credentials/$unit.service/token --corrections /var/lib/digitry/corrections"
restart
expect 401 "$(curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8080/v2/models/cnn-best)"
ask --header "Authorization: Bearer $token"
image=$(head -c 784 /dev/zero | tr '\0' '\200' | base64 --wrap 0)
curl --silent --show-error --fail --header "Authorization: Bearer $token" --header "Content-Type: application/json" \
  --data "{\"image\": \"$image\", \"label\": \"7\"}" "http://127.0.0.1:8080/v1/corrections?model=cnn-best" >/dev/null
[[ -n $(find /var/lib/private/digitry/corrections/7 -name '*.png') ]] || die "the correction was not kept"

say "it can write nowhere else"
options "cnn-best --corrections /srv/corrections"
restart || true
curl --silent --output /dev/null --header "Content-Type: application/json" \
  --data "{\"image\": \"$image\", \"label\": \"7\"}" "http://127.0.0.1:8080/v1/corrections?model=cnn-best" || true
[[ ! -e /srv/corrections ]] || die "the service wrote to /srv"

say "a model that it cannot read: it fails, says so in the journal and does not try again"
options /no/such/model
if restart; then die "expected a failure"; fi
expect failed "$(systemctl is-failed "$unit" || true)"
journal | grep -F "/no/such/model: No such file" || die "nothing in the journal"
sleep 3
expect 0 "$(systemctl show --property NRestarts --value "$unit")"

say "installed again, it keeps its settings and starts; removed, it stops and keeps what it wrote"
options "tiny"
dpkg --install /home/tester/packages/digitry-server_*.deb >/dev/null
expect active "$(systemctl is-active "$unit")"
expect 'DIGITRY_SERVE_OPTIONS="tiny"' "$(cat "$settings")"
systemctl disable --quiet "$unit"
dpkg --install /home/tester/packages/digitry-server_*.deb >/dev/null 2>&1
expect disabled "$(systemctl is-enabled "$unit" || true)"
dpkg --remove digitry-server >/dev/null
expect inactive "$(systemctl is-active "$unit" || true)"
[[ -f $settings && -d /var/lib/private/digitry/corrections/7 ]] || die "removal took settings or corrections"
dpkg --purge digitry-server >/dev/null
[[ ! -e $settings && -d /var/lib/private/digitry/corrections/7 ]] || die "purge: expected no settings, and the corrections"
echo passed >/home/tester/service.txt
