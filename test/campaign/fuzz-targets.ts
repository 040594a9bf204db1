/** The parsers that the fuzz campaign plays with: a corpus of valid inputs each, and one call. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpError } from '../../src/api/problem.ts';
import { parseByteRange } from '../../src/api/byte-range.ts';
import { createCameraRequest } from '../../src/api/contract/cameras.ts';
import { parseJson } from '../../src/api/json-body.ts';
import { parseProbeMatches } from '../../src/discovery/probe-match.ts';
import { parseAudioSpecificConfig } from '../../src/media/codec/aac.ts';
import { parseH264Pps, parseH264Sps } from '../../src/media/codec/h264.ts';
import { parseH265Pps, parseH265Sps, parseH265Vps } from '../../src/media/codec/h265.ts';
import { createParameterSets } from '../../src/media/codec/parameter-sets.ts';
import { createFlvReader } from '../../src/media/flv/flv-reader.ts';
import { readInit, scanFragments } from '../../src/media/mp4/scan.ts';
import type { ByteSource } from '../../src/media/mp4/scan.ts';
import { createAacDepacketizer } from '../../src/media/rtp/depacketize-aac.ts';
import { createH264Depacketizer } from '../../src/media/rtp/depacketize-h264.ts';
import { createH265Depacketizer } from '../../src/media/rtp/depacketize-h265.ts';
import type { Depacketizer } from '../../src/media/rtp/depacketizer.ts';
import { createPacketView, readPacket } from '../../src/media/rtp/packet.ts';
import { createReorderBuffer } from '../../src/media/rtp/reorder.ts';
import { encodeKeyFrameRequest } from '../../src/media/rtp/key-frame-request.ts';
import { parseRtcp } from '../../src/media/rtp/rtcp.ts';
import { parseChallenges } from '../../src/media/rtsp/authentication.ts';
import { encodeRequest, encodeResponse, NO_BODY, parseMessage } from '../../src/media/rtsp/message.ts';
import { parsePublic, parseRtpInfo, parseSession } from '../../src/media/rtsp/session-header.ts';
import { parseTransport } from '../../src/media/rtsp/transport-header.ts';
import { parseRtspUrl } from '../../src/media/rtsp/url.ts';
import { parseSdp } from '../../src/media/sdp/sdp.ts';
import { tracksOf } from '../../src/media/sdp/tracks-of.ts';
import { createInterleavedReader } from '../../src/recorder/interleaved-reader.ts';
import { loadScene } from '../../src/simulator/assets.ts';
import { accessUnitAt } from '../../src/simulator/camera-model.ts';
import { parseFault } from '../../src/simulator/faults.ts';
import { readSegment } from '../../src/simulator/recorded-units.ts';
import { packetizeAac } from '../../src/simulator/rtp-packetizer-aac.ts';
import { packetizeH264 } from '../../src/simulator/rtp-packetizer-h264.ts';
import { packetizeH265 } from '../../src/simulator/rtp-packetizer-h265.ts';
import { createNumbering, encodeRtp, senderReportOf } from '../../src/simulator/rtp-packetizer.ts';
import type { Payload } from '../../src/simulator/rtp-packetizer.ts';
import { encodeSdp } from '../../src/simulator/sdp.ts';
import { encodeStamp, parseStamp } from '../../src/simulator/stamp.ts';
import { cameraSettingsSchema } from '../../src/site/camera.ts';
import { createLineReader } from '../../src/wire/lines.ts';
import { parseControlMessage } from '../../src/wire/parse-control-message.ts';
import { parseMediaMessage } from '../../src/wire/parse-media-message.ts';
import { collectUnits } from '../support/collect-units.ts';
import { buildSegment } from '../support/segment-builder.ts';

export type FuzzTarget = {
  readonly name: string;
  readonly corpus: readonly Uint8Array[];
  readonly parse: (input: Uint8Array) => unknown;
  /** What else than an `UnderstudyError` is a proper refusal. */
  readonly refuses?: (error: unknown) => boolean;
  /** Of the runs asked for; heavy parsers get fewer. */
  readonly share?: number;
};

