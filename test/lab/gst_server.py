#!/usr/bin/python3
"""GStreamer's RTSP server as a set of cameras. Mounts /cam0 ... /cam{M-1}; each is shared live media fed by a looping
'ffmpeg -re -c copy' over loopback UDP, so that every client of a mount gets the identical access units.
Prints one line `listening PORT` when ready; --port 0 takes a free one.
usage: gst_server.py --port 0 --mounts 2 --file clip.mp4 [--codec h264|h265] [--audio [--g711]] [--digest user:pass|--basic user:pass] [--private]
       gst_server.py --port 0 --encode 20 [--codec h264|h265]   a test picture, encoded live, a key frame each 20 s and whenever a client asks for one"""
import argparse, gi, signal, socket, subprocess
gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gst, GstRtspServer, GLib

a = argparse.ArgumentParser()
a.add_argument('--port', default='0')
a.add_argument('--bind', default='127.0.0.1')
a.add_argument('--mounts', type=int, default=1)
a.add_argument('--file')
a.add_argument('--encode', type=int, metavar='SECONDS', help='a live encoder instead of a clip')
a.add_argument('--codec', default='h264')
a.add_argument('--audio', action='store_true')
a.add_argument('--g711', action='store_true', help='sound as G.711 mu-law instead of AAC')
a.add_argument('--digest')
a.add_argument('--basic')
a.add_argument('--private', action='store_true', help='one pipeline a client instead of a shared one')
a.add_argument('--phase', type=float, default=0.0, help='seconds by which the start of each mount is moved on')
o = a.parse_args()
if (o.file is None) == (o.encode is None):
    a.error('expected either --file or --encode')
Gst.init(None)
kids = {}


def free_udp_port():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
    s.close()
    return port


class Factory(GstRtspServer.RTSPMediaFactory):
    def __init__(self, index):
        super().__init__()
        self.index = index

    def do_create_element(self, url):
        self.feeder = None
        if o.encode:
            return Gst.parse_launch(
                '( intervideosrc ! video/x-raw,width=320,height=240,framerate=25/1 '
                '! x%senc tune=zerolatency speed-preset=ultrafast key-int-max=%d '
                '! %sparse config-interval=-1 ! rtp%spay name=pay0 pt=96 mtu=1400 )' % (o.codec[1:], o.encode * 25, o.codec, o.codec))
        port = free_udp_port()
        feeder = subprocess.Popen(
            ['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-stream_loop', '-1', '-ss', str(self.index * o.phase), '-i', o.file,
             '-c', 'copy'] + ([] if o.audio else ['-an']) + ['-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts',
             'udp://127.0.0.1:%d?pkt_size=1316' % port])
        launch = ('( udpsrc address=127.0.0.1 port=%d buffer-size=4000000 caps="video/mpegts,systemstream=(boolean)true,packetsize=(int)188" '
                  '! tsdemux latency=0 name=d d. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 '
                  '! %sparse config-interval=-1 ! rtp%spay name=pay0 pt=96 mtu=1400 ' % (port, o.codec, o.codec))
        if o.audio and o.g711:
            launch += (' d. ! queue ! aacparse ! avdec_aac ! audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 '
                       '! mulawenc ! rtppcmupay name=pay1 pt=0 ')
        elif o.audio:
            launch += ' d. ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 '
        self.feeder = feeder
        kids[feeder.pid] = feeder
        return Gst.parse_launch(launch + ')')

    def do_configure(self, media):
        GstRtspServer.RTSPMediaFactory.do_configure(self, media)  # chain up: without it set_shared() has no effect
        feeder = self.feeder
        if feeder is None:
            return

        def unprepared(_media):
            feeder.kill()
            feeder.wait()
            kids.pop(feeder.pid, None)
        media.connect('unprepared', unprepared)


server = GstRtspServer.RTSPServer()
server.set_service(o.port)
server.set_address(o.bind)
if o.digest or o.basic:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string('media.factory.role', 'user')
    user, password = (o.digest or o.basic).split(':')
    if o.digest:
        auth.set_supported_methods(2)  # GST_RTSP_AUTH_DIGEST
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
mounts = server.get_mount_points()
for i in range(o.mounts):
    factory = Factory(i)
    factory.set_suspend_mode(GstRtspServer.RTSPSuspendMode.NONE)
    factory.set_shared(not o.private)
    factory.set_latency(0)
    if o.digest or o.basic:
        factory.add_role_from_structure(Gst.Structure.new_from_string(
            'user, media.factory.access=(boolean)true, media.factory.construct=(boolean)true'))
    mounts.add_factory('/cam%d' % i, factory)
server.attach(None)
print('listening', server.get_bound_port(), flush=True)
loop = GLib.MainLoop()


def stop(*_):
    for kid in list(kids.values()):
        kid.kill()
    loop.quit()


GLib.unix_signal_add(0, signal.SIGTERM, stop)
GLib.unix_signal_add(0, signal.SIGINT, stop)
loop.run()
for kid in list(kids.values()):
    kid.kill()
