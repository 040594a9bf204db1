"""Sends UDP datagrams with a source of one's choice: spoof.py SOURCE SOURCE_PORT TARGET TARGET_PORT COUNT; the payload is read from
standard input. Needs root. Prints how many payload bytes were sent."""
import socket
import struct
import sys

source, source_port, target, target_port, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
payload = sys.stdin.buffer.read()


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


# A UDP checksum of 0 means that there is none (RFC 768).
udp = struct.pack("!HHHH", source_port, target_port, 8 + len(payload), 0) + payload
head = struct.pack(
    "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 4, 17, 0, socket.inet_aton(source), socket.inet_aton(target)
)
packet = head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
if target.startswith("2"):
    raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[6]))
for _ in range(count):
    raw.sendto(packet, (target, 0))
print("sent", count * len(payload))
