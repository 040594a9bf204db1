import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { headerOf, parseMessage } from '../../../src/media/rtsp/message.ts';
import type { RtspRequest } from '../../../src/media/rtsp/message.ts';
import { BASIC, camera, DIGEST, play, policyOf } from '../../support/rtsp-conversation.ts';
import type { Answer, Camera } from '../../support/rtsp-conversation.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/rtsp');

test('a session goes from OPTIONS to PLAY over TCP, with video and audio on channels of their own', (t) => {
  const session = play(camera());
  t.is(session.methods(), 'OPTIONS DESCRIBE SETUP SETUP PLAY');
  t.deepEqual(session.sent.map(({ uri }) => uri).slice(2), [
    'rtsp://cam/live/trackID=1',
    'rtsp://cam/live/trackID=2',
    'rtsp://cam/live/',
  ]);
  t.deepEqual(
    session.ready().map(({ transport }) => transport),
    [
      { kind: 'tcp', rtpChannel: 0, rtcpChannel: 1 },
      { kind: 'tcp', rtpChannel: 2, rtcpChannel: 3 },
    ],
  );
  t.deepEqual(session.effects.map(({ kind }) => kind).slice(-3), ['prepare', 'send', 'playing']);
  t.is(headerOf(session.sent.at(-1) ?? { headers: [] }, 'Session'), 'abc');
});

test('audio is left out when it is not wanted', (t) =>
  t.is(play(camera(), policyOf({ audio: false })).methods(), 'OPTIONS DESCRIBE SETUP PLAY'));

const fixture = test.macro<[file: string, setups: readonly string[]]>({
  title: (_given, file) => `the answer of ${file} leads to PLAY`,
  exec: (t, file, setups) => {
    const bytes = new TextEncoder().encode(readFileSync(join(FIXTURES, file), 'utf8').replaceAll(/\r?\n/g, '\r\n'));
    const parsed = parseMessage(bytes, 0, bytes.length);
    if (parsed.kind !== 'message' || parsed.message.kind !== 'response') throw new Error('no response');
    const { headers, body, status } = parsed.message;
    const told = headers.filter(([name]) => name.toLowerCase() !== 'cseq');
    const session = play(camera(({ method }) => (method === 'DESCRIBE' ? { status, headers: told, body } : undefined)));
    t.deepEqual(
      session.sent.filter(({ method }) => method === 'SETUP').map(({ uri }) => uri),
      setups,
    );
    t.true(session.effects.some(({ kind }) => kind === 'playing'));
  },
});
const HIK = 'rtsp://192.168.1.64:554/Streaming/Channels/101/';
const DAHUA = 'rtsp://192.168.1.108:554/cam/realmonitor?channel=1&subtype=0/';
test(fixture, 'hikvision-describe.txt', [`${HIK}trackID=1`, `${HIK}trackID=2`]);
test(fixture, 'dahua-describe.txt', [`${DAHUA}trackID=0`, `${DAHUA}trackID=1`]);
test(fixture, 'axis-describe.txt', ['rtsp://axis.local/axis-media/media.amp/stream=0?videocodec=h264']);
test(fixture, 'reolink-describe.txt', [
  'rtsp://192.168.5.206/h265Preview_01_main/track1',
  'rtsp://192.168.5.206/h265Preview_01_main/track2',
]);
test(fixture, 'tplink-tapo-describe.txt', [
  'rtsp://192.168.0.77:554/stream1/track1',
  'rtsp://192.168.0.77:554/stream1/track2',
]);
test(fixture, 'vlc-describe.txt', ['rtsp://box:8554/cam/trackID=4']);
test(fixture, 'gstreamer-describe-captured.txt', [
  'rtsp://127.0.0.1:44397/cam0/stream=0',
  'rtsp://127.0.0.1:44397/cam0/stream=1',
]);
test('every fixture is played by a test', (t) =>
  t.is(readdirSync(FIXTURES).filter((name) => name.endsWith('.txt')).length, 7));

const unproven = (request: RtspRequest): boolean => headerOf(request, 'Authorization') === undefined;