const encoder = new TextEncoder();
const bytesOf = (...texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => encoder.encode(text));
const textOf = (input: Uint8Array): string => new TextDecoder().decode(input);
/** One input holds several packets: two bytes of length before each. */
const framed = (packets: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat(packets.flatMap((packet) => [Uint8Array.of(packet.length >> 8, packet.length & 0xff), packet]));

function* unframed(input: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 2 <= input.length;) {
    const length = ((input[at] ?? 0) << 8) | (input[at + 1] ?? 0);
    yield input.subarray(at + 2, at + 2 + length);
    at += 2 + length;
  }
}

export async function fuzzTargets(): Promise<readonly FuzzTarget[]> {
  return [...(await mediaTargets()), ...rtspTargets(), ...fileTargets(), ...jsonTargets()];
}

const playInto = (make: () => Depacketizer) => (input: Uint8Array) => {
  const depacketizer = make();
  const view = createPacketView();
  let last = -1;
  for (const packet of unframed(input)) {
    if (!readPacket(view, packet, 0, packet.length)) continue;
    depacketizer.push(view, view.timestamp, last >= 0 && view.sequence !== ((last + 1) & 0xffff));
    last = view.sequence;
  }
  depacketizer.reset();
};

async function mediaTargets(): Promise<readonly FuzzTarget[]> {
  const { main, sub, audio } = await loadScene(0);
  const model = { cameraId: 'cam-1', stream: 'main', origin: 0 } as const;
  const packets = (payloads: readonly Payload[], timestamp: number): readonly Uint8Array[] => {
    const numbering = createNumbering(96, 1, 65_534);
    return payloads.map((payload) => encodeRtp(numbering, timestamp, payload));
  };
  const counters = [0, 1, 2, 3, 49, 50];
  const h264 = [main, sub].flatMap((clip) =>
    counters.map((counter) => framed(packets(packetizeH264(accessUnitAt(model, clip, counter).nals), counter * 3600))),
  );
  const h265 = counters.map((counter) => {
    const nals = accessUnitAt(model, main, counter).nals.map((nal) => Uint8Array.from([2, 1, ...nal]));
    return framed(packets(packetizeH265(nals), counter * 3600));
  });
  const aac = (audio?.frames ?? []).slice(0, 6).map((frame) => framed(packets(packetizeAac(frame), 1024)));
  const report = senderReportOf(createNumbering(96, 1, 2), 1_767_225_600_000, 90_000, 'cam-1');
  const sink = { frame: () => undefined };
  const framing = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 };
  const h265Sets = [
    '40010c01ffff01600000030090000003000003005d959809',
    '420101016000000300900000030000030 05da00280802d165959a4932bc05a70080'.replaceAll(' ', ''),
    '4401c172b46240',
  ].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
  return [
    { name: 'rtp h264', corpus: h264, parse: playInto(() => createH264Depacketizer(collectUnits().sink)) },
    { name: 'rtp h265', corpus: h265, parse: playInto(() => createH265Depacketizer(collectUnits().sink)) },
    { name: 'rtp aac', corpus: aac, parse: playInto(() => createAacDepacketizer(sink, framing, 1024)) },
    {
      name: 'rtp reorder',
      corpus: h264,
      share: 0.3,
      parse: (input) => {
        const buffer = createReorderBuffer(100, () => undefined);
        let at = 0;
        for (const packet of unframed(input)) if (packet.length >= 12) buffer.push(packet, 0, packet.length, (at += 7));
        buffer.flush();
      },
    },
    {
      name: 'rtcp',
      corpus: [report, encodeKeyFrameRequest(1, 2, 3)],
      parse: (input) => parseRtcp(input, 0, input.length),
    },
    {
      name: 'parameter sets',
      corpus: [...main.parameterSets, ...sub.parameterSets, ...h265Sets],
      parse: (input) => {
        for (const codec of ['h264', 'h265'] as const) createParameterSets(codec, []).offer(input, 0, input.length);
      },
    },
    ...[parseH264Sps, parseH264Pps, parseH265Vps, parseH265Sps, parseH265Pps].map((parse) => ({
      name: parse.name,
      corpus: [...main.parameterSets, ...sub.parameterSets, ...h265Sets],
      parse,
    })),
    {
      name: 'AudioSpecificConfig',
      corpus: [audio?.config ?? NO_BODY, Uint8Array.of(0x12, 0x10), Uint8Array.of(0x2b, 0x92, 0x08, 0)],
      parse: parseAudioSpecificConfig,
    },
    {
      name: 'stamp',
      corpus: [encodeStamp('h264', { ...model, counter: 5, wallMicros: 7, crc: 9 })],
      parse: (input) => parseStamp('h264', input),
    },
    {
      name: 'flv',
      corpus: [flvFile(main.parameterSets, main.accessUnits[0]?.slices ?? [])],
      share: 0.3,
      parse: readFlv,
    },
  ];
}

