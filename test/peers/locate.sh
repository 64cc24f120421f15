# Looks anna@corp.example up in the Web Key Directory with gpg and with sq, inside a network and a mount namespace of its own (own-keys.test.ts).
# Arguments: folder with the server's files, host names that are this machine, node, the server's program.
set -u
folder=$1 hosts=$2 node=$3 server=$4
ip link set lo up
echo "127.0.0.1 localhost $hosts" > "$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts
echo "nameserver 127.0.0.1" > "$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf
mount --bind "$folder/web-ca.pem" /etc/ssl/certs/ca-certificates.crt
"$node" "$server" "$folder" > "$folder/server.log" 2>&1 &
pid=$!
trap 'kill $pid; gpgconf --kill all' EXIT
for _ in $(seq 200); do
  grep -q listening "$folder/server.log" && break
  sleep 0.1
done
export GNUPGHOME=$folder/located
rm -rf "$GNUPGHOME"
mkdir -m 700 "$GNUPGHOME"
echo standard-resolver > "$GNUPGHOME/dirmngr.conf"
gpg --batch --quiet --auto-key-locate clear,wkd --with-colons --locate-keys anna@corp.example 2> "$folder/gpg.log" |
  sed -n 's/^fpr:*\([0-9A-F]*\):.*/gpg: \1/p'
SSL_CERT_FILE=$folder/web-ca.pem sq wkd get anna@corp.example 2> "$folder/sq.log" | gpg --batch --with-colons --show-keys 2> /dev/null |
  sed -n 's/^fpr:*\([0-9A-F]*\):.*/sq: \1/p'
exit 0