test('a challenge is answered once and the proof goes with every later request', (t) => {
  const session = play(
    camera((request) =>
      unproven(request) && request.method !== 'OPTIONS' ? { status: 401, headers: [BASIC, DIGEST] } : undefined,
    ),
  );
  t.is(session.methods(), 'OPTIONS DESCRIBE DESCRIBE SETUP SETUP PLAY');
  t.true(session.sent.slice(2).every((request) => headerOf(request, 'Authorization')?.startsWith('Digest ')));
});
test('a wrong password is tried once and named, not shown', (t) => {
  const session = play(
    camera(({ method }) => (method === 'DESCRIBE' ? { status: 401, headers: [DIGEST] } : undefined)),
  );
  t.is(session.methods(), 'OPTIONS DESCRIBE DESCRIBE');
  t.like(session.failure(), { cause: 'camera-refused' });
  t.regex(JSON.stringify(session.failure()), /password: check both/);
  t.notRegex(JSON.stringify(session.failure()), /secret/);
});
test('a missing password is asked for', (t) => {
  const session = play(
    camera(() => ({ status: 401, headers: [DIGEST] })),
    policyOf({ credentials: undefined }),
  );
  t.regex(JSON.stringify(session.failure()), /set both/);
});
test('after Digest the password is never sent in the clear', (t) => {
  const session = play(
    camera((request) => {
      if (unproven(request)) return { status: 401, headers: [DIGEST] };
      return request.method === 'SETUP' ? { status: 401, headers: [BASIC] } : undefined;
    }),
  );
  t.false(session.sent.some((request) => headerOf(request, 'Authorization')?.startsWith('Basic')));
  t.regex(JSON.stringify(session.failure()), /in the clear/);
});
test('a stale nonce is replaced, also when the camera does not say that it is stale', (t) => {
  for (const stale of [', stale=true', '']) {
    const session = play(
      camera((request) => {
        const proof = headerOf(request, 'Authorization');
        if (proof === undefined) return { status: 401, headers: [DIGEST] };
        return request.method === 'PLAY' && proof.includes('"n1"')
          ? { status: 401, headers: [['WWW-Authenticate', `Digest realm="r", nonce="n2"${stale}`]] }
          : undefined;
      }),
    );
    t.is(session.state().kind, 'playing');
  }
});
test('a camera that calls every nonce stale is given up', (t) => {
  let count = 0;
  const session = play(
    camera(() => ({
      status: 401,
      headers: [['WWW-Authenticate', `Digest realm="r", nonce="n${(count += 1)}", stale=true`]],
    })),
  );
  t.is(session.state().kind, 'ended');
  t.true(session.sent.length <= 4);
});

test('461 over TCP leads to UDP', (t) => {
  const session = play(
    camera((request) => (headerOf(request, 'Transport')?.includes('/TCP') ? { status: 461 } : undefined)),
  );
  t.like(session.ready()[0]?.transport, { kind: 'udp', local: { rtp: 5000, rtcp: 5001 } });
  t.is(session.state().kind, 'playing');
});
test('a camera that answers TCP with UDP is set up over UDP', (t) => {
  const session = play(
    camera((request) =>
      request.method === 'SETUP'
        ? {
            status: 200,
            headers: [
              ['Session', 'a'],
              ['Transport', 'RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001'],
            ],
          }
        : undefined,
    ),
  );
  t.like(session.ready()[0]?.transport, { kind: 'udp', remote: { rtp: 6000, rtcp: 6001 } });
});
test('461 over both names the transport', (t) => {
  t.regex(
    JSON.stringify(play(camera(({ method }) => (method === 'SETUP' ? { status: 461 } : undefined))).failure()),
    /transport/,
  );
});
test('UDP without a packet falls back to TCP', (t) => {
  const session = play(
    camera((request) => (headerOf(request, 'Transport')?.includes('/TCP') ? { status: 461 } : undefined)),
  );
  session.tell({ kind: 'time-passed', at: 3900 });
  t.is(session.state().kind, 'playing');
  session.tell({ kind: 'time-passed', at: 4000 });
  t.like(session.effects.at(-1), { kind: 'restart', transport: 'tcp' });
  t.is(session.sent.at(-1)?.method, 'TEARDOWN');
});
test('a refused audio track leaves the video', (t) => {
  const session = play(camera(({ uri }) => (uri.endsWith('trackID=2') ? { status: 500 } : undefined)));
  t.is(session.state().kind, 'playing');
  t.is(session.ready().length, 1);
  t.regex(JSON.stringify(session.effects), /refuses its audio track/);
});