function flvFile(sets: readonly Uint8Array[], slices: readonly Uint8Array[]): Uint8Array {
  const [sps = NO_BODY, pps = NO_BODY] = sets;
  const avcC = Buffer.concat([
    Uint8Array.of(1, sps[1] ?? 0, sps[2] ?? 0, sps[3] ?? 0, 0xff, 0xe1, 0, sps.length),
    sps,
    Uint8Array.of(1, 0, pps.length),
    pps,
  ]);
  const slice = Buffer.concat(slices.flatMap((nal) => [Uint8Array.of(0, 0, nal.length >> 8, nal.length & 255), nal]));
  const tag = (body: Uint8Array): Uint8Array => {
    const size = Uint8Array.of(body.length >> 16, (body.length >> 8) & 255, body.length & 255);
    return Buffer.concat([Uint8Array.of(9), size, new Uint8Array(7), body, new Uint8Array(4)]);
  };
  const video = (kind: number, body: Uint8Array): Uint8Array =>
    tag(Buffer.concat([Uint8Array.of(0x17, kind, 0, 0, 0), body]));
  return Buffer.concat([
    encoder.encode('FLV'),
    Uint8Array.of(1, 1, 0, 0, 0, 9, 0, 0, 0, 0),
    video(0, avcC),
    video(1, slice),
  ]);
}

function readFlv(input: Uint8Array): void {
  const reader = createFlvReader({
    videoConfiguration: () => undefined,
    audioConfiguration: () => undefined,
    video: collectUnits().sink,
    audio: { frame: () => undefined },
  });
  const half = input.length >> 1;
  reader.push(input, 0, half);
  reader.push(input, half, input.length);
}

function rtspTargets(): readonly FuzzTarget[] {
  const response = encodeResponse({
    status: 200,
    reason: 'OK',
    headers: [
      ['CSeq', '3'],
      ['Session', '12345;timeout=60'],
      ['Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1'],
    ],
    body: encoder.encode('v=0\r\n'),
  });
  const request = encodeRequest({ method: 'DESCRIBE', uri: 'rtsp://h/main', headers: [['CSeq', '1']], body: NO_BODY });
  const interleaved = Buffer.concat([response, Uint8Array.of(0x24, 0, 0, 20), new Uint8Array(20), response]);
  return [
    { name: 'rtsp message', corpus: [response, request], parse: (input) => parseMessage(input, 0, input.length) },
    {
      name: 'interleaved',
      corpus: [interleaved],
      parse: (input) => {
        const reader = createInterleavedReader({ frame: () => undefined, message: () => undefined });
        for (let at = 0; at < input.length; at += 33) {
          const piece = Buffer.from(input.subarray(at, at + 33));
          reader.push(piece, piece.length);
        }
      },
    },
    {
      name: 'rtsp headers',
      corpus: bytesOf(
        'Digest realm="a b", nonce="x", qop="auth,auth-int", algorithm=SHA-256, stale=FALSE, Basic realm="c"',
        'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1234ABCD,RTP/AVP;unicast;client_port=5000-5001;source=192.168.1.2',
        '12345678;timeout=60',
        'url=rtsp://h/trackID=0;seq=1;rtptime=2,url=rtsp://h/trackID=1;seq=3',
        'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER',
      ),
      parse: (input) => {
        const text = textOf(input);
        return [
          parseChallenges([text, text]),
          parseTransport(text),
          parseSession(text),
          parseRtpInfo(text),
          parsePublic(text),
        ];
      },
    },
    {
      name: 'rtsp url',
      corpus: bytesOf('rtsp://user:p%40ss@[fe80::1%25eth0]:8554/a/b?c=d#e', 'rtsps://host/x'),
      parse: (input) => parseRtspUrl(textOf(input)),
    },
    { name: 'sdp', corpus: sdpCorpus, parse: (input) => tracksOf(parseSdp(input), { audio: true }) },
    {
      name: 'ws-discovery',
      corpus: bytesOf(
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Header><a:RelatesTo>uuid:1</a:RelatesTo></e:Header><e:Body><w:ProbeMatches><w:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:2</a:Address></a:EndpointReference><w:Scopes>onvif://www.onvif.org/name/Cam%20A</w:Scopes><w:XAddrs>http://192.168.1.9/onvif/device_service</w:XAddrs></w:ProbeMatch></w:ProbeMatches></e:Body></e:Envelope>',
      ),
      parse: (input) => parseProbeMatches(textOf(input)),
    },
    {
      name: 'byte range',
      corpus: bytesOf('bytes=0-499', 'bytes=-500', 'bytes=500-'),
      parse: (input) => parseByteRange(textOf(input), 1000),
      refuses: (error) => error instanceof HttpError,
    },
  ];
}

