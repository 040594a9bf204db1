/** A camera of a few lines and a driver for the RTSP client machine, so that tests read as conversations. */
import { step } from '../../src/media/rtsp/client-session.ts';
import { DEFAULT_TIMEOUTS, initial } from '../../src/media/rtsp/client-state.ts';
import type { Effect, Event, Policy, State } from '../../src/media/rtsp/client-state.ts';
import { headerOf, NO_BODY } from '../../src/media/rtsp/message.ts';
import type { Header, RtspRequest, RtspResponse } from '../../src/media/rtsp/message.ts';
import { parseRtspUrl } from '../../src/media/rtsp/url.ts';

export const VIDEO_AUDIO = `v=0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\nm=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\n`;
export const policyOf = (more: Partial<Policy> = {}): Policy => ({
  url: parseRtspUrl('rtsp://cam/live?token=secret'),
  credentials: { username: 'admin', password: 'secret' },
  transport: 'auto',
  audio: true,
  userAgent: 'Understudy',
  cnonce: 'c0ffee',
  ...DEFAULT_TIMEOUTS,
  pauseBeforePlay: false,
  ...more,
});

export type Answer = {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly Header[];
  readonly body?: string | Uint8Array;
};
export type Camera = (request: RtspRequest) => Answer | undefined;

/** A camera that plays along; `quirk` answers first where it wants to. */
export function camera(quirk: Camera = () => undefined): Camera {
  return (request) => {
    const odd = quirk(request);
    if (odd !== undefined) return odd;
    switch (request.method) {
      case 'OPTIONS':
        return { status: 200, headers: [['Public', 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN']] };
      case 'DESCRIBE':
        return { status: 200, headers: [['Content-Base', 'rtsp://cam/live/']], body: VIDEO_AUDIO };
      case 'SETUP':
        return {
          status: 200,
          headers: [
            ['Session', 'abc;timeout=20'],
            ['Transport', headerOf(request, 'Transport') ?? ''],
          ],
        };
      default:
        return { status: 200 };
    }
  };
}

/** Plays a session against a camera; time is the test's. */
export function play(quirk: Camera, policy: Policy = policyOf()) {
  let state: State = initial;
  const sent: RtspRequest[] = [];
  const effects: Effect[] = [];
  const events: Event[] = [];
  const tell = (event: Event): void => {
    events.push(event);
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      const result = step(state, next, policy);
      state = result.state;
      for (const effect of result.effects) perform(effect, next.at);
    }
  };
  const perform = (effect: Effect, at: number): void => {
    effects.push(effect);
    if (effect.kind === 'open-ports') events.push({ kind: 'ports-opened', at, ports: { rtp: 5000, rtcp: 5001 } });
    if (effect.kind !== 'send') return;
    sent.push(effect.request);
    const answer = quirk(effect.request);
    if (answer === undefined) return;
    const body = typeof answer.body === 'string' ? new TextEncoder().encode(answer.body) : (answer.body ?? NO_BODY);
    const headers: readonly Header[] = [['CSeq', headerOf(effect.request, 'CSeq') ?? ''], ...(answer.headers ?? [])];
    const response: RtspResponse = {
      kind: 'response',
      status: answer.status,
      reason: answer.reason ?? '',
      headers,
      body,
    };
    events.push({ kind: 'response', at, response });
  };
  tell({ kind: 'connected', at: 0 });
  return {
    tell,
    state: () => state,
    sent,
    methods: () => sent.map(({ method }) => method).join(' '),
    effects,
    failure: () => effects.find((effect) => effect.kind === 'failed'),
    ready: () => effects.find((effect) => effect.kind === 'prepare')?.tracks ?? [],
  };
}

export const DIGEST: Header = ['WWW-Authenticate', 'Digest realm="r", nonce="n1"'];
export const BASIC: Header = ['WWW-Authenticate', 'Basic realm="r"'];
