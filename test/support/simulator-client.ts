/**
 * A plain RTSP client over TCP for tests of the simulated camera: no patience, no recovery, every packet and access unit kept.
 * Not the recorder's client on purpose.
 */
import { connect } from 'node:net';
import type { ExecutionContext } from 'ava';
import { interleavedLength, isInterleaved } from '../../src/media/rtsp/interleaved.ts';
import { encodeRequest, NO_BODY, parseMessage } from '../../src/media/rtsp/message.ts';
import type { Header, RtspResponse } from '../../src/media/rtsp/message.ts';
import { createH264Depacketizer } from '../../src/media/rtp/depacketize-h264.ts';
import { createPacketView, readPacket } from '../../src/media/rtp/packet.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';
import { collectUnits } from './collect-units.ts';

export type ReceivedPacket = { readonly channel: number; readonly bytes: Uint8Array };
export type TestClient = {
  readonly ask: (method: string, uri: string, headers?: readonly Header[]) => Promise<RtspResponse>;
  /** OPTIONS to PLAY of the video track, over TCP; rejects with the status unless all is 200. */
  readonly play: (url: string) => Promise<void>;
  readonly packets: () => readonly ReceivedPacket[];
  /** Whole H.264 access units, packets taken as they came. */
  readonly units: () => readonly RecordedUnit[];
  readonly bytesReceived: () => number;
  readonly closed: () => boolean;
  readonly close: () => void;
};

export async function connectClient(t: Pick<ExecutionContext, 'teardown'>, port: number): Promise<TestClient> {
  const socket = connect({ host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let input: Uint8Array = new Uint8Array(0);
  let received = 0;
  let isClosed = false;
  let broken = false;
  let sequence = 0;
  const packets: ReceivedPacket[] = [];
  const waiting: { readonly resolve: (response: RtspResponse) => void; readonly reject: (error: Error) => void }[] = [];
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
    for (const { reject } of waiting.splice(0)) reject(new Error('connection closed'));
  });
  const take = (): boolean => {
    if (input.length < 4) return false;
    if (isInterleaved(input, 0)) {
      const length = interleavedLength(input, 0);
      if (input.length < length) return false;
      packets.push({ channel: input[1] ?? 0, bytes: input.slice(4, length) });
      input = input.subarray(length);
      return true;
    }
    const parsed = parseMessage(input, 0, input.length);
    if (parsed.kind === 'incomplete') return false;
    input = input.subarray(parsed.end);
    if (parsed.message.kind === 'response') waiting.shift()?.resolve(parsed.message);
    return true;
  };
  socket.on('data', (bytes) => {
    received += bytes.length;
    if (broken) return;
    input = Buffer.concat([input, bytes]);
    try {
      while (take());
    } catch (error) {
      broken = true;
      for (const { reject } of waiting.splice(0)) reject(error as Error);
    }
  });
  const ask: TestClient['ask'] = (method, uri, headers = []) =>
    new Promise((resolve, reject) => {
      sequence += 1;
      waiting.push({ resolve, reject });
      socket.write(encodeRequest({ method, uri, headers: [['CSeq', String(sequence)], ...headers], body: NO_BODY }));
    });
  const play: TestClient['play'] = async (url) => {
    const transport: Header = ['Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1'];
    const steps: readonly (readonly [string, string, readonly Header[]])[] = [
      ['OPTIONS', url, []],
      ['DESCRIBE', url, []],
      ['SETUP', `${url}/trackID=0`, [transport]],
      ['PLAY', url, []],
    ];
    for (const [method, uri, headers] of steps) {
      const { status } = await ask(method, uri, headers);
      if (status !== 200) throw new Error(`${method}: ${status}`);
    }
  };
  return {
    ask,
    play,
    packets: () => packets,
    units: () => unitsOf(packets),
    bytesReceived: () => received,
    closed: () => isClosed,
    close: () => socket.destroy(),
  };
}

function unitsOf(packets: readonly ReceivedPacket[]): readonly RecordedUnit[] {
  const collected = collectUnits();
  const depacketizer = createH264Depacketizer(collected.sink);
  const view = createPacketView();
  let last: number | undefined;
  for (const { bytes } of packets.filter(({ channel }) => channel === 0)) {
    if (!readPacket(view, bytes, 0, bytes.length)) continue;
    const isNext = last === undefined || view.sequence === ((last + 1) & 0xffff);
    depacketizer.push(view, view.timestamp, !isNext);
    last = view.sequence;
  }
  return collected.intact();
}