const names = test.macro<[quirk: Camera, cause: string, says: RegExp]>({
  title: (given) => `${given} is told so that the owner knows what to correct`,
  exec: (t, quirk, cause, says) => {
    const session = play(camera(quirk));
    t.like(session.failure(), { cause });
    const message = session.failure()?.message ?? '';
    t.regex(message, says);
    t.notRegex(message, /secret/);
    t.is(session.effects.filter(({ kind }) => kind === 'failed').length, 1);
  },
});
const on =
  (method: string, answer: Answer): Camera =>
  (request) =>
    request.method === method ? answer : undefined;
test('a wrong path', names, on('DESCRIBE', { status: 404 }), 'camera-refused', /path \/live/);
test(
  'a redirect',
  names,
  on('DESCRIBE', { status: 302, headers: [['Location', 'rtsp://u:secret@other:99/x']] }),
  'camera-refused',
  /redirects to other:99/,
);
test('too many viewers', names, on('SETUP', { status: 453 }), 'camera-refused', /fewer viewers/);
test(
  'an unknown status',
  names,
  on('PLAY', { status: 500, reason: 'Oops\u0007' }),
  'camera-refused',
  /PLAY with 500 Oops/,
);
test(
  'MJPEG',
  names,
  on('DESCRIBE', { status: 200, body: 'm=video 0 RTP/AVP 26\r\n' }),
  'camera-protocol',
  /MJPEG.*H\.264 or H\.265/,
);
test(
  'a description without video',
  names,
  on('DESCRIBE', { status: 200, body: 'm=audio 0 RTP/AVP 0\r\n' }),
  'camera-refused',
  /check the path/,
);
test('an empty description', names, on('DESCRIBE', { status: 200 }), 'camera-protocol', /SDP/);
test(
  'an endless description',
  names,
  on('DESCRIBE', { status: 200, body: 'a=x\r\n'.repeat(600) }),
  'camera-protocol',
  /too big/,
);
test('SETUP without a session', names, on('SETUP', { status: 200 }), 'camera-protocol', /Session/);
test(
  'one channel for two tracks',
  names,
  on('SETUP', {
    status: 200,
    headers: [
      ['Session', 'a'],
      ['Transport', 'RTP/AVP/TCP;interleaved=0-1'],
    ],
  }),
  'camera-protocol',
  /same channel/,
);
test(
  'multicast',
  names,
  on('SETUP', {
    status: 200,
    headers: [
      ['Session', 'a'],
      ['Transport', 'RTP/AVP/TCP;multicast;interleaved=0-1'],
    ],
  }),
  'camera-protocol',
  /multicast/,
);

test('a camera that refuses OPTIONS plays all the same', (t) =>
  t.is(play(camera(on('OPTIONS', { status: 501 }))).state().kind, 'playing'));
test('a camera that refuses Range plays without it (457)', (t) => {
  const session = play(camera((request) => (headerOf(request, 'Range') === undefined ? undefined : { status: 457 })));
  t.is(session.state().kind, 'playing');
});
test('SETUP answered without interleaved takes the channels asked for', (t) => {
  const session = play(
    camera(
      on('SETUP', {
        status: 200,
        headers: [
          ['Session', 'a'],
          ['Transport', 'RTP/AVP/TCP;unicast'],
        ],
      }),
    ),
  );
  t.deepEqual(
    session.ready().map(({ transport }) => (transport.kind === 'tcp' ? transport.rtpChannel : -1)),
    [0, 2],
  );
});
