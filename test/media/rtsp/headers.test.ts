import test from 'ava';
import {
  DOLLAR,
  interleavedChannel,
  interleavedLength,
  isInterleaved,
  writeInterleavedHeader,
} from '../../../src/media/rtsp/interleaved.ts';
import {
  encodeRtpInfo,
  encodeSession,
  keepAliveMethodOf,
  parsePublic,
  parseRtpInfo,
  parseSession,
} from '../../../src/media/rtsp/session-header.ts';
import { encodeTransport, encodeTransportAnswer, parseTransport } from '../../../src/media/rtsp/transport-header.ts';
import { mutate } from '../../support/mutate.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const HIK = 'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=3b2f0f1c;mode="play"';
test('an answer over TCP tells its channels and SSRC', (t) => {
  t.like(parseTransport(HIK)[0], { kind: 'tcp', channels: { rtp: 0, rtcp: 1 }, ssrc: 0x3b2f_0f1c, multicast: false });
});
test('an answer over UDP tells ports and source, also single ports and odd spaces', (t) => {
  t.like(
    parseTransport(
      ' rtp/avp/udp ; Unicast; client_port = 5000 - ; client_port=5000-5001;server_port=6970;source=10.0.0.7',
    )[0],
    {
      kind: 'udp',
      clientPorts: { rtp: 5000, rtcp: 5001 },
      serverPorts: { rtp: 6970, rtcp: 6971 },
      source: '10.0.0.7',
    },
  );
});
test('of several alternatives those that we can read are kept in order', (t) => {
  t.deepEqual(
    parseTransport('RAW/RAW/UDP,RTP/SAVP;unicast,RTP/AVP;unicast;client_port=1-2,RTP/AVP/TCP').map(({ kind }) => kind),
    ['udp', 'tcp'],
  );
});
test('what we ask for is read back as asked', (t) => {
  t.like(parseTransport(encodeTransport({ kind: 'tcp', rtpChannel: 2, rtcpChannel: 3 }))[0], {
    kind: 'tcp',
    channels: { rtp: 2, rtcp: 3 },
  });
  t.like(parseTransport(encodeTransport({ kind: 'udp', rtpPort: 5000, rtcpPort: 5001 }))[0], {
    kind: 'udp',
    clientPorts: { rtp: 5000, rtcp: 5001 },
  });
  const answer = {
    kind: 'udp',
    channels: undefined,
    clientPorts: { rtp: 1, rtcp: 2 },
    serverPorts: { rtp: 3, rtcp: 4 },
    source: '::1',
    destination: 'h',
    ssrc: 5,
    multicast: false,
  } as const;
  t.deepEqual(parseTransport(encodeTransportAnswer(answer)), [answer]);
});
test('channels and ports out of range are not believed', (t) => {
  t.is(parseTransport('RTP/AVP/TCP;interleaved=300-301')[0]?.channels, undefined);
  t.is(parseTransport('RTP/AVP;client_port=70000-70001')[0]?.clientPorts, undefined);
});

test('a session has an id and a timeout, 60 s if it does not say or says nonsense', (t) => {
  t.deepEqual(parseSession('0411;timeout=30'), { id: '0411', timeout: 30 });
  t.deepEqual(parseSession(' a-b$ ; Timeout = "15"'), { id: 'a-b$', timeout: 15 });
  t.deepEqual(
    ['x', 'x;timeout=0', 'x;timeout=-1'].map((text) => parseSession(text)?.timeout),
    [60, 60, 60],
  );
  t.is(parseSession('x;timeout=999999999')?.timeout, 3600);
  t.deepEqual([';timeout=5', 'a b', 'x'.repeat(600)].map(parseSession), [undefined, undefined, undefined]);
  t.deepEqual(parseSession(encodeSession({ id: 'q', timeout: 9 })), { id: 'q', timeout: 9 });
});
test('the keep-alive method is GET_PARAMETER if offered', (t) => {
  t.is(keepAliveMethodOf(parsePublic('OPTIONS,Describe get_parameter')), 'GET_PARAMETER');
  t.is(keepAliveMethodOf(parsePublic('')), 'OPTIONS');
});
test('RTP-Info tells the first packet of each track', (t) => {
  const entries = [
    { url: 'rtsp://h/a,b/trackID=1', sequence: 65_535, timestamp: 4_294_967_295 },
    { url: 'rtsp://h/2', sequence: undefined, timestamp: 0 },
  ];
  t.deepEqual(parseRtpInfo(encodeRtpInfo(entries)), entries);
  t.deepEqual(parseRtpInfo('url=x;seq=70000;rtptime=99999999999'), [
    { url: 'x', sequence: undefined, timestamp: undefined },
  ]);
});
test('damaged headers never throw', (t) => {
  const bytes = new TextEncoder().encode(`${HIK},url=rtsp://h/1;seq=1;rtptime=2;timeout=5`);
  forSeeds(3000, (random) => {
    const text = new TextDecoder().decode(mutate(random, bytes));
    parseTransport(text);
    parseSession(text);
    parsePublic(text);
    parseRtpInfo(text);
  });
  t.pass();
});
test('an interleaved header is written and read', (t) => {
  const bytes = new Uint8Array(6);
  writeInterleavedHeader(bytes, 1, 3, 0x1234);
  t.deepEqual([...bytes], [0, DOLLAR, 3, 0x12, 0x34, 0]);
  t.deepEqual([isInterleaved(bytes, 1), interleavedChannel(bytes, 1), interleavedLength(bytes, 1)], [true, 3, 0x1238]);
});