const { main: sdpVideo, audio: sdpAudio } = await loadScene(0);
const sdpFixtures = join(import.meta.dirname, '../fixtures/sdp');
const sdpCorpus: readonly Uint8Array[] = [
  encoder.encode(encodeSdp(sdpVideo, sdpAudio, undefined)),
  encoder.encode(encodeSdp({ ...sdpVideo, codec: 'h265' }, undefined, undefined)),
  ...(await Promise.all(
    (await import('node:fs'))
      .readdirSync(sdpFixtures)
      .filter((name) => name.endsWith('.sdp'))
      .map((name) => readFile(join(sdpFixtures, name))),
  )),
];

function fileTargets(): readonly FuzzTarget[] {
  const segment = buildSegment({ fragments: 2, sliceBytes: 60 }).bytes;
  const scan = async (input: Uint8Array): Promise<void> => {
    const source: ByteSource = {
      size: input.length,
      read: async (position, length) => input.slice(position, position + length),
    };
    const init = await readInit(source);
    for await (const step of scanFragments(source, { from: init.length, resync: true })) void step;
  };
  return [
    { name: 'segment scan', corpus: [segment], parse: scan, share: 0.2 },
    { name: 'segment read by the checker', corpus: [segment], parse: (input) => readSegment(input, 'x'), share: 0.2 },
  ];
}

function jsonTargets(): readonly FuzzTarget[] {
  const camera =
    '{"id":"cam-1","name":"Door","main":{"url":"rtsp://h/a","transport":"auto"},"retention":{"maxDays":3}}';
  const orders =
    '{"kind":"orders","protocol":1,"version":3,"serverId":"6f1c2b3a-0000-4000-8000-00000000000a","epoch":1,"segmentSeconds":60,"fragmentMs":500,"volumes":[{"id":"v1","path":"/v","reserveBytes":5}],"streams":[{"cameraId":"cam-1","stream":"main","url":"rtsp://h/a","username":"u","password":"p","transport":"auto","audio":true,"record":true,"priority":"high","volumeIds":["v1"]}]}';
  const gap =
    '{"seq":5,"event":{"kind":"gap","cameraId":"cam-1","stream":"main","start":1,"end":2,"cause":"network-loss","accessUnits":2,"detail":"x"}}';
  return [
    {
      name: 'control message',
      corpus: bytesOf(orders, '{"kind":"subscribe","after":0}', '{"kind":"live","cameraId":"cam-1","stream":"sub"}'),
      parse: (input) => parseControlMessage(textOf(input)),
    },
    {
      name: 'media message',
      corpus: bytesOf(gap, '{"kind":"refused","code":"x","message":"y"}'),
      parse: (input) => parseMediaMessage(textOf(input)),
    },
    {
      name: 'lines',
      corpus: bytesOf(`${orders}\n${gap}\n`),
      parse: (input) => {
        const reader = createLineReader(1000);
        for (let at = 0; at < input.length; at += 50) reader.push(input.subarray(at, at + 50));
      },
    },
    {
      name: 'http json',
      corpus: bytesOf(camera, '{"a":[[[[[1]]]]],"b":"\\u0041"}'),
      parse: (input) => createCameraRequest.safeParse(parseJson(input)),
      refuses: (error) => error instanceof HttpError,
    },
    {
      name: 'camera settings',
      corpus: bytesOf(camera),
      parse: (input) => cameraSettingsSchema.safeParse(jsonOr(input)),
    },
    {
      name: 'fault order',
      corpus: bytesOf('{"kind":"drop","ratio":0.5,"seconds":3}'),
      parse: (input) => parseFault(jsonOr(input)),
    },
  ];
}

function jsonOr(input: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(input));
  } catch {
    return textOf(input);
  }
}
