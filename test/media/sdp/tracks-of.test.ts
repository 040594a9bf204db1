import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { UnderstudyError } from '../../../src/core/errors.ts';
import { MAX_SDP_LINE, MAX_SDP_LINES, MAX_SDP_MEDIA, parseSdp } from '../../../src/media/sdp/sdp.ts';
import { tracksOf } from '../../../src/media/sdp/tracks-of.ts';
import { mutate } from '../../support/mutate.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const fixture = (name: string): string => readFileSync(join(FIXTURES, name), 'utf8').replace(/^RTSP[^]*?\n\n/, '');
const select = (text: string) => tracksOf(parseSdp(text), { audio: true });
const VIDEO = 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n';

const offers = test.macro<[file: string, expected: { video: object; sets: number; audio: object | undefined }]>({
  title: (_given, file) => `${file} is understood`,
  exec: (t, file, { video, sets, audio }) => {
    const tracks = select(fixture(file));
    t.like(tracks.video, video);
    t.is(tracks.video.parameterSets.length, sets);
    if (audio === undefined) t.is(tracks.audio, undefined);
    else t.like(tracks.audio, audio);
  },
});
const h264 = { codec: 'h264', payloadType: 96, clockRate: 90_000 };
const aac = {
  codec: 'aac',
  payloadType: 97,
  clockRate: 16_000,
  channels: 1,
  framing: { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 },
};
const alaw = { codec: 'pcma', payloadType: 8, clockRate: 8000, channels: 1 };
test(offers, 'rtsp/hikvision-describe.txt', { video: h264, sets: 2, audio: alaw });
test(offers, 'rtsp/dahua-describe.txt', { video: h264, sets: 2, audio: aac });
test(offers, 'rtsp/axis-describe.txt', { video: h264, sets: 2, audio: undefined });
test(offers, 'rtsp/reolink-describe.txt', { video: { ...h264, codec: 'h265' }, sets: 3, audio: aac });
test(offers, 'rtsp/tplink-tapo-describe.txt', { video: h264, sets: 2, audio: alaw });
test(offers, 'rtsp/vlc-describe.txt', { video: h264, sets: 2, audio: undefined });
test(offers, 'rtsp/gstreamer-describe-captured.txt', { video: h264, sets: 2, audio: aac });

test('descriptions that ffmpeg wrote are understood', (t) => {
  t.is(select(fixture('sdp/ffmpeg-5.1-h264.sdp')).video.parameterSets.length, 2);
  t.is(select(fixture('sdp/ffmpeg-5.1-h265.sdp')).video.parameterSets.length, 3);
  t.is(select(`${VIDEO}${fixture('sdp/ffmpeg-5.1-aac.sdp')}`).audio?.config.length, 5);
});

const audio = test.macro<[lines: string, expected: object]>({
  title: (given) => `audio: ${given}`,
  exec: (t, lines, expected) => t.like(select(VIDEO + lines).audio, expected),
});
test('PCMU by its static payload type', audio, 'm=audio 0 RTP/AVP 0\n', { codec: 'pcmu', clockRate: 8000 });
test('Opus counts 48 kHz', audio, 'm=audio 0 RTP/AVP 111\na=rtpmap:111 opus/48000/2\na=fmtp:111 sprop-stereo=1\n', {
  codec: 'opus',
  clockRate: 48_000,
  channels: 2,
});
test('the first that can be recorded', audio, 'm=audio 0 RTP/AVP 2 8\na=rtpmap:2 G726-32/8000\n', { codec: 'pcma' });
test(
  'a talk-back channel is not the microphone',
  audio,
  'm=audio 0 RTP/AVP 0\na=sendonly\nm=audio 0 RTP/AVP 8\na=recvonly\n',
  { codec: 'pcma' },
);

test('audio that cannot be recorded is left out with a remark', (t) => {
  for (const [lines, says] of [
    ['m=audio 0 RTP/AVP 2\na=rtpmap:2 G726-32/8000\n', /G726-32.*AAC, G\.711 or Opus/],
    ['m=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/16000\na=fmtp:97 mode=AAC-hbr;config=xyz\n', /configuration/],
    ['m=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/16000\na=fmtp:97 mode=CELP-cbr;config=1408\n', /celp-cbr/],
  ] as const) {
    const tracks = select(VIDEO + lines);
    t.is(tracks.audio, undefined);
    t.regex(tracks.remarks.join(), says);
  }
});

const refuses = test.macro<[text: string, code: string, says: RegExp]>({
  title: (given) => `${given} is refused`,
  exec: (t, text, code, says) => {
    const error = t.throws(() => select(text), { instanceOf: UnderstudyError, code });
    t.regex(error?.message ?? '', says);
  },
});
test(
  'MJPEG',
  refuses,
  'm=video 0 RTP/AVP 26\n',
  'sdp/video-codec',
  /MJPEG, which is not recorded: set it to H\.264 or H\.265/,
);
test('VP8', refuses, 'm=video 0 RTP/AVP 97\na=rtpmap:97 VP8/90000\n', 'sdp/video-codec', /VP8/);
test(
  'interleaved H.264',
  refuses,
  `${VIDEO}a=fmtp:96 packetization-mode=2\n`,
  'sdp/packetization-mode',
  /0 or 1.*offers 2/,
);
test(
  'H.265 with decoding order numbers',
  refuses,
  'm=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000\na=fmtp:96 sprop-max-don-diff=1\n',
  'sdp/packetization-mode',
  /sprop-max-don-diff 0/,
);
test('a description without video', refuses, 'm=audio 0 RTP/AVP 0\n', 'sdp/no-video', /check the path/);
test('a body that is no description', refuses, '<html></html>', 'sdp/format', /SDP/);
test('an endless description', refuses, 'a=x\n'.repeat(MAX_SDP_LINES + 1), 'sdp/limit', /512 lines/);
test('an endless line', refuses, `a=${'x'.repeat(MAX_SDP_LINE)}`, 'sdp/limit', /8192 characters/);
test('endless media', refuses, VIDEO.repeat(MAX_SDP_MEDIA + 1), 'sdp/limit', /32 media/);

test('broken parameter sets are left to the bitstream', (t) => {
  for (const sets of ['', ',', '!!!!', 'AAAA,BBBB', 'Z', 'aO48gA==,']) {
    t.true(select(`${VIDEO}a=fmtp:96 sprop-parameter-sets=${sets}\n`).video.parameterSets.length <= 1, sets);
  }
});
test('parameter sets with a start code in front lose it', (t) => {
  const set = Buffer.from('000000016742001eaa', 'hex').toString('base64');
  t.is(
    Buffer.from(select(`${VIDEO}a=fmtp:96 sprop-parameter-sets=${set}\n`).video.parameterSets[0] ?? []).toString('hex'),
    '6742001eaa',
  );
});
test('odd spaces, cases and line ends are read', (t) => {
  const text = ' m = video 0 RTP/AVP 96\r a=RTPMAP:96  h264 / 90000\r\na=fmtp:96  Packetization-Mode = 1 ; x\n\n';
  t.like(select(text).video, h264);
});
test('damaged descriptions are read or refused, never anything else', (t) => {
  const names = readdirSync(join(FIXTURES, 'rtsp')).filter((name) => name.endsWith('.txt'));
  const texts = names.map((name) => new TextEncoder().encode(fixture(`rtsp/${name}`)));
  forSeeds(4000, (random) => {
    try {
      tracksOf(parseSdp(mutate(random, random.pick(texts), random.pick(texts))), { audio: random.chance(0.5) });
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
    }
  });
  t.pass();
});
